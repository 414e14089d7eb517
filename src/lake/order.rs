//! Tells the planner that a scan comes out sorted, when that is so.
//!
//! Every file that was written while a table had a sort order is sorted by it: inserts, updates
//! and imports all sort before they write. A scan declares the order when all of its files are
//! such files. Files whose ranges are disjoint follow each other in one partition; others get a
//! partition each, and DataFusion merges. Files with deleted rows are read through DuckLake's
//! delete filter, whose bookkeeping is bound to its own scan: for them nothing is declared, and
//! the planner sorts.

use super::error::{self, Result};
use super::store::CatalogStore;
use datafusion::arrow::compute::SortOptions;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result as DfResult;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion_ducklake::DuckLakeTable;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use datafusion_ducklake::sort::{SortDirection, SortSpec};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// More sorted runs than this are not merged: a partition each would cost more than a sort.
const MAX_RUNS: usize = 64;

/// From which snapshot on each sort order is in force; a fact that never changes.
#[derive(Debug, Default)]
pub(crate) struct OrderHistory {
    begins: Mutex<HashMap<i64, i64>>,
}

impl OrderHistory {
    /// The first snapshot at which the table had this sort order.
    fn begin(&self, store: &CatalogStore, table: i64, spec: &SortSpec, at: i64) -> Result<i64> {
        if let Some(known) = self.begins.lock().get(&spec.sort_id) {
            return Ok(*known);
        }
        // The order holds from its beginning up to now, so bisection finds where it starts.
        let (mut without, mut with) = (0, at);
        while with - without > 1 {
            let middle = without + (with - without) / 2;
            let there = store
                .get_sort_spec(table, middle)
                .map_err(error::ducklake)?;
            if there.is_some_and(|s| s.sort_id == spec.sort_id) {
                with = middle;
            } else {
                without = middle;
            }
        }
        self.begins.lock().insert(spec.sort_id, with);
        Ok(with)
    }
}

/// The order that scans may declare; none when a key is a floating-point number, on whose -0.0
/// and signed NaN DuckDB and Arrow disagree.
pub(crate) fn scan_ordering(schema: &Schema, spec: &SortSpec) -> Option<LexOrdering> {
    let ordering = resolve(schema, spec)?;
    let is_total = ordering.iter().all(|key| {
        key.expr
            .data_type(schema)
            .is_ok_and(|data_type| !data_type.is_floating())
    });
    is_total.then_some(ordering)
}

/// The order that rows must have before they are written.
///
/// # Errors
/// 0A000 when another program declared an order by an expression, which we cannot produce.
pub(crate) fn write_ordering(schema: &Schema, spec: &SortSpec) -> Result<LexOrdering> {
    resolve(schema, spec).ok_or_else(|| {
        error::unsupported("the table is sorted by an expression, which only DuckDB can write")
    })
}

fn resolve(schema: &Schema, spec: &SortSpec) -> Option<LexOrdering> {
    let keys = spec.producible_columns()?;
    let exprs = keys
        .iter()
        .map(|(name, direction, nulls)| {
            let options = SortOptions {
                descending: *direction == SortDirection::Desc,
                nulls_first: nulls.nulls_first(),
            };
            let column = Column::new(name, schema.index_of(name).ok()?);
            Some(PhysicalSortExpr::new(Arc::new(column), options))
        })
        .collect::<Option<Vec<_>>>()?;
    LexOrdering::new(exprs)
}

/// Declares the order on the scans of a plan whose files all have it.
///
/// # Errors
/// Those of rebuilding the plan.
pub(crate) fn declare(
    plan: Arc<dyn ExecutionPlan>,
    ordering: &LexOrdering,
    unsorted: &HashSet<String>,
) -> DfResult<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|node| {
        let config = node
            .downcast_ref::<DataSourceExec>()
            .and_then(|exec| exec.data_source().downcast_ref::<FileScanConfig>());
        match config.and_then(|c| ordered(c, ordering, unsorted)) {
            Some(config) => Ok(Transformed::yes(
                DataSourceExec::from_data_source(config) as Arc<dyn ExecutionPlan>
            )),
            None => Ok(Transformed::no(node)),
        }
    })
    .map(|t| t.data)
}

/// Names of the live files that were written before the order was declared.
///
/// # Errors
/// Those of the catalog.
pub(crate) fn unsorted_files(
    history: &OrderHistory,
    store: &CatalogStore,
    table_id: i64,
    table: &DuckLakeTable,
    spec: &SortSpec,
    at: i64,
) -> Result<HashSet<String>> {
    let begin = history.begin(store, table_id, spec, at)?;
    let files = table.files().map_err(error::ducklake)?;
    Ok(files
        .into_iter()
        .filter(|f| f.begin_snapshot.is_none_or(|b| b < begin))
        .map(|f| file_name(&f.file.path).to_string())
        .collect())
}

fn ordered(
    config: &FileScanConfig,
    ordering: &LexOrdering,
    unsorted: &HashSet<String>,
) -> Option<FileScanConfig> {
    let table_schema = config.file_source().table_schema();
    // The scan below a delete filter carries the file's id as a partition column.
    if !table_schema.table_partition_cols().is_empty() {
        return None;
    }
    let files: Vec<PartitionedFile> = config
        .file_groups
        .iter()
        .flat_map(|g| g.files().iter().cloned())
        .collect();
    let has_unsorted = files.iter().any(|f| {
        f.range.is_some() || unsorted.contains(file_name(f.object_meta.location.as_ref()))
    });
    if files.is_empty() || has_unsorted {
        return None;
    }
    let groups = runs(files, table_schema.table_schema(), ordering);
    if groups.len() > MAX_RUNS {
        return None;
    }
    let config = FileScanConfigBuilder::from(config.clone())
        .with_file_groups(groups)
        .with_output_ordering(vec![ordering.clone()])
        .build();
    Some(config)
}

/// Groups of files in which one file follows the other without overlap.
pub(crate) fn runs(
    files: Vec<PartitionedFile>,
    schema: &SchemaRef,
    ordering: &LexOrdering,
) -> Vec<FileGroup> {
    if files.len() > 1 && files.iter().all(|f| has_no_null_keys(f, ordering)) {
        let one = [FileGroup::new(files.clone())];
        if let Ok(groups) = FileScanConfig::split_groups_by_statistics(schema, &one, ordering) {
            return groups;
        }
    }
    files.into_iter().map(|f| FileGroup::new(vec![f])).collect()
}

/// A file's smallest and largest value leave NULLs out, so a file with NULLs in a key can reach
/// further than its statistics say.
fn has_no_null_keys(file: &PartitionedFile, ordering: &LexOrdering) -> bool {
    let Some(statistics) = &file.statistics else {
        return false;
    };
    ordering.iter().all(|key| {
        key.expr
            .downcast_ref::<Column>()
            .and_then(|c| statistics.column_statistics.get(c.index()))
            .is_some_and(|c| c.null_count == Precision::Exact(0))
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
