//! `optimal_f`: the share of the largest loss to stake on every trade.
//!
//! f in 0 to 1 with the largest geometric mean of `1 + f * pnl / |largest loss|` over past trades;
//! one unit is held per `per_unit = |largest loss| / f` of equity. f is 0, and `per_unit` unknown,
//! where the trades lose on the whole. NULL where no trade lost or none won.
//!
//! Source: Ralph Vince, "Portfolio Management Formulas" (1990).

use super::growth::{growth_optimal, log_growth};
use crate::FAMILY;
use crate::weights::float;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Function, FunctionSpec, Kind, Output, ParamSpec};
use std::sync::Arc;

/// Optimal f over the trades so far.
#[derive(Debug, Default)]
pub struct OptimalF {
    trades: Vec<f64>,
}

impl Metric for OptimalF {
    fn push(&mut self, row: &[f64]) {
        self.trades.extend(row);
    }

    fn values(&self) -> Vec<f64> {
        let largest_loss = -self.trades.iter().copied().fold(0.0, f64::min);
        let outcomes: Vec<f64> = self.trades.iter().map(|t| t / largest_loss).collect();
        let unknown = outcomes.iter().any(|x| !x.is_finite());
        let best = if unknown {
            f64::NAN
        } else {
            growth_optimal(&outcomes)
        };
        if best.is_nan() {
            return vec![f64::NAN; 3];
        }
        let f = best.max(0.0);
        // Infinite where f is 0, which the adapter makes NULL.
        vec![f, log_growth(&outcomes, f).exp(), largest_loss / f]
    }
}

pub(super) fn function() -> Function {
    let spec = FunctionSpec::new(
        "optimal_f",
        FAMILY,
        Kind::Aggregate,
        "Vince's optimal f from past trades: share of the largest loss to stake, the geometric mean of a trade at it, and the equity per unit held; NULL where no trade lost or none won",
    )
    .with_params(vec![ParamSpec::series("pnl", "profit or loss of a trade with one unit, in money")])
    .with_output(Output::Struct(vec![
        float("f", "share of the largest loss, 0 to 1"),
        float("geometric_mean", "growth factor per trade at f"),
        float("per_unit", "equity per unit held, in money; NULL where f is 0"),
    ]))
    .with_lookback("the rows of the group or window frame")
    .with_source("argmax over f of the geometric mean of 1 + f pnl / |largest loss|; Vince 1990")
    .with_example(
        "SELECT round(o['f'], 6) AS f, round(o['geometric_mean'], 6) AS growth, round(o['per_unit'], 4) AS per_unit \
         FROM (SELECT optimal_f(pnl) AS o FROM (VALUES (9.0), (18.0), (7.0), (1.0), (10.0), (-5.0), (-3.0), (-17.0), (-7.0)) AS v(pnl))",
        "0.236708,1.010208,71.8184",
    );
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|_| Ok(Box::new(OptimalF::default()))),
    )
}
