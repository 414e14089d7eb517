//! `calmar`: the annual return per unit of maximum drawdown.
//!
//! `calmar = annual_return / |max_drawdown|`. NULL without returns and without a drawdown. The
//! rows need an order.
//!
//! Source: Young, "Calmar Ratio: A Smoother Tool", Futures 20 (1991), p. 40; conventions of
//! empyrical, over all returns given and not over the last 36 months.

use crate::max_drawdown::Drawdown;
use crate::metrics::conventions::{Annualization, Conventions, DrawdownBase, YearCount};
use crate::sharpe::ratio;
use crate::wealth::{Compounding, Wealth};
use quantlake_core::metric::Metric;

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

/// The ratio that takes one return after another, under the conventions that allow it.
pub(crate) fn streaming(c: &Conventions) -> Option<Box<dyn Metric>> {
    let is_plain = c.compounded
        && c.base == DrawdownBase::Start
        && c.years == YearCount::Periods
        && c.annualization == Annualization::Geometric;
    is_plain.then(|| Box::new(Calmar::new(c.periods, c.method)) as Box<dyn Metric>)
}
