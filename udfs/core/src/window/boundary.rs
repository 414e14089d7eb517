//! Where one partition ends and the next begins, in an input sorted by the partition keys.

use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::physical_plan::PhysicalExpr;
use std::sync::Arc;

/// Finds the first rows of partitions, batch after batch.
#[derive(Debug)]
pub struct Boundaries {
    keys: Vec<Arc<dyn PhysicalExpr>>,
    /// The keys of the last row seen.
    last: Option<Vec<ScalarValue>>,
}

impl Boundaries {
    /// Partitions by these keys; without keys there is one partition.
    pub fn new(keys: Vec<Arc<dyn PhysicalExpr>>) -> Self {
        Self { keys, last: None }
    }

    /// The rows of a batch at which a new partition begins, without the very first of the input.
    ///
    /// # Errors
    /// Those of evaluating and comparing the keys.
    pub fn starts(&mut self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let n_rows = batch.num_rows();
        if self.keys.is_empty() || n_rows == 0 {
            return Ok(Vec::new());
        }
        let keys: Vec<ArrayRef> = self
            .keys
            .iter()
            .map(|key| key.evaluate(batch)?.into_array(n_rows))
            .collect::<Result<_>>()?;
        let (first, last) = (row(&keys, 0)?, row(&keys, n_rows - 1)?);
        let mut starts = Vec::new();
        if self.last.as_ref().is_some_and(|seen| *seen != first) {
            starts.push(0);
        }
        // Sorted input: a batch that begins and ends with one key holds no other.
        if first != last {
            let runs = datafusion::arrow::compute::partition(&keys)?.ranges();
            starts.extend(runs.iter().skip(1).map(|run| run.start));
        }
        self.last = Some(last);
        Ok(starts)
    }
}

fn row(keys: &[ArrayRef], row: usize) -> Result<Vec<ScalarValue>> {
    keys.iter()
        .map(|key| ScalarValue::try_from_array(key, row))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Int64Array, StringViewArray};
    use datafusion::physical_plan::expressions::Column;

    fn batch(symbols: &[Option<&str>], days: &[i64]) -> RecordBatch {
        let symbols: ArrayRef = Arc::new(symbols.iter().copied().collect::<StringViewArray>());
        let days: ArrayRef = Arc::new(Int64Array::from(days.to_vec()));
        RecordBatch::try_from_iter_with_nullable([("symbol", symbols, true), ("day", days, true)])
            .expect("a batch")
    }

    fn by(columns: &[(&str, usize)]) -> Boundaries {
        Boundaries::new(
            columns
                .iter()
                .map(|(name, i)| Arc::new(Column::new(name, *i)) as Arc<dyn PhysicalExpr>)
                .collect(),
        )
    }

    #[test]
    fn a_partition_may_go_on_in_the_next_batch() {
        let mut boundaries = by(&[("symbol", 0)]);
        let one = batch(&[Some("A"), Some("A"), Some("B")], &[1, 2, 1]);
        let two = batch(&[Some("B"), Some("B")], &[2, 3]);
        let three = batch(&[Some("C")], &[1]);
        assert_eq!(boundaries.starts(&one).expect("starts"), [2]);
        assert!(boundaries.starts(&two).expect("starts").is_empty());
        assert_eq!(boundaries.starts(&three).expect("starts"), [0]);
    }

    #[test]
    fn rows_without_a_key_are_a_partition() {
        let mut boundaries = by(&[("symbol", 0)]);
        let rows = batch(&[None, None, Some("A")], &[1, 2, 1]);
        assert_eq!(boundaries.starts(&rows).expect("starts"), [2]);
    }

    #[test]
    fn every_key_counts() {
        let mut boundaries = by(&[("symbol", 0), ("day", 1)]);
        let rows = batch(&[Some("A"), Some("A"), Some("B")], &[1, 2, 2]);
        assert_eq!(boundaries.starts(&rows).expect("starts"), [1, 2]);
    }

    #[test]
    fn without_keys_there_is_one_partition() {
        let mut boundaries = by(&[]);
        let rows = batch(&[Some("A"), Some("B")], &[1, 2]);
        assert!(boundaries.starts(&rows).expect("starts").is_empty());
    }
}
