//! `stress_test` in SQL; [`super::stress`] says what it computes.

use super::positions::{
    FAMILY, ORDER, POSITIONS, Positions, and_sum, columns, example, names_and_total,
};
use super::stress::{Book, Drought, Paths, PositionMarket};
use crate::honest::binding::{
    batch, block, choice, float, floats, integer, number, seed, seed_of, text, texts,
};
use crate::honest::description::{Description, join};
use crate::params::{level, tail_share};
use datafusion::arrow::compute::kernels::cast_utils::string_to_timestamp_nanos;
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, Function, ParamKind, ParamSpec, ParamValue, QlError, SqlState};

/// Bootstrapped paths; each keeps a number for every position.
const MAX_PATHS: i64 = 20_000;

const STRESS: &str = "stress_test";

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Scenario {
    /// The rows from one time to another, both included.
    History {
        from: i64,
        to: i64,
    },
    /// Every position by its column `shock`, or by this much.
    Shock(f64),
    /// The benchmark by this much.
    Factor(f64),
    /// Deviations times this much.
    Volatility(f64),
    CorrelationOne,
    Bootstrap(Paths),
    Drought(Drought),
}

/// A date or time, in nanoseconds; as the end of a range a date means the whole day.
fn time(args: &Args, name: &str, otherwise: i64) -> Result<i64, QlError> {
    const DAY: i64 = 86_400_000_000_000;
    const DATE_LENGTH: usize = "2020-02-20".len();
    if args.get(name)? == &ParamValue::Null {
        return Ok(otherwise);
    }
    let given = args.text(name)?.trim();
    let start = string_to_timestamp_nanos(given).map_err(|_| {
        QlError::bad_argument(
            STRESS,
            name,
            "a date or time such as 2020-02-20",
            format!("'{given}'"),
        )
    })?;
    let is_whole_day = name == "to" && given.len() == DATE_LENGTH;
    Ok(if is_whole_day {
        start.saturating_add(DAY - 1)
    } else {
        start
    })
}

fn scenario(args: &Args) -> Result<Scenario, QlError> {
    let (from, to) = (time(args, "from", i64::MIN)?, time(args, "to", i64::MAX)?);
    if from > to {
        return Err(QlError::bad_argument(
            STRESS,
            "to",
            "at or after `from`",
            args.get("to")?,
        ));
    }
    let scale = args.number("scale")?;
    Ok(match args.integer("scenario")? {
        0 => Scenario::History { from, to },
        1 => Scenario::Shock(args.number("shock")?),
        2 => Scenario::Factor(args.number("shock")?),
        3 => Scenario::Volatility(scale),
        4 => Scenario::CorrelationOne,
        5 => Scenario::Bootstrap(Paths {
            n_paths: args.count("paths")?,
            horizon: args.count("horizon")?,
            block: args.optional_number("block")?,
            seed: seed_of(args)?,
        }),
        _ => Scenario::Drought(Drought {
            share: tail_share(args)?,
            volume_scale: args.number("volume_share")?,
            spread_scale: scale,
        }),
    })
}

/// Profit and loss of each position as a share of the portfolio.
fn losses(
    scenario: Scenario,
    positions: &Positions,
    rows: &Rows,
    share: f64,
) -> Result<Vec<f64>, QlError> {
    let book = Book {
        returns: positions.panel.slices(),
        weights: positions.weights.clone(),
    };
    Ok(match scenario {
        Scenario::History { from, to } => {
            if positions.panel.n_rows() == 0 && !rows.is_empty() {
                return Err(no_rows(rows, from, to)?);
            }
            book.history()
        }
        Scenario::Shock(otherwise) => book.shocks(&positions.panel.last(rows, "shock", otherwise)?),
        Scenario::Factor(shock) => book.factor(&positions.benchmark(rows, STRESS)?, shock),
        Scenario::Volatility(scale) => book.volatility(share, scale),
        Scenario::CorrelationOne => book.correlation_one(share),
        Scenario::Bootstrap(paths) => book.bootstrap(&paths, share),
        Scenario::Drought(drought) => {
            let days = positions.panel.last(rows, "days", f64::NAN)?;
            let spreads = positions.panel.last(rows, "spread", 0.0)?;
            let pairs = days.into_iter().zip(spreads);
            let markets: Vec<PositionMarket> = pairs
                .map(|(days, spread)| PositionMarket { days, spread })
                .collect();
            if let Some(missing) = markets.iter().position(|m| !m.days.is_finite()) {
                return Err(no_days(&positions.panel.names[missing]));
            }
            book.drought(&markets, &drought)
        }
    })
}

fn no_days(symbol: &str) -> QlError {
    QlError::new(
        SqlState::DataException,
        format!("{STRESS}: column `days` has no value for symbol '{symbol}'"),
    )
    .with_hint("liquidity_risk tells how many days it takes to sell a position")
}

fn no_rows(rows: &Rows, from: i64, to: i64) -> Result<QlError, QlError> {
    let shown = |time: i64| match time {
        i64::MIN | i64::MAX => "any time".to_string(),
        time => timestamp_ns_to_datetime(time).map_or_else(String::new, |t| t.to_string()),
    };
    let times = rows.times("ts")?;
    let first = times.first().copied().unwrap_or(i64::MIN);
    let last = times.last().copied().unwrap_or(i64::MAX);
    Ok(QlError::new(
        SqlState::DataException,
        format!(
            "{STRESS}: no time from {} to {} has a return of every symbol; the rows reach from {} to {}",
            shown(from),
            shown(to),
            shown(first),
            shown(last)
        ),
    ))
}

fn optional_time(name: &str, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Name, ParamValue::Null, doc)
}

fn stress_params() -> Vec<ParamSpec> {
    vec![
        choice(
            "scenario",
            &[
                "history",
                "shock",
                "factor",
                "volatility",
                "correlation_one",
                "bootstrap",
                "liquidity_drought",
            ],
            "the rows between two times again; a price shock; a benchmark shock through betas; larger deviations; all together against the portfolio; the worst bootstrapped paths; selling into thin markets",
        ),
        optional_time(
            "from",
            "history: first date or time; NULL for the first row",
        ),
        optional_time(
            "to",
            "history: last date (the whole day) or time; NULL for the last row",
        ),
        number(
            "shock",
            (-1.0, 100.0),
            -0.1,
            "shock: return of symbols without a value in column shock; factor: return of the benchmark",
        ),
        number(
            "scale",
            (0.0, 1000.0),
            2.0,
            "volatility: factor of deviations; liquidity_drought: factor of spreads",
        ),
        number(
            "volume_share",
            (0.0001, 1.0),
            0.25,
            "liquidity_drought: volumes as a share of the usual ones",
        ),
        level(),
        integer("horizon", (1, 100_000), 20, "bootstrap: rows in a path"),
        integer("paths", (1, MAX_PATHS), 1000, "bootstrap: paths"),
        block(),
        number(
            "capital",
            (0.0, 1e18),
            1.0,
            "value of the portfolio; 1 gives profit and loss as a share",
        ),
        seed(),
    ]
}

pub(super) fn function() -> Function {
    let description = Description {
        name: STRESS,
        family: FAMILY,
        summary: "Profit and loss of each position and of the portfolio under a scenario, as a share of the portfolio times capital; the parts add up exactly",
        input: POSITIONS,
        params: stress_params(),
        columns: columns(&["shock", "benchmark", "days", "spread"]),
        order: ORDER,
        output: vec![
            text("symbol", "the position; NULL for the portfolio"),
            float("weight", "share of the portfolio"),
            float("pnl", "profit and loss; a loss is negative"),
        ],
        source: "replay of rows; betas; Gaussian component value at risk; Politis and Romano 1994; Dowd 2005, section 14.2",
        example: example(
            "SELECT symbol, round(pnl, 6) AS pnl FROM stress_test(QUERY, scenario => 'history', from => '2024-01-10', to => '2024-01-20') ORDER BY symbol",
        ),
        result: "A,-0.022966\nB,-0.012167\nC,-0.007097\n,-0.04223",
    };
    join(description, |args| {
        let (scenario, share) = (scenario(args)?, tail_share(args)?);
        let capital = args.number("capital")?;
        Ok(move |rows: &Rows| {
            let times = rows.times("ts")?;
            let positions = Positions::read(rows, STRESS, |row| match scenario {
                Scenario::History { from, to } => (from..=to).contains(&times[row]),
                _ => true,
            })?;
            let found = losses(scenario, &positions, rows, share)?;
            let columns = vec![
                texts(names_and_total(&positions.panel)),
                floats(and_sum(&positions.weights)),
                floats(and_sum(&found).into_iter().map(|loss| loss * capital)),
            ];
            batch(rows, columns)
        })
    })
}
