//! `annual_return`: the yearly growth rate that gives the compounded return.
//!
//! `annual_return = (1 + total_return) ^ (periods / n) - 1`: years are counted as n / periods, not
//! by the calendar. A few returns extrapolated to a year say little. NULL without returns, and
//! where the extrapolation exceeds what a double holds.

use crate::params::{compounding, method, metric_spec, periods, ret};
use crate::wealth::{Compounding, Wealth};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

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

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(AnnualReturn::new(
        args.number("periods")?,
        compounding(args)?,
    )))
}

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "annual_return",
        "Compounded growth rate per year (CAGR) as a fraction, with years counted as n / periods",
    )
    .with_params(vec![ret(), periods(), method()])
    .with_aliases(vec!["cagr".into()])
    .with_source("annual_return (cagr) of empyrical")
    .with_example(
        "SELECT round(annual_return(r), 6) AS annual, round(annual_return(r, 5), 6) AS if_five_a_year \
         FROM (VALUES (0.01), (-0.02), (0.03), (-0.01), (0.0)) AS v(r)",
        "0.594415,0.009299",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
