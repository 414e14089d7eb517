//! `var_historical`: the return that only the worst share of the periods falls below.
//!
//! The (1 - level) quantile of the returns, interpolated linearly between the two neighbours
//! (type 7 of Hyndman and Fan, American Statistician 50, 1996, pp. 361-365; numpy's default). It
//! is a return and not a loss: -0.03 says that 95 % of the periods did better than -3 %. NULL
//! without returns. Not annualised.

use crate::metrics::conventions::{Conventions, QuantileRule};
use crate::tail::Tail;
use quantlake_core::metric::Metric;

/// Returns up to the one at or below the quantile, counting from the worst.
pub(crate) fn size_to_cutoff(n: usize, share: f64) -> usize {
    let last = n.saturating_sub(1);
    (last as f64 * share) as usize + 1
}

/// The historical value at risk of the returns so far.
#[derive(Debug)]
pub struct HistoricalVar {
    share: f64,
    returns: Tail,
}

impl HistoricalVar {
    /// A value at risk before the first return; `share` is 1 - level.
    pub fn new(share: f64) -> Self {
        Self {
            share,
            returns: Tail::new(share, size_to_cutoff),
        }
    }

    fn quantile(&self) -> f64 {
        let Some(below) = self.returns.mildest_of_worst() else {
            return f64::NAN;
        };
        let above = self.returns.worst_of_rest().unwrap_or(below);
        let position = (self.returns.count() - 1) as f64 * self.share;
        below + (above - below) * position.fract()
    }
}

impl Metric for HistoricalVar {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.returns.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.quantile()]
    }
}

/// The value at risk that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    (c.quantile_rule == QuantileRule::Linear)
        .then(|| Box::new(HistoricalVar::new(c.tail_share())) as Box<dyn Metric>)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cutoff_counts_whole_observations_where_they_are_whole() {
        assert_eq!(size_to_cutoff(1, 0.05), 1);
        assert_eq!(size_to_cutoff(20, 0.05), 1);
        assert_eq!(size_to_cutoff(21, 0.05), 2);
        assert_eq!(size_to_cutoff(11, 0.1), 2);
        assert_eq!(size_to_cutoff(5, 0.0), 1);
    }
}
