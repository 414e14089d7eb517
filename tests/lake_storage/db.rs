//! A lake in a scratch folder, with a session over it.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionConfig, SessionContext};
use quantlake::lake::error::datafusion as as_ql;
use quantlake::lake::{ImportOptions, ImportReport, Lake, count_of, import, register_rules};
use quantlake_core::{QlError, SqlState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// An open lake; the folder goes when this goes.
pub struct Db {
    pub dir: Arc<TempDir>,
    root: PathBuf,
    pub lake: Lake,
    pub ctx: SessionContext,
}

impl Db {
    pub fn new() -> Self {
        Self::open(Arc::new(tempfile::tempdir().unwrap()))
    }

    /// Opens the lake below a scratch folder, which SQL may also read files from.
    pub fn open(dir: Arc<TempDir>) -> Self {
        Self::build(Arc::clone(&dir), dir.path())
    }

    /// Opens the lake below a folder that somebody else removes.
    pub fn at(root: &Path) -> Self {
        Self::build(Arc::new(tempfile::tempdir().unwrap()), root)
    }

    fn build(dir: Arc<TempDir>, root: &Path) -> Self {
        let lake = Lake::open_with(&root.join("lake"), &[root.to_path_buf()]).unwrap();
        let ctx = session(&lake, 4);
        plan_views(&lake, &ctx);
        lake.set_runtime(ctx.runtime_env());
        Self {
            dir,
            root: root.to_path_buf(),
            lake,
            ctx,
        }
    }

    /// Closes and opens the lake again.
    pub fn restart(self) -> Self {
        let dir = Arc::clone(&self.dir);
        self.lake.close();
        drop(self);
        Self::open(dir)
    }

    /// A second session over the same lake.
    pub fn other_session(&self) -> Self {
        Self {
            dir: Arc::clone(&self.dir),
            root: self.root.clone(),
            lake: self.lake.clone(),
            ctx: session(&self.lake, 4),
        }
    }

    /// A path in the scratch folder, outside the lake.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a text file into the scratch folder and returns its path.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }

    /// Runs a statement: rows of a query, the tag of DDL, the count of DML.
    pub async fn try_sql(&self, sql: &str) -> Result<String> {
        let plan = self.ctx.state().create_logical_plan(sql).await?;
        match plan {
            LogicalPlan::Ddl(ddl) => Ok(self.lake.run_ddl(&self.ctx, ddl, sql).await?.tag),
            LogicalPlan::Dml(_) => {
                let batches = DataFrame::new(self.ctx.state(), plan).collect().await?;
                Ok(count_of(&batches).to_string())
            }
            _ => Ok(rows(
                &DataFrame::new(self.ctx.state(), plan).collect().await?,
            )),
        }
    }

    pub async fn sql(&self, sql: &str) -> String {
        match self.try_sql(sql).await {
            Ok(rows) => rows,
            Err(error) => panic!("{sql}: {error}"),
        }
    }

    /// The error of a statement that must fail.
    pub async fn error(&self, sql: &str) -> QlError {
        match self.try_sql(sql).await {
            Ok(rows) => panic!("{sql} succeeded: {rows}"),
            Err(error) => shown(&error),
        }
    }

    pub async fn import(&self, options: ImportOptions) -> Result<ImportReport> {
        import(&self.lake, options, Arc::new(|_| ())).await
    }

    /// Imports a file into a table.
    pub async fn import_file(&self, source: &str, table: &str) -> Result<ImportReport> {
        self.import(options(source, table)).await
    }

    /// The physical plan as text.
    pub async fn explain(&self, sql: &str) -> String {
        let plan = self
            .ctx
            .sql(sql)
            .await
            .unwrap()
            .create_physical_plan()
            .await
            .unwrap();
        datafusion::physical_plan::displayable(plan.as_ref())
            .indent(false)
            .to_string()
    }
}

pub fn options(source: &str, table: &str) -> ImportOptions {
    ImportOptions {
        sources: vec![source.to_string()],
        table: table.to_string(),
        ..ImportOptions::default()
    }
}

/// The shipped sample data.
pub fn sample(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(name)
        .to_string_lossy()
        .into_owned()
}

/// An error with the state that a client would see, where it is one of ours.
pub fn shown(error: &DataFusionError) -> QlError {
    match QlError::of(error) {
        Some(own) => own.clone(),
        None => QlError::new(SqlState::Internal, as_ql(error).message),
    }
}

/// Rows as CSV, NULL as nothing.
pub fn rows(batches: &[RecordBatch]) -> String {
    let mut lines = Vec::new();
    for batch in batches {
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = batch
                .columns()
                .iter()
                .map(|c| array_value_to_string(c, row).unwrap())
                .collect();
            lines.push(cells.join(","));
        }
    }
    lines.join("\n")
}

pub fn session(lake: &Lake, partitions: usize) -> SessionContext {
    let ctx = bare_session(lake, partitions);
    register_rules(&ctx);
    ctx
}

/// A session without the lake's rules.
pub fn bare_session(lake: &Lake, partitions: usize) -> SessionContext {
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema("quantlake", "public")
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_target_partitions(partitions);
    config.options_mut().execution.time_zone = Some("+00:00".into());
    config.options_mut().optimizer.prefer_existing_sort = true;
    config.options_mut().sql_parser.dialect = datafusion::config::Dialect::PostgreSQL;
    let ctx = SessionContext::new_with_config(config);
    ctx.register_catalog("quantlake", lake.catalog());
    ctx
}

fn plan_views(lake: &Lake, ctx: &SessionContext) {
    let state = ctx.state_weak_ref();
    lake.set_planner(Arc::new(move |sql: String| {
        let state = state.upgrade().map(|s| s.read().clone());
        Box::pin(async move { state.unwrap().create_logical_plan(&sql).await })
    }));
}
