//! `squash`: any number to a score, `tanh(x / scale)`.
//!
//! Turns a z-score or a forecast return into a score for `fuse`: 0 stays 0, x = scale gives 0.76,
//! and extremes approach -1 and 1. A missing x gives NULL.

use crate::columns::{doubles, value_or_nan};
use datafusion::arrow::array::ArrayRef;
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::series::to_array;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, ParamValue,
    QlError,
};
use std::sync::Arc;

const NAME: &str = "squash";
/// Smaller scales would turn every price into -1 or 1.
const MIN_SCALE: f64 = 1e-12;

/// Brings a number to (-1, 1); `scale` is greater than 0 and in the unit of `x`. NaN stays NaN.
pub fn squash(x: f64, scale: f64) -> f64 {
    (x / scale).tanh()
}

pub(crate) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        "signals",
        Kind::Scalar,
        "Score tanh(x / scale) from -1 to 1 for an unbounded number such as a z-score or an expected return",
    )
    .with_params(vec![
        ParamSpec::series("x", "any number"),
        ParamSpec::optional(
            "scale",
            ParamKind::Number {
                min: MIN_SCALE,
                max: f64::INFINITY,
            },
            ParamValue::Number(1.0),
            "the x that scores 0.76, in the unit of x",
        ),
    ])
    .with_source("hyperbolic tangent")
    .with_example(
        "SELECT x, round(squash(x, 2.0), 4) AS score \
         FROM (VALUES (-4.0), (0.0), (1.0), (20.0)) AS v(x) ORDER BY x",
        "-4.0,-0.964\n0.0,0.0\n1.0,0.4621\n20.0,1.0",
    );
    scalar_function(spec, Volatility::Immutable, Arc::new(run))
}

fn run(args: &Args, columns: &[ArrayRef], n_rows: usize) -> Result<ArrayRef, QlError> {
    let scale = args.number("scale")?;
    let values = doubles(NAME, columns, 0)?;
    let scores = (0..n_rows)
        .map(|row| squash(value_or_nan(values, row), scale))
        .collect();
    Ok(to_array(&Output::Value(OutputType::Float), vec![scores]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_stays_and_extremes_reach_the_ends() {
        assert_eq!(squash(0.0, 3.0), 0.0);
        assert_eq!(squash(f64::MAX, 1e-12), 1.0);
        assert_eq!(squash(-f64::MAX, 1e-12), -1.0);
        assert!(squash(f64::NAN, 1.0).is_nan());
    }

    #[test]
    fn only_the_ratio_to_the_scale_matters() {
        assert_eq!(squash(3.0, 6.0), squash(0.5, 1.0));
    }
}
