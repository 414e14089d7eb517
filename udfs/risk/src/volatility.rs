//! `volatility`: the standard deviation of returns, annualised.
//!
//! `volatility = std(r) * sqrt(periods)`. NULL below two returns; 0 when all returns are equal.

use crate::moments::Moments;
use crate::params::{ddof, metric_spec, periods, ret};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

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

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(Volatility::new(
        args.number("periods")?,
        args.count("ddof")?,
    )))
}

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "volatility",
        "Volatility: standard deviation of the returns times the root of the periods in a year, as a fraction; NULL below two returns",
    )
    .with_params(vec![ret(), periods(), ddof()])
    .with_source("std * sqrt(periods) as in empyrical and quantstats")
    .with_example(
        "SELECT round(volatility(r), 6) AS annual, round(volatility(r, 1), 6) AS per_period \
         FROM (VALUES (0.01), (-0.02), (0.03), (-0.01), (0.0)) AS v(r)",
        "0.305352,0.019235",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
