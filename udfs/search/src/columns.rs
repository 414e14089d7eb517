//! Columns of results.

use crate::space::{Axis, Space};
use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::arrow::compute::cast;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use quantlake_core::spec::default_time_type;
use quantlake_core::{OutputField, OutputType};
use std::sync::Arc;

/// A column for each parameter, with its values' type.
pub fn axis_columns(space: &Space) -> impl Iterator<Item = OutputField> {
    let column = |axis: &Axis| OutputField::new(&axis.name, output_type(axis), "parameter");
    space.axes.iter().map(column)
}

/// The values that some combinations have.
///
/// # Errors
/// XX000 when a value is not of its column's type.
pub fn axis_values<'a>(
    space: &Space,
    choices: impl Iterator<Item = &'a [usize]> + Clone,
) -> Result<Vec<ArrayRef>> {
    let columns = space.axes.iter().enumerate().map(|(i, axis)| {
        let values = choices.clone().map(|choice| {
            let value = choice.get(i).and_then(|v| axis.values.get(*v));
            value.cloned().unwrap_or(ScalarValue::Null)
        });
        let ty = output_type(axis).data_type(&default_time_type());
        if choices.clone().next().is_none() {
            return Ok(datafusion::arrow::array::new_empty_array(&ty));
        }
        Ok(cast(&ScalarValue::iter_to_array(values)?, &ty)?)
    });
    columns.collect()
}

/// Numbers, NULL where one is not known.
pub fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    let known = values.map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}

fn output_type(axis: &Axis) -> OutputType {
    let ty = axis.values.first().map(ScalarValue::data_type);
    match ty {
        Some(ty) if ty.is_integer() => OutputType::Integer,
        Some(ty) if ty.is_string() => OutputType::Text,
        Some(datafusion::arrow::datatypes::DataType::Boolean) => OutputType::Flag,
        _ => OutputType::Float,
    }
}
