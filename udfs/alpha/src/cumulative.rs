//! `cum_sum`, `cum_product`, `cum_min`, `cum_max`, `cum_count`, `ts_bars_since`: from the first
//! row of the partition on.

use crate::describe::{series_spec, x};
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};

/// The sum of all rows so far, with what rounding lost carried along (Neumaier 1974).
#[derive(Debug, Clone, Copy, Default)]
pub struct Sum {
    sum: f64,
    lost: f64,
}

impl Recurrence<1> for Sum {
    fn next(&mut self, [value]: [f64; 1]) -> [f64; 1] {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() {
            (self.sum - next) + value
        } else {
            (value - next) + self.sum
        };
        self.sum = next;
        [self.sum + self.lost]
    }
}

/// The state that `step(state, x)` makes of each row, which is also the row's result.
#[derive(Debug, Clone, Copy)]
pub struct Accumulated {
    /// The state before the next row.
    pub state: f64,
    /// What a row makes of it.
    pub step: fn(f64, f64) -> f64,
}

impl Recurrence<1> for Accumulated {
    fn next(&mut self, [value]: [f64; 1]) -> [f64; 1] {
        self.state = (self.step)(self.state, value);
        [self.state]
    }
}

/// Rows since a condition was last not 0, which is 0 on such a row; NaN before the first.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowsSince(Option<f64>);

impl Recurrence<1> for RowsSince {
    fn next(&mut self, [condition]: [f64; 1]) -> [f64; 1] {
        self.0 = match self.0 {
            _ if condition != 0.0 => Some(0.0),
            before => before.map(|n| n + 1.0),
        };
        [self.0.unwrap_or(f64::NAN)]
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        cumulative(
            "cum_sum",
            "Sum of all rows so far, in the unit of `x`.",
            "x[0] + ... + x[t], with the compensation of Neumaier (1974); pandas Series.cumsum",
            Sum::default(),
        ),
        cumulative(
            "cum_product",
            "Product of all rows so far; NULL where it is too large for a double.",
            "x[0] * ... * x[t]; pandas Series.cumprod",
            Accumulated {
                state: 1.0,
                step: |product, v| product * v,
            },
        ),
        cumulative(
            "cum_min",
            "Smallest value so far, in the unit of `x`.",
            "min(x[0], ..., x[t]); pandas Series.cummin",
            Accumulated {
                state: f64::INFINITY,
                step: f64::min,
            },
        ),
        cumulative(
            "cum_max",
            "Largest value so far, in the unit of `x`.",
            "max(x[0], ..., x[t]); pandas Series.cummax",
            Accumulated {
                state: f64::NEG_INFINITY,
                step: f64::max,
            },
        ),
        cumulative(
            "cum_count",
            "Number of rows so far, missing ones left out, as a double.",
            "t + 1; pandas Series.expanding().count()",
            Accumulated {
                state: 0.0,
                step: |n, _| n + 1.0,
            },
        ),
        since(),
    ]
}

fn cumulative(name: &str, summary: &str, source: &str, start: impl Recurrence<1>) -> Function {
    let call = format!("{name}(x)");
    let spec = series_spec(name, "cumulative", summary, source, &call)
        .with_params(vec![x()])
        .with_stability(Stability::PathDependent);
    over_rows(spec, move |_| Ok(start.clone()))
}

fn since() -> Function {
    let condition = ParamSpec::series(
        "condition",
        "A condition, or a number that counts unless it is 0; a NULL condition is a missing row.",
    );
    let spec: FunctionSpec = series_spec(
        "ts_bars_since",
        "cumulative",
        "Rows since a condition was last true, 0 on such a row, as a double; NULL before the first.",
        "t - max(s <= t where the condition is true); barssince of TradingView",
        "ts_bars_since(x > 4)",
    )
    .with_params(vec![condition])
    .with_stability(Stability::PathDependent);
    over_rows(spec, |_| Ok(RowsSince::default()))
}
