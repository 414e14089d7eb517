//! `ts_min`, `ts_max`, `ts_argmin`, `ts_argmax`, `ts_minmax_scale`: the ends of a window.

use crate::arguments::{Window, flag};
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::windows::{Fold, Summary, roll};
use quantlake_core::Function;

/// The value that a comparison prefers, and its row.
struct Extreme<F> {
    is_better: F,
    /// Which of equal rows counts.
    takes_newer: bool,
}

impl<F: Fn(f64, f64) -> bool + Copy> Summary for Extreme<F> {
    /// The value, and its row as a double: both are chosen without a branch that prices decide.
    type Run = (f64, f64);

    fn join(&self, _: usize, _: usize) -> impl Fn(Self::Run, Self::Run) -> Self::Run {
        let (is_better, takes_newer) = (self.is_better, self.takes_newer);
        move |older, newer| {
            let takes = is_better(newer.0, older.0) | (takes_newer & (newer.0 == older.0));
            let choose = |newer: f64, older: f64| if takes { newer } else { older };
            (choose(newer.0, older.0), choose(newer.1, older.1))
        }
    }
}

/// Smallest values of windows.
pub fn rolling_min(x: &[f64], window: Window, out: &mut [f64]) {
    // Rows are finite, so a comparison needs none of the care that f64::min takes of NaN.
    let smaller = Fold(|a: f64, b: f64| if b < a { b } else { a });
    roll(&smaller, window, |t| x[t], |min, _| min, out);
}

/// Largest values of windows.
pub fn rolling_max(x: &[f64], window: Window, out: &mut [f64]) {
    let larger = Fold(|a: f64, b: f64| if b > a { b } else { a });
    roll(&larger, window, |t| x[t], |max, _| max, out);
}

/// `(x[t] - min) / (max - min)` of each window; NaN where all rows are equal.
pub fn rolling_minmax_scale(x: &[f64], window: Window, out: &mut [f64]) {
    let mut lowest = vec![f64::NAN; x.len()];
    rolling_min(x, window, &mut lowest);
    rolling_max(x, window, out);
    for ((slot, min), newest) in out.iter_mut().zip(lowest).zip(x) {
        *slot = (newest - min) / (*slot - min);
    }
}

/// Where the extreme of each window is: 1 for its oldest row, or rows since with `from_newest`.
///
/// `is_better(a, b)` says that a is to be preferred. Of equal rows the first one counts on the
/// way from the end that positions are counted from.
pub fn rolling_position(
    x: &[f64],
    window: Window,
    is_better: impl Fn(f64, f64) -> bool + Copy,
    from_newest: bool,
    out: &mut [f64],
) {
    let extreme = Extreme {
        is_better,
        takes_newer: from_newest,
    };
    // The row travels with the value; what it means depends on the row where the window ends.
    roll(&extreme, window, |t| (x[t], t as f64), |run, _| run.1, out);
    for (t, slot) in out.iter_mut().enumerate() {
        let since = t as f64 - *slot;
        let n_rows = window.period.min(t + 1) as f64;
        *slot = if from_newest { since } else { n_rows - since };
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        ends(
            Rolling::of_x(
                "ts_min",
                "Smallest value of a window, in the unit of `x`.",
                "min(x[t - period + 1], ..., x[t]); pandas rolling.min",
            ),
            rolling_min,
        ),
        ends(
            Rolling::of_x(
                "ts_max",
                "Largest value of a window, in the unit of `x`.",
                "max(x[t - period + 1], ..., x[t]); pandas rolling.max",
            ),
            rolling_max,
        ),
        position(
            "ts_argmin",
            "Position of the smallest value in a window, 1 for the oldest row and `period` for the newest, as a double.",
            "1 + index of the first minimum, IdxMin of qlib; from the newest row ts_arg_min of WorldQuant BRAIN and polars_ta",
            |a, b| a < b,
        ),
        position(
            "ts_argmax",
            "Position of the largest value in a window, 1 for the oldest row and `period` for the newest, as a double.",
            "1 + index of the first maximum, IdxMax of qlib; from the newest row ts_arg_max of WorldQuant BRAIN and polars_ta",
            |a, b| a > b,
        ),
        ends(
            Rolling {
                smallest: 2,
                ..Rolling::of_x(
                    "ts_minmax_scale",
                    "Where this row lies between the smallest (0) and the largest (1) value of a window; NULL where all are equal.",
                    "(x - min) / (max - min) over the window",
                )
            },
            rolling_minmax_scale,
        ),
    ]
}

fn ends(description: Rolling, kernel: fn(&[f64], Window, &mut [f64])) -> Function {
    over_window(description.spec(), move |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| kernel(x, window, out))
    })
}

fn position(
    name: &'static str,
    summary: &'static str,
    source: &'static str,
    is_better: impl Fn(f64, f64) -> bool + Copy + Send + Sync + 'static,
) -> Function {
    let description = Rolling {
        more: vec![flag(
            "from_newest",
            false,
            "Whether to count the rows since instead, 0 for the newest row, and the newest of equal rows; otherwise the oldest of equal rows counts.",
        )],
        ..Rolling::of_x(name, summary, source)
    };
    over_window(description.spec(), move |args, window| {
        let from_newest = args.flag("from_newest")?;
        Ok(move |x: &[f64], out: &mut [f64]| {
            rolling_position(x, window, is_better, from_newest, out);
        })
    })
}
