//! Collected rows as a kernel reads them.

use datafusion::arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use quantlake_core::relation::{InputType, RelationFunction};
use std::sync::Arc;

/// All columns that a function reads, in its order and types, NULL where the query has none.
///
/// # Errors
/// Those of the casts.
pub fn complete(
    function: &RelationFunction,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> Result<RecordBatch> {
    let rows = concat_batches(schema, batches)?;
    let n_rows = rows.num_rows();
    let column = |ty: InputType, name: &str| -> Result<ArrayRef> {
        match rows.column_by_name(name) {
            Some(found) => Ok(cast(found, &ty.data_type())?),
            None => Ok(new_null_array(&ty.data_type(), n_rows)),
        }
    };
    let columns = function.columns.iter().map(|c| column(c.ty, &c.name));
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::new(function.input_schema()),
        columns.collect::<Result<_>>()?,
        &options,
    )?)
}
