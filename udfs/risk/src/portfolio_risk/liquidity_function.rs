//! `liquidity_risk` in SQL; [`super::liquidity`] says what it computes.

use super::liquidity::{Holding, Liquidity, Market, liquidity, risk_around_zero};
use super::positions::{FAMILY, ORDER, and_sum, example, names_and_total};
use crate::honest::binding::{batch, float, floats, integer, number, optional_number, text, texts};
use crate::honest::description::{Description, join};
use crate::honest::panel::{Panel, Source};
use crate::params::{level, tail_share};
use datafusion::arrow::array::ArrayRef;
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{Args, Function, OutputField, ParamSpec, QlError};

const LIQUIDITY: &str = "liquidity_risk";

fn liquidity_params() -> Vec<ParamSpec> {
    vec![
        number(
            "participation",
            (0.0001, 1.0),
            0.2,
            "share of the volume that the sale can be",
        ),
        integer(
            "volume_rows",
            (1, 1_000_000),
            20,
            "last periods that the mean volume is taken over",
        ),
        level(),
        number(
            "volume_share",
            (0.0001, 1.0),
            1.0,
            "volumes as a share of the usual ones: below 1 for a drought",
        ),
        number(
            "spread_scale",
            (0.0, 1000.0),
            1.0,
            "spreads as a multiple of the usual ones: above 1 for a drought",
        ),
        optional_number(
            "spread",
            (0.0, 1.0),
            "bid-ask spread as a fraction of the price for symbols without a value in column spread; NULL for 0",
        ),
    ]
}

fn market(args: &Args) -> Result<Market, QlError> {
    Ok(Market {
        participation: args.number("participation")?,
        volume_rows: args.count("volume_rows")?,
        volume_scale: args.number("volume_share")?,
        spread_scale: args.number("spread_scale")?,
        share: tail_share(args)?,
    })
}

/// Symbols with prices at the times at which all have one, and the rest of their market.
fn holdings(rows: &Rows, spread: f64) -> Result<(Panel, Vec<Holding>), QlError> {
    let read = |value| {
        let source = Source {
            function: LIQUIDITY,
            name: "symbol",
            value,
        };
        Panel::read(rows, source, |_| true)
    };
    let (prices, volumes) = (read("price")?, read("volume")?);
    let units = prices.last(rows, "units", 0.0)?;
    let spreads = prices.last(rows, "spread", spread)?;
    let holding = |(k, name): (usize, &String)| Holding {
        units: units[k],
        prices: prices.columns[k].clone(),
        volumes: volumes
            .names
            .binary_search(name)
            .map_or_else(|_| vec![], |at| volumes.columns[at].clone()),
        spread: spreads[k],
    };
    let found = prices.names.iter().enumerate().map(holding).collect();
    Ok((prices, found))
}

/// Profits of the whole portfolio, each position's times its factor.
fn combined(found: &[Liquidity], factor: impl Fn(&Liquidity) -> f64) -> Vec<f64> {
    let n_rows = found.iter().map(|l| l.scenarios.len()).min().unwrap_or(0);
    (0..n_rows)
        .map(|t| found.iter().map(|l| factor(l) * l.scenarios[t]).sum())
        .collect()
}

fn columns() -> Vec<InputColumn> {
    vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("price", InputType::Number),
        InputColumn::required("volume", InputType::Number),
        InputColumn::required("units", InputType::Number),
        InputColumn::optional("spread", InputType::Number),
    ]
}

fn output() -> Vec<OutputField> {
    vec![
        text("symbol", "the position; NULL for the portfolio"),
        float("value", "units times last price"),
        float(
            "average_volume",
            "mean volume in units a period; NULL for the portfolio",
        ),
        float(
            "periods",
            "periods until all is sold, a fraction below 1 for less than one",
        ),
        float(
            "value_at_risk",
            "Gaussian value at risk over one period in money, around 0; a loss is negative",
        ),
        float(
            "horizon_value_at_risk",
            "the same over the time of the sale in equal parts",
        ),
        float("spread_cost", "half the spread on the value; negative"),
        float(
            "liquidity_adjusted",
            "horizon_value_at_risk plus spread_cost",
        ),
    ]
}

/// The result's columns: the positions and, last, the portfolio.
fn report(panel: &Panel, found: &[Liquidity], share: f64) -> Vec<ArrayRef> {
    let of = |f: &dyn Fn(&Liquidity) -> f64| found.iter().map(f).collect::<Vec<f64>>();
    let with = |mut values: Vec<f64>, last: f64| {
        values.push(last);
        values
    };
    let total = |factor: fn(&Liquidity) -> f64| risk_around_zero(&combined(found, factor), share);
    let periods = of(&|l| l.periods);
    let over_horizon = with(
        of(&|l| l.scale * l.value_at_risk(share)),
        total(|l| l.scale),
    );
    let costs = and_sum(&of(&|l| l.spread_cost));
    let adjusted: Vec<f64> = over_horizon
        .iter()
        .zip(&costs)
        .map(|(v, c)| v + c)
        .collect();
    let slowest = slowest(&periods);
    vec![
        texts(names_and_total(panel)),
        floats(and_sum(&of(&|l| l.value))),
        floats(with(of(&|l| l.average_volume), f64::NAN)),
        floats(with(periods, slowest)),
        floats(with(of(&|l| l.value_at_risk(share)), total(|_| 1.0))),
        floats(over_horizon),
        floats(costs),
        floats(adjusted),
    ]
}

/// The longest time; unknown where one is.
fn slowest(periods: &[f64]) -> f64 {
    let longest = periods
        .iter()
        .copied()
        .reduce(|a, b| match a.is_nan() || b.is_nan() {
            true => f64::NAN,
            false => a.max(b),
        });
    longest.unwrap_or(f64::NAN)
}

pub(super) fn function() -> Function {
    let description = Description {
        name: LIQUIDITY,
        family: FAMILY,
        summary: "Periods until each position is sold at a share of the volume, and its value at risk in money with that time and the spread; the portfolio is diversified, and takes as long as its slowest position",
        input: "rows with ts, symbol, price, volume (units), units (held; the last value counts) and spread (fraction of the price; the last value counts); times at which a symbol has no price are left out",
        params: liquidity_params(),
        columns: columns(),
        order: ORDER,
        output: output(),
        source: "Dowd 2005, section 14.2: VaR sqrt((1 + D)(1 + 2 D) / (6 D)); Bangia et al. 1999: half the spread",
        example: example(
            "SELECT symbol, round(periods, 4) AS periods, round(liquidity_adjusted, 4) AS var FROM liquidity_risk((SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, symbol, 100 + 5 * sin(t * k) AS price, 1000 + t AS volume, 2000 * k AS units, 0.001 AS spread FROM generate_series(1, 60) AS g(t) CROSS JOIN (VALUES ('A', 1), ('B', 2)) AS s(symbol, k))) ORDER BY symbol",
        ),
        result: "A,9.5193,-21342.1374\nB,19.0386,-107690.156\n,19.0386,-109530.8654",
    };
    join(description, |args| {
        let market = market(args)?;
        let spread = args.optional_number("spread")?.unwrap_or(0.0);
        Ok(move |rows: &Rows| {
            let (panel, holdings) = holdings(rows, spread)?;
            let found: Vec<Liquidity> = holdings.iter().map(|h| liquidity(h, &market)).collect();
            batch(rows, report(&panel, &found, market.share))
        })
    })
}
