//! Position sizes: how much to hold, given what can be lost.
//!
//! Row by row: [`fixed_fractional`], [`percent_of_equity`], [`atr_units`], [`fixed_ratio`],
//! [`kelly`]. Over trades or returns: [`kelly_fraction`], [`optimal_f`]. Along an equity curve:
//! [`drawdown_scale`]. `volatility_target` is with the risk functions.

pub mod atr_units;
pub mod drawdown_scale;
pub mod fixed_fractional;
pub mod fixed_ratio;
pub mod growth;
pub mod kelly;
pub mod kelly_fraction;
pub mod optimal_f;
pub mod percent_of_equity;

use crate::FAMILY;
use crate::options::number;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::scalar_function;
use quantlake_core::series::to_array;
use quantlake_core::{Args, Function, FunctionSpec, Kind, Output, OutputType, ParamSpec, QlError};
use std::sync::Arc;

/// The sizing functions.
pub fn functions() -> Vec<Function> {
    vec![
        fixed_fractional::function(),
        percent_of_equity::function(),
        atr_units::function(),
        fixed_ratio::function(),
        kelly::bet(),
        kelly::leverage(),
        kelly_fraction::function(),
        optimal_f::function(),
        drawdown_scale::function(),
    ]
}

/// One row of a sizing function, made from its constants: values in the order of the series, NaN
/// for missing ones; NaN for an unknown size.
type Sizer = Box<dyn Fn(&[f64]) -> f64>;

/// Joins a spec and a way to make the kernel to a row-wise function.
fn row_wise(spec: FunctionSpec, make: fn(&Args) -> Result<Sizer, QlError>) -> Function {
    let name = spec.name.clone();
    scalar_function(
        spec,
        Volatility::Immutable,
        Arc::new(move |args, columns, n_rows| {
            let sizer = make(args)?;
            let columns = columns
                .iter()
                .map(|c| c.as_primitive_opt::<Float64Type>())
                .collect::<Option<Vec<_>>>()
                .ok_or_else(|| {
                    QlError::internal(format!("{name}: a series was not cast to double precision"))
                })?;
            let mut row = vec![f64::NAN; columns.len()];
            let sizes = (0..n_rows).map(|i| {
                for (value, column) in row.iter_mut().zip(&columns) {
                    *value = if column.is_valid(i) {
                        column.value(i)
                    } else {
                        f64::NAN
                    };
                }
                if row.iter().all(|v| v.is_finite()) {
                    sizer(&row)
                } else {
                    f64::NAN
                }
            });
            Ok(to_array(
                &Output::Value(OutputType::Float),
                vec![sizes.collect()],
            ))
        }),
    )
}

fn scalar_spec(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, FAMILY, Kind::Scalar, summary)
}

fn equity() -> ParamSpec {
    ParamSpec::series("equity", "value of the account, in money")
}

fn risk() -> ParamSpec {
    number(
        "risk",
        0.0,
        1.0,
        0.01,
        "share of the equity that may be lost: 0.01 is 1 %",
    )
}

fn fraction() -> ParamSpec {
    number(
        "fraction",
        0.0,
        1.0,
        1.0,
        "share of the full Kelly size: 0.5 is half Kelly",
    )
}

fn point_value() -> ParamSpec {
    number(
        "point_value",
        1e-9,
        1e9,
        1.0,
        "money per unit for a price change of 1: 1 for shares, 50 for an E-mini S&P future",
    )
}

fn lot() -> ParamSpec {
    number(
        "lot",
        0.0,
        1e12,
        0.0,
        "sizes are rounded toward 0 to multiples of this; 0 leaves fractions",
    )
}

/// Rounds toward zero to whole lots; 0 leaves fractions.
pub fn whole_lots(units: f64, lot: f64) -> f64 {
    if lot > 0.0 {
        (units / lot).trunc() * lot
    } else {
        units
    }
}
