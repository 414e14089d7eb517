//! The files behind a scan, so that those which were read before need not be read again.

use super::range_scan::whole_files;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::Statistics;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfig, FileScanConfigBuilder};
use datafusion::datasource::source::DataSourceExec;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::ExecutionPlan;
use std::collections::HashSet;
use std::sync::Arc;

/// A file as it is: files of the lake never change, others are another version when they do.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FileVersion {
    location: String,
    size: u64,
    /// Nanoseconds since 1970 of the last change, as the catalog or the folder says.
    modified: Option<i64>,
}

impl FileVersion {
    fn of(file: &PartitionedFile) -> Self {
        Self {
            location: file.object_meta.location.to_string(),
            size: file.object_meta.size,
            modified: file.object_meta.last_modified.timestamp_nanos_opt(),
        }
    }

    /// Bytes held.
    pub fn memory(&self) -> usize {
        size_of::<Self>() + self.location.len()
    }
}

/// What a scan gives of its files, whichever they are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScanIdentity {
    store: String,
    folder: String,
    table: SchemaRef,
    columns: Option<Vec<(Arc<dyn PhysicalExpr>, String)>>,
    predicate: Option<Arc<dyn PhysicalExpr>>,
}

impl ScanIdentity {
    /// What the scan computes of each row.
    pub fn exprs(&self) -> impl Iterator<Item = &Arc<dyn PhysicalExpr>> {
        let columns = self.columns.iter().flatten().map(|(expr, _)| expr);
        columns.chain(&self.predicate)
    }
}

/// A scan of whole Parquet files without deleted rows.
#[derive(Debug)]
pub struct FileScan<'a> {
    config: &'a FileScanConfig,
    files: Vec<PartitionedFile>,
}

impl<'a> FileScan<'a> {
    /// The scan behind a plan node; none when it is not of this kind.
    pub fn of(node: &'a dyn ExecutionPlan) -> Option<Self> {
        let source = node.downcast_ref::<DataSourceExec>()?.data_source();
        let config = source.downcast_ref::<FileScanConfig>()?;
        let is_plain = config.file_source().file_type() == "parquet"
            && config.limit.is_none()
            && config.table_partition_cols().is_empty();
        let files = whole_files(&config.file_groups)?;
        is_plain.then_some(Self { config, files })
    }

    /// The files.
    pub fn versions(&self) -> HashSet<FileVersion> {
        self.files.iter().map(FileVersion::of).collect()
    }

    /// What the scan gives of its files.
    pub fn identity(&self) -> ScanIdentity {
        let source = self.config.file_source();
        let location = self.files.first().map(|f| f.object_meta.location.as_ref());
        let folder = location.and_then(|l| l.rsplit_once('/')).map(|(f, _)| f);
        let columns = source.projection().map(|projection| {
            let columns = projection.iter();
            columns
                .map(|c| (Arc::clone(&c.expr), c.alias.clone()))
                .collect()
        });
        ScanIdentity {
            store: self.config.object_store_url.as_str().to_string(),
            folder: folder.unwrap_or_default().to_string(),
            table: Arc::clone(source.table_schema().table_schema()),
            columns,
            predicate: source.filter(),
        }
    }

    /// The same scan of some of the files only, in one partition and no order.
    pub fn only(&self, wanted: &HashSet<&FileVersion>) -> Arc<dyn ExecutionPlan> {
        let files = self.files.iter();
        let files = files.filter(|f| wanted.contains(&FileVersion::of(f)));
        let group = FileGroup::new(files.cloned().collect());
        let config = FileScanConfigBuilder::from(self.config.clone())
            .with_file_groups(vec![group])
            .with_output_ordering(Vec::new())
            .with_output_partitioning(None)
            .with_statistics(Statistics::new_unknown(self.config.file_schema()))
            .build();
        DataSourceExec::from_data_source(config)
    }
}
