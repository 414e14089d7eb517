//! What a forecast's quantiles say: centre, spread, mean and the chance of a rise.
//!
//! A forecaster gives the values q_1..q_n of its quantile function at the levels p_1..p_n. Between
//! the levels the function is taken as linear; beyond the outermost ones, of which the forecaster
//! says nothing, as flat. Values that cross are sorted first (Chernozhukov, Fernandez-Val and
//! Galichon 2010, "Quantile and probability curves without crossing").

/// The summary of one forecast, in the unit of the quantiles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// The quantile function at 0.5; NaN when 0.5 lies outside of the levels.
    pub median: f64,
    /// The lowest quantile.
    pub lower: f64,
    /// The highest quantile.
    pub upper: f64,
    /// The mean of the quantile function over 0..1.
    pub expected: f64,
    /// The probability of a value above the reference. Never beyond 1 minus the outermost levels:
    /// with levels 0.1..0.9 it stays within 0.1..0.9.
    pub up_probability: f64,
}

impl Summary {
    /// A summary of which nothing is known.
    pub const UNKNOWN: Self = Self {
        median: f64::NAN,
        lower: f64::NAN,
        upper: f64::NAN,
        expected: f64::NAN,
        up_probability: f64::NAN,
    };

    /// A forecast without quantiles: its value is median and mean, its spread is unknown.
    pub fn of_point(value: f64) -> Self {
        Self {
            median: value,
            expected: value,
            ..Self::UNKNOWN
        }
    }

    /// Summarises the quantiles `values` at the rising `levels`; `values` is sorted in place.
    ///
    /// Unknown when a value is not finite, or when there are none.
    pub fn of_quantiles(levels: &[f64], values: &mut [f64], reference: f64) -> Self {
        if values.iter().any(|v| !v.is_finite()) || values.len() != levels.len() {
            return Self::UNKNOWN;
        }
        values.sort_unstable_by(f64::total_cmp);
        let (Some(&lower), Some(&upper)) = (values.first(), values.last()) else {
            return Self::UNKNOWN;
        };
        Self {
            median: value_at(levels, values, 0.5),
            lower,
            upper,
            expected: mean(levels, values),
            up_probability: 1.0 - level_of(levels, values, reference),
        }
    }
}

/// The quantile function at a level between the outermost ones, else NaN.
fn value_at(levels: &[f64], values: &[f64], level: f64) -> f64 {
    let above = levels.partition_point(|p| *p < level);
    match (levels.get(above), values.get(above)) {
        (Some(&p1), Some(&q1)) if p1 == level => q1,
        (Some(&p1), Some(&q1)) => match point_before(levels, values, above) {
            Some((p0, q0)) => q0 + (q1 - q0) * (level - p0) / (p1 - p0),
            None => f64::NAN,
        },
        _ => f64::NAN,
    }
}

/// The highest level whose quantile is not above `value`, interpolated; the outermost levels where
/// `value` lies outside of the quantiles.
fn level_of(levels: &[f64], values: &[f64], value: f64) -> f64 {
    let above = values.partition_point(|q| *q <= value);
    match (
        point_before(levels, values, above),
        levels.get(above),
        values.get(above),
    ) {
        (Some((p0, q0)), Some(&p1), Some(&q1)) => p0 + (p1 - p0) * (value - q0) / (q1 - q0),
        (Some((p0, _)), _, _) => p0,
        (None, Some(&p1), _) => p1,
        (None, None, _) => f64::NAN,
    }
}

fn point_before(levels: &[f64], values: &[f64], index: usize) -> Option<(f64, f64)> {
    let before = index.checked_sub(1)?;
    Some((*levels.get(before)?, *values.get(before)?))
}

/// The integral of the quantile function over 0..1: trapezia between the levels, flat tails.
fn mean(levels: &[f64], values: &[f64]) -> f64 {
    let points = || levels.iter().zip(values);
    let between: f64 = points()
        .zip(points().skip(1))
        .map(|((p0, q0), (p1, q1))| (p1 - p0) * 0.5 * (q0 + q1))
        .sum();
    let low = points().next().map_or(0.0, |(p, q)| p * q);
    let high = points().next_back().map_or(0.0, |(p, q)| (1.0 - p) * q);
    low + between + high
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn summary(levels: &[f64], values: &[f64], reference: f64) -> Summary {
        Summary::of_quantiles(levels, &mut values.to_vec(), reference)
    }

    fn close(found: f64, expected: f64) -> bool {
        (found - expected).abs() < 1e-12
    }

    #[test]
    fn three_quantiles_are_summarised_by_hand() {
        let s = summary(&[0.25, 0.5, 0.75], &[-1.0, 1.0, 2.0], 0.0);
        assert_eq!((s.lower, s.median, s.upper), (-1.0, 1.0, 2.0));
        // 0.25 * -1 + 0.25 * 0 + 0.25 * 1.5 + 0.25 * 2
        assert!(close(s.expected, 0.625), "{}", s.expected);
        // 0 lies half way between the levels 0.25 and 0.5.
        assert!(close(s.up_probability, 1.0 - 0.375), "{}", s.up_probability);
    }

    #[test]
    fn a_reference_outside_of_the_quantiles_is_bounded_by_the_levels() {
        assert!(close(
            summary(&[0.1, 0.9], &[1.0, 2.0], 0.0).up_probability,
            0.9
        ));
        assert!(close(
            summary(&[0.1, 0.9], &[-2.0, -1.0], 0.0).up_probability,
            0.1
        ));
    }

    #[test]
    fn a_value_that_equals_the_reference_is_not_a_rise() {
        let s = summary(&[0.1, 0.5, 0.9], &[0.0, 0.0, 0.0], 0.0);
        assert!(close(s.up_probability, 0.1), "{}", s.up_probability);
    }

    #[test]
    fn quantiles_that_cross_are_sorted() {
        let levels = [0.1, 0.5, 0.9];
        assert_eq!(
            summary(&levels, &[2.0, -1.0, 1.0], 0.0),
            summary(&levels, &[-1.0, 1.0, 2.0], 0.0)
        );
    }

    #[test]
    fn the_median_is_interpolated_or_unknown() {
        assert!(close(summary(&[0.4, 0.8], &[0.0, 4.0], 0.0).median, 1.0));
        assert!(summary(&[0.6, 0.8], &[0.0, 4.0], 0.0).median.is_nan());
    }

    #[test]
    fn what_is_not_finite_is_unknown() {
        let s = summary(&[0.1, 0.9], &[f64::NAN, 1.0], 0.0);
        assert!(s.lower.is_nan() && s.up_probability.is_nan());
        assert!(summary(&[], &[], 0.0).expected.is_nan());
    }

    proptest! {
        #[test]
        fn summaries_keep_their_order_and_bounds(
            values in proptest::collection::vec(-1e3..1e3f64, 9),
            reference in -1e3..1e3f64,
        ) {
            let levels: Vec<f64> = (1..10).map(|i| f64::from(i) / 10.0).collect();
            let s = summary(&levels, &values, reference);
            prop_assert!(s.lower <= s.median && s.median <= s.upper);
            prop_assert!(s.lower <= s.expected + 1e-9 && s.expected <= s.upper + 1e-9);
            prop_assert!((0.1 - 1e-12..=0.9 + 1e-12).contains(&s.up_probability));
        }
    }
}
