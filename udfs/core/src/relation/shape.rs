//! Any query in the shape that a function reads: those of its columns that the query has, by name.
//!
//! They keep their types, because a cast would hide from the planner how the rows are sorted, and
//! columns that are not there would only be carried along: [`complete`] brings what the operator
//! has collected into the kernel's types.

use super::{Grouping, InputColumn, InputType, RelationFunction};
use crate::error::{QlError, SqlState};
use crate::spec::default_time_type;
use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{cast_with_options, concat};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::format::DEFAULT_CAST_OPTIONS;
use datafusion::common::{Column, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, lit};
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
    if let Grouping::PerKey(key) = &function.grouping
        && find_column(&input, key).is_none()
    {
        exprs.push(lit(ScalarValue::Utf8(None)).alias(key));
    }
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
        match find_column(input, &column.name) {
            Some((found, ty)) if column.ty.accepts(&ty) => {
                if column.ty == InputType::Time && matches!(ty, DataType::Timestamp(..)) {
                    time = ty.clone();
                }
                exprs.push(Expr::Column(found).alias(&column.name));
            }
            Some((_, ty)) => return Err(wrong_type(function, column, &ty).into()),
            None if column.required => {
                return Err(missing_column(function, query, &column.name, columns, input).into());
            }
            None => {}
        }
    }
    Ok((exprs, time))
}

/// Rows of a shaped query as a kernel reads them: all columns of the description, in its order and
/// types, NULL where the query has none.
///
/// # Errors
/// Those of the casts.
pub fn complete(columns: &[InputColumn], rows: &[RecordBatch]) -> Result<RecordBatch> {
    let n_rows = rows.iter().map(RecordBatch::num_rows).sum();
    let mut nulls: Vec<ArrayRef> = Vec::new();
    let mut missing = |ty: &DataType| {
        // One column of NULLs serves for all of its type.
        let made = nulls.iter().find(|c| c.data_type() == ty).cloned();
        made.unwrap_or_else(|| {
            nulls.push(new_null_array(ty, n_rows));
            Arc::clone(&nulls[nulls.len() - 1])
        })
    };
    let mut arrays = Vec::with_capacity(columns.len());
    for column in columns {
        let ty = column.ty.data_type();
        let parts: Option<Vec<_>> = rows
            .iter()
            .map(|rows| Some(rows.column_by_name(&column.name)?.as_ref()))
            .collect();
        arrays.push(match parts.as_deref() {
            None | Some([]) => missing(&ty),
            Some([only]) => cast_with_options(*only, &ty, &DEFAULT_CAST_OPTIONS)?,
            Some(parts) => cast_with_options(&concat(parts)?, &ty, &DEFAULT_CAST_OPTIONS)?,
        });
    }
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    let schema = Arc::new(input_schema(columns));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

/// The columns that a kernel sees.
pub(super) fn input_schema(columns: &[InputColumn]) -> Schema {
    let field = |c: &InputColumn| Field::new(&c.name, c.ty.data_type(), true);
    Schema::new(columns.iter().map(field).collect::<Vec<_>>())
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
