//! Window functions of all rows so far, one row at a time, so that a partition can go on from its
//! end at the cost of the new rows.

use crate::arguments::Args;
use crate::error::QlError;
use crate::registry::Function;
use crate::series::{SeriesKernel, series_function};
use crate::spec::FunctionSpec;
use crate::window::state::SeriesState;
use std::sync::Arc;

/// What a function of K series remembers of the rows so far; it gives M results a row.
pub trait Recurrence<const K: usize, const M: usize = 1>: Clone + Send + Sync + 'static {
    /// Takes the next row and gives its results, NaN where they are unknown.
    fn next(&mut self, row: [f64; K]) -> [f64; M];

    /// Whether a row without a value in this input is missing; otherwise the value is NaN.
    fn needs(_input: usize) -> bool {
        true
    }

    /// Bytes held besides its own size.
    fn held(&self) -> usize {
        0
    }
}

/// Binds a recurrence; `start` gives what it remembers before the first row.
pub fn over_rows<const K: usize, const M: usize, R: Recurrence<K, M>>(
    spec: FunctionSpec,
    start: impl Fn(&Args) -> Result<R, QlError> + Send + Sync + 'static,
) -> Function {
    let make =
        move |args: &Args| Ok(Box::new(Running::<K, M, R>(start(args)?)) as Box<dyn SeriesKernel>);
    series_function(spec, Arc::new(make))
}

/// A recurrence between two rows: before the first one the kernel, after it the state.
#[derive(Clone)]
struct Running<const K: usize, const M: usize, R>(R);

impl<const K: usize, const M: usize, R: Recurrence<K, M>> SeriesKernel for Running<K, M, R> {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let mut recurrence = self.0.clone();
        for (row, values) in rows(inputs).enumerate() {
            for (column, result) in outputs.iter_mut().zip(recurrence.next(values)) {
                if let Some(slot) = column.get_mut(row) {
                    *slot = result;
                }
            }
        }
        Ok(())
    }

    fn needs(&self, input: usize) -> bool {
        R::needs(input)
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        let mut state = self.clone();
        for values in rows(inputs) {
            state.0.next(values);
        }
        Some(Box::new(state))
    }
}

impl<const K: usize, const M: usize, R: Recurrence<K, M>> SeriesState for Running<K, M, R> {
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let values = std::array::from_fn(|i| row.get(i).copied().unwrap_or(f64::NAN));
        for (slot, result) in out.iter_mut().zip(self.0.next(values)) {
            *slot = result;
        }
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.0.held()
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
