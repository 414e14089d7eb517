//! Four ways in which a short formula becomes a function.
//!
//! * [`rowwise`]: a formula of one row, as a scalar function that works with or without a window,
//! * [`rolling`]: a formula of the last rows, computed afresh at each row, so that a value depends
//!   on these rows to the last bit,
//! * [`running`]: a state that each row changes,
//! * [`by_session`]: a state that knows where in its trading session a row stands.
//!
//! Of the last two a partition goes on from its end: what they remember is a [`Memory`].

use crate::calendar::{Clock, Place};
use datafusion::arrow::array::{Array, ArrayRef, TimestampMicrosecondArray};
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::series::{SeriesKernel, series_function, to_array, to_numbers};
use quantlake_core::window::state::SeriesState;
use quantlake_core::{Args, Function, FunctionSpec, Output, OutputType, QlError};
use std::sync::Arc;

/// More inputs or outputs than any function here has.
const MAX_COLUMNS: usize = 24;

/// Binds a formula of one row.
///
/// The first `n_needed` inputs have to be known; of the others the formula sees NaN where they are
/// missing. It writes into slots that hold NaN.
pub fn rowwise<F>(
    spec: FunctionSpec,
    n_needed: usize,
    make: impl Fn(&Args) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: FnMut(&[f64], &mut [f64]),
{
    let output = spec.output.clone();
    let kernel = move |args: &Args, columns: &[ArrayRef], n_rows: usize| {
        let mut formula = make(args)?;
        let numbers: Vec<_> = columns.iter().map(to_numbers).collect::<Result<_, _>>()?;
        let mut outputs = vec![vec![f64::NAN; n_rows]; output.fields().len().max(1)];
        for row in 0..n_rows {
            let read = numbers.iter().map(|column| {
                match column.is_valid(row).then(|| column.value(row)) {
                    Some(value) if value.is_finite() => value,
                    _ => f64::NAN,
                }
            });
            let (values, n_inputs) = gathered(read);
            let values = values.get(..n_inputs).unwrap_or_default();
            if values.iter().take(n_needed).all(|v| v.is_finite()) {
                write_row(&mut outputs, row, |out| formula(values, out));
            }
        }
        Ok(to_output(&output, outputs))
    };
    scalar_function(spec, Volatility::Immutable, Arc::new(kernel))
}

fn gathered(values: impl Iterator<Item = f64>) -> ([f64; MAX_COLUMNS], usize) {
    let mut row = [f64::NAN; MAX_COLUMNS];
    let mut n = 0;
    for (slot, value) in row.iter_mut().zip(values) {
        *slot = value;
        n += 1;
    }
    (row, n)
}

/// Lets `fill` write one row, and puts it into the columns.
fn write_row<C: AsMut<[f64]>>(columns: &mut [C], row: usize, fill: impl FnOnce(&mut [f64])) {
    let mut results = [f64::NAN; MAX_COLUMNS];
    if let Some(results) = results.get_mut(..columns.len()) {
        fill(results);
    }
    for (column, result) in columns.iter_mut().zip(results) {
        if let Some(slot) = column.as_mut().get_mut(row) {
            *slot = result;
        }
    }
}

fn to_output(output: &Output, mut columns: Vec<Vec<f64>>) -> ArrayRef {
    if *output != Output::Value(OutputType::Time) {
        return to_array(output, columns);
    }
    let times = columns.pop().unwrap_or_default();
    let micros = times.iter().map(|t| t.is_finite().then_some(*t as i64));
    Arc::new(TimestampMicrosecondArray::from_iter(micros))
}

/// Binds a formula of the newest `span` rows; each input is a slice of that length.
///
/// A row with fewer rows before it stays unknown, and so does what is not finite.
pub fn rolling<F>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<(usize, F), QlError> + Send + Sync + 'static,
) -> Function
where
    F: Fn(&[&[f64]]) -> f64 + Send + Sync + 'static,
{
    series_function(
        spec,
        Arc::new(move |args| {
            let (span, formula) = make(args)?;
            Ok(Box::new(Rolling { span, formula }))
        }),
    )
}

struct Rolling<F> {
    span: usize,
    formula: F,
}

impl<F: Fn(&[&[f64]]) -> f64 + Send + Sync> SeriesKernel for Rolling<F> {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let n_rows = inputs.first().map_or(0, |column| column.len());
        let mut windows: Vec<&[f64]> = Vec::with_capacity(inputs.len());
        let Some(output) = outputs.first_mut() else {
            return Ok(());
        };
        for (end, slot) in (1..=n_rows).zip(output.iter_mut()) {
            let Some(start) = end.checked_sub(self.span) else {
                continue;
            };
            windows.clear();
            windows.extend(inputs.iter().filter_map(|column| column.get(start..end)));
            *slot = (self.formula)(&windows);
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        self.span.checked_sub(1)
    }
}

/// What a function remembers of the rows so far.
pub trait Memory: Clone + Send + Sync + 'static {
    /// Bytes held besides its own size.
    fn held(&self) -> usize {
        0
    }
}

impl Memory for f64 {}
impl Memory for i64 {}
impl<A: Memory, B: Memory> Memory for (A, B) {
    fn held(&self) -> usize {
        self.0.held() + self.1.held()
    }
}

/// Binds a state that each row changes; `step` writes into slots that hold NaN.
pub fn running<S>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<S, QlError> + Send + Sync + 'static,
    step: impl Fn(&mut S, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    S: Memory,
{
    series_function(
        spec,
        Arc::new(move |args| {
            let state = make(args)?;
            Ok(Box::new(Running { state, step }))
        }),
    )
}

/// Before the first row the kernel, after it the state.
#[derive(Clone)]
struct Running<S, F> {
    state: S,
    step: F,
}

impl<S, F> SeriesState for Running<S, F>
where
    S: Memory,
    F: Fn(&mut S, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        (self.step)(&mut self.state, row, out);
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.state.held()
    }
}

impl<S, F> SeriesKernel for Running<S, F>
where
    S: Memory,
    F: Fn(&mut S, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        push_all(&mut self.clone(), inputs, outputs)
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        after(self.clone(), inputs)
    }
}

/// Pushes all rows, and writes the results of each.
fn push_all(
    state: &mut impl SeriesState,
    inputs: &[&[f64]],
    outputs: &mut [&mut [f64]],
) -> Result<(), QlError> {
    for row in 0..inputs.first().map_or(0, |column| column.len()) {
        let (values, n_inputs) = gathered(inputs.iter().map(|column| at(column, row)));
        let values = values.get(..n_inputs).unwrap_or_default();
        let mut pushed = Ok(());
        write_row(outputs, row, |out| pushed = state.push(values, out));
        pushed?;
    }
    Ok(())
}

/// The state after these rows.
fn after<S: SeriesState + 'static>(
    mut state: S,
    inputs: &[&[f64]],
) -> Option<Box<dyn SeriesState>> {
    let mut ignored = [f64::NAN; MAX_COLUMNS];
    for row in 0..inputs.first().map_or(0, |column| column.len()) {
        let (values, n_inputs) = gathered(inputs.iter().map(|column| at(column, row)));
        let values = values.get(..n_inputs)?;
        state.push(values, &mut ignored).ok()?;
    }
    Some(Box::new(state))
}

fn at(column: &[f64], row: usize) -> f64 {
    column.get(row).copied().unwrap_or(f64::NAN)
}

/// Binds a state that knows the session; the function's first parameter is the time, and the spec
/// has the parameters of [`crate::describe::clock_params`].
///
/// Rows outside of the sessions are NULL and change nothing.
pub fn by_session<S>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<S, QlError> + Send + Sync + 'static,
    step: impl Fn(&mut S, &Place, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
) -> Function
where
    S: Memory,
{
    series_function(
        spec,
        Arc::new(move |args| {
            let kernel = BySession {
                clock: Clock::of(args)?,
                state: make(args)?,
                step,
            };
            Ok(Box::new(kernel))
        }),
    )
}

/// Before the first row the kernel, after it the state.
#[derive(Clone)]
struct BySession<S, F> {
    clock: Clock,
    state: S,
    step: F,
}

impl<S, F> SeriesState for BySession<S, F>
where
    S: Memory,
    F: Fn(&mut S, &Place, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn push(&mut self, row: &[f64], out: &mut [f64]) -> Result<(), QlError> {
        if let Some((time, values)) = row.split_first()
            && let Some(place) = self.clock.place(*time)
        {
            (self.step)(&mut self.state, &place, values, out);
        }
        Ok(())
    }

    fn fork(&self) -> Box<dyn SeriesState> {
        Box::new(self.clone())
    }

    fn memory(&self) -> usize {
        size_of::<Self>() + self.state.held()
    }
}

impl<S, F> SeriesKernel for BySession<S, F>
where
    S: Memory,
    F: Fn(&mut S, &Place, &[f64], &mut [f64]) + Copy + Send + Sync + 'static,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        push_all(&mut self.clone(), inputs, outputs)
    }

    fn open(&self, inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        after(self.clone(), inputs)
    }
}
