//! The rows of a stored strategy under one combination after another, as one table of bars.

use crate::library::Loaded;
use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::error::Result;
use quantlake_backtest::functions::Bars;
use quantlake_backtest::settings::Settings;
use quantlake_core::{QlError, SqlState};
use std::ops::Range;
use std::sync::Arc;

/// The column that says what to hold.
const TARGET: &str = "target";

/// Each part's rows, and between them the first part's with a target of 0.
///
/// # Errors
/// 22000 when rows lie between the parts and the strategy gives entries and exits: nothing says how
/// to be flat there.
pub fn bars(
    function: &str,
    parts: &[(Range<usize>, Arc<Loaded>)],
    settings: &Settings,
) -> Result<Bars> {
    let Some((first, loaded)) = parts.first() else {
        return Err(QlError::internal("no parts to join").into());
    };
    let mut pieces: Vec<RecordBatch> = Vec::new();
    let mut end = first.start;
    for (rows, part) in parts {
        if rows.start > end {
            let between = loaded.rows.batch().slice(end, rows.start - end);
            pieces.push(flat(function, loaded, &between)?);
        }
        pieces.push(part.rows.batch().slice(rows.start, rows.len()));
        end = rows.end;
    }
    let joined = concat_batches(&loaded.rows.batch().schema(), &pieces)?;
    Ok(Bars::try_new(function, &loaded.rows.on(joined), settings)?)
}

fn flat(function: &str, loaded: &Loaded, rows: &RecordBatch) -> Result<RecordBatch> {
    if loaded.bars.columns().target.is_empty() {
        let message = format!(
            "{function}: `step` must be at most `test` for a strategy of entries and exits: it has no target that is flat in between"
        );
        return Err(QlError::new(SqlState::DataException, message).into());
    }
    let schema = rows.schema();
    let columns = rows.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match field.name() == TARGET {
        true => Arc::new(Float64Array::from(vec![0.0; rows.num_rows()])) as ArrayRef,
        false => Arc::clone(column),
    });
    Ok(RecordBatch::try_new(
        Arc::clone(&schema),
        columns.collect(),
    )?)
}
