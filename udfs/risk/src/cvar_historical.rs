//! `cvar_historical`: the mean of the worst returns (expected shortfall).
//!
//! Two definitions of "the worst (1 - level) share" q of n returns x1 <= x2 <= ...:
//!
//! * `discrete`: the mean of the first `floor((n - 1) * q) + 1`, as empyrical has it;
//! * `exact`: the mean over exactly n * q observations, the last one counted in part
//!   (Rockafellar and Uryasev, "Optimization of Conditional Value-at-Risk", Journal of Risk 2
//!   (2000), pp. 21-41), as skfolio has it. Where n * q < 1 it is the worst return.
//!
//! The result is a return: a loss is negative. NULL without returns. Not annualised.

use crate::metrics::conventions::{Conventions, TailMean};
use crate::tail::Tail;
use crate::var_historical::size_to_cutoff;
use quantlake_core::metric::Metric;

/// The smallest number of whole returns that covers the share.
fn size_covering(n: usize, share: f64) -> usize {
    ((n as f64 * share).ceil() as usize).clamp(1, n.max(1))
}

/// The mean of whole observations.
#[derive(Debug)]
pub struct DiscreteCvar(Tail);

impl DiscreteCvar {
    /// A mean before the first return; `share` is 1 - level.
    pub fn new(share: f64) -> Self {
        Self(Tail::new(share, size_to_cutoff))
    }
}

impl Metric for DiscreteCvar {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.0.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.0.sum_of_worst() / self.0.n_worst() as f64]
    }
}

/// The mean over exactly the share, with a fractional last observation.
#[derive(Debug)]
pub struct ExactCvar {
    share: f64,
    returns: Tail,
}

impl ExactCvar {
    /// A mean before the first return; `share` is 1 - level.
    pub fn new(share: f64) -> Self {
        Self {
            share,
            returns: Tail::new(share, size_covering),
        }
    }

    fn mean(&self) -> f64 {
        let Some(last) = self.returns.mildest_of_worst() else {
            return f64::NAN;
        };
        let n_covered = self.returns.count() as f64 * self.share;
        if n_covered <= 1.0 {
            return last;
        }
        let excess = self.returns.n_worst() as f64 - n_covered;
        (self.returns.sum_of_worst() - excess * last) / n_covered
    }
}

impl Metric for ExactCvar {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.returns.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.mean()]
    }
}

/// The mean that takes one return after another.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let share = c.tail_share();
    Some(match c.tail_mean {
        TailMean::Discrete => Box::new(DiscreteCvar::new(share)),
        TailMean::Exact => Box::new(ExactCvar::new(share)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exact(share: f64, returns: &[f64]) -> f64 {
        let mut cvar = ExactCvar::new(share);
        returns.iter().for_each(|r| cvar.push(&[*r]));
        cvar.mean()
    }

    #[test]
    fn the_last_observation_counts_in_part() {
        // 1.5 of five observations: the worst one and half of the next.
        let mean = exact(0.3, &[0.01, -0.02, 0.03, -0.01, 0.0]);
        assert!((mean + 0.025 / 1.5).abs() < 1e-16);
    }

    #[test]
    fn a_share_below_one_observation_is_the_worst_return() {
        assert_eq!(exact(0.05, &[0.01, -0.02, 0.03]), -0.02);
        assert_eq!(exact(0.0, &[0.01, -0.02, 0.03]), -0.02);
    }

    #[test]
    fn no_returns_give_nothing() {
        assert!(exact(0.05, &[]).is_nan());
        let none = DiscreteCvar::new(0.05);
        assert!(none.values()[0].is_nan());
    }
}
