//! Two ways to write a window function as a plain formula: of the last rows, or of a state.

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::state::SeriesState;
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
/// partition. `make` also says how many numbers it keeps in buffers, rounded up.
pub fn over_states<const K: usize, const N: usize, S>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<(usize, S), QlError> + Send + Sync + 'static,
) -> Function
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    over_states_with_gaps(spec, |_| true, make)
}

/// The same, where a row may lack a value of the inputs that are not `needed`: it is NaN.
pub fn over_states_with_gaps<const K: usize, const N: usize, S>(
    spec: FunctionSpec,
    needed: fn(usize) -> bool,
    make: impl Fn(&Args) -> Result<(usize, S), QlError> + Send + Sync + 'static,
) -> Function
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    series_function(
        spec,
        Arc::new(move |args| {
            let (n_kept, step) = make(args)?;
            Ok(Box::new(States::<K, N, S> {
                needed,
                n_kept,
                step,
            }))
        }),
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

/// Before the first row the kernel, after it the state.
#[derive(Clone)]
struct States<const K: usize, const N: usize, S> {
    needed: fn(usize) -> bool,
    n_kept: usize,
    step: S,
}

impl<const K: usize, const N: usize, S> SeriesKernel for States<K, N, S>
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let mut step = self.step.clone();
        for (row, values) in rows(inputs).enumerate() {
            write_row(outputs, row, step(values));
        }
        Ok(())
    }

    fn needs(&self, input: usize) -> bool {
        (self.needed)(input)
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let mut state = self.clone();
        for values in rows(inputs) {
            (state.step)(values);
        }
        Some(Box::new(state))
    }
}

impl<const K: usize, const N: usize, S> SeriesState for States<K, N, S>
where
    S: FnMut([f64; K]) -> [f64; N] + Clone + Send + Sync + 'static,
{
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let values = std::array::from_fn(|i| row.get(i).copied().unwrap_or(f64::NAN));
        for (slot, result) in out.iter_mut().zip((self.step)(values)) {
            *slot = result;
        }
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + size_of::<f64>() * self.n_kept
    }
}

/// The values of each row.
fn rows<'a, const K: usize>(inputs: &'a [&'a [f64]]) -> impl Iterator<Item = [f64; K]> + 'a {
    let n_rows = inputs.first().map_or(0, |column| column.len());
    (0..n_rows).map(|row| {
        std::array::from_fn(|i| {
            let value = inputs.get(i).and_then(|column| column.get(row));
            value.copied().unwrap_or(f64::NAN)
        })
    })
}

/// Writes one row's results, each into its column.
pub fn write_row<const N: usize>(outputs: &mut [&mut [f64]], row: usize, results: [f64; N]) {
    for (column, result) in outputs.iter_mut().zip(results) {
        if let Some(slot) = column.get_mut(row) {
            *slot = result;
        }
    }
}
