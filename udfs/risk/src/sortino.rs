//! `sortino`: the mean excess return per unit of downside deviation, annualised.
//!
//! `sortino = mean(r - required) / sqrt(mean(min(r - required, 0)^2)) * sqrt(periods)`. The
//! downside deviation divides by all n observations, not by the number of losses: a strategy that
//! seldom loses is less risky than one that often does. NULL below two returns and when no return
//! falls short of `required`.
//!
//! Source: Sortino and Price, "Performance Measurement in a Downside Risk Framework", Journal of
//! Investing 3 (1994), pp. 59-64; conventions of empyrical and quantstats.

use crate::moments::Moments;
use crate::params::{metric_spec, periods, rate, ret};
use crate::sharpe::ratio;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

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

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(Sortino::new(
        args.number("periods")?,
        args.number("required")?,
    )))
}

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "sortino",
        "Sortino ratio: mean excess return divided by the downside deviation over all observations, times the root of the periods in a year; NULL below two returns and when none falls short",
    )
    .with_params(vec![
        ret(),
        periods(),
        rate("required", "return per period below which an observation counts as downside"),
    ])
    .with_source("Sortino and Price 1994; downside over all n as in empyrical and quantstats")
    .with_example(
        "SELECT round(sortino(r), 6) AS sortino \
         FROM (VALUES (0.01), (-0.02), (0.03), (-0.01), (0.0)) AS v(r)",
        "3.174902",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
