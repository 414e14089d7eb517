//! A sorted Parquet file, as far as its key column is known.
//!
//! The footer tells between which keys each row group lies. Which row of a row group a key begins
//! at is found by decoding the key column of that row group once.

use super::keys::{Key, KeyOrder};
use super::runs::Runs;
use datafusion::arrow::array::Array;
use datafusion::common::{Result as DfResult, exec_datafusion_err, exec_err};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::file::metadata::RowGroupMetaData;
use std::fs::File;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// Rows decoded at a time.
const BATCH_ROWS: usize = 1 << 14;

/// Which of two places around a key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Where the key begins.
    Before,
    /// Where it ends.
    After,
}

impl Side {
    fn is_reached(self, at: &Key, key: &Key) -> bool {
        match self {
            Self::Before => at >= key,
            Self::After => at > key,
        }
    }
}

/// A file that is sorted by its key column.
#[derive(Debug)]
pub(super) struct SortedFile {
    path: PathBuf,
    metadata: ArrowReaderMetadata,
    column: usize,
    order: KeyOrder,
    groups: Vec<Group>,
}

/// A row group: its rows, and bounds of its keys where the footer has them.
#[derive(Debug)]
struct Group {
    rows: Range<usize>,
    min: Option<Key>,
    max: Option<Key>,
    runs: OnceLock<Arc<Runs>>,
}

impl SortedFile {
    /// The file behind a footer; `column` is the key's place among the file's own columns.
    ///
    /// # Errors
    /// When the footer cannot be understood.
    pub(super) fn new(
        path: PathBuf,
        metadata: ArrowReaderMetadata,
        column: usize,
        order: KeyOrder,
    ) -> DfResult<Self> {
        let bounds = bounds(&metadata, column, &order)?;
        let mut groups = Vec::with_capacity(bounds.len());
        let mut first = 0;
        for (group, (min, max)) in metadata.metadata().row_groups().iter().zip(bounds) {
            let end = first + n_rows(group)?;
            groups.push(Group {
                rows: first..end,
                min,
                max,
                runs: OnceLock::new(),
            });
            first = end;
        }
        Ok(Self {
            path,
            metadata,
            column,
            order,
            groups,
        })
    }

    /// Rows in all.
    pub(super) fn n_rows(&self) -> usize {
        self.groups.last().map_or(0, |group| group.rows.end)
    }

    /// How many keys are held in memory.
    pub(super) fn n_known_keys(&self) -> usize {
        let known = self.groups.iter().filter_map(|group| group.runs.get());
        known.map(|runs| runs.n_keys()).sum()
    }

    /// The row at which a key begins or ends; where it would, when no row has it.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn row_of(&self, key: &Key, side: Side) -> DfResult<usize> {
        for (index, group) in self.groups.iter().enumerate() {
            let reached = |bound: &Key| side.is_reached(bound, key);
            if group.max.as_ref().is_some_and(|max| !reached(max)) {
                continue;
            }
            if group.min.as_ref().is_some_and(reached) {
                return Ok(group.rows.start);
            }
            if let Some(row) = self.runs(index)?.first_row(reached) {
                return Ok(group.rows.start + row);
            }
        }
        Ok(self.n_rows())
    }

    /// The key of a row; none behind the last row.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn key_at(&self, row: usize) -> DfResult<Option<Key>> {
        let index = self.groups.partition_point(|group| group.rows.end <= row);
        let Some(group) = self.groups.get(index) else {
            return Ok(None);
        };
        let runs = self.runs(index)?;
        Ok(runs.key_at(row - group.rows.start).cloned())
    }

    /// Each key with its rows, in order.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn key_rows(&self) -> DfResult<Vec<(Key, Range<usize>)>> {
        let mut found: Vec<(Key, Range<usize>)> = Vec::new();
        for (index, group) in self.groups.iter().enumerate() {
            let start = group.rows.start;
            for (key, rows) in self.runs(index)?.iter() {
                let rows = start + rows.start..start + rows.end;
                match found.last_mut() {
                    Some((last, before)) if last == key => before.end = rows.end,
                    _ => found.push((Arc::clone(key), rows)),
                }
            }
        }
        Ok(found)
    }

    /// The row groups, each as the key that it begins with, or a lower bound of it, and its rows.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn group_starts(&self) -> DfResult<Vec<(Key, Range<usize>)>> {
        let mut starts = Vec::with_capacity(self.groups.len());
        for (index, group) in self.groups.iter().enumerate() {
            let first = match &group.min {
                Some(min) => Some(Arc::clone(min)),
                None => self.runs(index)?.key_at(0).cloned(),
            };
            starts.extend(first.map(|key| (key, group.rows.clone())));
        }
        Ok(starts)
    }

    fn runs(&self, index: usize) -> DfResult<Arc<Runs>> {
        let Some(group) = self.groups.get(index) else {
            return exec_err!("no row group {index}");
        };
        if let Some(known) = group.runs.get() {
            return Ok(Arc::clone(known));
        }
        let runs = match (&group.min, &group.max) {
            (Some(min), Some(max)) if min == max => {
                Runs::of_one_key(Arc::clone(min), group.rows.len())
            }
            _ => self.decode(index)?,
        };
        if runs.n_rows() != group.rows.len() {
            return exec_err!("row group {index} has other rows than its footer says");
        }
        Ok(Arc::clone(group.runs.get_or_init(|| Arc::new(runs))))
    }

    fn decode(&self, index: usize) -> DfResult<Runs> {
        let file = File::open(&self.path)?;
        let builder =
            ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone());
        let mask = ProjectionMask::roots(builder.parquet_schema(), [self.column]);
        let reader = builder
            .with_projection(mask)
            .with_row_groups(vec![index])
            .with_batch_size(BATCH_ROWS)
            .build()?;
        let mut runs = Runs::default();
        for batch in reader {
            let batch = batch?;
            let [values] = batch.columns() else {
                return exec_err!("the key column is not there");
            };
            runs.extend(values, &self.order)?;
        }
        Ok(runs)
    }
}

fn n_rows(group: &RowGroupMetaData) -> DfResult<usize> {
    usize::try_from(group.num_rows())
        .map_err(|_| exec_datafusion_err!("a row group has {} rows", group.num_rows()))
}

type Bounds = (Option<Key>, Option<Key>);

/// Bounds of each row group's keys. Statistics leave NULLs out, so a row group that may have some
/// has no bounds.
fn bounds(
    metadata: &ArrowReaderMetadata,
    column: usize,
    order: &KeyOrder,
) -> DfResult<Vec<Bounds>> {
    let schema = metadata.schema();
    let Some(field) = schema.fields().get(column) else {
        return exec_err!("the key column is not there");
    };
    let groups = metadata.metadata().row_groups();
    let converter = StatisticsConverter::try_new(field.name(), schema, metadata.parquet_schema())?
        .with_missing_null_counts_as_zero(false);
    let mins = converter.row_group_mins(groups)?;
    let maxes = converter.row_group_maxes(groups)?;
    let nulls = converter.row_group_null_counts(groups)?;
    let (min_keys, max_keys) = (order.keys(&mins)?, order.keys(&maxes)?);
    let bounds = min_keys.into_iter().zip(max_keys).enumerate();
    Ok(bounds
        .map(|(i, (min, max))| {
            let has_no_nulls = !nulls.is_null(i) && nulls.value(i) == 0;
            let lower = (has_no_nulls && mins.is_valid(i)).then_some(min);
            let upper = (has_no_nulls && maxes.is_valid(i)).then_some(max);
            order.sorted_bounds(lower, upper)
        })
        .collect())
}
