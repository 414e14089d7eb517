//! `ts_slope`, `ts_intercept`, `ts_rsquare`, `ts_residual`: a straight line through a window.
//!
//! The rows of a window have the times 0 (oldest), 1, ..., n - 1 (newest). Means are kept as
//! distances from the newest row, as in [`moments`](crate::moments).

use crate::arguments::Window;
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::windows::{Summary, roll};
use quantlake_core::Function;

/// Mean, squared deviations, and deviations times the deviations of time.
#[derive(Clone, Copy)]
struct Line {
    newest: f64,
    /// Mean minus newest.
    mean: f64,
    square: f64,
    with_time: f64,
}

struct Straight;

impl Summary for Straight {
    type Run = Line;

    fn join(&self, n_older: usize, n_newer: usize) -> impl Fn(Line, Line) -> Line {
        let (a, b) = (n_older as f64, n_newer as f64);
        let (share, weight) = (a / (a + b), a * b / (a + b));
        // Between the mean times of two neighbouring runs lies half the length of both.
        let time_gap = (a + b) / 2.0;
        move |older, newer| {
            let gap = newer.mean - (older.mean + (older.newest - newer.newest));
            Line {
                newest: newer.newest,
                mean: newer.mean - share * gap,
                square: older.square + newer.square + weight * gap * gap,
                with_time: older.with_time + newer.with_time + weight * gap * time_gap,
            }
        }
    }
}

impl Line {
    /// Change a row.
    fn slope(&self, n: usize) -> f64 {
        self.with_time / time_square(n)
    }

    /// The line at the newest row, as a distance from the newest value.
    fn end(&self, n: usize) -> f64 {
        self.mean + self.slope(n) * (n as f64 - 1.0) / 2.0
    }
}

/// Sum of the squared deviations of the times 0 to n - 1; 0 for one row, which has no line.
fn time_square(n: usize) -> f64 {
    let n = n as f64;
    n * (n * n - 1.0) / 12.0
}

fn roll_lines(x: &[f64], window: Window, value: impl Fn(Line, usize) -> f64, out: &mut [f64]) {
    let row = |t: usize| Line {
        newest: x[t],
        mean: 0.0,
        square: 0.0,
        with_time: 0.0,
    };
    roll(&Straight, window, row, value, out);
}

/// Slopes of the lines through windows, in units of `x` a row.
pub fn rolling_slope(x: &[f64], window: Window, out: &mut [f64]) {
    roll_lines(x, window, |line, n| line.slope(n), out);
}

/// The lines' values at the oldest rows of their windows.
pub fn rolling_intercept(x: &[f64], window: Window, out: &mut [f64]) {
    let value =
        |line: Line, n: usize| line.newest + (line.mean - line.slope(n) * (n as f64 - 1.0) / 2.0);
    roll_lines(x, window, value, out);
}

/// Shares of the variance that the lines explain, 0 to 1; NaN where all rows are equal.
pub fn rolling_rsquare(x: &[f64], window: Window, out: &mut [f64]) {
    let value = |line: Line, n: usize| {
        let r = line.with_time / (line.square.sqrt() * time_square(n).sqrt());
        (r * r).clamp(0.0, 1.0)
    };
    roll_lines(x, window, value, out);
}

/// Distances of the newest rows from the lines through their windows.
pub fn rolling_residual(x: &[f64], window: Window, out: &mut [f64]) {
    roll_lines(x, window, |line, n| -line.end(n), out);
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        line(
            "ts_slope",
            "Slope of the straight line through a window, in units of `x` a row.",
            "least squares of x on the times 0 .. period - 1: covariance(x, time) / variance(time); Slope of qlib",
            rolling_slope,
        ),
        line(
            "ts_intercept",
            "Value at the oldest row of a window of the straight line through it, in the unit of `x`.",
            "mean(x) - slope * mean(time), times 0 .. period - 1; scipy.stats.linregress",
            rolling_intercept,
        ),
        line(
            "ts_rsquare",
            "Share of a window's variance that a straight line explains, 0 to 1; NULL where all rows are equal.",
            "squared correlation of x and time; Rsquare of qlib",
            rolling_rsquare,
        ),
        line(
            "ts_residual",
            "Distance of this row from the straight line through its window, in the unit of `x`.",
            "x - (intercept + slope * (period - 1)); Resi of qlib",
            rolling_residual,
        ),
    ]
}

fn line(
    name: &'static str,
    summary: &'static str,
    source: &'static str,
    kernel: fn(&[f64], Window, &mut [f64]),
) -> Function {
    let description = Rolling {
        smallest: 2,
        example: "4",
        ..Rolling::of_x(name, summary, source)
    };
    over_window(description.spec(), move |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| kernel(x, window, out))
    })
}
