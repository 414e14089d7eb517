//! `arg_max` and `arg_min`: the value of one column where another is largest or smallest.
//!
//! `last_by(close, ts)` is the close of the latest row and `first_by(open, ts)` the open of the
//! first, whatever order the rows arrive in, so they need no sort. Rows in which either column is
//! missing are left out. Among rows that tie, the smallest value of x wins, which makes the result
//! the same for every order of rows and every split of the work.

mod accumulator;
mod candidates;

use accumulator::{Growing, Sliding};
use candidates::Side;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use quantlake_core::arguments::check_arity;
use quantlake_core::{
    Function, FunctionSpec, Implementation, Kind, ParamKind, ParamSpec, QlError, SqlState,
};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The DataFusion side of `arg_max` and `arg_min`.
struct Extreme {
    spec: Arc<FunctionSpec>,
    signature: Signature,
    side: Side,
}

impl fmt::Debug for Extreme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Extreme")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for Extreme {
    fn eq(&self, other: &Self) -> bool {
        self.side == other.side
    }
}

impl Eq for Extreme {}

impl Hash for Extreme {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

/// Whether values of a type stand in an order that people mean.
fn is_ordered(ty: &DataType) -> bool {
    match ty {
        DataType::Dictionary(_, values) => is_ordered(values),
        DataType::Interval(_) => false,
        _ => ty.is_numeric() || ty.is_temporal() || ty.is_string() || *ty == DataType::Boolean,
    }
}

/// Dictionaries as their values; what has no order is refused.
fn plain_type(spec: &FunctionSpec, param: &ParamSpec, ty: &DataType) -> Result<DataType, QlError> {
    match ty {
        DataType::Dictionary(_, values) => plain_type(spec, param, values),
        DataType::Null => Ok(DataType::Float64),
        _ if is_ordered(ty) => Ok(ty.clone()),
        _ => Err(QlError::new(
            SqlState::UndefinedFunction,
            format!(
                "{}: `{}` must be a number, a text, a time or a boolean, found type {ty}",
                spec.name, param.name
            ),
        )
        .with_hint(format!("The signature is {}", spec.signature()))),
    }
}

impl AggregateUDFImpl for Extreme {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        let ty = given.first().cloned();
        Ok(ty.ok_or_else(|| QlError::internal("a call without arguments"))?)
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        check_arity(&self.spec, given.len())?;
        let params = self.spec.params.iter().zip(given);
        Ok(params
            .map(|(param, ty)| plain_type(&self.spec, param, ty))
            .collect::<Result<_, QlError>>()?)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        AggregateOrderSensitivity::Insensitive
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Growing::new(self.side, args.expr_fields)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(Sliding::new(self.side, args.expr_fields)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let part = |name: &str, field: &FieldRef| {
            let name = format!("{}[{name}]", args.name);
            Arc::new(Field::new(name, field.data_type().clone(), true))
        };
        let names = ["value", "by"].into_iter();
        Ok(names
            .zip(args.input_fields)
            .map(|(name, field)| part(name, field))
            .collect())
    }
}

fn function(name: &str, aliases: [&str; 2], side: Side, what: &str) -> Function {
    let spec = FunctionSpec::new(
        name,
        "statistics",
        Kind::Aggregate,
        &format!("Value of x, of its own type, in the row in which `by` is {what}; of rows that tie, the smallest x"),
    )
    .with_aliases(aliases.map(String::from).to_vec())
    .with_params(vec![
        ParamSpec::required(
            "x",
            ParamKind::Groups,
            "what is returned, of any type that has an order: a number, a text, a time",
        ),
        ParamSpec::required(
            "by",
            ParamKind::Times,
            "what is compared: a time, or any other type that has an order",
        ),
    ])
    .with_lookback("the rows of the group or window frame")
    .with_source("arg_max, arg_min of DuckDB, with a rule for ties")
    .with_example(
        &format!(
            "SELECT {name}(price, day) AS price, {name}(day, price) AS day \
             FROM (VALUES (DATE '2024-01-03', 11.0), (DATE '2024-01-01', 12.0), (DATE '2024-01-02', 10.0)) AS v(day, price)"
        ),
        "",
    );
    let spec = Arc::new(spec);
    let udf = Extreme {
        spec: Arc::clone(&spec),
        signature: Signature::user_defined(Volatility::Immutable),
        side,
    };
    Function {
        spec,
        implementation: Implementation::Aggregate(Arc::new(AggregateUDF::from(udf))),
        check: Arc::new(|_| Ok(())),
    }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        function("arg_max", ["max_by", "last_by"], Side::Largest, "largest"),
        function(
            "arg_min",
            ["min_by", "first_by"],
            Side::Smallest,
            "smallest",
        ),
    ]
}
