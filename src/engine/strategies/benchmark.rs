//! What a run is compared with: the query given as `benchmark`, or else all symbols bought with
//! equal shares of the cash at their first closes and held.

use super::simulate::{BARS, Desk, Request};
use super::surfaces::METRICS;
use crate::dialect::strategy::Constant;
use crate::lake::ledger::{ResultTable, Values};
use datafusion::arrow::array::{Float64Array, RecordBatch, TimestampMicrosecondArray};
use datafusion::error::Result;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The argument that holds the query.
const ARGUMENT: &str = "benchmark";
/// The name of the values while their statistics are computed.
const HELD: &str = "held_values";
/// Arguments that mean the same for the benchmark as for the run.
const SHARED: [&str; 3] = ["cash", "periods", "risk_free"];

/// The benchmark at the run's times.
#[derive(Debug, Clone, PartialEq)]
pub struct Benchmark {
    /// What it is, in words.
    pub what: String,
    /// The time of each row of equity; sub-accounts have rows of one time.
    row_times: Vec<i64>,
    /// Those times, rising, each once.
    times: Vec<i64>,
    /// As a multiple of its start; NaN before it starts.
    values: Vec<f64>,
    start: f64,
}

impl Benchmark {
    /// The benchmark of a run at the times of its equity.
    ///
    /// # Errors
    /// Those of the query.
    pub async fn of(
        desk: &Desk,
        request: &Request<'_>,
        equity: Option<&ResultTable>,
    ) -> Result<Self> {
        let row_times: Vec<i64> = match equity {
            Some(equity) => equity.times("ts").iter().copied().flatten().collect(),
            None => Vec::new(),
        };
        let mut times = row_times.clone();
        times.sort_unstable();
        times.dedup();
        let start = equity.map_or(f64::NAN, starting_equity);
        let is_given = request.queries.iter().any(|(name, _)| name == ARGUMENT);
        let (table, symbol) = if is_given {
            (ARGUMENT, None)
        } else {
            (BARS, desk.column(BARS, "symbol").await?)
        };
        let symbol = symbol.unwrap_or_else(|| "''".to_string());
        let sql = format!(
            "SELECT ts, CAST({symbol} AS VARCHAR) AS symbol, CAST(close AS DOUBLE) AS close
             FROM \"{table}\" ORDER BY ts, symbol"
        );
        let rows = desk.read(table, &sql).await?;
        let (values, n_symbols) = held_values(&rows, &times);
        let what = match (is_given, n_symbols) {
            (true, _) => "the query given as benchmark".to_string(),
            (false, 1) => "the symbol bought and held".to_string(),
            (false, n) => format!("equal shares of {n} symbols, bought and held"),
        };
        Ok(Self {
            what,
            row_times,
            times,
            values,
            start,
        })
    }

    /// The column of `equity`: what the starting cash would have become.
    pub fn column(&self) -> (String, Values) {
        let value_at = |time: &i64| {
            let at = self.times.binary_search(time).ok()?;
            self.values.get(at).map(|v| v * self.start)
        };
        let known = |time: &i64| value_at(time).filter(|v| v.is_finite());
        let values = self.row_times.iter().map(known);
        (ARGUMENT.to_string(), Values::Numbers(values.collect()))
    }

    /// Its statistics.
    ///
    /// # Errors
    /// Those of execution.
    pub async fn metrics(&self, desk: &Desk, request: &Request<'_>) -> Result<ResultTable> {
        held_metrics(desk, request, &self.times, &self.values).await
    }
}

/// The statistics of a series of values, by the same function as a run's: a position of 1 in it,
/// without costs.
///
/// # Errors
/// Those of execution.
pub async fn held_metrics(
    desk: &Desk,
    request: &Request<'_>,
    times: &[i64],
    values: &[f64],
) -> Result<ResultTable> {
    let known = times.iter().zip(values).filter(|(_, v)| v.is_finite());
    let (times, values): (Vec<i64>, Vec<f64>) = known.map(|(t, v)| (*t, *v)).unzip();
    let batch = RecordBatch::try_from_iter([
        ("ts", Arc::new(TimestampMicrosecondArray::from(times)) as _),
        ("close", Arc::new(Float64Array::from(values)) as _),
    ])?;
    desk.put(HELD, batch.schema(), vec![batch])?;
    let shared = |(key, _): &&(String, Constant)| SHARED.contains(&key.as_str());
    let arguments = request.arguments.iter().filter(shared);
    let arguments: String = arguments.map(|(k, v)| format!(", {k} => {v}")).collect();
    let sql = format!(
        "SELECT metric, value FROM backtest_metrics((SELECT ts, close, 1.0 AS target FROM {HELD}),
         fill => 'same_close'{arguments})"
    );
    desk.read(METRICS, &sql).await
}

/// The equity before the first bar, of all accounts.
fn starting_equity(equity: &ResultTable) -> f64 {
    let (values, ret) = (equity.numbers("equity"), equity.numbers("ret"));
    let accounts = equity.texts("account");
    let mut seen = HashSet::new();
    let is_first = |row: &usize| seen.insert(accounts.get(*row).cloned().flatten());
    let rows = (0..values.len()).filter(is_first);
    rows.map(|row| values[row] / (1.0 + ret.get(row).copied().unwrap_or(f64::NAN)))
        .sum()
}

/// Values of equal shares at these times, as multiples of their sum at the start, and how many
/// symbols there are. A share is cash until its symbol's first close.
fn held_values(rows: &ResultTable, times: &[i64]) -> (Vec<f64>, usize) {
    let (ts, symbols) = (rows.times("ts"), rows.texts("symbol"));
    let closes = rows.numbers("close");
    let mut first: HashMap<&str, f64> = HashMap::new();
    let mut last: HashMap<&str, f64> = HashMap::new();
    let mut names: Vec<&str> = symbols
        .iter()
        .map(|s| s.as_deref().unwrap_or_default())
        .collect();
    let each = names.clone();
    names.sort_unstable();
    names.dedup();
    let mut next = 0;
    let mut values = Vec::with_capacity(times.len());
    for time in times {
        while let (Some(Some(at)), Some(name), Some(close)) =
            (ts.get(next), each.get(next), closes.get(next))
        {
            if at > time {
                break;
            }
            if close.is_finite() {
                first.entry(name).or_insert(*close);
                last.insert(name, *close);
            }
            next += 1;
        }
        // By name, so that the sum has one order.
        let grown = |n: &&str| Some(last.get(n)? / first.get(n)?);
        let total: f64 = names.iter().map(|n| grown(n).unwrap_or(1.0)).sum();
        let is_started = !first.is_empty();
        values.push(if is_started {
            total / names.len() as f64
        } else {
            f64::NAN
        });
    }
    (values, names.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_equal_at_the_start_and_drift() {
        let rows = ResultTable {
            name: "bars".into(),
            columns: vec![
                (
                    "ts".into(),
                    Values::Times(vec![Some(1), Some(1), Some(2), Some(3)]),
                ),
                (
                    "symbol".into(),
                    Values::Texts(["a", "b", "a", "b"].map(|s| Some(s.to_string())).to_vec()),
                ),
                (
                    "close".into(),
                    Values::Numbers(vec![Some(10.0), Some(4.0), Some(20.0), Some(2.0)]),
                ),
            ],
        };
        let (values, n) = held_values(&rows, &[0, 1, 2, 3]);
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [1.0, 1.5, 1.25]);
        assert_eq!(n, 2);
    }
}
