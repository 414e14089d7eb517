//! Result columns.

use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};
use std::sync::Arc;

/// A column of doubles; what is not finite is unknown, so NULL.
pub fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let values: Vec<f64> = values.into_iter().collect();
    // Mostly everything is known: looking at all of them first is quicker than bit by bit.
    let is_known = values.iter().fold(true, |all, v| all & v.is_finite());
    let known = (!is_known).then(|| {
        let bits = BooleanBuffer::collect_bool(values.len(), |i| values[i].is_finite());
        NullBuffer::new(bits)
    });
    Arc::new(Float64Array::new(values.into(), known))
}

/// A column of whole numbers.
pub fn integers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

/// A column of times, in nanoseconds.
pub fn times(values: Vec<i64>) -> ArrayRef {
    Arc::new(TimestampNanosecondArray::from(values))
}

/// A column of texts.
pub fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

/// Amounts of money as fractions of the equity, NaN where that is not above 0.
pub fn over(money: f64, equity: f64) -> f64 {
    if equity > 0.0 {
        money / equity
    } else {
        f64::NAN
    }
}
