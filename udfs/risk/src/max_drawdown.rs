//! `max_drawdown`: the deepest fall of wealth below an earlier peak.
//!
//! `max_drawdown = min over t of (W_t / max over s <= t of W_s - 1)` with the compounded wealth W
//! and W_0 = 1, so that a loss in the first period counts. The result is 0 or negative: -0.25 is a
//! fall by a quarter. A simple return of -1 or less gives -1. NULL without returns. The rows need
//! an order.
//!
//! Source: conventions of empyrical; quantstats guesses the base from the first price.

use crate::metrics::conventions::{Conventions, DrawdownBase};
use crate::wealth::Compounding;
use quantlake_core::metric::Metric;

/// The drawdown of the wealth so far, on the scale of logarithms.
///
/// Only the distance to the last peak is kept: the wealth itself could overflow.
#[derive(Debug, Clone, Copy)]
pub struct Drawdown {
    compounding: Compounding,
    n: usize,
    below_peak: f64,
    deepest: f64,
}

impl Drawdown {
    /// A drawdown before the first return.
    pub fn new(compounding: Compounding) -> Self {
        Self {
            compounding,
            n: 0,
            below_peak: 0.0,
            deepest: 0.0,
        }
    }

    /// Takes the next return in time order.
    pub fn push(&mut self, ret: f64) {
        self.n += 1;
        self.below_peak = (self.below_peak + self.compounding.log_growth(ret)).min(0.0);
        self.deepest = self.deepest.min(self.below_peak);
    }

    /// The deepest fall as a fraction from -1 to 0; NaN without returns.
    pub fn deepest(&self) -> f64 {
        if self.n == 0 {
            f64::NAN
        } else {
            self.deepest.exp_m1()
        }
    }
}

impl Metric for Drawdown {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| Drawdown::push(self, *r));
    }

    fn values(&self) -> Vec<f64> {
        vec![self.deepest()]
    }
}

/// The drawdown that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let is_plain = c.compounded && c.base == DrawdownBase::Start;
    is_plain.then(|| Box::new(Drawdown::new(c.method)) as Box<dyn Metric>)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(returns: &[f64]) -> f64 {
        let mut drawdown = Drawdown::new(Compounding::Simple);
        returns.iter().for_each(|r| drawdown.push(*r));
        drawdown.deepest()
    }

    fn assert_near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-15, "{found} {expected}");
    }

    #[test]
    fn a_loss_in_the_first_period_counts() {
        assert_near(of(&[-0.1, 0.5]), -0.1);
    }

    #[test]
    fn losses_on_the_way_down_compound() {
        assert_near(of(&[0.1, -0.2, 0.05, -0.1, 0.3]), 0.8 * 1.05 * 0.9 - 1.0);
    }

    #[test]
    fn gains_alone_have_no_drawdown() {
        assert_eq!(of(&[0.1, 0.0, 0.2]), 0.0);
    }

    #[test]
    fn what_is_lost_does_not_come_back() {
        assert_eq!(of(&[0.5, -1.0, 10.0]), -1.0);
        assert_eq!(of(&[-3.0]), -1.0);
    }

    #[test]
    fn no_returns_give_nothing() {
        assert!(of(&[]).is_nan());
    }
}
