//! The lake: tables, snapshots, the ledger, and the files behind them.
//!
//! A data directory holds `catalog.duckdb` (a DuckLake catalog, readable by DuckDB's `ducklake`
//! extension), `ledger.duckdb` (users, views, models, ...), `data/` (Parquet) and `tmp/`.
//! Everything that `datafusion-ducklake` does is behind this module. Rules that hold here:
//!
//! * What one statement writes becomes visible in one commit, or not at all.
//! * One process has the directory open; a table's name is changed by one session at a time.
//! * A statement reads one snapshot ([`register_rules`]).
//! * Files are read only inside allowed folders ([`Locations`]).

mod catalog;
mod ddl;
mod delegate;
mod drop;
pub mod error;
mod external;
mod file_scan;
mod gated;
pub mod import;
pub mod ledger;
mod locations;
mod lock;
mod order;
pub mod range_scan;
mod schema;
mod schemas;
mod sink;
mod snapshot;
mod store;
mod surgery;
mod table;
mod types;
mod views;

pub use catalog::LakeCatalog;
pub use ddl::DdlOutcome;
pub use file_scan::{FileScan, FileVersion, ScanIdentity};
pub use import::{
    Duplicates, Format, ImportMode, ImportOptions, ImportReport, Phase, Progress, import,
};
pub use ledger::Ledger;
pub use locations::Locations;
pub use range_scan::tail_scan;
pub use snapshot::SnapshotEntry;
pub use table::LakeTable;
pub use types::{storable_schema, storable_type};

use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::UInt64Type;
use datafusion::catalog::TableProvider;
use datafusion::common::Result as DfResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use datafusion_ducklake::metadata_writer::MetadataWriter;
use datafusion_ducklake::path_resolver::parse_object_store_url;
use datafusion_ducklake::sort::{NullOrder, SortDirection, SortField};
use error::Result;
use futures::future::BoxFuture;
use lock::DirectoryLock;
use order::OrderHistory;
use parking_lot::{Mutex, RwLock};
use snapshot::CatalogClock;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::CatalogStore;

/// The schema that always exists.
pub const PUBLIC: &str = "public";

/// Plans a CREATE VIEW statement or a query, with the engine's functions and rewrites.
pub type ViewPlanner =
    Arc<dyn Fn(String) -> BoxFuture<'static, DfResult<LogicalPlan>> + Send + Sync>;

/// A state of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Snapshot {
    /// The snapshot with this number.
    Version(i64),
    /// The last snapshot at or before this time, in microseconds since 1970, UTC.
    Time(i64),
}

/// An open data directory.
///
/// Dropping it closes the files, once no plan uses them any more; [`Lake::close`] does so now.
#[derive(Debug, Clone)]
pub struct Lake {
    core: Arc<LakeCore>,
    catalog: Arc<LakeCatalog>,
}

/// What the parts of the lake share.
pub(crate) struct LakeCore {
    dir: PathBuf,
    store: Arc<CatalogStore>,
    ledger: Ledger,
    locations: Locations,
    /// `file:///`, and the data folder as a key in it, as DuckLake splits paths.
    url: Arc<ObjectStoreUrl>,
    data_key: String,
    planner: RwLock<Option<ViewPlanner>>,
    runtime: RwLock<Arc<RuntimeEnv>>,
    gates: Mutex<HashMap<String, Arc<tokio::sync::RwLock<()>>>>,
    names: tokio::sync::Mutex<()>,
    externals: external::ExternalTables,
    orders: OrderHistory,
    clock: CatalogClock,
    lock: DirectoryLock,
}

impl Lake {
    /// Opens a data directory, creating what is missing.
    ///
    /// # Errors
    /// 55000 when another process has it open, 58030 when it cannot be read or written.
    pub fn open(dir: &Path) -> Result<Self> {
        Self::open_with(dir, &[])
    }

    /// Opens a data directory; SQL may also read files below `allowed_paths`.
    ///
    /// # Errors
    /// As [`Lake::open`], and 58P01 when an allowed folder does not exist.
    pub fn open_with(dir: &Path, allowed_paths: &[PathBuf]) -> Result<Self> {
        let core = Arc::new(LakeCore::open(dir, allowed_paths)?);
        let catalog = Arc::new(LakeCatalog::new(Arc::clone(&core)));
        Ok(Self { core, catalog })
    }

    /// The catalog to register with a session.
    pub fn catalog(&self) -> Arc<LakeCatalog> {
        Arc::clone(&self.catalog)
    }

    /// The ledger.
    pub fn ledger(&self) -> &Ledger {
        &self.core.ledger
    }

    /// The data directory.
    pub fn dir(&self) -> &Path {
        &self.core.dir
    }

    /// The folders that SQL may use.
    pub fn locations(&self) -> &Locations {
        &self.core.locations
    }

    /// Sets what plans the text of views; without it, views cannot be read.
    pub fn set_planner(&self, planner: ViewPlanner) {
        *self.core.planner.write() = Some(planner);
    }

    /// Sets the runtime whose object stores external tables use.
    pub fn set_runtime(&self, runtime: Arc<RuntimeEnv>) {
        *self.core.runtime.write() = runtime;
    }

    /// Fails unless SQL may read and write `location`.
    ///
    /// # Errors
    /// 42501, naming the allowed folders; 0A000 for an object store that is not registered.
    pub fn check_path(&self, location: &str) -> Result<()> {
        self.core
            .locations
            .check(location, &self.core.runtime.read())
    }

    /// The local path behind `location`, links resolved, when SQL may use it.
    ///
    /// # Errors
    /// 42501, naming the allowed folders; 0A000 for an object store.
    pub fn allowed_path(&self, location: &str) -> Result<PathBuf> {
        self.core.locations.check_path(location)
    }

    /// All snapshots, oldest first.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn snapshots(&self) -> Result<Vec<SnapshotEntry>> {
        self.core.snapshots()
    }

    /// A table as it was.
    ///
    /// # Errors
    /// 42704 for a snapshot that is not there, 42P01 for a table that was not there then.
    pub fn table_at(
        &self,
        schema: &str,
        name: &str,
        snapshot: Snapshot,
    ) -> Result<Arc<dyn TableProvider>> {
        let id = self.core.resolve_snapshot(snapshot)?;
        self.core
            .lake_table(schema, name, id, false)?
            .map(|t| Arc::new(t) as Arc<dyn TableProvider>)
            .ok_or_else(|| error::missing_table(&format!("{name} (in snapshot {id})")))
    }

    /// Declares that a table's rows are sorted by these columns from now on; no columns: by
    /// none. Rows that are there already stay as they are, and are not taken to be sorted.
    ///
    /// # Errors
    /// 42P01 for an unknown table, 22000 for an unknown column.
    pub async fn set_sort_order(&self, schema: &str, name: &str, columns: &[&str]) -> Result<()> {
        let gate = self.core.gate(&format!("{schema}.{name}"));
        let _alone = gate.write().await;
        let snapshot = self.core.current_snapshot()?;
        let table = self
            .core
            .find_table(schema, name, snapshot)?
            .ok_or_else(|| error::missing_table(name))?;
        let done = match columns {
            [] => self.core.store.reset_sort_spec(table.0.id),
            _ => self
                .core
                .store
                .set_sort_spec(table.0.id, &sort_fields(columns)),
        };
        done.map(|_| ()).map_err(error::ducklake)
    }

    /// Closes the files and gives the directory up, whatever still refers to the lake.
    pub fn close(&self) {
        self.core.close();
    }
}

fn sort_fields(columns: &[&str]) -> Vec<SortField> {
    (0..)
        .zip(columns)
        .map(|(position, column)| {
            SortField::column(position, *column, SortDirection::Asc, NullOrder::NullsLast)
        })
        .collect()
}

impl LakeCore {
    fn open(dir: &Path, allowed_paths: &[PathBuf]) -> Result<Self> {
        let data = dir.join("data");
        std::fs::create_dir_all(&data).map_err(|e| error::at_path(&data, &e))?;
        let dir = dir.canonicalize().map_err(|e| error::at_path(dir, &e))?;
        let lock = DirectoryLock::acquire(&dir)?;
        let locations = Locations::new(&dir, allowed_paths)?;
        let catalog = dir.join("catalog.duckdb");
        recover(&dir, &catalog, lock.found_dead_holder())?;
        let store = Arc::new(CatalogStore::open(&catalog)?);
        let (url, data_key) = prepare(&store, &dir)?;
        let ledger = Ledger::open(&dir.join("ledger.duckdb"))?;
        ledger.interrupt_imports()?;
        Ok(Self {
            dir,
            store,
            ledger,
            locations,
            url: Arc::new(url),
            data_key,
            planner: RwLock::default(),
            runtime: RwLock::new(Arc::new(RuntimeEnv::default())),
            gates: Mutex::default(),
            names: tokio::sync::Mutex::default(),
            externals: external::ExternalTables::default(),
            orders: OrderHistory::default(),
            clock: CatalogClock::detect()?,
            lock,
        })
    }

    /// The lock of one relation's name. Writers of rows share it; creating, replacing and
    /// dropping take it alone. `names` is taken after it, never before.
    pub(crate) fn gate(&self, full_name: &str) -> Arc<tokio::sync::RwLock<()>> {
        let mut gates = self.gates.lock();
        // Names come and go; a gate that nobody holds has nothing to remember.
        if gates.len() > 1024 {
            gates.retain(|_, gate| Arc::strong_count(gate) > 1);
        }
        Arc::clone(gates.entry(full_name.to_string()).or_default())
    }

    fn data_dir(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// A folder for work files, on the same file system as the data.
    fn tmp_dir(&self) -> Result<PathBuf> {
        let tmp = self.dir.join("tmp");
        std::fs::create_dir_all(&tmp).map_err(|e| error::at_path(&tmp, &e))?;
        Ok(tmp)
    }

    fn close(&self) {
        self.store.close();
        self.ledger.close();
        self.lock.release();
    }
}

impl Drop for LakeCore {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for LakeCore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lake({})", self.dir.display())
    }
}

/// Tells the catalog where the data is (the directory may have moved) and makes `public`.
fn prepare(store: &CatalogStore, dir: &Path) -> Result<(ObjectStoreUrl, String)> {
    let data = format!("{}/", dir.join("data").display());
    let run = || {
        store.set_data_path(&data)?;
        let has_public = store
            .get_schema_by_name(PUBLIC, store.get_current_snapshot()?)?
            .is_some();
        if !has_public {
            let snapshot = store.create_snapshot()?;
            store.get_or_create_schema(PUBLIC, None, snapshot)?;
        }
        parse_object_store_url(&data)
    };
    run().map_err(error::ducklake)
}

/// Removes what a crash left: half-made tables, work files, and, when the last holder died,
/// data files that no snapshot refers to.
fn recover(dir: &Path, catalog: &Path, after_crash: bool) -> Result<()> {
    let tmp = dir.join("tmp");
    if tmp.exists() {
        std::fs::remove_dir_all(&tmp).map_err(|e| error::at_path(&tmp, &e))?;
    }
    if !catalog.exists() {
        return Ok(());
    }
    let half_made = store::transaction(catalog, surgery::recover)?;
    if half_made > 0 {
        tracing::info!(
            half_made,
            "dropped tables that an interrupted statement left"
        );
    }
    if after_crash {
        let data = dir.join("data");
        let wanted = store::transaction(catalog, surgery::referenced_files)?;
        let wanted: HashSet<PathBuf> = wanted.into_iter().map(|p| data.join(p)).collect();
        let n_removed = remove_orphans(&data, &wanted)?;
        tracing::info!(n_removed, "removed data files that were never committed");
    }
    Ok(())
}

fn remove_orphans(folder: &Path, wanted: &HashSet<PathBuf>) -> Result<usize> {
    let mut n_removed = 0;
    let at = |e: &std::io::Error| error::at_path(folder, e);
    for entry in std::fs::read_dir(folder).map_err(|e| at(&e))? {
        let path = entry.map_err(|e| at(&e))?.path();
        let is_parquet = path.extension().is_some_and(|e| e == "parquet");
        if path.is_dir() {
            n_removed += remove_orphans(&path, wanted)?;
        } else if is_parquet && !wanted.contains(&path) {
            std::fs::remove_file(&path).map_err(|e| error::at_path(&path, &e))?;
            n_removed += 1;
        }
    }
    Ok(n_removed)
}

/// Adds the lake's rules to a session: a statement reads one snapshot, and scans of sorted tables
/// are cut by key where that saves an exchange of rows.
pub fn register_rules(ctx: &SessionContext) {
    snapshot::register(ctx);
    range_scan::register(ctx);
}

/// The rows that a DML plan reports having changed.
pub fn count_of(batches: &[RecordBatch]) -> u64 {
    batches
        .iter()
        .filter_map(|batch| batch.columns().first()?.as_primitive_opt::<UInt64Type>())
        .flat_map(|counts| counts.values().iter().copied())
        .sum()
}
