//! Functions of all rows so far, one row at a time.
//!
//! What such a function remembers has a fixed size, so that a partition can go on from its end at
//! the cost of the new rows.

use crate::kernel::wrong_number;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::state::SeriesState;
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use std::sync::Arc;

/// What a function of K series remembers of the rows so far.
pub trait Recurrence<const K: usize>: Copy + Send + Sync + 'static {
    /// Takes the next row and gives its result, NaN where it is unknown.
    fn next(&mut self, row: [f64; K]) -> f64;
}

/// Writes the result of each row; all columns are as long as `out`.
pub fn run<const K: usize>(mut state: impl Recurrence<K>, columns: [&[f64]; K], out: &mut [f64]) {
    for (t, slot) in out.iter_mut().enumerate() {
        *slot = state.next(columns.map(|column| column[t]));
    }
}

/// Binds a recurrence; `start` gives what it remembers before the first row.
pub(crate) fn recurrence<const K: usize, R: Recurrence<K>>(
    spec: FunctionSpec,
    start: impl Fn(&Args) -> Result<R, QlError> + Send + Sync + 'static,
) -> Function {
    let make =
        move |args: &Args| Ok(Box::new(Running::<K, R>(start(args)?)) as Box<dyn SeriesKernel>);
    series_function(spec, Arc::new(make))
}

/// A recurrence from here on: before the first row the kernel, after it the state.
#[derive(Clone, Copy)]
struct Running<const K: usize, R>(R);

impl<const K: usize, R: Recurrence<K>> SeriesKernel for Running<K, R> {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let [out] = outputs else {
            return Err(QlError::internal("alpha: recurrences write one output"));
        };
        run(self.0, columns(inputs)?, out);
        Ok(())
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let columns = columns::<K>(inputs).ok()?;
        let mut state = *self;
        for t in 0..columns.first().map_or(0, |column| column.len()) {
            state.0.next(columns.map(|column| column[t]));
        }
        Some(Box::new(state))
    }
}

impl<const K: usize, R: Recurrence<K>> SeriesState for Running<K, R> {
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let values = <[f64; K]>::try_from(row).map_err(|_| wrong_number(K, row.len()))?;
        let result = self.0.next(values);
        out.fill(result);
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(*self)
    }

    fn memory(&self) -> usize {
        size_of::<Self>()
    }
}

fn columns<'a, const K: usize>(inputs: &[&'a [f64]]) -> Result<[&'a [f64]; K], QlError> {
    inputs.try_into().map_err(|_| wrong_number(K, inputs.len()))
}
