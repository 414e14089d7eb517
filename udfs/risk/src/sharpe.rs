//! `sharpe`: the mean excess return per unit of dispersion, annualised.
//!
//! `sharpe = mean(r - rf) / std(r - rf) * sqrt(periods)`, with rf per period. NULL below two
//! returns and when all returns are equal: with no dispersion there is no ratio, however good the
//! mean.
//!
//! Source: Sharpe, "The Sharpe Ratio", Journal of Portfolio Management 21 (1994), pp. 49-58;
//! conventions of empyrical. Libraries that take an annual risk-free rate (quantstats, ffn) want
//! `risk_free => (1 + annual) ^ (1 / periods) - 1` here.

use crate::moments::Moments;
use crate::params::{ddof, metric_spec, periods, rate, ret};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

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

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(Sharpe::new(
        args.number("periods")?,
        args.number("risk_free")?,
        args.count("ddof")?,
    )))
}

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "sharpe",
        "Sharpe ratio: mean excess return divided by its standard deviation, times the root of the periods in a year; NULL below two returns and without dispersion",
    )
    .with_params(vec![
        ret(),
        periods(),
        rate("risk_free", "risk-free return per period (not per year)"),
        ddof(),
    ])
    .with_source("Sharpe 1994; mean / std * sqrt(periods) as in empyrical")
    .with_example(
        "SELECT round(sharpe(r), 6) AS daily, round(sharpe(r, 12, 0.001), 6) AS monthly \
         FROM (VALUES (0.01), (-0.02), (0.03), (-0.01), (0.0)) AS v(r)",
        "1.650553,0.18009",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
