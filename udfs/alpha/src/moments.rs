//! `ts_stddev`, `ts_variance`, `ts_skewness`, `ts_kurtosis`, `ts_zscore`: central moments.
//!
//! A run keeps its newest value, its mean as a distance from that value, and its central moments
//! as sums; two runs are joined by the formulas of Chan, Golub and LeVeque (1979) and Pébay
//! (2008). As only distances inside the window occur, prices near a million with a spread of a
//! cent lose no digit, and a window of equal rows has the variance 0, not nearly 0.

use crate::arguments::{Window, ddof};
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::windows::{Summary, roll};
use quantlake_core::Function;

/// Mean and sum of squared deviations.
#[derive(Clone, Copy)]
struct Spread {
    newest: f64,
    /// Mean minus newest.
    mean: f64,
    square: f64,
}

struct Two;

impl Summary for Two {
    type Run = Spread;

    fn join(&self, n_older: usize, n_newer: usize) -> impl Fn(Spread, Spread) -> Spread {
        let (a, b) = (n_older as f64, n_newer as f64);
        let (share, weight) = (a / (a + b), a * b / (a + b));
        move |older, newer| {
            let gap = newer.mean - (older.mean + (older.newest - newer.newest));
            Spread {
                newest: newer.newest,
                mean: newer.mean - share * gap,
                square: older.square + newer.square + weight * gap * gap,
            }
        }
    }
}

/// Mean and sums of the second, third and fourth power of the deviations.
#[derive(Clone, Copy)]
struct Shape {
    newest: f64,
    /// Mean minus newest.
    mean: f64,
    square: f64,
    cube: f64,
    fourth: f64,
}

struct Four;

impl Summary for Four {
    type Run = Shape;

    fn join(&self, n_older: usize, n_newer: usize) -> impl Fn(Shape, Shape) -> Shape {
        let (a, b) = (n_older as f64, n_newer as f64);
        let n = a + b;
        move |older, newer| {
            let gap = newer.mean - (older.mean + (older.newest - newer.newest));
            let step = gap / n;
            let square = a * b * gap * step;
            Shape {
                newest: newer.newest,
                mean: newer.mean - a * step,
                square: older.square + newer.square + square,
                cube: older.cube
                    + newer.cube
                    + square * step * (a - b)
                    + 3.0 * step * (a * newer.square - b * older.square),
                fourth: older.fourth
                    + newer.fourth
                    + square * step * step * (a * a - a * b + b * b)
                    + 6.0 * step * step * (a * a * newer.square + b * b * older.square)
                    + 4.0 * step * (a * newer.cube - b * older.cube),
            }
        }
    }
}

fn spread_of(x: &[f64]) -> impl Fn(usize) -> Spread {
    |t| Spread {
        newest: x[t],
        mean: 0.0,
        square: 0.0,
    }
}

fn shape_of(x: &[f64]) -> impl Fn(usize) -> Shape {
    |t| Shape {
        newest: x[t],
        mean: 0.0,
        square: 0.0,
        cube: 0.0,
        fourth: 0.0,
    }
}

/// `square / (n - ddof)`; NaN where the divisor is not positive.
pub(crate) fn variance(square: f64, n: usize, ddof: usize) -> f64 {
    match n.saturating_sub(ddof) {
        0 => f64::NAN,
        divisor => square / divisor as f64,
    }
}

/// Variances of windows, in the square of the unit of `x`.
pub fn rolling_variance(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) {
    let value = |run: Spread, n| variance(run.square, n, ddof);
    roll(&Two, window, spread_of(x), value, out);
}

/// Standard deviations of windows, in the unit of `x`.
pub fn rolling_stddev(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) {
    let value = |run: Spread, n| variance(run.square, n, ddof).sqrt();
    roll(&Two, window, spread_of(x), value, out);
}

/// `(x[t] - mean) / standard deviation` of each window; NaN where all rows are equal.
pub fn rolling_zscore(x: &[f64], window: Window, ddof: usize, out: &mut [f64]) {
    let value = |run: Spread, n| -run.mean / variance(run.square, n, ddof).sqrt();
    roll(&Two, window, spread_of(x), value, out);
}

/// Adjusted Fisher-Pearson skewness of windows; NaN below 3 rows and where all rows are equal.
pub fn rolling_skewness(x: &[f64], window: Window, out: &mut [f64]) {
    let value = |run: Shape, n: usize| {
        if n < 3 {
            return f64::NAN;
        }
        let n = n as f64;
        let deviation = (run.square / n).sqrt();
        let plain = run.cube / n / (deviation * deviation * deviation);
        (n * (n - 1.0)).sqrt() / (n - 2.0) * plain
    };
    roll(&Four, window, shape_of(x), value, out);
}

/// Excess kurtosis of windows, corrected for bias; NaN below 4 rows and where all rows are equal.
pub fn rolling_kurtosis(x: &[f64], window: Window, out: &mut [f64]) {
    let value = |run: Shape, n: usize| {
        if n < 4 {
            return f64::NAN;
        }
        let n = n as f64;
        // Dividing twice keeps tiny squares from vanishing and large ones from overflowing.
        let ratio = n * (run.fourth / run.square) / run.square;
        (n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * ratio - 3.0 * (n - 1.0))
    };
    roll(&Four, window, shape_of(x), value, out);
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        with_ddof(
            "ts_stddev",
            "Standard deviation over a window, in the unit of `x`.",
            "sqrt(sum((x - mean)^2) / (n - ddof)); pandas rolling.std; Chan, Golub and LeVeque (1979)",
            rolling_stddev,
        ),
        with_ddof(
            "ts_variance",
            "Variance over a window, in the square of the unit of `x`.",
            "sum((x - mean)^2) / (n - ddof); pandas rolling.var; Chan, Golub and LeVeque (1979)",
            rolling_variance,
        ),
        with_ddof(
            "ts_zscore",
            "Distance of this row from the mean of a window, in standard deviations; NULL where all rows are equal.",
            "(x - mean) / standard deviation over the window, both with this row",
            rolling_zscore,
        ),
        shaped(
            "ts_skewness",
            3,
            "Skewness over a window, corrected for bias, without unit; NULL where all rows are equal.",
            "sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5, the adjusted Fisher-Pearson coefficient; pandas rolling.skew, which has 0 for equal rows",
            rolling_skewness,
        ),
        shaped(
            "ts_kurtosis",
            4,
            "Excess kurtosis over a window (0 for a normal distribution), corrected for bias; NULL where all rows are equal.",
            "(n - 1) / ((n - 2)(n - 3)) * ((n + 1) m4 / m2^2 - 3 (n - 1)); pandas rolling.kurt, which has -3 for equal rows",
            rolling_kurtosis,
        ),
    ]
}

fn with_ddof(
    name: &'static str,
    summary: &'static str,
    source: &'static str,
    kernel: fn(&[f64], Window, usize, &mut [f64]),
) -> Function {
    let description = Rolling {
        smallest: 2,
        more: vec![ddof()],
        ..Rolling::of_x(name, summary, source)
    };
    over_window(description.spec(), move |args, window| {
        let ddof = args.count("ddof")?;
        Ok(move |x: &[f64], out: &mut [f64]| kernel(x, window, ddof, out))
    })
}

fn shaped(
    name: &'static str,
    smallest: i64,
    summary: &'static str,
    source: &'static str,
    kernel: fn(&[f64], Window, &mut [f64]),
) -> Function {
    let description = Rolling {
        smallest,
        example: "5",
        ..Rolling::of_x(name, summary, source)
    };
    over_window(description.spec(), move |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| kernel(x, window, out))
    })
}
