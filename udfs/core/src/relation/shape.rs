//! Any query in the shape that a function reads: its columns by name, cast to the kernel's types.

use super::{InputColumn, InputType, RelationFunction};
use crate::error::{QlError, SqlState};
use crate::spec::default_time_type;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast, lit};
use std::sync::Arc;

/// What messages call a query: the first one, or the parameter that holds it.
const FIRST: &str = "the query";

/// The first query of a call, in shape.
pub(super) struct Shaped {
    /// Key columns ([`key_name`]), then the function's.
    pub(super) plan: LogicalPlan,
    /// The columns of the result: keys under their own names, then the function's.
    pub(super) result: SchemaRef,
}

/// The name of the n-th key column in a shaped query; no column of a function is called so.
pub(super) fn key_name(n: usize) -> String {
    format!("key {n}")
}

/// Shapes the first query of a call.
///
/// # Errors
/// 42703 for a missing column, 42804 for one of the wrong type.
pub(super) fn first(
    function: &RelationFunction,
    input: LogicalPlan,
    keys: &[String],
) -> Result<Shaped> {
    let mut exprs = Vec::new();
    let mut fields = Vec::new();
    for (n, key) in keys.iter().enumerate() {
        let (column, ty) = find_column(&input, key)
            .ok_or_else(|| missing_column(function, FIRST, key, &function.columns, &input))?;
        exprs.push(Expr::Column(column).alias(key_name(n)));
        fields.push(Arc::new(Field::new(key, ty, true)));
    }
    let (columns, time) = read(function, FIRST, &function.columns, &input)?;
    exprs.extend(columns);
    let result = function.output_schema(&time);
    fields.extend(result.fields().iter().cloned());
    Ok(Shaped {
        plan: LogicalPlanBuilder::from(input).project(exprs)?.build()?,
        result: Arc::new(Schema::new(fields)),
    })
}

/// Shapes another query of a call.
///
/// # Errors
/// 42703 for a missing column, 42804 for one of the wrong type.
pub(super) fn other(
    function: &RelationFunction,
    param: &str,
    columns: &[InputColumn],
    input: LogicalPlan,
) -> Result<LogicalPlan> {
    let (exprs, _) = read(function, &format!("`{param}`"), columns, &input)?;
    LogicalPlanBuilder::from(input).project(exprs)?.build()
}

/// The columns a function reads of a query; also the type of its times, which the result keeps.
fn read(
    function: &RelationFunction,
    query: &str,
    columns: &[InputColumn],
    input: &LogicalPlan,
) -> Result<(Vec<Expr>, DataType)> {
    let mut time = default_time_type();
    let mut exprs = Vec::new();
    for column in columns {
        let expr = match find_column(input, &column.name) {
            Some((found, ty)) if column.ty.accepts(&ty) => {
                if column.ty == InputType::Time && matches!(ty, DataType::Timestamp(..)) {
                    time = ty.clone();
                }
                cast(Expr::Column(found), column.ty.data_type())
            }
            Some((_, ty)) => return Err(wrong_type(function, column, &ty).into()),
            None if column.required => {
                return Err(missing_column(function, query, &column.name, columns, input).into());
            }
            None => cast(lit(ScalarValue::Null), column.ty.data_type()),
        };
        exprs.push(expr.alias(&column.name));
    }
    Ok((exprs, time))
}

fn wrong_type(function: &RelationFunction, column: &InputColumn, found: &DataType) -> QlError {
    QlError::new(
        SqlState::DatatypeMismatch,
        format!(
            "{}: column `{}` must be {}, found type {found}",
            function.spec.name,
            column.name,
            column.ty.wanted()
        ),
    )
}

fn find_column(input: &LogicalPlan, name: &str) -> Option<(Column, DataType)> {
    let mut fields = input.schema().iter();
    let (qualifier, field) = fields.find(|(_, f)| f.name().eq_ignore_ascii_case(name))?;
    let column = Column::new(qualifier.cloned(), field.name());
    Some((column, field.data_type().clone()))
}

fn missing_column(
    function: &RelationFunction,
    query: &str,
    name: &str,
    columns: &[InputColumn],
    input: &LogicalPlan,
) -> QlError {
    let fields = input.schema().fields().iter();
    let given: Vec<_> = fields.map(|f| f.name().as_str()).collect();
    let wanted = |c: &InputColumn| match c.required {
        true => c.name.clone(),
        false => format!("[{}]", c.name),
    };
    let wanted: Vec<_> = columns.iter().map(wanted).collect();
    QlError::new(
        SqlState::UndefinedColumn,
        format!(
            "{}: {query} has no column `{name}`; it has {}",
            function.spec.name,
            given.join(", ")
        ),
    )
    .with_hint(format!("The columns read are {}", wanted.join(", ")))
}
