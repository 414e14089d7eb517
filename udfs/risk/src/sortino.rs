//! `sortino`: the mean excess return per unit of downside deviation, annualised.
//!
//! `sortino = mean(r - required) / sqrt(mean(min(r - required, 0)^2)) * sqrt(periods)`. The
//! downside deviation divides by all n observations, not by the number of losses: a strategy that
//! seldom loses is less risky than one that often does. NULL below two returns and when no return
//! falls short of `required`.
//!
//! Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of
//! Investing 3 (1994), pp. 59-64; conventions of empyrical and quantstats.

use crate::metrics::conventions::{Annualization, Conventions, Downside};
use crate::moments::Moments;
use crate::sharpe::ratio;
use quantlake_core::metric::Metric;

/// The Sortino ratio of the returns so far.
#[derive(Debug)]
pub struct Sortino {
    periods: f64,
    required: f64,
    excess: Moments,
    /// Sum of the squared shortfalls.
    shortfall: f64,
}

impl Sortino {
    /// A ratio before the first return; the parameters have the ranges of the SQL function.
    pub fn new(periods: f64, required: f64) -> Self {
        Self {
            periods,
            required,
            excess: Moments::default(),
            shortfall: 0.0,
        }
    }

    fn ratio(&self) -> f64 {
        let n = self.excess.count();
        if n < 2 {
            return f64::NAN;
        }
        ratio(self.excess.mean(), (self.shortfall / n as f64).sqrt())
    }
}

impl Metric for Sortino {
    fn push(&mut self, row: &[f64]) {
        for ret in row {
            let excess = ret - self.required;
            self.excess.push(excess);
            self.shortfall += excess.min(0.0).powi(2);
        }
    }

    fn values(&self) -> Vec<f64> {
        vec![self.ratio() * self.periods.sqrt()]
    }
}

/// The ratio that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let is_plain = c.annualization == Annualization::Arithmetic && c.downside == Downside::All;
    is_plain.then(|| Box::new(Sortino::new(c.periods, c.required_per_period())) as Box<dyn Metric>)
}
