//! Reading the batch that the scalar adapter hands over.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::arrow::datatypes::Float64Type;
use quantlake_core::QlError;

/// The per-row argument at a position, as doubles.
///
/// # Errors
/// XX000 when the adapter did not cast it, which is our mistake.
pub(crate) fn doubles<'a>(
    function: &str,
    columns: &'a [ArrayRef],
    position: usize,
) -> Result<&'a Float64Array, QlError> {
    columns
        .get(position)
        .and_then(|c| c.as_primitive_opt::<Float64Type>())
        .ok_or_else(|| {
            QlError::internal(format!(
                "{function}: argument {position} was not cast to double precision"
            ))
        })
}

/// The value of a row; NaN for NULL and for an infinity, which count as missing too.
pub(crate) fn value_or_nan(column: &Float64Array, row: usize) -> f64 {
    if column.is_valid(row) && column.value(row).is_finite() {
        column.value(row)
    } else {
        f64::NAN
    }
}
