//! From Arrow to the ledger's columns.

use crate::lake::ledger::{ResultTable, Values};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Int64Type, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion::error::Result;

/// The rows of a result as the ledger keeps them.
///
/// # Errors
/// When a value does not fit, as a time beyond the year 294000.
pub fn result_table(
    name: &str,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<ResultTable> {
    let rows = concat_batches(schema, batches)?;
    let mut columns = Vec::with_capacity(rows.num_columns());
    for (field, column) in schema.fields().iter().zip(rows.columns()) {
        columns.push((field.name().clone(), values(column.as_ref())?));
    }
    Ok(ResultTable {
        name: name.to_string(),
        columns,
    })
}

fn values(column: &dyn Array) -> Result<Values> {
    Ok(match column.data_type() {
        ty if ty.is_integer() => {
            let column = cast(column, &DataType::Int64)?;
            Values::Integers(column.as_primitive::<Int64Type>().iter().collect())
        }
        ty if ty.is_numeric() => {
            let column = cast(column, &DataType::Float64)?;
            let known = |v: Option<f64>| v.filter(|v| v.is_finite());
            Values::Numbers(
                column
                    .as_primitive::<Float64Type>()
                    .iter()
                    .map(known)
                    .collect(),
            )
        }
        DataType::Boolean => Values::Flags(column.as_boolean().iter().collect()),
        DataType::Timestamp(_, zone) => {
            let column = cast(
                column,
                &DataType::Timestamp(TimeUnit::Microsecond, zone.clone()),
            )?;
            let times = column.as_primitive::<TimestampMicrosecondType>();
            Values::Times(times.iter().collect())
        }
        DataType::Date32 | DataType::Date64 => {
            let column = cast(column, &DataType::Timestamp(TimeUnit::Microsecond, None))?;
            let times = column.as_primitive::<TimestampMicrosecondType>();
            Values::Times(times.iter().collect())
        }
        _ => {
            let column = cast(column, &DataType::Utf8)?;
            let texts = column.as_string::<i32>().iter();
            Values::Texts(texts.map(|v| v.map(str::to_string)).collect())
        }
    })
}
