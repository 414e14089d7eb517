//! Result columns.

use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
use std::sync::Arc;

/// A column of doubles; what is not finite is unknown, so NULL.
pub fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let known = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}

/// A column of whole numbers.
pub fn integers(values: impl IntoIterator<Item = i64>) -> ArrayRef {
    Arc::new(values.into_iter().map(Some).collect::<Int64Array>())
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
