//! `strategy_capacity` in SQL; [`super::capacity`] says what it computes.

use super::capacity::{Bar, Fill, Resolution, Snapshot, capacity};
use super::positions::{FAMILY, ORDER};
use crate::honest::binding::{batch, choice, float, floats, number, query, text, texts};
use datafusion::arrow::array::{Array, RecordBatch, StringArray};
use quantlake_core::relation::{
    Grouping, InputColumn, InputQuery, InputType, RelationFunction, RelationKernel, Rows,
    time_column,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamSpec,
    QlError, SqlState,
};
use std::collections::BTreeMap;
use std::sync::Arc;

const NAME: &str = "strategy_capacity";
const FILLS: &str = "fills";
const RESOLUTIONS: [(&str, Option<Resolution>); 5] = [
    ("auto", None),
    ("second", Some(Resolution::Second)),
    ("minute", Some(Resolution::Minute)),
    ("hour", Some(Resolution::Hour)),
    ("day", Some(Resolution::Day)),
];

struct Capacity {
    cash: f64,
    resolution: Option<Resolution>,
}

fn refuse(message: &str) -> QlError {
    QlError::new(SqlState::DataException, format!("{NAME}: {message}"))
}

fn text_at(column: &StringArray, row: usize) -> Option<&str> {
    (row < column.len() && column.is_valid(row)).then(|| column.value(row))
}

/// Names with their numbers, in alphabetic order.
fn symbols(names: &StringArray) -> BTreeMap<&str, usize> {
    let mut numbers: BTreeMap<&str, usize> = names.iter().flatten().map(|n| (n, 0)).collect();
    for (i, number) in numbers.values_mut().enumerate() {
        *number = i;
    }
    numbers
}

/// The bars that have a price and a volume.
fn read_bars(rows: &Rows, numbers: &BTreeMap<&str, usize>) -> Result<Vec<Bar>, QlError> {
    let (times, names) = (rows.times("ts")?, rows.texts("symbol")?);
    let (closes, volumes) = (rows.values("close")?, rows.values("volume")?);
    let mut bars: Vec<Bar> = Vec::new();
    for (row, (time, (close, volume))) in times
        .into_iter()
        .zip(closes.into_iter().zip(volumes))
        .enumerate()
    {
        let symbol = text_at(names, row).and_then(|n| numbers.get(n)).copied();
        let symbol =
            symbol.ok_or_else(|| refuse(&format!("`symbol` is NULL in row {}", row + 1)))?;
        if close.is_finite() && volume.is_finite() {
            bars.push(Bar {
                time,
                symbol,
                close,
                volume,
            });
        }
    }
    let is_same = |pair: &&[Bar]| match pair {
        [a, b] => (a.time, a.symbol) == (b.time, b.symbol),
        _ => false,
    };
    match bars.windows(2).find(is_same).and_then(<[Bar]>::first) {
        None => Ok(bars),
        Some(bar) => {
            let name = numbers.iter().find(|(_, n)| **n == bar.symbol);
            let name = name.map_or("a symbol", |(name, _)| name);
            Err(refuse(&format!("{name} has two bars at one time")))
        }
    }
}

/// The fills in time order.
fn read_fills(rows: &Rows, numbers: &BTreeMap<&str, usize>) -> Result<Vec<Fill>, QlError> {
    let (times, names, sides) = (
        rows.times("ts")?,
        rows.texts("symbol")?,
        rows.texts("side")?,
    );
    let (quantities, prices) = (rows.values("quantity")?, rows.values("price")?);
    let costs = rows.values("commission")?;
    let mut fills = Vec::new();
    for (row, time) in times.into_iter().enumerate() {
        let wrong = |what: &str| refuse(&format!("row {} of `{FILLS}`: {what}", row + 1));
        let name = text_at(names, row).ok_or_else(|| wrong("`symbol` is NULL"))?;
        let number = numbers.get(name);
        let symbol = *number.ok_or_else(|| wrong(&format!("there are no bars of '{name}'")))?;
        let of = |column: &[f64]| column.get(row).copied().filter(|v| v.is_finite());
        let quantity = of(&quantities).ok_or_else(|| wrong("`quantity` is missing"))?;
        let units = match text_at(sides, row) {
            None => quantity,
            Some("buy") => quantity.abs(),
            Some("sell") => -quantity.abs(),
            Some(other) => {
                return Err(wrong(&format!(
                    "`side` must be 'buy' or 'sell', found '{other}'"
                )));
            }
        };
        fills.push(Fill {
            time,
            symbol,
            units,
            price: of(&prices).ok_or_else(|| wrong("`price` is missing"))?,
            cost: of(&costs).unwrap_or(0.0),
        });
    }
    fills.sort_by_key(|f| f.time);
    Ok(fills)
}

/// The resolution of bars by the median distance of their times; days where there is one time.
fn resolution_of(bars: &[Bar]) -> Resolution {
    let mut times: Vec<i64> = bars.iter().map(|b| b.time).collect();
    times.dedup();
    let steps = times.iter().zip(times.iter().skip(1));
    let mut steps: Vec<i64> = steps.map(|(a, b)| b.saturating_sub(*a)).collect();
    steps.sort_unstable();
    let median = steps.get(steps.len() / 2);
    median.map_or(Resolution::Day, |step| Resolution::of_step(*step))
}

impl RelationKernel for Capacity {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let numbers = symbols(rows.texts("symbol")?);
        let bars = read_bars(rows, &numbers)?;
        let fills = match rows.other(FILLS) {
            Some(fills) => read_fills(fills, &numbers)?,
            None => Vec::new(),
        };
        let resolution = self.resolution.unwrap_or_else(|| resolution_of(&bars));
        let found = capacity(&bars, &fills, numbers.len(), self.cash, resolution);
        let names: Vec<&str> = numbers.into_keys().collect();
        let each = |value: fn(&Snapshot) -> f64| floats(found.iter().map(value));
        let limiting = found.iter().map(|s| names.get(s.symbol).copied());
        let columns = vec![
            time_column(found.iter().map(|s| Some(s.time)).collect()),
            texts(limiting),
            each(|s| s.reach),
            each(|s| s.share),
            each(|s| s.alone),
            each(|s| s.capacity),
        ];
        batch(rows, columns)
    }
}

fn make(args: &Args) -> Result<Box<dyn RelationKernel>, QlError> {
    let code = args.count("resolution")?;
    let resolution = RESOLUTIONS
        .get(code)
        .and_then(|(_, resolution)| *resolution);
    Ok(Box::new(Capacity {
        cash: args.number("cash")?,
        resolution,
    }))
}

fn params() -> Vec<ParamSpec> {
    vec![
        query("bars", "rows with ts, symbol, close and volume (units)"),
        query(
            FILLS,
            "rows with ts, symbol, quantity (units) and price, as backtest_fills gives them; where used side ('buy' or 'sell'; without it a sale has a negative quantity) and commission",
        ),
        number("cash", (0.01, 1e15), 100_000.0, "cash at the start"),
        choice(
            "resolution",
            &RESOLUTIONS.map(|(name, _)| name),
            "length of the bars, by which more or less of their volume is within reach: 2 % of days, 5 % of hours, 20 % of minutes, 50 % of seconds; auto takes the median distance of their times",
        ),
    ]
}

fn columns() -> Vec<InputColumn> {
    vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("close", InputType::Number),
        InputColumn::required("volume", InputType::Number),
    ]
}

fn fills() -> InputQuery {
    InputQuery {
        param: FILLS.into(),
        columns: vec![
            InputColumn::required("ts", InputType::Time),
            InputColumn::required("symbol", InputType::Text),
            InputColumn::required("quantity", InputType::Number),
            InputColumn::required("price", InputType::Number),
            InputColumn::optional("side", InputType::Text),
            InputColumn::optional("commission", InputType::Number),
        ],
    }
}

fn output() -> Vec<OutputField> {
    vec![
        OutputField::new("ts", OutputType::Time, "time of the snapshot"),
        text("symbol", "the symbol that limits the strategy"),
        float("reach", "value of it that the market takes per fill"),
        float(
            "share",
            "its share of the trading since the last snapshot, or of the account where that is larger",
        ),
        float(
            "snapshot",
            "capacity at this time alone: reach divided by share",
        ),
        float(
            "capacity",
            "capacity, smoothed over the snapshots: 0.33 of the new one and 0.66 of the old",
        ),
    ]
}

pub(super) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        FAMILY,
        Kind::Relation,
        "Money with which a strategy can trade before its orders move the market, week by week, with the symbol that limits it; the last row is LEAN's Estimated Strategy Capacity, unrounded",
    )
    .with_params(params())
    .with_output(Output::Rows(output()))
    .with_causality(Causality::WholePartition)
    .with_lookback("all rows")
    .with_source("Capacity of LEAN")
    .with_example(
        "SELECT symbol, round(reach, 2) AS reach, round(share, 6) AS share, round(capacity, 2) AS capacity FROM strategy_capacity((SELECT \
         CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, symbol, 10.0 + t AS close, volume FROM generate_series(0, 7) AS g(t) \
         CROSS JOIN (VALUES ('A', 1000000), ('B', 50000)) AS s(symbol, volume)), fills => (SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-03', 'A', 100, 12.0), (TIMESTAMP '2024-01-03', 'B', 50, 12.0)) AS v(ts, symbol, quantity, price)), cash => 10000)",
        "B,12000.0,0.333333,36000.0",
    );
    RelationFunction {
        spec: Arc::new(spec),
        columns: columns(),
        grouping: Grouping::Whole,
        order: ORDER.iter().map(ToString::to_string).collect(),
        queries: vec![fills()],
        part_rows: None,
        factory: Arc::new(make),
    }
    .into_function()
}
