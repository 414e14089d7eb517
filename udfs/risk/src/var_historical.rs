//! `var_historical`: the return that only the worst share of the periods falls below.
//!
//! The (1 - level) quantile of the returns, interpolated linearly between the two neighbours
//! (type 7 of Hyndman and Fan, American Statistician 50, 1996, pp. 361-365; numpy's default). It
//! is a return and not a loss: -0.03 says that 95 % of the periods did better than -3 %. NULL
//! without returns. Not annualised.

use crate::params::{level, metric_spec, ret, tail_share};
use crate::tail::Tail;
use quantlake_core::Function;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use std::sync::Arc;

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

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "var_historical",
        "Historical value at risk: the (1 - level) quantile of the returns, linear between neighbours; a loss is negative",
    )
    .with_params(vec![ret(), level()])
    .with_source("value_at_risk of empyrical: numpy.percentile")
    .with_example(
        "SELECT round(var_historical(r), 6) AS var95, round(var_historical(r, 0.75), 6) AS var75 \
         FROM (VALUES (0.01), (-0.02), (0.03), (-0.01), (0.0)) AS v(r)",
        "-0.018,-0.01",
    );
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|args| Ok(Box::new(HistoricalVar::new(tail_share(args)?)))),
    )
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
