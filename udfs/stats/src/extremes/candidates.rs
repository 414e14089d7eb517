//! Which of two rows wins, and the winner of a batch.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, make_comparator};
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{DataType, Float32Type, Float64Type};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use quantlake_core::QlError;
use std::cmp::Ordering;

/// Which end of the order is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Largest,
    Smallest,
}

/// A row: what is returned, and what is compared.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) value: ScalarValue,
    pub(super) by: ScalarValue,
}

impl Side {
    fn prefers(self, by: Ordering, value: Ordering) -> bool {
        let wanted = match self {
            Self::Largest => Ordering::Greater,
            Self::Smallest => Ordering::Less,
        };
        by == wanted || (by == Ordering::Equal && value == Ordering::Less)
    }

    /// Whether a row takes the place of another.
    pub(super) fn is_better(self, new: &Candidate, old: &Candidate) -> bool {
        let order = |a: &ScalarValue, b: &ScalarValue| a.partial_cmp(b).unwrap_or(Ordering::Equal);
        self.prefers(order(&new.by, &old.by), order(&new.value, &old.value))
    }

    /// The winner of a batch of rows; `None` when all are missing.
    pub(super) fn best(self, columns: &Columns) -> Result<Option<Candidate>> {
        let by = make_comparator(columns.by, columns.by, SortOptions::default())?;
        let value = make_comparator(columns.value, columns.value, SortOptions::default())?;
        let mut best: Option<usize> = None;
        for row in (0..columns.value.len()).filter(|&row| columns.is_present(row)) {
            let is_better = best.is_none_or(|b| self.prefers(by(row, b), value(row, b)));
            if is_better {
                best = Some(row);
            }
        }
        best.map(|row| columns.candidate(row)).transpose()
    }
}

/// The two columns of a call.
pub(super) struct Columns<'a> {
    value: &'a ArrayRef,
    by: &'a ArrayRef,
}

impl<'a> Columns<'a> {
    pub(super) fn of(columns: &'a [ArrayRef]) -> Result<Self> {
        match columns {
            [value, by, ..] => Ok(Self { value, by }),
            _ => Err(QlError::internal("arg_max takes two columns").into()),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.value.len()
    }

    /// Whether both columns have a value, which NaN and infinities are not.
    pub(super) fn is_present(&self, row: usize) -> bool {
        is_known(self.value, row) && is_known(self.by, row)
    }

    pub(super) fn candidate(&self, row: usize) -> Result<Candidate> {
        Ok(Candidate {
            value: ScalarValue::try_from_array(self.value, row)?,
            by: ScalarValue::try_from_array(self.by, row)?,
        })
    }
}

fn is_known(column: &ArrayRef, row: usize) -> bool {
    column.is_valid(row)
        && match column.data_type() {
            DataType::Float64 => column.as_primitive::<Float64Type>().value(row).is_finite(),
            DataType::Float32 => column.as_primitive::<Float32Type>().value(row).is_finite(),
            _ => true,
        }
}
