//! Functions written as one step per row.
//!
//! A step takes the row's N series values and gives M results, or nothing while it warms up. It is
//! a closure that owns its state, so a copy of it is a fresh start for the next partition.

use quantlake_core::{Args, Function, FunctionSpec, QlError};
use quantlake_indicators::machine::{Made, fields, over_rows};
use std::collections::VecDeque;
use wickra_core::Indicator;

pub use quantlake_indicators::machine::wickra_core;

/// A step from N series values to M results.
pub trait Step<const N: usize, const M: usize>:
    FnMut([f64; N]) -> Option<[f64; M]> + Clone + Send + Sync + 'static
{
}

impl<const N: usize, const M: usize, F> Step<N, M> for F where
    F: FnMut([f64; N]) -> Option<[f64; M]> + Clone + Send + Sync + 'static
{
}

/// Binds a step: its N values are the spec's series parameters in their order, its M results the
/// output columns. A result that is not finite is NULL, and so is a row whose prices make no bar.
pub fn over_steps<const N: usize, const M: usize, F>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Made<F> + Send + Sync + 'static,
) -> Function
where
    F: Step<N, M>,
{
    let prices = Prices::of(&spec);
    over_rows(
        spec,
        move |row| {
            let values = row.first_chunk::<N>().copied()?;
            prices.make_a_bar(&values).then_some(values)
        },
        move |args| Ok(make(args)?.map(Machine::<N, M, F>::new)),
        fields,
    )
}

/// Where in a row a bar's prices stand.
#[derive(Debug, Clone, Copy)]
struct Prices {
    high: Option<usize>,
    low: Option<usize>,
    inner: [Option<usize>; 2],
}

impl Prices {
    fn of(spec: &FunctionSpec) -> Self {
        let at = |name: &str| spec.params.iter().position(|p| p.name == name);
        Self {
            high: at("high"),
            low: at("low"),
            inner: [at("open"), at("close")],
        }
    }

    /// Whether no price is above the high or below the low, where these are given.
    fn make_a_bar(&self, row: &[f64]) -> bool {
        let at = |position: Option<usize>| position.and_then(|i| row.get(i));
        let (Some(high), Some(low)) = (at(self.high), at(self.low)) else {
            return true;
        };
        let mut inner = self.inner.iter().filter_map(|p| at(*p));
        low <= high && inner.all(|price| low <= price && price <= high)
    }
}

/// Two counts of which the first has to be less than the second.
///
/// # Errors
/// 22023 where it is not.
pub fn increasing(function: &str, args: &Args, names: [&str; 2]) -> Result<[usize; 2], QlError> {
    let [low, high] = [args.count(names[0])?, args.count(names[1])?];
    if low < high {
        return Ok([low, high]);
    }
    let allowed = format!("less than `{}`, here {high}", names[1]);
    Err(QlError::bad_argument(function, names[0], allowed, low))
}

/// Two counts of which the first may not be more than the second.
///
/// # Errors
/// 22023 where it is.
pub fn not_decreasing(
    function: &str,
    args: &Args,
    names: [&str; 2],
) -> Result<[usize; 2], QlError> {
    let [low, high] = [args.count(names[0])?, args.count(names[1])?];
    if low <= high {
        return Ok([low, high]);
    }
    let allowed = format!("at most `{}`, here {high}", names[1]);
    Err(QlError::bad_argument(function, names[0], allowed, low))
}

/// A step in the shape that the adapter drives, with its start for a reset.
#[derive(Clone)]
struct Machine<const N: usize, const M: usize, F> {
    step: F,
    start: F,
    n_rows: usize,
}

impl<const N: usize, const M: usize, F: Clone> Machine<N, M, F> {
    fn new(step: F) -> Self {
        Self {
            start: step.clone(),
            step,
            n_rows: 0,
        }
    }
}

impl<const N: usize, const M: usize, F> Indicator for Machine<N, M, F>
where
    F: Step<N, M>,
{
    type Input = [f64; N];
    type Output = [f64; M];

    fn update(&mut self, input: [f64; N]) -> Option<[f64; M]> {
        self.n_rows += 1;
        (self.step)(input)
    }

    fn reset(&mut self) {
        *self = Self::new(self.start.clone());
    }

    fn warmup_period(&self) -> usize {
        1
    }

    fn is_ready(&self) -> bool {
        self.n_rows > 0
    }

    fn name(&self) -> &'static str {
        "step"
    }
}

/// What is not known yet, as kernels write it.
pub fn or_unknown(value: Option<f64>) -> f64 {
    value.unwrap_or(f64::NAN)
}

/// The last `capacity` values.
#[derive(Debug, Clone)]
pub struct Window {
    values: VecDeque<f64>,
    capacity: usize,
}

impl Window {
    /// An empty window of this many values.
    pub fn new(capacity: usize) -> Self {
        Self {
            values: VecDeque::new(),
            capacity,
        }
    }

    /// Takes a value; the oldest leaves when the window is full.
    pub fn push(&mut self, value: f64) {
        if self.values.len() == self.capacity {
            self.values.pop_front();
        }
        self.values.push_back(value);
    }

    /// Whether `capacity` values are there.
    pub fn is_full(&self) -> bool {
        self.values.len() == self.capacity
    }

    /// The value so many rows ago; the newest is 0 rows ago.
    pub fn ago(&self, n_rows: usize) -> Option<f64> {
        let last = self.values.len().checked_sub(1)?;
        self.values.get(last.checked_sub(n_rows)?).copied()
    }

    /// The values, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = f64> {
        self.values.iter().rev().copied()
    }

    /// The lowest and the highest value.
    pub fn range(&self) -> (f64, f64) {
        self.newest_first()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_the_newest_values() {
        let mut window = Window::new(2);
        assert_eq!(window.ago(0), None);
        for value in [1.0, 5.0, 3.0] {
            window.push(value);
        }
        assert!(window.is_full());
        assert_eq!((window.ago(0), window.ago(1)), (Some(3.0), Some(5.0)));
        assert_eq!(window.ago(2), None);
        assert_eq!(window.range(), (3.0, 5.0));
    }

    #[test]
    fn a_close_above_the_high_makes_no_bar() {
        let series = ["high", "low", "close"];
        let prices = Prices::of(&crate::describe::spec("f", "test", "", &series, vec![]));
        assert!(prices.make_a_bar(&[3.0, 1.0, 2.0]));
        assert!(!prices.make_a_bar(&[3.0, 1.0, 4.0]));
        assert!(!prices.make_a_bar(&[1.0, 3.0, 2.0]));
    }

    #[test]
    fn a_reset_machine_starts_again() {
        let mut sum = 0.0;
        let mut machine = Machine::new(move |[x]: [f64; 1]| {
            sum += x;
            Some([sum])
        });
        machine.update([2.0]);
        assert_eq!(machine.update([3.0]), Some([5.0]));
        machine.reset();
        assert_eq!(machine.update([3.0]), Some([3.0]));
    }
}
