//! Bins of equal width from the smallest to the largest value.

/// The edges of bins over a sample, as `numpy.histogram` sets them: the last bin has both its ends.
#[derive(Debug)]
pub(crate) struct Bins {
    inner_edges: Vec<f64>,
}

impl Bins {
    /// Bins over these values; `None` without values. Equal values all fall into one bin.
    pub(crate) fn over(values: &[f64], n_bins: usize) -> Option<Self> {
        let low = values.iter().copied().reduce(f64::min)?;
        let high = values.iter().copied().reduce(f64::max)?;
        let width = (high - low) / n_bins as f64;
        let inner_edges = (1..n_bins).map(|k| k as f64 * width + low).collect();
        (low < high).then_some(Self { inner_edges }).or(Some(Self {
            inner_edges: vec![],
        }))
    }

    /// The bin of a value within the range.
    pub(crate) fn of(&self, value: f64) -> usize {
        self.inner_edges.partition_point(|edge| *edge <= value)
    }

    /// How many bins there are.
    pub(crate) fn len(&self) -> usize {
        self.inner_edges.len() + 1
    }
}

/// The entropy of counts in nats; empty cells add nothing.
pub(crate) fn entropy(counts: &[usize]) -> f64 {
    let total: usize = counts.iter().sum();
    let share = |count: &usize| *count as f64 / total as f64;
    let terms = counts.iter().filter(|c| **c > 0).map(share);
    // A sum of nothing but ln(1) is -0 after the sign, and 0 is what is meant.
    0.0 - terms.map(|p| p * p.ln()).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_value_falls_into_the_last_bin() {
        let bins = Bins::over(&[0.0, 1.0, 2.0], 2).expect("values");
        assert_eq!([0.0, 0.9, 1.0, 2.0].map(|v| bins.of(v)), [0, 0, 1, 1]);
    }

    #[test]
    fn equal_values_fall_into_one_bin() {
        let bins = Bins::over(&[7.0; 4], 10).expect("values");
        assert_eq!((bins.len(), bins.of(7.0)), (1, 0));
        assert!(Bins::over(&[], 3).is_none());
    }

    #[test]
    fn entropy_of_even_counts_is_the_logarithm_of_their_number() {
        assert!((entropy(&[2, 2, 0, 2]) - 3.0_f64.ln()).abs() < 1e-15);
        assert_eq!(entropy(&[5]), 0.0);
    }
}
