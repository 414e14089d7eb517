//! A sorted scan, cut into ranges of keys.
//!
//! Partition `i` of the new scan reads, of each file, the rows of the `i`-th range of keys. Files
//! that follow one another form one run; where runs overlap, [`RangeMergeExec`] merges them range
//! by range. All rows of a key are in one partition, which the scan declares as what it is: a
//! partitioning by ranges. A join over it knows that it is no partitioning by hash.

use super::files::sorted_file;
use super::keys::{Key, KeyOrder};
use super::merge::RangeMergeExec;
use super::pick::Pick;
use crate::lake::order;
use datafusion::arrow::compute::SortOptions;
use datafusion::common::stats::Precision;
use datafusion::common::{Result as DfResult, ScalarValue, SplitPoint, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, ParquetRowSelection};
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::parquet::arrow::arrow_reader::RowSelection;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    LexOrdering, Partitioning, PhysicalExpr, PhysicalSortExpr, RangePartitioning,
};
use datafusion::physical_plan::ExecutionPlan;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// A scan of whole files that are each sorted by the same columns.
#[derive(Debug)]
pub(super) struct SortedScan<'a> {
    config: &'a FileScanConfig,
    files: Vec<PartitionedFile>,
    ordering: LexOrdering,
    /// The first sort column, as a column of the table.
    key: Column,
    order: KeyOrder,
}

impl<'a> SortedScan<'a> {
    /// The scan behind a plan node; none when it is not of this kind.
    pub(super) fn of(node: &'a dyn ExecutionPlan) -> Option<Self> {
        let source = node.downcast_ref::<DataSourceExec>()?.data_source();
        let config = source.downcast_ref::<FileScanConfig>()?;
        let is_plain = config.file_source().file_type() == "parquet"
            && config.limit.is_none()
            && config.table_partition_cols().is_empty();
        if !is_plain {
            return None;
        }
        let ordering = config.output_ordering.first()?.clone();
        let first = ordering.first();
        let key = first.expr.downcast_ref::<Column>()?.clone();
        let data_type = config.file_schema().field(key.index()).data_type();
        Some(Self {
            config,
            files: whole_files(&config.file_groups)?,
            order: KeyOrder::new(data_type, first.options)?,
            ordering,
            key,
        })
    }

    /// The first sort column, as a column of the table.
    pub(super) fn key(&self) -> &Column {
        &self.key
    }

    /// Whether a column of the scan's output is the first sort column.
    pub(super) fn is_key(&self, output: &Column) -> bool {
        self.output_column(&self.key)
            .is_some_and(|key| key.index() == output.index())
    }

    /// Whether the first sort column descends, and where its NULLs are.
    pub(super) fn key_options(&self) -> SortOptions {
        self.ordering.first().options
    }

    /// The rows that the scan's predicate leaves, as far as it is about the key.
    pub(super) fn pick(&self) -> Pick {
        let mut pick = Pick::default();
        if let Some(predicate) = self.predicate() {
            self.narrow(&mut pick, &predicate, self.key.name());
        }
        pick
    }

    /// Leaves out keys that a predicate, which knows the key by this name, cannot be true for.
    pub(super) fn narrow(&self, pick: &mut Pick, predicate: &Arc<dyn PhysicalExpr>, key: &str) {
        pick.narrow(predicate, key, &self.order);
    }

    /// What rows must fulfil; whoever reads the scan checks it again, unless the reader does.
    pub(super) fn predicate(&self) -> Option<Arc<dyn PhysicalExpr>> {
        self.config.file_source().filter()
    }

    /// The same scan in at most `n_ranges` ranges of keys; none when no rows are left.
    ///
    /// # Errors
    /// Those of reading the files.
    pub(super) fn in_ranges(
        &self,
        n_ranges: usize,
        pick: &Pick,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let sorted = self
            .files
            .iter()
            .map(|file| sorted_file(self.config, file, &self.key, &self.order))
            .collect::<DfResult<Vec<_>>>()?;
        let cuts = pick.cuts(&sorted, n_ranges)?;
        let mut n_rows = 0;
        let mut ranges = Vec::with_capacity(cuts.len() + 1);
        for i in 0..=cuts.len() {
            let from = i.checked_sub(1).and_then(|before| cuts.get(before));
            let mut slices = Vec::with_capacity(self.files.len());
            for (file, sorted) in self.files.iter().zip(&sorted) {
                let rows = pick.rows(sorted, from, cuts.get(i))?;
                n_rows += rows.iter().map(ExactSizeIterator::len).sum::<usize>();
                slices.extend(slice(file, rows, sorted.n_rows()));
            }
            ranges.push(slices);
        }
        if ranges.iter().any(Vec::is_empty) {
            return Ok(None);
        }
        self.scan(ranges, &cuts, n_rows)
    }

    /// A scan of these slices of files, a list for each range.
    fn scan(
        &self,
        ranges: Vec<Vec<PartitionedFile>>,
        cuts: &[Key],
        n_rows: usize,
    ) -> DfResult<Option<Arc<dyn ExecutionPlan>>> {
        let schema = self.config.file_schema();
        let runs: Vec<Vec<FileGroup>> = ranges
            .into_iter()
            .map(|slices| order::runs(slices, schema, &self.ordering))
            .collect();
        let n_runs: Vec<usize> = runs.iter().map(Vec::len).collect();
        let is_merged = n_runs.iter().any(|n| *n > 1);
        let Some(by_range) = self.partitioning(cuts)? else {
            return Ok(None);
        };
        // Declared even where it says nothing, so that nobody splits the groups again.
        let declared = match is_merged {
            true => Partitioning::UnknownPartitioning(n_runs.iter().sum()),
            false => Partitioning::Range(by_range.clone()),
        };
        let config = FileScanConfigBuilder::from(self.config.clone())
            .with_file_groups(runs.into_iter().flatten().collect())
            .with_output_partitioning(Some(declared))
            .with_statistics(Statistics {
                num_rows: Precision::Exact(n_rows),
                ..Statistics::new_unknown(schema)
            })
            .build();
        if !is_merged {
            return Ok(Some(DataSourceExec::from_data_source(config)));
        }
        let (Some(ordering), Some(range_key)) = (
            self.projected(&self.ordering),
            self.projected(by_range.ordering()),
        ) else {
            return Ok(None);
        };
        let by_range = RangePartitioning::new(range_key, by_range.split_points().to_vec());
        let scan = DataSourceExec::from_data_source(config);
        let merged = RangeMergeExec::try_new(scan, n_runs, ordering, by_range)?;
        Ok(Some(Arc::new(merged)))
    }

    fn partitioning(&self, cuts: &[Key]) -> DfResult<Option<RangePartitioning>> {
        let Some(key) = LexOrdering::new([self.ordering.first().clone()]) else {
            return Ok(None);
        };
        let points = cuts
            .iter()
            .map(|cut| Ok(SplitPoint::new(vec![self.value(cut)?])))
            .collect::<DfResult<_>>()?;
        RangePartitioning::try_new(key, points).map(Some)
    }

    fn value(&self, key: &Key) -> DfResult<ScalarValue> {
        let field = self.config.file_schema().field(self.key.index());
        self.order.value(key)?.cast_to(field.data_type())
    }

    /// As much of an order of the table as the scan's output has, from the first column on.
    fn projected(&self, ordering: &LexOrdering) -> Option<LexOrdering> {
        LexOrdering::new(ordering.iter().map_while(|sort| {
            let column = self.output_column(sort.expr.downcast_ref::<Column>()?)?;
            Some(PhysicalSortExpr::new(Arc::new(column), sort.options))
        }))
    }

    /// A column of the table, as a column of the scan's output.
    fn output_column(&self, table: &Column) -> Option<Column> {
        let Some(projection) = self.config.file_source().projection() else {
            return Some(table.clone());
        };
        projection.iter().enumerate().find_map(|(i, output)| {
            let column = output.expr.downcast_ref::<Column>()?;
            (column.index() == table.index()).then(|| Column::new(&output.alias, i))
        })
    }
}

/// Some rows of a file; none when there are none.
fn slice(
    file: &PartitionedFile,
    rows: Vec<Range<usize>>,
    n_rows: usize,
) -> Option<PartitionedFile> {
    let is_empty = rows.is_empty();
    let rows = RowSelection::from_consecutive_ranges(rows.into_iter(), n_rows);
    (!is_empty).then(|| file.clone().with_extension(ParquetRowSelection::new(rows)))
}

/// The files behind groups that may hold byte ranges of them; none when parts are missing, or
/// rows were chosen already.
pub(in crate::lake) fn whole_files(groups: &[FileGroup]) -> Option<Vec<PartitionedFile>> {
    let mut files: Vec<PartitionedFile> = Vec::new();
    let mut known: HashMap<String, Vec<(i64, i64)>> = HashMap::new();
    for part in groups.iter().flat_map(FileGroup::iter) {
        let has_chosen_rows = part.extension::<ParquetRowSelection>().is_some()
            || part.extension::<ParquetAccessPlan>().is_some();
        if has_chosen_rows {
            return None;
        }
        let size = i64::try_from(part.object_meta.size).ok()?;
        let bytes = match &part.range {
            Some(range) => (range.start, range.end),
            None => (0, size),
        };
        let path = part.object_meta.location.to_string();
        known
            .entry(path)
            .or_insert_with(|| {
                let mut whole = part.clone();
                whole.range = None;
                files.push(whole);
                Vec::new()
            })
            .push(bytes);
    }
    let is_whole = |file: &PartitionedFile| {
        known
            .get(file.object_meta.location.as_ref())
            .is_some_and(|parts| covers(parts.clone(), file.object_meta.size))
    };
    (!files.is_empty() && files.iter().all(is_whole)).then_some(files)
}

/// Whether byte ranges make up a file of this size, each byte once.
fn covers(mut parts: Vec<(i64, i64)>, size: u64) -> bool {
    parts.sort_unstable();
    let end = parts.iter().try_fold(0, |reached, (start, end)| {
        (*start == reached).then_some(*end)
    });
    end.and_then(|end| u64::try_from(end).ok()) == Some(size)
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn parts_make_up_a_file_when_each_byte_is_there_once() {
        assert!(covers(vec![(0, 10)], 10));
        assert!(covers(vec![(4, 10), (0, 4)], 10));
        assert!(!covers(vec![(0, 4), (5, 10)], 10));
        assert!(!covers(vec![(0, 10), (0, 10)], 10));
        assert!(!covers(vec![(0, 4)], 10));
    }
}
