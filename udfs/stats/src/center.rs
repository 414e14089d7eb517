//! Means and squared deviations of a sample.
//!
//! Sums run over distances to the first value: equal values have deviations of exactly 0, so "no
//! dispersion" is a test without a tolerance, and a large level costs no digits.

/// Sums run in this many parts side by side, which a processor adds at once.
const LANES: usize = 4;

/// The sum of a term over the values.
fn sum_of(values: &[f64], term: impl Fn(f64) -> f64) -> f64 {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for chunk in chunks {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += term(*value);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|v| term(*v)).sum::<f64>()
}

/// The sum of a term over pairs of values at the same place.
fn sum_of_pairs(x: &[f64], y: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let n = x.len().min(y.len());
    let (x_chunks, x_rest) = x[..n].as_chunks::<LANES>();
    let (y_chunks, y_rest) = y[..n].as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a, b) in x_chunks.iter().zip(y_chunks) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(*a, *b);
        }
    }
    let rest = x_rest.iter().zip(y_rest).map(|(a, b)| term(*a, *b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// The arithmetic mean; NaN without values.
pub(crate) fn mean(values: &[f64]) -> f64 {
    let Some(first) = values.first() else {
        return f64::NAN;
    };
    first + sum_of(values, |v| v - first) / values.len() as f64
}

/// The values less their mean.
pub(crate) fn deviations(values: &[f64]) -> Vec<f64> {
    let center = mean(values);
    values.iter().map(|v| v - center).collect()
}

/// The sum of products of two series, as far as both go.
pub(crate) fn dot(x: &[f64], y: &[f64]) -> f64 {
    sum_of_pairs(x, y, |a, b| a * b)
}

/// The second moments of two series of one length.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Joint {
    pub(crate) mean_x: f64,
    pub(crate) mean_y: f64,
    /// Sums of squared deviations; exactly 0 for equal values.
    pub(crate) xx: f64,
    pub(crate) yy: f64,
    /// The sum of products of deviations.
    pub(crate) xy: f64,
}

impl Joint {
    pub(crate) fn of(x: &[f64], y: &[f64]) -> Self {
        let (mean_x, mean_y) = (mean(x), mean(y));
        Self {
            mean_x,
            mean_y,
            xx: sum_of(x, |a| (a - mean_x) * (a - mean_x)),
            yy: sum_of(y, |b| (b - mean_y) * (b - mean_y)),
            xy: sum_of_pairs(x, y, |a, b| (a - mean_x) * (b - mean_y)),
        }
    }

    /// The slope of y on x; not finite where x does not vary.
    pub(crate) fn slope(&self) -> f64 {
        self.xy / self.xx
    }
}

/// The sum of squared deviations from the mean; exactly 0 for equal values.
pub(crate) fn squares(values: &[f64]) -> f64 {
    let center = mean(values);
    sum_of(values, |v| (v - center) * (v - center))
}

/// The standard deviation with divisor n.
pub(crate) fn population_deviation(values: &[f64]) -> f64 {
    (squares(values) / values.len() as f64).sqrt()
}

/// Whether all values are the same; an empty series is.
pub(crate) fn is_constant(values: &[f64]) -> bool {
    values.windows(2).all(|pair| pair.first() == pair.last())
}

/// Whether squares of differences of these values are no more than their rounding: what moves along
/// a line leaves such remains, and statistics of them say nothing.
pub(crate) fn is_rounding(squares: f64, values: &[f64]) -> bool {
    const UNITS: f64 = 64.0 * f64::EPSILON;
    squares <= UNITS * UNITS * dot(values, values)
}

/// The differences of neighbours.
pub(crate) fn differences(values: &[f64]) -> Vec<f64> {
    values
        .iter()
        .zip(values.iter().skip(1))
        .map(|(before, after)| after - before)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_dispersion_whatever_their_size() {
        assert_eq!(squares(&[0.1; 77]), 0.0);
        assert_eq!(squares(&[1e17; 3]), 0.0);
        assert!(is_constant(&[0.1; 77]) && !is_constant(&[1.0, 2.0]));
    }

    #[test]
    fn a_large_level_costs_no_digits() {
        assert_eq!(squares(&[1e9 + 1.0, 1e9 + 2.0, 1e9 + 3.0]), 2.0);
    }
}
