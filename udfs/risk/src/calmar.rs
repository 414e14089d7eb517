//! `calmar`: the annual return per unit of maximum drawdown.
//!
//! `calmar = annual_return / |max_drawdown|`. NULL without returns and without a drawdown. The
//! rows need an order.
//!
//! Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20 (1991), p. 40; conventions of
//! empyrical, over all returns given and not over the last 36 months.

use crate::max_drawdown::Drawdown;
use crate::params::{compounding, method, metric_spec, periods, ret};
use crate::sharpe::ratio;
use crate::wealth::{Compounding, Wealth};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, QlError};
use std::sync::Arc;

/// The Calmar ratio of the returns so far.
#[derive(Debug)]
pub struct Calmar {
    periods: f64,
    wealth: Wealth,
    drawdown: Drawdown,
}

impl Calmar {
    /// A ratio before the first return; `periods` has the range of the SQL function.
    pub fn new(periods: f64, compounding: Compounding) -> Self {
        Self {
            periods,
            wealth: Wealth::new(compounding),
            drawdown: Drawdown::new(compounding),
        }
    }
}

impl Metric for Calmar {
    fn push(&mut self, row: &[f64]) {
        for ret in row {
            self.wealth.push(*ret);
            self.drawdown.push(*ret);
        }
    }

    fn values(&self) -> Vec<f64> {
        let annual = self.wealth.return_over(self.periods);
        vec![ratio(annual, -self.drawdown.deepest())]
    }
}

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(Calmar::new(
        args.number("periods")?,
        compounding(args)?,
    )))
}

pub(crate) fn function() -> Function {
    let spec = metric_spec(
        "calmar",
        "Calmar ratio: annual return divided by the size of the maximum drawdown; NULL without a drawdown",
    )
    .with_params(vec![ret(), periods(), method()])
    .with_source("Young 1991; calmar_ratio of empyrical")
    .with_example(
        "SELECT round(calmar(r ORDER BY t), 6) AS calmar \
         FROM (VALUES (1, 0.01), (2, -0.02), (3, 0.03), (4, -0.01), (5, 0.0)) AS v(t, r)",
        "29.720753",
    );
    metric_function(spec, RowOrder::Significant, Arc::new(make))
}
