//! The keys of a row group, each with the rows that have it.

use super::keys::{Key, KeyOrder};
use datafusion::arrow::array::{ArrayRef, UInt64Array};
use datafusion::arrow::compute::{partition, take};
use datafusion::common::{Result as DfResult, exec_err};
use std::ops::Range;

/// More keys in one row group than this are no symbols; ranges of such a column are not worth
/// their directory.
const MAX_KEYS: usize = 1 << 16;

/// Runs of equal keys, in order and without gaps, counted from the start of the row group.
#[derive(Debug, Default)]
pub(super) struct Runs {
    keys: Vec<Key>,
    ends: Vec<usize>,
}

impl Runs {
    /// A row group with one key.
    pub(super) fn of_one_key(key: Key, n_rows: usize) -> Self {
        Self {
            keys: vec![key],
            ends: vec![n_rows],
        }
    }

    /// Adds the key column of the next rows.
    ///
    /// # Errors
    /// When the rows are not sorted, or have too many keys.
    pub(super) fn extend(&mut self, values: &ArrayRef, order: &KeyOrder) -> DfResult<()> {
        let offset = self.n_rows();
        let ranges = partition(std::slice::from_ref(values))?.ranges();
        let starts: UInt64Array = ranges.iter().map(|r| Some(r.start as u64)).collect();
        let keys = order.keys(&take(values, &starts, None)?)?;
        for (key, range) in keys.into_iter().zip(ranges) {
            self.push(key, offset + range.end)?;
        }
        Ok(())
    }

    fn push(&mut self, key: Key, end: usize) -> DfResult<()> {
        match self.keys.last() {
            Some(last) if *last > key => {
                return exec_err!("the rows are not in the order that is declared for them");
            }
            Some(last) if *last == key => {
                self.ends.pop();
            }
            _ if self.keys.len() == MAX_KEYS => {
                return exec_err!("a row group has more than {MAX_KEYS} keys");
            }
            _ => self.keys.push(key),
        }
        self.ends.push(end);
        Ok(())
    }

    /// Rows in all.
    pub(super) fn n_rows(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// How many keys there are.
    pub(super) fn n_keys(&self) -> usize {
        self.keys.len()
    }

    /// The first row whose key `is_reached` holds for; it must hold for all later keys too.
    pub(super) fn first_row(&self, is_reached: impl Fn(&Key) -> bool) -> Option<usize> {
        let run = self.keys.partition_point(|key| !is_reached(key));
        (run < self.keys.len()).then(|| self.start(run))
    }

    /// The key of a row.
    pub(super) fn key_at(&self, row: usize) -> Option<&Key> {
        self.keys.get(self.ends.partition_point(|end| *end <= row))
    }

    /// Keys and their rows, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Key, Range<usize>)> {
        self.keys
            .iter()
            .enumerate()
            .zip(&self.ends)
            .map(|((run, key), end)| (key, self.start(run)..*end))
    }

    fn start(&self, run: usize) -> usize {
        match run.checked_sub(1) {
            Some(previous) => self.ends.get(previous).copied().unwrap_or_default(),
            None => 0,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;
    use datafusion::arrow::array::Int32Array;
    use datafusion::arrow::compute::SortOptions;
    use datafusion::arrow::datatypes::DataType;
    use std::sync::Arc;

    fn order() -> KeyOrder {
        KeyOrder::new(&DataType::Int32, SortOptions::default()).unwrap()
    }

    fn column(values: &[i32]) -> ArrayRef {
        Arc::new(Int32Array::from(values.to_vec()))
    }

    #[test]
    fn run_goes_on_from_batch_to_batch() {
        let mut runs = Runs::default();
        for batch in [&[1, 1, 2][..], &[2, 2], &[5]] {
            runs.extend(&column(batch), &order()).unwrap();
        }
        let ranges: Vec<Range<usize>> = runs.iter().map(|(_, range)| range).collect();
        assert_eq!(ranges, [0..2, 2..5, 5..6]);
        let keys = order().keys(&column(&[1, 2, 3, 5, 9])).unwrap();
        let first = |i: usize| runs.first_row(|k| *k >= keys[i]);
        assert_eq!(
            [first(0), first(1), first(2), first(3), first(4)],
            [Some(0), Some(2), Some(5), Some(5), None]
        );
        assert_eq!(runs.key_at(4), Some(&keys[1]));
        assert_eq!(runs.key_at(6), None);
    }

    #[test]
    fn unsorted_rows_are_refused() {
        let mut runs = Runs::default();
        assert!(runs.extend(&column(&[1, 3, 2]), &order()).is_err());
    }
}
