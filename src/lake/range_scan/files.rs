//! Sorted files that were looked into before.
//!
//! A footer is read and a row group's keys are decoded once for each file, by whoever plans first.
//! Files of the lake never change; of others, size and time of the last change must be the same.

use super::file::SortedFile;
use super::keys::KeyOrder;
use datafusion::common::{Result as DfResult, exec_datafusion_err, exec_err};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use datafusion::parquet::file::metadata::PageIndexPolicy;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapterFactory,
};
use object_store::local::LocalFileSystem;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};
use std::time::SystemTime;

/// What is remembered of more files than this is forgotten.
const MAX_FILES: usize = 4096;
/// What is remembered of more keys than this (some 60 MB) is forgotten.
const MAX_KEYS: usize = 1 << 20;

static KNOWN: LazyLock<Mutex<HashMap<PathBuf, KnownFile>>> = LazyLock::new(Mutex::default);

/// A file as it was when its footer was read.
struct KnownFile {
    version: Version,
    footer: ArrowReaderMetadata,
    /// By key column and order.
    sorted: HashMap<(usize, String), Arc<SortedFile>>,
}

/// Size and time of the last change.
type Version = (u64, Option<SystemTime>);

/// The file of a scan as sorted by the scan's column `key`.
///
/// # Errors
/// When the file is not on this machine, cannot be read, or does not store the column.
pub(super) fn sorted_file(
    scan: &FileScanConfig,
    file: &PartitionedFile,
    key: &Column,
    order: &KeyOrder,
) -> DfResult<Arc<SortedFile>> {
    let path = local_path(scan, file)?;
    let (version, footer) = footer(&path)?;
    let column = stored_column(scan, key, &footer)?;
    let name = (column, order.name());
    let known = KNOWN
        .lock()
        .get(&path)
        .filter(|f| f.version == version)
        .and_then(|f| f.sorted.get(&name).cloned());
    if let Some(sorted) = known {
        return Ok(sorted);
    }
    let sorted = SortedFile::new(path.clone(), footer, column, order.clone())?;
    let sorted = Arc::new(sorted);
    if let Some(file) = KNOWN.lock().get_mut(&path) {
        file.sorted.insert(name, Arc::clone(&sorted));
    }
    Ok(sorted)
}

fn local_path(scan: &FileScanConfig, file: &PartitionedFile) -> DfResult<PathBuf> {
    if scan.object_store_url.as_str() != "file:///" {
        return exec_err!("{} is no local folder", scan.object_store_url);
    }
    Ok(LocalFileSystem::new().path_to_filesystem(&file.object_meta.location)?)
}

fn footer(path: &Path) -> DfResult<(Version, ArrowReaderMetadata)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let version = (metadata.len(), metadata.modified().ok());
    if let Some(known) = KNOWN.lock().get(path).filter(|f| f.version == version) {
        return Ok((version, known.footer.clone()));
    }
    let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Skip);
    let footer = ArrowReaderMetadata::load(&file, options)?;
    remember(path, version, footer.clone());
    Ok((version, footer))
}

fn remember(path: &Path, version: Version, footer: ArrowReaderMetadata) {
    let mut known = KNOWN.lock();
    let files = known.values().flat_map(|f| f.sorted.values());
    let n_keys: usize = files.map(|f| f.n_known_keys()).sum();
    if known.len() >= MAX_FILES || n_keys > MAX_KEYS {
        known.clear();
    }
    let file = KnownFile {
        version,
        footer,
        sorted: HashMap::new(),
    };
    known.insert(path.to_path_buf(), file);
}

/// The place in the file of a table's column, which the file may have under another name and as
/// another type.
fn stored_column(
    scan: &FileScanConfig,
    key: &Column,
    footer: &ArrowReaderMetadata,
) -> DfResult<usize> {
    let by_name: Arc<dyn PhysicalExprAdapterFactory> = Arc::new(DefaultPhysicalExprAdapterFactory);
    let adapter = scan
        .expr_adapter_factory
        .as_ref()
        .unwrap_or(&by_name)
        .create(Arc::clone(scan.file_schema()), Arc::clone(footer.schema()))?;
    let stored = adapter.rewrite(Arc::new(key.clone()))?;
    let mut columns = collect_columns(&stored).into_iter();
    let column = columns
        .next()
        .ok_or_else(|| exec_datafusion_err!("the file does not store `{}`", key.name()))?;
    let is_cast = columns.next().is_none() && (is_column(&stored) || has_one_column(&stored));
    match is_cast {
        true => Ok(column.index()),
        false => exec_err!("`{}` is computed from what the file stores", key.name()),
    }
}

fn is_column(expr: &Arc<dyn PhysicalExpr>) -> bool {
    expr.downcast_ref::<Column>().is_some()
}

fn has_one_column(expr: &Arc<dyn PhysicalExpr>) -> bool {
    matches!(expr.children().as_slice(), [child] if is_column(child))
}
