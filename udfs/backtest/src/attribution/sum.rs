//! Sums that do not lose the small among the large.

/// A compensated sum (Neumaier, ZAMM 54, 1974): the error does not grow with the number of terms.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Sum {
    sum: f64,
    lost: f64,
}

impl Sum {
    /// Adds a term.
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        self.lost += if self.sum.abs() >= term.abs() {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.sum = sum;
    }

    /// The sum so far.
    pub fn value(&self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_plain_sum_loses_is_kept() {
        let mut sum = Sum::default();
        [1.0, 1e100, 1.0, -1e100]
            .iter()
            .for_each(|term| sum.add(*term));
        assert_eq!(sum.value(), 2.0);
    }
}
