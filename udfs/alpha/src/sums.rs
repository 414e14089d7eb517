//! `ts_sum`, `ts_mean`, `ts_product`, `ts_count`: what adds up over a window.

use crate::arguments::Window;
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::windows::{Fold, roll};
use quantlake_core::{Function, ParamSpec};

/// Adds runs.
fn sum() -> Fold<impl Fn(f64, f64) -> f64 + Copy> {
    Fold(|older, newer| older + newer)
}

/// Sums of windows, in the unit of `x`.
pub fn rolling_sum(x: &[f64], window: Window, out: &mut [f64]) {
    roll(&sum(), window, |t| x[t], |sum, _| sum, out);
}

/// Means of windows, in the unit of `x`.
pub fn rolling_mean(x: &[f64], window: Window, out: &mut [f64]) {
    roll(&sum(), window, |t| x[t], |sum, n| sum / n as f64, out);
}

/// Products of windows.
pub fn rolling_product(x: &[f64], window: Window, out: &mut [f64]) {
    let product = Fold(|older, newer| older * newer);
    roll(&product, window, |t| x[t], |product, _| product, out);
}

/// How many rows of each window are not 0.
pub fn rolling_count(condition: &[f64], window: Window, out: &mut [f64]) {
    let is_true = |t: usize| f64::from(u8::from(condition[t] != 0.0));
    roll(&sum(), window, is_true, |sum, _| sum, out);
}

type Kernel = fn(&[f64], Window, &mut [f64]);

pub(crate) fn functions() -> Vec<Function> {
    let sum = Rolling::of_x(
        "ts_sum",
        "Sum over a window, in the unit of `x`.",
        "x[t - period + 1] + ... + x[t], added pairwise; pandas rolling.sum",
    );
    let mean = Rolling::of_x(
        "ts_mean",
        "Mean over a window, in the unit of `x`.",
        "sum of the window over its number of rows; pandas rolling.mean",
    );
    let product = Rolling::of_x(
        "ts_product",
        "Product over a window; NULL where it is too large for a double.",
        "x[t - period + 1] * ... * x[t]; product of Kakushadze, 101 Formulaic Alphas (2016)",
    );
    let count = Rolling {
        inputs: vec![ParamSpec::series(
            "condition",
            "A condition, or a number that counts unless it is 0; a NULL condition is a missing row.",
        )],
        ..Rolling::of_x(
            "ts_count",
            "How many rows of a window meet a condition, as a double: divided by `period` it is a fraction.",
            "number of rows in the window for which the condition is true; ts_count of polars_ta",
        )
    };
    let kernels: [(_, Kernel); 4] = [
        (sum.spec(), rolling_sum),
        (mean.spec(), rolling_mean),
        (product.spec(), rolling_product),
        (count.spec().with_example(COUNT_EXAMPLE, ""), rolling_count),
    ];
    kernels
        .into_iter()
        .map(|(spec, kernel)| {
            over_window(spec, move |_, window| {
                Ok(move |x: &[f64], out: &mut [f64]| kernel(x, window, out))
            })
        })
        .collect()
}

const COUNT_EXAMPLE: &str = "SELECT t, ts_count(x > 3, 3) OVER (ORDER BY t) AS value \
FROM (VALUES (1, 2.0), (2, 5.0), (3, 3.0), (4, 8.0), (5, 7.0), (6, 1.0)) AS v(t, x) ORDER BY t";
