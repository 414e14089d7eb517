//! `volatility`: the standard deviation of returns, annualised.
//!
//! `volatility = std(r) * sqrt(periods)`. NULL below two returns; 0 when all returns are equal.

use crate::metrics::conventions::{Conventions, VolatilityScaling};
use crate::moments::Moments;
use quantlake_core::metric::Metric;

/// The volatility of the returns so far.
#[derive(Debug)]
pub struct Volatility {
    periods: f64,
    ddof: usize,
    returns: Moments,
}

impl Volatility {
    /// A volatility before the first return; the parameters have the ranges of the SQL function.
    pub fn new(periods: f64, ddof: usize) -> Self {
        Self {
            periods,
            ddof,
            returns: Moments::default(),
        }
    }
}

impl Metric for Volatility {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.returns.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.returns.deviation(self.ddof) * self.periods.sqrt()]
    }
}

/// The volatility that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    (c.scaling == VolatilityScaling::Root)
        .then(|| Box::new(Volatility::new(c.periods, c.ddof)) as Box<dyn Metric>)
}
