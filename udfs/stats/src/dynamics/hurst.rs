//! `hurst`: how the range of a series grows with the horizon: as the horizon to the power H.
//!
//! H is 0.5 for a random walk, above for trends, below for reversion. Both methods take levels:
//!
//! * `diffusion`: the standard deviation of x_(t+k) - x_t for the lags k from 2 to `max_lag`; H is
//!   the slope of its logarithm over ln k.
//! * `rs`: rescaled range of the changes of x (Hurst 1951, Mandelbrot 1972). Windows of
//!   `min_window` rows times powers of 10^0.25 below the whole, and the whole; the mean over the
//!   windows of the range of summed deviations over the standard deviation; H is the slope of its
//!   logarithm over ln w. Window sizes as in the Python package `hurst`.

use crate::center::{
    Joint, differences, is_constant, is_rounding, mean, population_deviation, squares,
};
use crate::params::{choice, count, x};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Args, Function, QlError};

/// The exponent of ten between two window sizes of the rescaled range.
const STEP: f64 = 0.25;

/// The slope of the line through points; NaN below two different places.
fn slope(points: &[(f64, f64)]) -> f64 {
    let (x, y): (Vec<f64>, Vec<f64>) = points.iter().copied().unzip();
    Joint::of(&x, &y).slope()
}

/// Whether the changes of levels are all the same up to rounding.
fn is_line(levels: &[f64]) -> bool {
    is_rounding(squares(&differences(levels)), levels)
}

struct Diffusion {
    max_lag: usize,
}

impl Statistic for Diffusion {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(x) = columns.first().filter(|x| x.len() > self.max_lag + 1) else {
            return;
        };
        if is_line(x) {
            return;
        }
        let point = |lag: usize| {
            let moves: Vec<f64> = x.iter().zip(&x[lag..]).map(|(a, b)| b - a).collect();
            ((lag as f64).ln(), population_deviation(&moves).ln())
        };
        let points: Vec<(f64, f64)> = (2..=self.max_lag).map(point).collect();
        fill(out, [slope(&points)]);
    }
}

struct RescaledRange {
    min_window: usize,
}

impl Statistic for RescaledRange {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(x) = columns.first().filter(|x| x.len() > self.min_window) else {
            return;
        };
        if is_line(x) {
            return;
        }
        let points: Vec<(f64, f64)> = self
            .windows(x.len())
            .into_iter()
            .map(|w| ((w as f64).ln(), mean_range(x, w).ln()))
            .collect();
        fill(out, [slope(&points)]);
    }
}

impl RescaledRange {
    fn windows(&self, n_rows: usize) -> Vec<usize> {
        let first = (self.min_window as f64).log10();
        let n_steps = (((n_rows as f64 - 1.0).log10() - first) / STEP).ceil() as usize;
        let size = |i: usize| 10_f64.powf(first + STEP * i as f64) as usize;
        (0..n_steps).map(size).chain([n_rows]).collect()
    }
}

/// The mean rescaled range over the windows that lie side by side; those without any range or
/// dispersion are left out.
fn mean_range(x: &[f64], window: usize) -> f64 {
    let ranges: Vec<f64> = x.chunks_exact(window).filter_map(rescaled_range).collect();
    mean(&ranges)
}

fn rescaled_range(levels: &[f64]) -> Option<f64> {
    let changes = differences(levels);
    if changes.len() < 2 || is_constant(&changes) {
        return None;
    }
    let center = mean(&changes);
    let (mut sum, mut low, mut high) = (0.0_f64, f64::INFINITY, f64::NEG_INFINITY);
    for change in &changes {
        sum += change - center;
        (low, high) = (low.min(sum), high.max(sum));
    }
    let deviation = (squares(&changes) / (changes.len() as f64 - 1.0)).sqrt();
    (high > low).then(|| (high - low) / deviation)
}

fn make(args: &Args) -> Result<Box<dyn Statistic>, QlError> {
    let max_lag = args.count("max_lag")?;
    let min_window = args.count("min_window")?;
    Ok(match args.integer("method")? {
        0 => Box::new(Diffusion { max_lag }),
        _ => Box::new(RescaledRange { min_window }),
    })
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![x("levels, such as the logarithm of a price")],
        options: vec![
            choice(
                "method",
                &["diffusion", "rs"],
                "growth of the standard deviation of moves, or of the rescaled range of changes",
            ),
            count("max_lag", 3, 20, "longest move in rows, for diffusion"),
            count("min_window", 3, 10, "rows of the smallest window, for rs"),
        ],
        order: RowOrder::Significant,
        min_rows: 5,
        example_rows: 40,
        source: "Hurst 1951; rs with the window sizes of the Python package hurst; diffusion as in Chan, Algorithmic Trading (2013), chapter 2",
        ..Sample::of_one(
            "hurst",
            "Hurst exponent of levels: about 0.5 for a random walk, above for trends, below for reversion; NULL where the moves do not vary",
            make,
        )
    }
    .functions()
}
