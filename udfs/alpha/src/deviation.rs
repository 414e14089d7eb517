//! `ts_mad`: the mean distance from the mean.

use crate::arguments::Window;
use crate::describe::Rolling;
use crate::kernel::over_window;
use quantlake_core::Function;

/// Mean absolute deviations of windows from their means, in the unit of `x`.
///
/// Each window is read anew: the mean moves with every row, and with it each of the distances.
pub fn rolling_mad(x: &[f64], window: Window, out: &mut [f64]) {
    for (t, slot) in out.iter_mut().enumerate().skip(window.min_periods - 1) {
        let rows = &x[(t + 1).saturating_sub(window.period)..=t];
        *slot = mean_absolute_deviation(rows, x[t]);
    }
}

/// `near` is any number inside the range of the rows: distances from it lose no digits.
fn mean_absolute_deviation(rows: &[f64], near: f64) -> f64 {
    let n = rows.len() as f64;
    let mean = sum(rows, |v| v - near) / n;
    sum(rows, |v| (v - near - mean).abs()) / n
}

/// A sum in four lanes, which the compiler turns into vector instructions.
fn sum(rows: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 4];
    let (blocks, rest) = rows.as_chunks::<4>();
    for block in blocks {
        for (lane, value) in lanes.iter_mut().zip(block) {
            *lane += term(*value);
        }
    }
    let tail: f64 = rest.iter().map(|v| term(*v)).sum();
    (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]) + tail
}

pub(crate) fn functions() -> Vec<Function> {
    let description = Rolling::of_x(
        "ts_mad",
        "Mean absolute deviation from the mean of a window, in the unit of `x`.",
        "sum(|x - mean|) / n; Mad of qlib",
    );
    vec![over_window(description.spec(), |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| rolling_mad(x, window, out))
    })]
}
