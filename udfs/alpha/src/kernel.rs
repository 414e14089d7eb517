//! Slices in, slice out: functions of numbers as kernels of the core's series adapter.

use crate::arguments::Window;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use std::sync::Arc;

/// A kernel as the adapter wants it.
pub(crate) type Boxed = Box<dyn SeriesKernel>;

/// A kernel with one output, made of a function of slices.
struct SliceKernel<F> {
    history: Option<usize>,
    run: F,
}

impl<F> SeriesKernel for SliceKernel<F>
where
    F: Fn(&[&[f64]], &mut [f64]) -> Result<(), QlError> + Send + Sync,
{
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        match outputs {
            [out] => (self.run)(inputs, out),
            _ => Err(QlError::internal("alpha: kernels write one output")),
        }
    }

    fn history(&self) -> Option<usize> {
        self.history
    }
}

/// Over any number of inputs.
pub(crate) fn many(
    history: Option<usize>,
    run: impl Fn(&[&[f64]], &mut [f64]) -> Result<(), QlError> + Send + Sync + 'static,
) -> Boxed {
    Box::new(SliceKernel { history, run })
}

/// Over one input.
pub(crate) fn one(
    history: Option<usize>,
    run: impl Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
) -> Boxed {
    many(history, move |inputs, out| match inputs {
        [x] => {
            run(x, out);
            Ok(())
        }
        _ => Err(wrong_number(1, inputs.len())),
    })
}

/// Over two inputs of the same length.
pub(crate) fn two(
    history: Option<usize>,
    run: impl Fn(&[f64], &[f64], &mut [f64]) + Send + Sync + 'static,
) -> Boxed {
    many(history, move |inputs, out| match inputs {
        [x, y] => {
            run(x, y, out);
            Ok(())
        }
        _ => Err(wrong_number(2, inputs.len())),
    })
}

fn wrong_number(expected: usize, found: usize) -> QlError {
    QlError::internal(format!("alpha: reads {expected} inputs, found {found}"))
}

/// A function over windows of one input, which uses nothing but the rows of the window.
pub(crate) fn over_window<F>(
    spec: FunctionSpec,
    run: impl Fn(&Args, Window) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
{
    let name = spec.name.clone();
    let make = move |args: &Args| {
        let window = Window::of(&name, args)?;
        Ok(one(Some(window.period - 1), run(args, window)?))
    };
    series_function(spec, Arc::new(make))
}

/// A function over windows of two inputs, which uses nothing but the rows of the window.
pub(crate) fn over_windows<F>(
    spec: FunctionSpec,
    run: impl Fn(&Args, Window) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: Fn(&[f64], &[f64], &mut [f64]) + Send + Sync + 'static,
{
    let name = spec.name.clone();
    let make = move |args: &Args| {
        let window = Window::of(&name, args)?;
        Ok(two(Some(window.period - 1), run(args, window)?))
    };
    series_function(spec, Arc::new(make))
}

/// A function of one series that uses all rows of the partition, later ones too.
pub(crate) fn over_partition<F>(
    spec: FunctionSpec,
    run: impl Fn(&Args) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
{
    series_function(spec, Arc::new(move |args: &Args| Ok(one(None, run(args)?))))
}
