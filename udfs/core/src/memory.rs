//! How much memory rows take.

use datafusion::arrow::array::{Array, RecordBatch};

/// Bytes of the rows of a batch; a slice of a larger batch counts with its own rows only.
pub(crate) fn memory_of(batch: &RecordBatch) -> usize {
    let columns = batch.columns().iter();
    columns
        .map(|column| {
            let of_slice = column.to_data().get_slice_memory_size();
            of_slice.unwrap_or_else(|_| column.get_array_memory_size())
        })
        .sum()
}
