//! `total_return`: what one unit has gained over all periods.
//!
//! `total_return = (1 + r1) ... (1 + rn) - 1`; for logarithmic returns `exp(r1 + ... + rn) - 1`.
//! A simple return of -1 or less ends in -1. NULL without returns.

use crate::params::{compounding, method, metric_spec, ret};
use crate::wealth::{Compounding, Wealth};
use quantlake_core::Function;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use std::sync::Arc;

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

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "total_return",
        "Compounded return over all periods as a fraction: 0.5 is a gain of 50 %; -1 once everything is lost",
    )
    .with_params(vec![ret(), method()])
    .with_source("cum_returns_final of empyrical, comp of quantstats")
    .with_example(
        "SELECT round(total_return(r), 6) AS total \
         FROM (VALUES (0.1), (-0.5), (0.2)) AS v(r)",
        "-0.34",
    );
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|args| Ok(Box::new(TotalReturn::new(compounding(args)?)))),
    )
}
