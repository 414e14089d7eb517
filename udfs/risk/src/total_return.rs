//! `total_return`: what one unit has gained over all periods.
//!
//! `total_return = (1 + r1) ... (1 + rn) - 1`; for logarithmic returns `exp(r1 + ... + rn) - 1`.
//! A simple return of -1 or less ends in -1. NULL without returns.

use crate::metrics::conventions::Conventions;
use crate::wealth::{Compounding, Wealth};
use quantlake_core::metric::Metric;

/// The compounded return so far.
#[derive(Debug)]
pub struct TotalReturn(Wealth);

impl TotalReturn {
    /// A return before the first period.
    pub fn new(compounding: Compounding) -> Self {
        Self(Wealth::new(compounding))
    }
}

impl Metric for TotalReturn {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.0.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.0.total_return()]
    }
}

/// The return that takes one period after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    c.compounded
        .then(|| Box::new(TotalReturn::new(c.method)) as Box<dyn Metric>)
}
