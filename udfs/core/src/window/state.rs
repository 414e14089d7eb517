//! What is known after the rows of a partition, so that one more row costs one step.
//!
//! A value at a row depends on rows before it. Where a kernel can say what of them it still needs
//! ([`SeriesState`]), or promises a finite [`history`](crate::series::SeriesKernel::history), the
//! rows themselves need not be read again when others are added behind them.

use super::call::SeriesCall;
use crate::error::QlError;
use crate::series::SeriesKernel;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A kernel in the middle of a partition.
///
/// Pushing rows one by one gives, to the last bit, what the kernel's `run` gives at these rows
/// over the whole partition.
pub trait SeriesState: Send + Sync {
    /// Takes the next present row, a number per input, and writes the results at that row into
    /// `out`, which is filled with NaN.
    ///
    /// # Errors
    /// Where the state cannot go on (more rows than the kernel can count).
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError>;

    /// A copy that goes on by itself.
    fn fork(&self) -> Box<dyn SeriesState>;

    /// Bytes held, rounded up where they are not known.
    fn memory(&self) -> usize;
}

/// One call in the middle of a partition.
pub enum CallState {
    /// Every row is NULL.
    Null,
    /// What the kernel says that it needs.
    Carried(Box<dyn SeriesState>),
    /// The rows that the kernel looks back to, from which each value is computed anew.
    Recent(Recent),
}

/// The last rows of a partition.
#[derive(Clone)]
pub struct Recent {
    n_rows: usize,
    columns: Vec<Vec<f64>>,
}

impl CallState {
    /// The state after these present rows, of which there must be all, or as many as the call
    /// looks back; none where the call needs every row every time.
    pub fn after(call: &SeriesCall, inputs: &[&[f64]]) -> Option<Self> {
        if call.is_null {
            return Some(Self::Null);
        }
        match call.kernel.history() {
            Some(n_rows) => Some(Self::Recent(Recent::of(inputs, n_rows))),
            None => call.kernel.open(inputs).map(Self::Carried),
        }
    }

    /// Whether calls of this kind have states at all.
    pub fn exists(call: &SeriesCall) -> bool {
        let no_rows = vec![&[] as &[f64]; call.inputs.len()];
        Self::after(call, &no_rows).is_some()
    }

    /// Takes the next present row and writes its results into `out`, which is filled with NaN.
    ///
    /// # Errors
    /// Those of the kernel and of its state.
    pub fn push(
        &mut self,
        kernel: &dyn SeriesKernel,
        row: &[f64],
        out: &mut [f64],
    ) -> Result<(), QlError> {
        match self {
            Self::Null => Ok(()),
            Self::Carried(state) => state.push(row, out),
            Self::Recent(recent) => recent.push(kernel, row, out),
        }
    }

    /// A copy that goes on by itself.
    pub fn fork(&self) -> Self {
        match self {
            Self::Null => Self::Null,
            Self::Carried(state) => Self::Carried(state.fork()),
            Self::Recent(recent) => Self::Recent(recent.clone()),
        }
    }

    /// Bytes held besides the state's own.
    fn memory(&self) -> usize {
        match self {
            Self::Null => 0,
            Self::Carried(state) => state.memory(),
            Self::Recent(recent) => recent.memory(),
        }
    }
}

impl Recent {
    fn of(inputs: &[&[f64]], n_rows: usize) -> Self {
        let last = |column: &&[f64]| {
            let (_, last) = column.split_at(column.len().saturating_sub(n_rows));
            last.to_vec()
        };
        Self {
            n_rows,
            columns: inputs.iter().map(last).collect(),
        }
    }

    fn push(
        &mut self,
        kernel: &dyn SeriesKernel,
        row: &[f64],
        out: &mut [f64],
    ) -> Result<(), QlError> {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(*value);
        }
        let inputs: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        let n_rows = inputs.first().map_or(0, |column| column.len());
        let mut results = vec![vec![f64::NAN; n_rows]; out.len()];
        let mut slots: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        kernel.run(&inputs, &mut slots)?;
        for (slot, result) in out.iter_mut().zip(&results) {
            *slot = result.last().copied().unwrap_or(f64::NAN);
        }
        for column in &mut self.columns {
            column.drain(..column.len().saturating_sub(self.n_rows));
        }
        Ok(())
    }

    fn memory(&self) -> usize {
        let columns = self.columns.iter();
        columns
            .map(|c| size_of::<Vec<f64>>() + size_of::<f64>() * c.capacity())
            .sum()
    }
}

/// All calls of a window in the middle of a partition.
pub struct PartitionState {
    /// The order key of the last row, as bytes that compare like it.
    pub last: Box<[u8]>,
    /// The calls, in the window's order.
    pub calls: Vec<CallState>,
}

impl PartitionState {
    /// A copy that goes on by itself.
    pub fn fork(&self) -> Self {
        Self {
            last: self.last.clone(),
            calls: self.calls.iter().map(CallState::fork).collect(),
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        let calls: usize = self.calls.iter().map(CallState::memory).sum();
        size_of::<Self>() + self.last.len() + size_of::<CallState>() * self.calls.len() + calls
    }
}

/// The states of all partitions, by the bytes of their keys.
pub type States = HashMap<Box<[u8]>, Arc<PartitionState>>;

/// Bytes that states hold, with their keys.
pub fn memory_of(states: &States) -> usize {
    let entries = states.iter();
    entries.map(|(key, s)| memory_of_entry(key, s)).sum()
}

/// Bytes that the state of one partition holds, with its key.
pub fn memory_of_entry(key: &[u8], state: &PartitionState) -> usize {
    // A map has up to twice as many places as entries.
    let place = 2 * size_of::<(Box<[u8]>, Arc<PartitionState>)>();
    place + key.len() + state.memory()
}

impl fmt::Debug for PartitionState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartitionState")
            .field("n_calls", &self.calls.len())
            .finish_non_exhaustive()
    }
}
