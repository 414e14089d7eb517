//! Rows of (ts, symbol, value) as a table with one column per symbol.

use datafusion::arrow::array::{Array, ArrayRef, Float64Array, StringArray};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Values of several symbols at the times at which all of them have one.
#[derive(Debug)]
pub(crate) struct Panel {
    /// The symbols in alphabetical order.
    pub(crate) symbols: Vec<String>,
    /// Times in nanoseconds, ascending.
    pub(crate) times: Vec<i64>,
    /// One series per symbol, as long as `times`.
    pub(crate) columns: Vec<Vec<f64>>,
}

/// The columns that a panel is read from; `value` is the name of the last one.
pub(crate) fn columns(value: &str) -> Vec<InputColumn> {
    vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required(value, InputType::Number),
    ]
}

impl Panel {
    /// Reads rows that are ordered by time. Rows without symbol or finite value are left out, and
    /// so is every time at which a symbol has none.
    ///
    /// # Errors
    /// 22000 for two rows of one symbol and time, and for a NULL time.
    pub(crate) fn read(rows: &Rows, function: &str, value: &str) -> Result<Self, QlError> {
        let times = rows.times("ts")?;
        let (symbols, values) = (rows.texts("symbol")?, rows.values(value)?);
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let is_present = |row: &usize| symbols.is_valid(*row) && values[*row].is_finite();
        for row in (0..times.len()).filter(is_present) {
            numbers.insert(symbols.value(row), 0);
        }
        for (position, number) in numbers.values_mut().enumerate() {
            *number = position;
        }
        let mut panel = Self {
            symbols: numbers.keys().map(ToString::to_string).collect(),
            times: vec![],
            columns: vec![vec![]; numbers.len()],
        };
        let present: Vec<usize> = (0..times.len()).filter(is_present).collect();
        for moment in present.chunk_by(|&a, &b| times[a] == times[b]) {
            let mut line = vec![f64::NAN; numbers.len()];
            for &row in moment {
                let slot = &mut line[numbers[symbols.value(row)]];
                if !slot.is_nan() {
                    return Err(duplicate(function, symbols.value(row), times[row]));
                }
                *slot = values[row];
            }
            panel.push(times[moment[0]], &line);
        }
        Ok(panel)
    }

    fn push(&mut self, time: i64, line: &[f64]) {
        if line.iter().all(|v| v.is_finite()) {
            self.times.push(time);
            for (column, value) in self.columns.iter_mut().zip(line) {
                column.push(*value);
            }
        }
    }

    /// How many times there are.
    pub(crate) fn n_rows(&self) -> usize {
        self.times.len()
    }
}

/// The refusal of two rows of one symbol and time.
pub(crate) fn duplicate(function: &str, symbol: &str, time: i64) -> QlError {
    let at = timestamp_ns_to_datetime(time).map_or_else(|| time.to_string(), |t| t.to_string());
    QlError::new(
        SqlState::DataException,
        format!("{function}: symbol '{symbol}' has two rows at {at}"),
    )
    .with_hint("Keep one row per symbol and time, for example with GROUP BY symbol, ts")
}

/// Doubles as a result column; what is not finite is NULL.
pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let finite = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(finite.collect::<Float64Array>())
}

/// Texts as a result column.
pub(crate) fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}
