//! `signed_power`, `clip`, `rel_change`: row-wise steps of alphas that SQL lacks.

use datafusion::arrow::array::{Array, ArrayRef, Float64Array};
use datafusion::logical_expr::Volatility;
use quantlake_core::scalar::{ScalarKernel, scalar_function};
use quantlake_core::series::{to_array, to_numbers};
use quantlake_core::{
    Args, Function, FunctionSpec, Kind, Output, OutputType, ParamKind, ParamSpec, ParamValue,
    QlError,
};
use std::sync::Arc;

/// `sign(x) |x|^a`; NaN where that is no number.
pub fn signed_power(x: f64, a: f64) -> f64 {
    // The sign of a double zero is 1, and 0^0 is 1: the product of both would not be 0.
    if x == 0.0 && a == 0.0 {
        return 0.0;
    }
    x.abs().powf(a).copysign(x)
}

/// The nearest number to x between low and high; a bound that is NaN does not bind. NaN where
/// `low` is above `high`.
pub fn clip(x: f64, low: f64, high: f64) -> f64 {
    if low > high {
        return f64::NAN;
    }
    // max and min give the other number for a NaN; x itself must not be replaced.
    if x.is_nan() { x } else { x.max(low).min(high) }
}

/// `new / old - 1`; NaN where `old` is 0.
pub fn rel_change(new: f64, old: f64) -> f64 {
    (new - old) / old
}

pub(crate) fn functions() -> Vec<Function> {
    let bound =
        |name: &str, doc: &str| ParamSpec::optional(name, ParamKind::Series, ParamValue::Null, doc);
    vec![
        row_wise(
            spec(
                "signed_power",
                "Power of the absolute value with the sign of the number: signed_power(-3, 2) is -9.",
                "sign(x) * |x|^a; signedpower of Kakushadze, 101 Formulaic Alphas (2016)",
                "SELECT signed_power(-3, 2) AS square, signed_power(-4, 0.5) AS root",
            )
            .with_params(vec![
                ParamSpec::series("x", "Any number."),
                ParamSpec::series("a", "Exponent."),
            ]),
            |row| signed_power(row[0], row[1]),
        ),
        row_wise(
            spec(
                "clip",
                "The nearest number between two bounds; a bound that is NULL does not bind, and bounds that cross give NULL.",
                "min(max(x, low), high); pandas Series.clip",
                "SELECT clip(7, 0, 5) AS above, clip(-7, 0, 5) AS below, clip(7, low => 0) AS half_open",
            )
            .with_params(vec![
                ParamSpec::series("x", "Any number."),
                bound("low", "Lower bound."),
                bound("high", "Upper bound."),
            ]),
            |row| clip(row[0], row[1], row[2]),
        ),
        row_wise(
            spec(
                "rel_change",
                "Change from one number to another as a fraction (0.01 is 1 %); NULL where the old one is 0.",
                "new / old - 1",
                "SELECT rel_change(102, 100) AS change, rel_change(1, 0) AS unknown",
            )
            .with_params(vec![
                ParamSpec::series("new", "The later number."),
                ParamSpec::series("old", "The earlier number."),
            ]),
            |row| rel_change(row[0], row[1]),
        ),
    ]
}

fn spec(name: &str, summary: &str, source: &str, example: &str) -> FunctionSpec {
    FunctionSpec::new(name, "math", Kind::Scalar, summary)
        .with_source(source)
        .with_example(example, "")
}

/// A function of the arguments of one row, of which missing ones are NaN; absent ones too.
fn row_wise(spec: FunctionSpec, value: fn([f64; 3]) -> f64) -> Function {
    let kernel = move |_: &Args, columns: &[ArrayRef], n_rows: usize| {
        let columns: Vec<Float64Array> = columns
            .iter()
            .map(to_numbers)
            .collect::<Result<_, QlError>>()?;
        let argument = |i: usize, row: usize| match columns.get(i) {
            Some(c) if c.is_valid(row) && c.value(row).is_finite() => c.value(row),
            _ => f64::NAN,
        };
        let values = (0..n_rows).map(|row| value([0, 1, 2].map(|i| argument(i, row))));
        Ok(to_array(
            &Output::Value(OutputType::Float),
            vec![values.collect()],
        ))
    };
    let kernel: ScalarKernel = Arc::new(kernel);
    scalar_function(spec, Volatility::Immutable, kernel)
}
