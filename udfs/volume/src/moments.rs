//! Means, variances and straight lines over one window.
//!
//! Every sum is of distances to the window's first value: prices far from zero lose no digits, and
//! a constant window has a variance of exactly 0.

/// The population moments of one series.
#[derive(Debug, Clone, Copy)]
pub struct Moments {
    /// Arithmetic mean.
    pub mean: f64,
    /// Mean squared distance to the mean.
    pub variance: f64,
}

impl Moments {
    /// The moments of a window; NaN when it is empty.
    pub fn of(window: &[f64]) -> Self {
        let (anchor, offset) = anchored_mean(window);
        let squares = window.iter().map(|v| (v - anchor - offset).powi(2));
        Self {
            mean: anchor + offset,
            variance: squares.sum::<f64>() / window.len() as f64,
        }
    }
}

/// The population moments of two series of the same length.
#[derive(Debug, Clone, Copy)]
pub struct PairMoments {
    /// Distance of the last x from the mean of x.
    pub last_x: f64,
    /// Distance of the last y from the mean of y.
    pub last_y: f64,
    /// Variance of x.
    pub variance_x: f64,
    /// Variance of y.
    pub variance_y: f64,
    /// Covariance.
    pub covariance: f64,
}

impl PairMoments {
    /// The moments of a pair of windows.
    pub fn of(x: &[f64], y: &[f64]) -> Self {
        let ((anchor_x, offset_x), (anchor_y, offset_y)) = (anchored_mean(x), anchored_mean(y));
        let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
        let (mut dx, mut dy) = (f64::NAN, f64::NAN);
        for (vx, vy) in x.iter().zip(y) {
            dx = vx - anchor_x - offset_x;
            dy = vy - anchor_y - offset_y;
            xx += dx * dx;
            yy += dy * dy;
            xy += dx * dy;
        }
        let n = x.len() as f64;
        Self {
            last_x: dx,
            last_y: dy,
            variance_x: xx / n,
            variance_y: yy / n,
            covariance: xy / n,
        }
    }

    /// Pearson's correlation; NaN when either series is flat.
    pub fn correlation(&self) -> f64 {
        let scale = self.variance_x.sqrt() * self.variance_y.sqrt();
        match scale > 0.0 {
            true => (self.covariance / scale).clamp(-1.0, 1.0),
            false => f64::NAN,
        }
    }

    /// The slope of y on x; NaN when x is flat.
    pub fn slope(&self) -> f64 {
        match self.variance_x > 0.0 {
            true => self.covariance / self.variance_x,
            false => f64::NAN,
        }
    }
}

/// The least-squares line of a window against the row number.
#[derive(Debug, Clone, Copy)]
pub struct Trend {
    /// Sum of squared distances to the line.
    pub residual: f64,
    /// Sum of squared distances to the mean.
    pub total: f64,
}

impl Trend {
    /// The line through a window of at least two values.
    pub fn of(window: &[f64]) -> Self {
        let (anchor, offset) = anchored_mean(window);
        let middle = (window.len() as f64 - 1.0) / 2.0;
        let points = || {
            let numbered = window.iter().enumerate();
            numbered.map(move |(i, v)| (i as f64 - middle, v - anchor - offset))
        };
        let (mut tt, mut tv, mut total) = (0.0, 0.0, 0.0);
        for (t, v) in points() {
            tt += t * t;
            tv += t * v;
            total += v * v;
        }
        let slope = tv / tt;
        let residual = points().map(|(t, v)| (v - slope * t).powi(2)).sum();
        Self { residual, total }
    }
}

/// The first value, and how far the mean lies from it.
fn anchored_mean(window: &[f64]) -> (f64, f64) {
    let anchor = window.first().copied().unwrap_or(f64::NAN);
    let sum: f64 = window.iter().map(|v| v - anchor).sum();
    (anchor, sum / window.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_window_has_no_variance_and_no_correlation() {
        let flat = [0.1; 7];
        let rising = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0];
        assert_eq!(Moments::of(&flat).variance, 0.0);
        assert!(PairMoments::of(&flat, &rising).correlation().is_nan());
        assert!(PairMoments::of(&flat, &rising).slope().is_nan());
    }

    #[test]
    fn a_small_wobble_on_a_large_price_keeps_its_digits() {
        let window = [1e8 + 0.25, 1e8 - 0.25, 1e8 + 0.25, 1e8 - 0.25];
        assert_eq!(Moments::of(&window).variance, 0.0625);
    }

    #[test]
    fn a_straight_line_leaves_no_residual() {
        let trend = Trend::of(&[1.0, 3.0, 5.0, 7.0]);
        assert_eq!((trend.residual, trend.total), (0.0, 20.0));
    }
}
