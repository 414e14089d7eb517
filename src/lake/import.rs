//! Import: market data and other tables out of CSV, Parquet and JSON files.
//!
//! DuckDB's readers find out the format and the types; columns get their usual names
//! (`columns.rs`); rows are converted (`convert.rs`) and checked in a staging file (`staging.rs`), sorted, and
//! written into the lake, where they appear in one commit (`load.rs`). A file that cannot be
//! stored as it is meant is refused with the row and the reason, and nothing of it is kept.

mod columns;
mod convert;
mod load;
mod source;
mod staging;

use super::error::{self, Result};
use super::schema::RelationKind;
use super::{Lake, PUBLIC, ddl};
use datafusion::common::Result as DfResult;
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;
use std::time::Instant;

/// A file format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Separated values with a header line; the separator is found out.
    Csv,
    /// Parquet.
    Parquet,
    /// JSON: an array of objects, or one object a line.
    Json,
}

/// What happens to a table that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ImportMode {
    /// It is an error.
    #[default]
    Create,
    /// The rows are added.
    Append,
    /// It is replaced, in one commit.
    Replace,
}

/// What happens to two bars of one symbol at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Duplicates {
    /// The import is refused, naming the first.
    #[default]
    Error,
    /// The later row of the files counts.
    KeepLast,
}

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Paths and globs, read in the order given; the files of a glob in the order of their names.
    pub sources: Vec<String>,
    /// The table, with or without a schema.
    pub table: String,
    /// The format; by default each file's own, from its name and its first bytes.
    pub format: Option<Format>,
    /// Columns to name otherwise than usual: (name in the file, name in the table).
    pub mapping: Vec<(String, String)>,
    /// What happens to a table that is there already.
    pub mode: ImportMode,
    /// The symbol of all rows, for files without such a column.
    pub symbol: Option<String>,
    /// What happens to repeated bars.
    pub duplicates: Duplicates,
}

/// What an import did.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportReport {
    /// The table, as `schema.name`.
    pub table: String,
    /// Rows written.
    pub rows: u64,
    /// Files read.
    pub files: usize,
    /// From the first byte read to the commit.
    pub seconds: f64,
    /// The columns and their types, as in DuckDB.
    pub columns: Vec<(String, String)>,
    /// The columns that the rows are sorted by.
    pub sorted_by: Vec<String>,
    /// What is odd about the data but can be stored.
    pub warnings: Vec<String>,
}

/// A step of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Files are read and checked; counted in bytes.
    Reading,
    /// Rows are sorted; not counted.
    Sorting,
    /// Rows are written; counted in rows.
    Writing,
}

/// How far an import is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub phase: Phase,
    /// Bytes or rows done.
    pub done: u64,
    /// Bytes or rows in all; 0 when not known.
    pub total: u64,
    /// The file at hand.
    pub file: Option<String>,
}

/// Receives progress, from any thread.
pub type ProgressCallback = Arc<dyn Fn(Progress) + Send + Sync>;

/// The table to import into.
#[derive(Debug, Clone)]
struct Target {
    schema: String,
    table: String,
    mode: ImportMode,
}

impl Target {
    fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}

/// Imports files into a table.
///
/// # Errors
/// 22P04 for a file that is damaged or holds what a column cannot (with file, row and reason),
/// 22000 for repeated bars, 42703 for a column that is missing, 42P07 and 42P01 by mode, 58P01
/// for files that are not there.
pub async fn import(
    lake: &Lake,
    options: ImportOptions,
    progress: ProgressCallback,
) -> DfResult<ImportReport> {
    let started = Instant::now();
    let (schema, table) = match options.table.split_once('.') {
        Some((schema, table)) => (schema, table),
        None => (PUBLIC, options.table.as_str()),
    };
    ddl::check_new_name(table)?;
    let gate = lake.core.gate(&format!("{schema}.{table}"));
    let _alone = gate.write().await;
    let target = target(lake, schema, table, options.mode)?;
    let id = lake
        .ledger()
        .start_import(&target.full_name(), &options.sources.join(" "))?;
    let outcome = run(lake, &target, options, progress).await;
    match &outcome {
        Ok((report, sha256)) => lake.ledger().finish_import(id, report.rows, sha256)?,
        Err(e) => lake
            .ledger()
            .fail_import(id, &error::datafusion(e).message)?,
    }
    let (mut report, _) = outcome?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

async fn run(
    lake: &Lake,
    target: &Target,
    options: ImportOptions,
    progress: ProgressCallback,
) -> DfResult<(ImportReport, String)> {
    let work = tempfile::Builder::new()
        .prefix("import-")
        .tempdir_in(lake.core.tmp_dir()?)
        .map_err(|e| error::at_path(lake.dir(), &e))?;
    let staged = staging::stage(work, options, Arc::clone(&progress)).await?;
    let rows = load::load(lake, target, &staged, progress).await?;
    let report = ImportReport {
        table: target.full_name(),
        rows,
        files: staged.n_files,
        seconds: 0.0,
        columns: staged.columns.clone(),
        sorted_by: staged.sorted_by.clone(),
        warnings: staged.warnings.clone(),
    };
    Ok((report, staged.sha256.clone()))
}

fn target(lake: &Lake, schema: &str, table: &str, mode: ImportMode) -> Result<Target> {
    if !lake.core.has_schema(schema)? {
        return Err(error::missing_schema(schema));
    }
    match (lake.core.relation_kind(schema, table)?, mode) {
        (None, ImportMode::Append) => return Err(error::missing_table(table)),
        (None, _) => {}
        (Some(RelationKind::Table), ImportMode::Append | ImportMode::Replace) => {}
        (Some(RelationKind::Table), ImportMode::Create) => {
            return Err(error::exists(table).with_hint("Import with --append or --replace"));
        }
        (Some(_), _) => return Err(error::exists(table)),
    }
    Ok(Target {
        schema: schema.to_string(),
        table: table.to_string(),
        mode,
    })
}

/// A refusal of a file: `bars.csv: row 7: column `close`: "abc" is not a number`.
fn refusal(file: &str, what: impl std::fmt::Display) -> QlError {
    QlError::new(SqlState::BadFileFormat, format!("{file}: {what}"))
}
