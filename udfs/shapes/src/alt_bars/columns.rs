//! Rows in, bars out: the Arrow side of the bar functions.

use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray,
};
use quantlake_core::QlError;
use quantlake_core::relation::{InputColumn, InputType, Rows, time_column};
use std::sync::Arc;

/// A row of the query.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub ts: i64,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    /// NaN where the query has none.
    pub volume: f64,
}

/// A completed bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bar {
    pub start: i64,
    pub end: i64,
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
    pub volume: f64,
    pub value: f64,
    pub n_rows: i64,
    pub direction: i64,
}

/// What all bar functions read.
pub(super) fn input_columns() -> Vec<InputColumn> {
    vec![
        InputColumn::required("symbol", InputType::Text),
        InputColumn::required("ts", InputType::Time),
        InputColumn::optional("open", InputType::Number),
        InputColumn::optional("high", InputType::Number),
        InputColumn::optional("low", InputType::Number),
        InputColumn::required("close", InputType::Number),
        InputColumn::optional("volume", InputType::Number),
    ]
}

/// The symbol that the rows share; `None` where it is NULL.
///
/// # Errors
/// XX000 when the function does not read `symbol`.
pub fn symbol_of(rows: &Rows) -> Result<Option<String>, QlError> {
    let symbols = rows.texts("symbol")?;
    let has_one = !symbols.is_empty() && symbols.is_valid(0);
    Ok(has_one.then(|| symbols.value(0).to_string()))
}

/// A column that holds one text `n` times.
pub fn repeat(text: Option<&str>, n: usize) -> ArrayRef {
    Arc::new(std::iter::repeat_n(text, n).collect::<StringArray>())
}

/// The rows that have what is needed. Without `open`, `high` or `low` the close stands for it.
pub(super) fn read(rows: &Rows, needs_volume: bool) -> Result<Vec<Row>, QlError> {
    let ts = rows.times("ts")?;
    let [open, high, low, close, volume] = [
        rows.values("open")?,
        rows.values("high")?,
        rows.values("low")?,
        rows.values("close")?,
        rows.values("volume")?,
    ];
    let prices = open.iter().zip(&high).zip(&low).zip(&close);
    let all = ts.iter().zip(prices).zip(&volume);
    Ok(all
        .map(|((ts, (((open, high), low), close)), volume)| {
            row(*ts, [*open, *high, *low, *close], *volume)
        })
        .filter(|row| row.close.is_finite() && (!needs_volume || row.volume >= 0.0))
        .collect())
}

fn row(ts: i64, [open, high, low, close]: [f64; 4], volume: f64) -> Row {
    let open = if open.is_finite() { open } else { close };
    let known = [open, close, high, low]
        .into_iter()
        .filter(|price| price.is_finite());
    Row {
        ts,
        open,
        high: known.clone().fold(close, f64::max),
        low: known.fold(close, f64::min),
        close,
        volume: if volume.is_finite() { volume } else { f64::NAN },
    }
}

/// The columns in the order of the spec.
pub(super) fn to_batch(
    rows: &Rows,
    symbol: Option<&str>,
    bars: &[Bar],
) -> Result<RecordBatch, QlError> {
    // Sums beyond the range of a double are not known.
    let numbers = |of: fn(&Bar) -> f64| -> ArrayRef {
        let known = |bar| Some(of(bar)).filter(|value| value.is_finite());
        Arc::new(bars.iter().map(known).collect::<Float64Array>())
    };
    let integers = |of: fn(&Bar) -> i64| -> ArrayRef {
        Arc::new(Int64Array::from_iter_values(bars.iter().map(of)))
    };
    let columns = vec![
        repeat(symbol, bars.len()),
        time_column(bars.iter().map(|b| Some(b.start)).collect()),
        time_column(bars.iter().map(|b| Some(b.end)).collect()),
        numbers(|b| b.open),
        numbers(|b| b.high),
        numbers(|b| b.low),
        numbers(|b| b.close),
        numbers(|b| b.volume),
        numbers(|b| b.value),
        integers(|b| b.n_rows),
        integers(|b| b.direction),
    ];
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("bars: {e}")))
}
