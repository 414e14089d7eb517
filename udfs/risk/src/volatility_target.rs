//! `volatility_target`: the weight that gives a position the wanted volatility.
//!
//! `weight = min(target / volatility, max_leverage)`, never negative: multiply it by the direction
//! of the signal. NULL where the volatility is missing, 0 or negative. A measured volatility of 0
//! means a stale or flat price and not a safe one, so the answer is "unknown" and not the largest
//! position allowed.
//!
//! Source: Moreira and Muir, "Volatility-Managed Portfolios", Journal of Finance 72 (2017),
//! pp. 1611-1644, with last period's volatility as the estimate.

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::series::to_array;
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, ParamValue,
    QlError,
};
use std::sync::Arc;

const NAME: &str = "volatility_target";

/// Sizes a position; `target` and `max_leverage` are not negative. NaN when `volatility` is no
/// positive, finite number.
pub fn volatility_target(volatility: f64, target: f64, max_leverage: f64) -> f64 {
    if volatility > 0.0 && volatility.is_finite() {
        (target / volatility).min(max_leverage)
    } else {
        f64::NAN
    }
}

pub(crate) fn function() -> Function {
    let number = |name: &str, max: f64, default: f64, doc: &str| {
        let kind = ParamKind::Number { min: 0.0, max };
        ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
    };
    let spec = FunctionSpec::new(
        NAME,
        "risk",
        Kind::Scalar,
        "Position weight target / volatility, at most max_leverage; NULL where the volatility is missing or not above 0",
    )
    .with_params(vec![
        ParamSpec::series(
            "volatility",
            "expected volatility per year as a fraction, such as volatility(ret) over past rows",
        ),
        number("target", 100.0, 0.10, "wanted volatility per year as a fraction: 0.1 is 10 %"),
        number("max_leverage", 1000.0, 1.0, "largest weight; 1 is fully invested without credit"),
    ])
    .with_source("Moreira and Muir 2017")
    .with_example(
        "SELECT v, round(volatility_target(v, 0.1, 1.5), 4) AS weight \
         FROM (VALUES (0.05), (0.2), (0.4), (NULL)) AS t(v) ORDER BY v",
        "0.05,1.5\n0.2,0.5\n0.4,0.25\n,",
    );
    scalar_function(spec, Volatility::Immutable, Arc::new(run))
}

fn run(args: &Args, columns: &[ArrayRef], _n_rows: usize) -> Result<ArrayRef, QlError> {
    let target = args.number("target")?;
    let max_leverage = args.number("max_leverage")?;
    let volatilities = columns
        .first()
        .and_then(|c| c.as_primitive_opt::<Float64Type>())
        .ok_or_else(|| {
            QlError::internal(format!(
                "{NAME}: `volatility` was not cast to double precision"
            ))
        })?;
    let weights = volatilities
        .iter()
        .map(|v| volatility_target(v.unwrap_or(f64::NAN), target, max_leverage))
        .collect();
    Ok(to_array(&Output::Value(OutputType::Float), vec![weights]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_the_volatility_takes_half_the_position() {
        assert_eq!(volatility_target(0.2, 0.1, 1.0), 0.5);
        assert_eq!(volatility_target(0.4, 0.1, 1.0), 0.25);
    }

    #[test]
    fn the_leverage_cap_holds_even_where_the_quotient_overflows() {
        assert_eq!(volatility_target(0.05, 0.1, 1.5), 1.5);
        assert_eq!(volatility_target(f64::MIN_POSITIVE, 100.0, 2.0), 2.0);
    }

    #[test]
    fn no_volatility_gives_no_position() {
        for volatility in [0.0, -0.2, f64::NAN, f64::INFINITY] {
            assert!(volatility_target(volatility, 0.1, 1.0).is_nan());
        }
    }
}
