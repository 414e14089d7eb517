//! Sums, means, quantiles and quotients that the metrics share.

use crate::Moments;

/// Mean and dispersion of values.
pub(crate) fn moments(values: impl IntoIterator<Item = f64>) -> Moments {
    let mut moments = Moments::default();
    values.into_iter().for_each(|v| moments.push(v));
    moments
}

/// The arithmetic mean; NaN of nothing.
pub(crate) fn mean(values: impl IntoIterator<Item = f64>) -> f64 {
    moments(values).mean()
}

/// `numerator / denominator`; NaN where the denominator is 0 or unknown.
pub(crate) fn quotient(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 || !denominator.is_finite() {
        f64::NAN
    } else {
        numerator / denominator
    }
}

/// The values in ascending order.
pub(crate) fn sorted(values: &[f64]) -> Vec<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted
}

/// The quantile of sorted values, linear between the neighbours of position `(n - 1) q`; NaN of
/// nothing.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let position = sorted.len().saturating_sub(1) as f64 * q;
    let below = position as usize;
    let Some(low) = sorted.get(below) else {
        return f64::NAN;
    };
    let high = sorted.get(below + 1).unwrap_or(low);
    low + (high - low) * position.fract()
}

/// Sums of squared deviations of pairs: of x, of y, and of their product.
pub(crate) struct Comoments {
    /// Pairs.
    pub(crate) n: usize,
    /// Mean of x.
    pub(crate) mean_x: f64,
    /// Mean of y.
    pub(crate) mean_y: f64,
    /// Squared deviations of x.
    pub(crate) xx: f64,
    /// Squared deviations of y.
    pub(crate) yy: f64,
    /// Products of the deviations.
    pub(crate) xy: f64,
}

impl Comoments {
    /// In two passes, which lose no digits.
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Self {
        let n = x.len().min(y.len());
        let (mean_x, mean_y) = (mean(x.iter().copied()), mean(y.iter().copied()));
        let mut sums = Self {
            n,
            mean_x,
            mean_y,
            xx: 0.0,
            yy: 0.0,
            xy: 0.0,
        };
        for (x, y) in x.iter().zip(y) {
            let (dx, dy) = (x - mean_x, y - mean_y);
            sums.xx += dx * dx;
            sums.yy += dy * dy;
            sums.xy += dx * dy;
        }
        sums
    }

    /// The correlation; NaN below two pairs and where one side does not move.
    pub(crate) fn correlation(&self) -> f64 {
        if self.n < 2 {
            return f64::NAN;
        }
        quotient(self.xy, (self.xx * self.yy).sqrt())
    }
}
