//! The library in the middle of a partition.
//!
//! Every function of the library can be opened over a history and then takes one bar at a time,
//! with the bits of a run over everything (the documentation of [`ta_lib`], "Live data").
//! [`KernelState`] is that for a kernel: it waits until there are rows enough to open, shows the
//! stream the rows that the call's conventions ask for, and changes the results back.

use crate::kernel::TaLibKernel;
use crate::stream_table;
use quantlake_core::series::SeriesKernel;
use quantlake_core::window::state::SeriesState;
use quantlake_core::{QlError, SqlState};
use ta_lib::Core;
use ta_lib::abstract_api::{FuncInfo, InputType};

/// A stream of the library, whatever its function.
pub(crate) trait Stream: Send + Sync {
    /// Takes a bar, a number per input, and writes a number per output; none when the library
    /// refuses.
    fn step(&mut self, bar: &[f64], out: &mut [f64]) -> Option<()>;

    /// A copy that goes on by itself.
    fn fork(&self) -> Box<dyn Stream>;

    /// Bytes of the handle itself, without what it points to.
    fn own_size(&self) -> usize;
}

/// What a stream gives for a bar.
pub(crate) trait Values {
    /// Writes a number per output.
    fn write(self, out: &mut [f64]);
}

impl Values for f64 {
    fn write(self, out: &mut [f64]) {
        write_all([self], out);
    }
}

impl Values for i32 {
    fn write(self, out: &mut [f64]) {
        write_all([f64::from(self)], out);
    }
}

impl<A: Into<f64>, B: Into<f64>> Values for (A, B) {
    fn write(self, out: &mut [f64]) {
        write_all([self.0.into(), self.1.into()], out);
    }
}

impl<A: Into<f64>, B: Into<f64>, C: Into<f64>> Values for (A, B, C) {
    fn write(self, out: &mut [f64]) {
        write_all([self.0.into(), self.1.into(), self.2.into()], out);
    }
}

impl Values for (f64, f64, f64, f64) {
    fn write(self, out: &mut [f64]) {
        write_all([self.0, self.1, self.2, self.3], out);
    }
}

fn write_all<const N: usize>(values: [f64; N], out: &mut [f64]) {
    for (slot, value) in out.iter_mut().zip(values) {
        *slot = value;
    }
}

/// Bytes of the stream of one average, besides its rings.
const OF_ONE_AVERAGE: usize = 200;

/// A call of the library in the middle of a partition.
#[derive(Clone)]
pub(crate) struct KernelState {
    kernel: Box<TaLibKernel>,
    progress: Progress,
    /// Present rows so far.
    n_rows: usize,
    /// The first row, and the first that differs from it: what the conventions look back to.
    first_rows: Vec<Vec<f64>>,
}

enum Progress {
    /// Too few rows to open the stream: all of them, a column per input.
    Waiting(Vec<Vec<f64>>),
    /// Open; the bytes that it holds.
    Open(Box<dyn Stream>, usize),
}

impl Clone for Progress {
    fn clone(&self) -> Self {
        match self {
            Self::Waiting(columns) => Self::Waiting(columns.clone()),
            Self::Open(stream, memory) => Self::Open(stream.fork(), *memory),
        }
    }
}

impl KernelState {
    /// The state of a kernel after these rows; none for a function that has no stream.
    pub(crate) fn after(kernel: &TaLibKernel, inputs: &[&[f64]]) -> Option<Self> {
        if !stream_table::is_there(kernel.function().name) {
            return None;
        }
        let n_rows = inputs.first().map_or(0, |column| column.len());
        let mut state = Self {
            kernel: Box::new(kernel.clone()),
            progress: Progress::Waiting(Vec::new()),
            n_rows,
            first_rows: first_rows(inputs),
        };
        state.progress = match state.opened(inputs) {
            Some(open) => open,
            None if state.can_open(n_rows) => return None,
            None => Progress::Waiting(inputs.iter().map(|c| c.to_vec()).collect()),
        };
        Some(state)
    }

    /// Whether the library has a value at the last of so many rows.
    fn can_open(&self, n_rows: usize) -> bool {
        let lookback = self.kernel.lookback();
        n_rows > 0 && n_rows + self.kernel.conventions().n_rows_before(lookback) > lookback
    }

    fn opened(&self, inputs: &[&[f64]]) -> Option<Progress> {
        if !self.can_open(inputs.first()?.len()) {
            return None;
        }
        let lookback = self.kernel.lookback();
        let conventions = self.kernel.conventions();
        let name = self.kernel.function().name;
        let options = self.kernel.options();
        let stream = match conventions.are_the_librarys() {
            true => stream_table::open(name, inputs, options),
            false => {
                let shown = conventions.shown(inputs, lookback);
                let shown: Vec<&[f64]> = shown.iter().map(Vec::as_slice).collect();
                stream_table::open(name, &shown, options)
            }
        };
        let stream = stream?;
        let memory = stream.own_size() + heap_estimate(self.kernel.function(), lookback);
        Some(Progress::Open(stream, memory))
    }

    fn step(&mut self, row: &[f64], out: &mut [f64]) -> Option<()> {
        self.n_rows += 1;
        self.remember(row);
        let conventions = self.kernel.conventions();
        match &mut self.progress {
            Progress::Waiting(columns) => {
                columns.resize(row.len(), Vec::new());
                for (column, value) in columns.iter_mut().zip(row) {
                    column.push(*value);
                }
                return self.leave_waiting(out);
            }
            Progress::Open(stream, _) if conventions.are_the_librarys() => {
                return stream.step(row, out);
            }
            Progress::Open(stream, _) => {
                let columns: Vec<&[f64]> = row.iter().map(std::slice::from_ref).collect();
                let shown = conventions.shown(&columns, 0);
                let bar = shown.iter().map(|column| column.last().copied());
                stream.step(&bar.collect::<Option<Vec<f64>>>()?, out)?;
            }
        }
        self.finish(row, out);
        Some(())
    }

    /// With rows enough, the kernel itself gives the first value, and the stream goes on.
    fn leave_waiting(&mut self, out: &mut [f64]) -> Option<()> {
        let Progress::Waiting(columns) = &self.progress else {
            return Some(());
        };
        if !self.can_open(self.n_rows) {
            return Some(());
        }
        let inputs: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
        let mut results = vec![vec![f64::NAN; self.n_rows]; out.len()];
        let mut slots: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        self.kernel.run(&inputs, &mut slots).ok()?;
        for (slot, result) in out.iter_mut().zip(&results) {
            *slot = result.last().copied()?;
        }
        self.progress = self.opened(&inputs)?;
        Some(())
    }

    /// Changes what the library gave into what was asked for.
    fn finish(&self, row: &[f64], out: &mut [f64]) {
        let conventions = self.kernel.conventions();
        if self.n_rows <= conventions.n_unknown() {
            out.fill(f64::NAN);
        }
        let n_inputs = row.len();
        let inputs: Vec<Vec<f64>> = (0..n_inputs)
            .map(|i| {
                let before = self.first_rows.iter().filter_map(|r| r.get(i));
                before.chain(row.get(i)).copied().collect()
            })
            .collect();
        let inputs: Vec<&[f64]> = inputs.iter().map(Vec::as_slice).collect();
        let mut results: Vec<Vec<f64>> = out
            .iter()
            .map(|value| {
                let mut column = vec![f64::NAN; self.first_rows.len()];
                column.push(*value);
                column
            })
            .collect();
        let mut columns: Vec<&mut [f64]> = results.iter_mut().map(Vec::as_mut_slice).collect();
        conventions.finish(self.kernel.function(), &inputs, &mut columns);
        for (slot, column) in out.iter_mut().zip(&results) {
            *slot = column.last().copied().unwrap_or(f64::NAN);
        }
    }

    fn remember(&mut self, row: &[f64]) {
        let is_new = match self.first_rows.as_slice() {
            [] => true,
            [first] => first.as_slice() != row,
            _ => false,
        };
        if is_new {
            self.first_rows.push(row.to_vec());
        }
    }
}

/// The first row, and the first that differs from it.
fn first_rows(inputs: &[&[f64]]) -> Vec<Vec<f64>> {
    let n_rows = inputs.first().map_or(0, |column| column.len());
    let row = |i: usize| -> Vec<f64> { inputs.iter().filter_map(|c| c.get(i).copied()).collect() };
    let Some(first) = (n_rows > 0).then(|| row(0)) else {
        return Vec::new();
    };
    let other = (1..n_rows).map(row).find(|other| *other != first);
    std::iter::once(first).chain(other).collect()
}

/// Bytes that a stream points to, from above: rings over the look-back, of which no function of
/// ta-lib 0.8.3 has more than inputs, outputs and one together (measured with periods of 3, 20,
/// 333 and 3000). `mavp` keeps a stream for each period.
fn heap_estimate(function: &FuncInfo, lookback: usize) -> usize {
    let bars = function.inputs.iter().map(|input| match input.kind {
        InputType::Price => input.flags.bits().count_ones() as usize,
        _ => 1,
    });
    let n_rings = bars.sum::<usize>() + function.outputs.len() + 1;
    let rings = size_of::<f64>() * n_rings * (lookback + 1).next_power_of_two();
    match function.name {
        "MAVP" => (rings + OF_ONE_AVERAGE) * (lookback + 1),
        _ => rings,
    }
}

impl SeriesState for KernelState {
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        let name = self.kernel.function().name;
        self.step(row, out).ok_or_else(|| {
            QlError::new(
                SqlState::FeatureNotSupported,
                format!(
                    "{}: a stream cannot go on after row {} of at most {}",
                    name.to_ascii_lowercase(),
                    self.n_rows,
                    Core::INDEX_MAX
                ),
            )
        })
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        let rows = match &self.progress {
            Progress::Waiting(columns) => columns.iter().map(Vec::capacity).sum::<usize>(),
            Progress::Open(..) => 0,
        };
        let open = match &self.progress {
            Progress::Waiting(_) => 0,
            Progress::Open(_, memory) => *memory,
        };
        let first = self.first_rows.iter().map(Vec::capacity).sum::<usize>();
        size_of::<Self>() + self.kernel.memory() + open + size_of::<f64>() * (rows + first + 16)
    }
}
