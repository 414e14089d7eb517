//! Two ways to write a window function as a plain formula: of the last rows, or of a state.

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use std::sync::Arc;

/// Binds a statistic of the last rows: `make` gives their number, at least 1, and the statistic,
/// which sees as many values of each of its K series and gives N results.
pub fn over_windows<const K: usize, const N: usize, S>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<(usize, S), QlError> + Send + Sync + 'static,
) -> Function
where
    S: FnMut([&[f64]; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    series_function(
        spec,
        Arc::new(move |args| {
            let (length, statistic) = make(args)?;
            Ok(Box::new(Windows::<K, N, S> { length, statistic }))
        }),
    )
}

/// Binds a formula of one row's K values.
pub fn per_row<const K: usize, const N: usize>(
    spec: FunctionSpec,
    formula: fn([f64; K]) -> [f64; N],
) -> Function {
    let of_window =
        move |row: [&[f64]; K]| formula(row.map(|c| c.first().copied().unwrap_or(f64::NAN)));
    over_windows(spec, move |_| Ok((1, of_window)))
}

/// Binds a state machine: called with each row's K values, in order, from a fresh copy for every
/// partition.
pub fn over_states<const K: usize, const N: usize, S>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<S, QlError> + Send + Sync + 'static,
) -> Function
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    series_function(
        spec,
        Arc::new(move |args| Ok(Box::new(States::<K, N, S> { state: make(args)? }))),
    )
}

struct Windows<const K: usize, const N: usize, S> {
    length: usize,
    statistic: S,
}

impl<const K: usize, const N: usize, S> SeriesKernel for Windows<K, N, S>
where
    S: FnMut([&[f64]; K]) -> [f64; N] + Clone + Send + Sync,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let mut statistic = self.statistic.clone();
        let n_rows = inputs.first().map_or(0, |column| column.len());
        for end in self.length..=n_rows {
            let window = std::array::from_fn(|i| {
                let column = inputs.get(i).copied().unwrap_or_default();
                column.get(end - self.length..end).unwrap_or_default()
            });
            write_row(outputs, end - 1, statistic(window));
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.length - 1)
    }
}

struct States<const K: usize, const N: usize, S> {
    state: S,
}

impl<const K: usize, const N: usize, S> SeriesKernel for States<K, N, S>
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let mut state = self.state.clone();
        let n_rows = inputs.first().map_or(0, |column| column.len());
        for row in 0..n_rows {
            let values = std::array::from_fn(|i| {
                let value = inputs.get(i).and_then(|column| column.get(row));
                value.copied().unwrap_or(f64::NAN)
            });
            write_row(outputs, row, state(values));
        }
        Ok(())
    }
}

/// Writes one row's results, each into its column.
pub fn write_row<const N: usize>(outputs: &mut [&mut [f64]], row: usize, results: [f64; N]) {
    for (column, result) in outputs.iter_mut().zip(results) {
        if let Some(slot) = column.get_mut(row) {
            *slot = result;
        }
    }
}
