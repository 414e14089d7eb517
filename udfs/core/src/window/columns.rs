//! The numbers of the arguments over the rows that the operator holds.

use crate::error::QlError;
use crate::series::to_numbers;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array};
use datafusion::error::Result;
use std::collections::HashMap;
use std::ops::Range;

/// One argument: a number for every row held, NaN where it is NULL, NaN or infinite.
#[derive(Debug, Default)]
pub struct ArgumentColumn {
    values: Vec<f64>,
    /// The numbers given to the texts of a grouping argument.
    groups: HashMap<Box<str>, f64>,
}

impl ArgumentColumn {
    /// Adds the values of the next batch.
    ///
    /// # Errors
    /// XX000 for a type that arguments are never cast to.
    pub fn append(&mut self, array: &ArrayRef) -> Result<()> {
        let start = self.values.len();
        if let Some(texts) = array.as_string_view_opt() {
            for text in texts {
                let number = text.map_or(f64::NAN, |t| self.group(t));
                self.values.push(number);
            }
            return Ok(());
        }
        let numbers: Float64Array = to_numbers(array)?;
        self.values.extend_from_slice(numbers.values());
        let added = self
            .values
            .get_mut(start..)
            .ok_or_else(|| QlError::internal("a column lost rows"))?;
        if let Some(nulls) = numbers.nulls().filter(|n| n.null_count() > 0) {
            for (value, is_valid) in added.iter_mut().zip(nulls) {
                if !is_valid {
                    *value = f64::NAN;
                }
            }
        }
        for value in added {
            if value.is_infinite() {
                *value = f64::NAN;
            }
        }
        Ok(())
    }

    fn group(&mut self, text: &str) -> f64 {
        if let Some(number) = self.groups.get(text) {
            return *number;
        }
        let number = self.groups.len() as f64;
        self.groups.insert(text.into(), number);
        number
    }

    /// The values of some rows; rows that are not held are left out.
    pub fn rows(&self, range: Range<usize>) -> &[f64] {
        self.values.get(range).unwrap_or_default()
    }

    /// Forgets the first rows.
    pub fn drop_front(&mut self, n_rows: usize) {
        self.values.drain(..n_rows.min(self.values.len()));
        if self.values.is_empty() {
            self.groups.clear();
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        size_of::<f64>() * self.values.capacity()
            + self.groups.keys().map(|k| k.len() + 32).sum::<usize>()
    }
}

/// Whether a slice has only finite numbers; see [`is_complete`] for the blocks.
pub fn is_finite(values: &[f64]) -> bool {
    values
        .chunks(256)
        .all(|block| block.iter().fold(true, |all, v| all & v.is_finite()))
}

/// Whether a slice has no NaN. Blocks without a branch inside let the compiler use wide registers.
pub fn is_complete(values: &[f64]) -> bool {
    values
        .chunks(256)
        .all(|block| !block.iter().fold(false, |any, v| any | v.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::StringViewArray;
    use std::sync::Arc;

    fn numbers(values: &[Option<f64>]) -> ArrayRef {
        Arc::new(values.iter().copied().collect::<Float64Array>())
    }

    #[test]
    fn missing_values_of_any_kind_become_nan() {
        let mut column = ArgumentColumn::default();
        let odd = [Some(1.0), None, Some(f64::INFINITY), Some(f64::NAN)];
        column.append(&numbers(&odd)).expect("numbers");
        assert_eq!(column.rows(0..1), [1.0]);
        assert!(column.rows(1..4).iter().all(|v| v.is_nan()));
        assert!(is_complete(column.rows(0..1)) && !is_complete(column.rows(0..2)));
    }

    #[test]
    fn a_group_keeps_its_number_in_the_next_batch() {
        let mut column = ArgumentColumn::default();
        for texts in [vec![Some("x"), Some("y")], vec![Some("y"), None, Some("x")]] {
            let texts: ArrayRef = Arc::new(texts.into_iter().collect::<StringViewArray>());
            column.append(&texts).expect("texts");
        }
        assert_eq!(column.rows(0..3), [0.0, 1.0, 1.0]);
        assert!(column.rows(3..4)[0].is_nan());
        assert_eq!(column.rows(4..5), [0.0]);
    }

    #[test]
    fn rows_leave_in_front() {
        let mut column = ArgumentColumn::default();
        column
            .append(&numbers(&[Some(1.0), Some(2.0), Some(3.0)]))
            .expect("numbers");
        column.drop_front(2);
        assert_eq!(column.rows(0..1), [3.0]);
    }
}
