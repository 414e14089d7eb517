//! `backtest_grid`: every combination, one row each.

use crate::book::What;
use crate::columns::{axis_columns, axis_values, floats};
use crate::summary::{self, returns_of, sharpe_of, summarize};
use crate::variants::{Simulations, Variants};
use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::error::Result;
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
/// Those of the strategy and of counting.
pub fn run(simulations: &Simulations<'_>, _args: &Args) -> Result<Vec<ArrayRef>> {
    let market = simulations.market()?;
    let space = &simulations.variants.space;
    let n = space.len();
    // The figures and the combination, and once more as columns and as a trial.
    let n_values = summary::columns().count() + space.axes.len();
    simulations.work.hold(2 * n * n_values * size_of::<f64>())?;
    let choices: Vec<Vec<usize>> = (0..n).map(|i| space.choice(i)).collect();
    let runs = simulations.run(&choices, &market, 0..market.n_times(), |settings, run| {
        let rets = returns_of(settings, run);
        (summarize(settings, run, &rets), sharpe_of(&rets))
    })?;
    let tried = choices.iter().zip(&runs);
    let tried = tried.map(|(choice, (_, sharpe))| sharpe.tried(What::Combination(choice.clone())));
    simulations.count(&tried.collect::<Vec<_>>())?;
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(1..=n as i64))];
    columns.extend(axis_values(space, choices.iter().map(Vec::as_slice))?);
    for figure in 0..summary::columns().count() {
        let values = runs
            .iter()
            .map(|(figures, _)| figures.get(figure).copied().unwrap_or(f64::NAN));
        columns.push(floats(values));
    }
    Ok(columns)
}
