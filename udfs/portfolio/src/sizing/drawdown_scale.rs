//! `drawdown_scale`: a factor for positions that shrinks as the account falls below its peak.
//!
//! `max(floor, 1 - drawdown / limit)`, with the drawdown as a positive share of the highest equity
//! so far: 1 at a new high, `floor` once the drawdown reaches `limit`. For small limits this holds
//! exposure in proportion to the cushion above `(1 - limit) * peak`. NULL until the equity has been
//! above 0.
//!
//! Source: Grossman and Zhou, "Optimal Investment Strategies for Controlling Drawdowns",
//! Mathematical Finance 3 (1993), pp. 241-276, with the cushion over the peak.

use crate::FAMILY;
use crate::options::number;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Function, FunctionSpec, Kind, ParamSpec, QlError, Stability};
use std::sync::Arc;

/// Factors along an equity curve.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DrawdownScale {
    /// Drawdown at which the factor reaches the floor, above 0.
    pub limit: f64,
    /// Smallest factor, 0 to 1.
    pub floor: f64,
}

impl DrawdownScale {
    /// Writes one factor per equity; `factors` is as long as `equity`.
    pub fn scale(&self, equity: &[f64], factors: &mut [f64]) {
        let mut peak = 0.0_f64;
        for (value, factor) in equity.iter().zip(factors) {
            peak = peak.max(*value);
            if peak > 0.0 {
                let drawdown = 1.0 - value / peak;
                *factor = (1.0 - drawdown / self.limit).max(self.floor);
            }
        }
    }
}

impl SeriesKernel for DrawdownScale {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        if let ([equity], [factors]) = (inputs, outputs) {
            self.scale(equity, factors);
        }
        Ok(())
    }
}

pub(super) fn function() -> Function {
    let spec = FunctionSpec::new(
        "drawdown_scale",
        FAMILY,
        Kind::Window,
        "Factor for position sizes that falls from 1 at the account's peak to floor at a drawdown of limit",
    )
    .with_params(vec![
        ParamSpec::series("equity", "value of the account, in money"),
        number("limit", 1e-6, 1.0, 0.2, "drawdown at which the factor is floor: 0.2 is 20 % below the peak"),
        number("floor", 0.0, 1.0, 0.0, "smallest factor"),
    ])
    .with_stability(Stability::PathDependent)
    .with_source("max(floor, 1 - (1 - equity / peak) / limit); after Grossman and Zhou 1993")
    .with_example(
        "SELECT t, equity, round(drawdown_scale(equity, 0.2) OVER (ORDER BY t), 4) AS factor FROM (VALUES \
         (1, 100.0), (2, 110.0), (3, 99.0), (4, 80.0), (5, 111.0)) AS v(t, equity) ORDER BY t",
        "1,100.0,1.0\n2,110.0,1.0\n3,99.0,0.5\n4,80.0,0.0\n5,111.0,1.0",
    );
    series_function(
        spec,
        Arc::new(|args| {
            Ok(Box::new(DrawdownScale {
                limit: args.number("limit")?,
                floor: args.number("floor")?,
            }))
        }),
    )
}
