//! `cum_sum`, `cum_product`, `cum_min`, `cum_max`, `cum_count`, `ts_bars_since`: from the first
//! row of the partition on.

use crate::describe::{series_spec, x};
use crate::kernel::over_partition;
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};

/// Sums of all rows so far, with what rounding lost carried along (Neumaier 1974).
pub fn cumulative_sum(x: &[f64], out: &mut [f64]) {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for (value, slot) in x.iter().zip(out) {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() {
            (sum - next) + value
        } else {
            (value - next) + sum
        };
        sum = next;
        *slot = sum + lost;
    }
}

/// Writes `step(before, x)` for each row, beginning with `step(first, x)`.
fn accumulate(x: &[f64], first: f64, step: impl Fn(f64, f64) -> f64, out: &mut [f64]) {
    let mut state = first;
    for (value, slot) in x.iter().zip(out) {
        state = step(state, *value);
        *slot = state;
    }
}

/// Products of all rows so far; NaN from where they are too large for a double.
pub fn cumulative_product(x: &[f64], out: &mut [f64]) {
    accumulate(x, 1.0, |product, v| product * v, out);
}

/// Smallest rows so far.
pub fn cumulative_min(x: &[f64], out: &mut [f64]) {
    accumulate(x, f64::INFINITY, f64::min, out);
}

/// Largest rows so far.
pub fn cumulative_max(x: &[f64], out: &mut [f64]) {
    accumulate(x, f64::NEG_INFINITY, f64::max, out);
}

/// Numbers of rows so far.
pub fn cumulative_count(x: &[f64], out: &mut [f64]) {
    accumulate(x, 0.0, |n, _| n + 1.0, out);
}

/// Rows since a condition was last not 0, which is 0 on such a row; rows before the first such
/// row are left as they are.
pub fn bars_since(condition: &[f64], out: &mut [f64]) {
    let mut since = None;
    for (is_true, slot) in condition.iter().zip(out) {
        since = match since {
            _ if *is_true != 0.0 => Some(0.0),
            before => before.map(|n: f64| n + 1.0),
        };
        if let Some(n) = since {
            *slot = n;
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        cumulative(
            "cum_sum",
            "Sum of all rows so far, in the unit of `x`.",
            "x[0] + ... + x[t], with the compensation of Neumaier (1974); pandas Series.cumsum",
            cumulative_sum,
        ),
        cumulative(
            "cum_product",
            "Product of all rows so far; NULL where it is too large for a double.",
            "x[0] * ... * x[t]; pandas Series.cumprod",
            cumulative_product,
        ),
        cumulative(
            "cum_min",
            "Smallest value so far, in the unit of `x`.",
            "min(x[0], ..., x[t]); pandas Series.cummin",
            cumulative_min,
        ),
        cumulative(
            "cum_max",
            "Largest value so far, in the unit of `x`.",
            "max(x[0], ..., x[t]); pandas Series.cummax",
            cumulative_max,
        ),
        cumulative(
            "cum_count",
            "Number of rows so far, missing ones left out, as a double.",
            "t + 1; pandas Series.expanding().count()",
            cumulative_count,
        ),
        since(),
    ]
}

fn cumulative(name: &str, summary: &str, source: &str, kernel: fn(&[f64], &mut [f64])) -> Function {
    let call = format!("{name}(x)");
    let spec = series_spec(name, "cumulative", summary, source, &call)
        .with_params(vec![x()])
        .with_stability(Stability::PathDependent);
    over_partition(spec, move |_| Ok(kernel))
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
    over_partition(spec, |_| Ok(bars_since))
}
