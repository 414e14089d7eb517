//! `backtest_grid`: every combination, one row each.

use crate::columns::{axis_columns, axis_values};
use crate::summary::{self, summarize};
use crate::variants::Variants;
use crate::walk_forward::floats;
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::error::Result;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, OutputField, OutputType};
use std::sync::Arc;

/// The columns for a space of parameters.
pub fn columns(variants: &Variants) -> Vec<OutputField> {
    let number = OutputField::new(
        "variant",
        OutputType::Integer,
        "number of the combination, from 1; the last parameter changes fastest",
    );
    let axes = axis_columns(&variants.space);
    std::iter::once(number)
        .chain(axes)
        .chain(summary::columns())
        .collect()
}

/// Runs every combination.
///
/// # Errors
/// Those of the bars and of the strategy.
pub fn run(variants: &Variants, _args: &Args, rows: &Rows) -> Result<RecordBatch> {
    let simulations = variants.over(rows)?;
    let market = simulations.market()?;
    let n = variants.space.len();
    let choices: Vec<Vec<usize>> = (0..n).map(|i| variants.space.choice(i)).collect();
    let figures = simulations.run(&choices, &market, 0..market.n_times(), summarize)?;
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(1..=n as i64))];
    columns.extend(axis_values(
        &variants.space,
        choices.iter().map(Vec::as_slice),
    )?);
    for figure in 0..summary::columns().count() {
        let values = figures
            .iter()
            .map(|f| f.get(figure).copied().unwrap_or(f64::NAN));
        columns.push(floats(values));
    }
    Ok(RecordBatch::try_new(rows.output_schema(), columns)?)
}
