//! What the functions over returns have in common: their columns, checks and results.

use crate::metrics::series::Observations;
use datafusion::arrow::array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::{InputColumn, InputType, Rows};
use quantlake_core::{OutputField, OutputType, ParamKind, ParamSpec, QlError, SqlState};
use std::sync::Arc;

/// The column that says which rows belong together.
pub(super) const SYMBOL: &str = "symbol";

/// The columns of a query over returns.
pub(super) fn columns() -> Vec<InputColumn> {
    vec![
        InputColumn::optional(SYMBOL, InputType::Text),
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("ret", InputType::Number),
    ]
}

/// The parameter for a query over returns.
pub(super) fn query() -> ParamSpec {
    ParamSpec::required(
        "returns",
        ParamKind::Query,
        "rows with ts, ret (return of the period that ends at ts, as a fraction) and, where used, symbol; a first row without ret says when the first period starts",
    )
}

pub(super) fn symbol_field() -> OutputField {
    OutputField::new(
        SYMBOL,
        OutputType::Text,
        "symbol of the rows, NULL without one",
    )
}

/// The symbol of a group.
pub(super) fn symbol_of(rows: &Rows) -> Result<Option<&str>, QlError> {
    let symbols = rows.texts(SYMBOL)?;
    Ok((!symbols.is_empty() && symbols.is_valid(0)).then(|| symbols.value(0)))
}

/// The returns of a group with their times, missing rows taken out.
///
/// # Errors
/// 22000 where two rows have one time, or a time is NULL.
pub(super) fn observations(
    function: &str,
    rows: &Rows,
    benchmark: &[f64],
) -> Result<Observations, QlError> {
    let times = rows.times("ts")?;
    if let Some(pair) = times.windows(2).find(|p| p.first() == p.last()) {
        return Err(duplicate(function, rows, pair.first().copied()));
    }
    Ok(Observations::new(&rows.values("ret")?, benchmark, &times))
}

fn duplicate(function: &str, rows: &Rows, time: Option<i64>) -> QlError {
    let time = time.and_then(timestamp_ns_to_datetime);
    let time = time.map_or("one time".to_string(), |t| t.to_string());
    let of = match symbol_of(rows) {
        Ok(Some(symbol)) => format!(" of {symbol}"),
        _ => String::new(),
    };
    QlError::new(
        SqlState::DataException,
        format!("{function}: two rows{of} have the time {time}"),
    )
}

/// Result columns as a batch.
pub(super) fn batch(
    function: &str,
    rows: &Rows,
    columns: Vec<ArrayRef>,
) -> Result<RecordBatch, QlError> {
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("{function}: {e}")))
}

/// A column of doubles; what is not finite is unknown, so NULL.
pub(super) fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let known = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}

/// A column of counts.
pub(super) fn counts(values: impl IntoIterator<Item = usize>) -> ArrayRef {
    let wide = values.into_iter().map(|v| i64::try_from(v).ok());
    Arc::new(wide.collect::<Int64Array>())
}

/// A column of texts.
pub(super) fn texts<'a>(values: impl IntoIterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}
