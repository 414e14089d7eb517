//! Mean and dispersion of a stream of numbers, in one pass.
//!
//! Welford's recurrence (Technometrics 4, 1962, pp. 419-420): each value moves the mean by its
//! n-th part, and the sum of squared deviations grows by the product of the distances to the old
//! and the new mean. It does not lose digits where the mean is large against the dispersion, and
//! equal values give a dispersion of exactly 0, which makes "no dispersion" a test without a
//! tolerance.

/// Count, mean and squared deviations of the values so far.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Moments {
    n: usize,
    mean: f64,
    squares: f64,
}

impl Moments {
    /// Takes the next finite value.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        let before = value - self.mean;
        self.mean += before / self.n as f64;
        self.squares += before * (value - self.mean);
    }

    /// How many values there were.
    pub fn count(&self) -> usize {
        self.n
    }

    /// The arithmetic mean; NaN without values.
    pub fn mean(&self) -> f64 {
        if self.n == 0 { f64::NAN } else { self.mean }
    }

    /// The standard deviation with divisor `n - ddof`; NaN below two values, because one value
    /// says nothing about dispersion.
    pub fn deviation(&self, ddof: usize) -> f64 {
        if self.n < 2 {
            return f64::NAN;
        }
        (self.squares / self.n.saturating_sub(ddof).max(1) as f64).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[f64]) -> Moments {
        let mut moments = Moments::default();
        values.iter().for_each(|v| moments.push(*v));
        moments
    }

    #[test]
    fn three_numbers_by_hand() {
        let moments = of(&[1.0, 2.0, 6.0]);
        assert_eq!(moments.mean(), 3.0);
        assert_eq!(moments.deviation(1), 7.0_f64.sqrt());
        assert_eq!(moments.deviation(0), (14.0_f64 / 3.0).sqrt());
    }

    #[test]
    fn equal_values_have_a_deviation_of_exactly_zero() {
        assert_eq!(of(&[0.1; 1000]).deviation(1), 0.0);
    }

    #[test]
    fn too_few_values_give_nothing() {
        assert!(of(&[]).mean().is_nan());
        assert!(of(&[]).deviation(1).is_nan());
        assert!(of(&[0.5]).deviation(0).is_nan());
    }

    proptest! {
        #[test]
        fn a_shift_moves_the_mean_and_leaves_the_deviation(
            values in prop::collection::vec(-1.0..1.0f64, 2..50),
        ) {
            let plain = of(&values);
            let shifted = of(&values.iter().map(|v| v + 1e6).collect::<Vec<_>>());
            // Adding 1e6 rounds each value to 1.2e-10.
            prop_assert!((shifted.mean() - 1e6 - plain.mean()).abs() < 1e-9);
            prop_assert!((shifted.deviation(1) - plain.deviation(1)).abs() < 1e-9);
        }
    }
}
