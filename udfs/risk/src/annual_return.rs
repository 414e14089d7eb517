//! `annual_return`: the yearly growth rate that gives the compounded return.
//!
//! `annual_return = (1 + total_return) ^ (periods / n) - 1`: years are counted as n / periods, not
//! by the calendar. A few returns extrapolated to a year say little. NULL without returns, and
//! where the extrapolation exceeds what a double holds.

use crate::metrics::conventions::{Conventions, YearCount};
use crate::wealth::{Compounding, Wealth};
use quantlake_core::metric::Metric;

/// The yearly growth rate so far.
#[derive(Debug)]
pub struct AnnualReturn {
    periods: f64,
    wealth: Wealth,
}

impl AnnualReturn {
    /// A growth rate before the first return; `periods` has the range of the SQL function.
    pub fn new(periods: f64, compounding: Compounding) -> Self {
        Self {
            periods,
            wealth: Wealth::new(compounding),
        }
    }
}

impl Metric for AnnualReturn {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.wealth.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.wealth.return_over(self.periods)]
    }
}

/// The rate that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let is_plain = c.compounded && c.years == YearCount::Periods;
    is_plain.then(|| Box::new(AnnualReturn::new(c.periods, c.method)) as Box<dyn Metric>)
}
