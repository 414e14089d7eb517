//! `sharpe`: the mean excess return per unit of dispersion, annualised.
//!
//! `sharpe = mean(r - rf) / std(r - rf) * sqrt(periods)`, with rf per period. NULL below two
//! returns and when all returns are equal: with no dispersion there is no ratio, however good the
//! mean.
//!
//! Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994), pp. 49-58;
//! conventions of empyrical. Libraries that take an annual risk-free rate (quantstats, ffn) want
//! `risk_free => (1 + annual) ^ (1 / periods) - 1` here.

use crate::metrics::conventions::{Annualization, Conventions, VolatilityScaling};
use crate::moments::Moments;
use quantlake_core::metric::Metric;

/// The Sharpe ratio of the returns so far.
#[derive(Debug)]
pub struct Sharpe {
    periods: f64,
    risk_free: f64,
    ddof: usize,
    excess: Moments,
}

impl Sharpe {
    /// A ratio before the first return; the parameters have the ranges of the SQL function.
    pub fn new(periods: f64, risk_free: f64, ddof: usize) -> Self {
        Self {
            periods,
            risk_free,
            ddof,
            excess: Moments::default(),
        }
    }
}

impl Metric for Sharpe {
    fn push(&mut self, row: &[f64]) {
        row.iter()
            .for_each(|r| self.excess.push(r - self.risk_free));
    }

    fn values(&self) -> Vec<f64> {
        let ratio = ratio(self.excess.mean(), self.excess.deviation(self.ddof));
        vec![ratio * self.periods.sqrt()]
    }
}

/// Return per risk; NaN where the risk is 0 or unknown, or too large for a double.
pub(crate) fn ratio(mean: f64, risk: f64) -> f64 {
    if risk > 0.0 && risk.is_finite() {
        mean / risk
    } else {
        f64::NAN
    }
}

/// The ratio that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let is_plain =
        c.annualization == Annualization::Arithmetic && c.scaling == VolatilityScaling::Root;
    is_plain.then(|| {
        Box::new(Sharpe::new(c.periods, c.risk_free_per_period(), c.ddof)) as Box<dyn Metric>
    })
}
