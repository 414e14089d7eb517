//! `ts_corr`, `ts_cov`, `ts_beta`: two series over a window.
//!
//! Like [`moments`](crate::moments): means are kept as distances from the newest row and runs are
//! joined pairwise, so levels far from 0 cost no digits.

use crate::arguments::{Window, ddof};
use crate::describe::Rolling;
use crate::kernel::over_windows;
use crate::windows::{Summary, roll};
use quantlake_core::Function;

/// Means, sums of squared deviations and the sum of their products.
#[derive(Clone, Copy)]
struct Pair {
    newest: [f64; 2],
    /// Means minus newest.
    mean: [f64; 2],
    square: [f64; 2],
    product: f64,
}

struct Joint;

impl Summary for Joint {
    type Run = Pair;

    fn join(&self, n_older: usize, n_newer: usize) -> impl Fn(Pair, Pair) -> Pair {
        let (a, b) = (n_older as f64, n_newer as f64);
        let (share, weight) = (a / (a + b), a * b / (a + b));
        move |older, newer| {
            let gap = [0, 1]
                .map(|i| newer.mean[i] - (older.mean[i] + (older.newest[i] - newer.newest[i])));
            Pair {
                newest: newer.newest,
                mean: [0, 1].map(|i| newer.mean[i] - share * gap[i]),
                square: [0, 1]
                    .map(|i| older.square[i] + newer.square[i] + weight * gap[i] * gap[i]),
                product: older.product + newer.product + weight * gap[0] * gap[1],
            }
        }
    }
}

fn roll_pairs(
    x: &[f64],
    y: &[f64],
    window: Window,
    value: impl Fn(Pair, usize) -> f64,
    out: &mut [f64],
) {
    let row = |t: usize| Pair {
        newest: [x[t], y[t]],
        mean: [0.0; 2],
        square: [0.0; 2],
        product: 0.0,
    };
    roll(&Joint, window, row, value, out);
}

/// Pearson correlations of windows, between -1 and 1; NaN where one series does not move.
pub fn rolling_corr(x: &[f64], y: &[f64], window: Window, out: &mut [f64]) {
    let value = |pair: Pair, _| correlation(pair.product, pair.square);
    roll_pairs(x, y, window, value, out);
}

/// Rounding may carry a perfect correlation past 1.
pub(crate) fn correlation(product: f64, square: [f64; 2]) -> f64 {
    (product / (square[0].sqrt() * square[1].sqrt())).clamp(-1.0, 1.0)
}

/// Covariances of windows, in the product of the units; NaN where the divisor is not positive.
pub fn rolling_cov(x: &[f64], y: &[f64], window: Window, ddof: usize, out: &mut [f64]) {
    let value = |pair: Pair, n| crate::moments::variance(pair.product, n, ddof);
    roll_pairs(x, y, window, value, out);
}

/// Slopes of the regression of x on y over windows; NaN where y does not move.
pub fn rolling_beta(x: &[f64], y: &[f64], window: Window, out: &mut [f64]) {
    roll_pairs(x, y, window, |pair, _| pair.product / pair.square[1], out);
}

pub(crate) fn functions() -> Vec<Function> {
    vec![corr(), cov(), beta()]
}

fn corr() -> Function {
    let description = Rolling::of_pair(
        "ts_corr",
        "Pearson correlation of two series over a window, between -1 and 1; NULL where one of them does not move.",
        "sum of products of deviations over the root of the product of their sums of squares; pandas rolling.corr",
    );
    over_windows(description.spec(), |_, window| {
        Ok(move |x: &[f64], y: &[f64], out: &mut [f64]| rolling_corr(x, y, window, out))
    })
}

fn cov() -> Function {
    let description = Rolling {
        more: vec![ddof()],
        ..Rolling::of_pair(
            "ts_cov",
            "Covariance of two series over a window, in the product of their units.",
            "sum((x - mean x)(y - mean y)) / (n - ddof); pandas rolling.cov",
        )
    };
    over_windows(description.spec(), |args, window| {
        let ddof = args.count("ddof")?;
        Ok(move |x: &[f64], y: &[f64], out: &mut [f64]| rolling_cov(x, y, window, ddof, out))
    })
}

fn beta() -> Function {
    let description = Rolling::of_pair(
        "ts_beta",
        "Slope of the regression of `x` (an asset's returns) on `y` (the market's) over a window; NULL where `y` does not move.",
        "covariance(x, y) / variance(y) over the window; scipy.stats.linregress(y, x).slope",
    );
    over_windows(description.spec(), |_, window| {
        Ok(move |x: &[f64], y: &[f64], out: &mut [f64]| rolling_beta(x, y, window, out))
    })
}
