//! Rows of (ts, symbol, ret, weight, ...) as positions.

use crate::honest::panel::{Panel, Source};
use datafusion::arrow::array::Array;
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{QlError, SqlState};
use std::collections::HashMap;

pub(super) const FAMILY: &str = "portfolio_risk";
pub(super) const ORDER: [&str; 2] = ["ts", "symbol"];

/// What the query of a function over positions has to have.
pub(super) const POSITIONS: &str = "returns with ts, symbol, ret and weight (share of the portfolio, the last one counts; equal without the column); times at which a symbol has no return are left out";

/// An example over three symbols with weights and a benchmark in place of `QUERY`.
pub(super) fn example(sql: &str) -> String {
    const QUERY: &str = "(SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, s.symbol, \
     sin(t * t) / 50 + s.k * cos(t * 5.0) / 50 AS ret, s.weight, sin(t * t) / 60 AS benchmark, NULL AS factor \
     FROM generate_series(1, 60) AS g(t) CROSS JOIN (VALUES ('A', 0.1, 0.5), ('B', 0.5, 0.3), ('C', 0.9, 0.2)) AS s(symbol, k, weight))";
    sql.replace("QUERY", QUERY)
}

/// Positions with the returns at the times at which all of them have one.
pub(crate) struct Positions {
    /// Symbols, times and returns.
    pub(crate) panel: Panel,
    /// One weight for each symbol.
    pub(crate) weights: Vec<f64>,
}

/// The columns of positions, and optional numeric ones.
pub(crate) fn columns(others: &[&str]) -> Vec<InputColumn> {
    let mut columns = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("ret", InputType::Number),
        InputColumn::optional("weight", InputType::Number),
    ];
    let optional = others
        .iter()
        .map(|name| InputColumn::optional(name, InputType::Number));
    columns.extend(optional);
    columns
}

impl Positions {
    /// Reads the rows for which `is_wanted`. A symbol's weight is the last one it has; without any
    /// weight at all every symbol gets the same.
    pub(crate) fn read(
        rows: &Rows,
        function: &str,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<Self, QlError> {
        let source = Source {
            function,
            name: "symbol",
            value: "ret",
        };
        let panel = Panel::read(rows, source, is_wanted)?;
        let weights = match last_values(rows, "weight")? {
            known if known.is_empty() => vec![1.0 / panel.names.len() as f64; panel.names.len()],
            known => of_symbols(&panel, &known, 0.0),
        };
        Ok(Self { panel, weights })
    }

    /// The benchmark's returns at the times of the panel.
    ///
    /// # Errors
    /// 22000 where one of them is missing.
    pub(crate) fn benchmark(&self, rows: &Rows, function: &str) -> Result<Vec<f64>, QlError> {
        let (times, values) = (rows.times("ts")?, rows.values("benchmark")?);
        let known = times.iter().zip(&values).filter(|(_, v)| v.is_finite());
        let by_time: HashMap<i64, f64> = known.map(|(t, v)| (*t, *v)).collect();
        let wanted = &self.panel.times;
        let found: Vec<f64> = wanted
            .iter()
            .filter_map(|t| by_time.get(t).copied())
            .collect();
        if found.len() == wanted.len() {
            return Ok(found);
        }
        Err(QlError::new(
            SqlState::DataException,
            format!(
                "{function}: column `benchmark` has no value at {} of {} times",
                wanted.len() - found.len(),
                wanted.len()
            ),
        ))
    }
}

impl Panel {
    /// Each symbol's last value of a column; `otherwise` where it has none.
    pub(crate) fn last(
        &self,
        rows: &Rows,
        column: &str,
        otherwise: f64,
    ) -> Result<Vec<f64>, QlError> {
        Ok(of_symbols(self, &last_values(rows, column)?, otherwise))
    }
}

/// The last finite value of a column by symbol; rows come in time order.
fn last_values(rows: &Rows, column: &str) -> Result<HashMap<String, f64>, QlError> {
    let (symbols, values) = (rows.texts("symbol")?, rows.values(column)?);
    let present =
        (0..values.len()).filter(|row| symbols.is_valid(*row) && values[*row].is_finite());
    Ok(present
        .map(|row| (symbols.value(row).to_string(), values[row]))
        .collect())
}

fn of_symbols(panel: &Panel, known: &HashMap<String, f64>, otherwise: f64) -> Vec<f64> {
    let value = |name: &String| known.get(name).copied().unwrap_or(otherwise);
    panel.names.iter().map(value).collect()
}

/// Names of positions and, last, NULL for the portfolio.
pub(crate) fn names_and_total(panel: &Panel) -> impl Iterator<Item = Option<&String>> {
    panel.names.iter().map(Some).chain([None])
}

/// Values of positions and, last, their sum.
pub(crate) fn and_sum(values: &[f64]) -> Vec<f64> {
    let sum = values.iter().sum();
    values.iter().copied().chain([sum]).collect()
}
