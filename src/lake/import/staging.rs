//! The staging file: where rows are converted, checked and sorted before the lake sees them.
//!
//! It is a DuckDB database in the lake's work folder, so imports larger than memory work. Each
//! row carries the number of its file and its place in it, for messages and for the order of
//! rows with equal keys.

use super::columns::{self, Plan, identifier};
use super::convert::{Check, EpochUnit};
use super::source::{self, Reader, Source, quoted, reason};
use super::{Duplicates, ImportOptions, Phase, Progress, ProgressCallback, refusal};
use crate::lake::error::{self, Result};
use datafusion::common::Result as DfResult;
use duckdb::{Connection, InterruptHandle, OptionalExt};
use quantlake_core::{QlError, SqlState};
use sha2::{Digest, Sha256};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// Checked, sorted rows in a Parquet file.
#[derive(Debug)]
pub(super) struct Staged {
    pub(super) parquet: PathBuf,
    pub(super) n_rows: u64,
    pub(super) n_files: usize,
    pub(super) columns: Vec<(String, String)>,
    pub(super) sorted_by: Vec<String>,
    pub(super) is_bars: bool,
    pub(super) warnings: Vec<String>,
    pub(super) sha256: String,
    /// Removes the files when all is done.
    _work: TempDir,
}

/// Reads, checks and sorts the files, off the async threads.
///
/// # Errors
/// As [`super::import`].
pub(super) async fn stage(
    work: TempDir,
    options: ImportOptions,
    progress: ProgressCallback,
) -> DfResult<Staged> {
    let connection = open(work.path())?;
    let interrupt = Interrupt(connection.interrupt_handle());
    let staged = tokio::task::spawn_blocking(move || {
        Staging {
            connection,
            options,
            progress,
        }
        .run(work)
    })
    .await
    .map_err(|e| QlError::internal(format!("the import stopped: {e}")))?;
    drop(interrupt);
    Ok(staged?)
}

/// Stops DuckDB when the import is cancelled, that is, its future is dropped.
struct Interrupt(Arc<InterruptHandle>);

impl Drop for Interrupt {
    fn drop(&mut self) {
        self.0.interrupt();
    }
}

fn open(work: &Path) -> Result<Connection> {
    let setup = || {
        let connection = Connection::open(work.join("staging.duckdb"))?;
        connection.execute_batch(&format!(
            "SET temp_directory = {}; SET memory_limit = '2GB'; SET preserve_insertion_order = true;
             SET autoinstall_known_extensions = false; SET autoload_known_extensions = false;",
            quoted(&work.join("spill").to_string_lossy())
        ))?;
        // Without ICU there is no such setting, and times are UTC anyway.
        let _ = connection.execute_batch("SET TimeZone = 'UTC'");
        Ok(connection)
    };
    setup().map_err(|e: duckdb::Error| error::duckdb(&e))
}

struct Staging {
    connection: Connection,
    options: ImportOptions,
    progress: ProgressCallback,
}

impl Staging {
    fn run(self, work: TempDir) -> Result<Staged> {
        let sources = source::find(&self.connection, &self.options.sources, self.options.format)?;
        let plan = self.read_all(&sources)?;
        let mut warnings = Vec::new();
        if plan.is_bars {
            self.check_duplicates(&sources, &mut warnings)?;
            self.collect_warnings(&plan, &mut warnings)?;
        }
        self.report(Phase::Sorting, 0, 0, None);
        let parquet = work.path().join("rows.parquet");
        let n_rows = self.sort_into(&parquet, &plan)?;
        Ok(Staged {
            parquet,
            n_rows,
            n_files: sources.len(),
            columns: plan
                .targets
                .iter()
                .map(|t| (t.name.clone(), t.sql_type.clone()))
                .collect(),
            sorted_by: plan.sort_columns(),
            is_bars: plan.is_bars,
            warnings,
            sha256: digest(&sources)?,
            _work: work,
        })
    }

    /// Reads every file into the staging table; all must have the columns of the first.
    fn read_all(&self, sources: &[Source]) -> Result<Plan> {
        let total = sources.iter().map(|s| s.bytes).sum();
        let mut done = 0;
        let mut first: Option<Plan> = None;
        for (number, source) in sources.iter().enumerate() {
            self.report(Phase::Reading, done, total, Some(source));
            let reader = source.reader(&self.connection)?;
            let epoch = |raw: &str| self.epoch_unit(&reader, raw);
            let plan = columns::plan(&reader, &self.options, source.stem(), &epoch)?;
            match &first {
                None => self.create_table(&plan)?,
                Some(first) => refuse_other_columns(first, &plan, source)?,
            }
            self.read(number, source, &reader, &plan)?;
            done += source.bytes;
            first.get_or_insert(plan);
        }
        self.report(Phase::Reading, total, total, None);
        first.ok_or_else(|| QlError::internal("an import without files"))
    }

    /// The unit of numeric times; unreadable values show up when the rows are read.
    fn epoch_unit(&self, reader: &Reader, raw: &str) -> EpochUnit {
        let sql = format!(
            "SELECT min(abs(x)), max(abs(x)) FROM (SELECT TRY_CAST({raw} AS DOUBLE) AS x FROM {})",
            reader.call
        );
        self.connection
            .query_row(&sql, [], |row| {
                Ok((row.get::<_, f64>(0)?, row.get::<_, f64>(1)?))
            })
            .map_or(EpochUnit::Seconds, |(smallest, largest)| {
                EpochUnit::of(smallest, largest)
            })
    }

    fn create_table(&self, plan: &Plan) -> Result<()> {
        let columns: Vec<String> = plan
            .targets
            .iter()
            .map(|t| format!("{} {}", identifier(&t.name), t.sql_type))
            .collect();
        self.execute(&format!(
            "CREATE TABLE rows ({}, __file INTEGER, __row BIGINT, __bad VARCHAR)",
            columns.join(", ")
        ))
    }

    fn read(&self, number: usize, source: &Source, reader: &Reader, plan: &Plan) -> Result<()> {
        let list = |of: &dyn Fn(usize) -> String| {
            (0..plan.targets.len())
                .map(of)
                .collect::<Vec<_>>()
                .join(", ")
        };
        let target = |i: usize| &plan.targets[i];
        let names = list(&|i| identifier(&target(i).name));
        let values = list(&|i| {
            format!(
                "{} AS __raw{i}, {} AS __value{i}",
                target(i).raw,
                target(i).converted
            )
        });
        let stored = list(&|i| format!("__value{i}"));
        let sql = format!(
            "INSERT INTO rows ({names}, __file, __row, __bad)
             SELECT {stored}, {number}, __row, {}
             FROM (SELECT __row, {values} FROM (SELECT row_number() OVER () AS __row, * FROM {}))",
            reasons(plan),
            reader.call
        );
        self.connection
            .execute(&sql, [])
            .map_err(|e| self.refusal(source, &e))?;
        let bad = self
            .connection
            .query_row(
                "SELECT __row, __bad FROM rows WHERE __file = ? AND __bad IS NOT NULL ORDER BY __row LIMIT 1",
                [number as i64],
                |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
            )
            .optional()
            .map_err(|e| error::duckdb(&e))?;
        match bad {
            Some((row, why)) => Err(refusal(source.name(), format!("row {row}: {why}"))),
            None => Ok(()),
        }
    }

    fn refusal(&self, source: &Source, e: &duckdb::Error) -> QlError {
        let known = error::duckdb(e);
        match known.state {
            SqlState::DiskFull | SqlState::OutOfMemory | SqlState::QueryCanceled => known,
            _ => refusal(source.name(), reason(e)),
        }
    }

    /// One bar a symbol and time.
    fn check_duplicates(&self, sources: &[Source], warnings: &mut Vec<String>) -> Result<()> {
        let n_repeated = self.number(
            "SELECT count(*) FROM (SELECT 1 FROM rows GROUP BY symbol, ts HAVING count(*) > 1)",
        )?;
        if n_repeated == 0 {
            return Ok(());
        }
        if self.options.duplicates == Duplicates::Error {
            return Err(self.repeated_bar(sources, n_repeated));
        }
        let n_dropped: i64 =
            self.number("SELECT count(*) - count(DISTINCT (symbol, ts)) FROM rows")?;
        self.execute(
            "DELETE FROM rows WHERE (__file, __row) NOT IN
             (SELECT max((__file, __row)) FROM rows GROUP BY symbol, ts)",
        )?;
        warnings.push(format!("{n_dropped} repeated bars were left out"));
        Ok(())
    }

    /// The refusal, naming the first bar that comes more than once.
    fn repeated_bar(&self, sources: &[Source], n_repeated: i64) -> QlError {
        let described = self.connection.query_row(
            "SELECT arg_min(__file, (__file, __row)),
                    coalesce(symbol, 'a bar without symbol') || ' has ' || count(*) || ' bars at ' || ts
                    || ', the first in row ' || arg_min(__row, (__file, __row))
                    || ', the last in row ' || arg_max(__row, (__file, __row))
             FROM rows GROUP BY symbol, ts HAVING count(*) > 1 ORDER BY symbol, ts LIMIT 1",
            [],
            |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
        );
        match described {
            Ok((file, what)) => {
                let file = usize::try_from(file).ok().and_then(|f| sources.get(f));
                QlError::new(
                    SqlState::DataException,
                    format!(
                        "{}: {what}; {n_repeated} bars are repeated in all",
                        file.map_or("", Source::name)
                    ),
                )
                .with_hint("Import with --keep-last to let the last one count")
            }
            Err(e) => error::duckdb(&e),
        }
    }

    fn collect_warnings(&self, plan: &Plan, warnings: &mut Vec<String>) -> Result<()> {
        let mut checks = vec![
            ("close IS NULL", "bars have no closing price"),
            ("close <= 0", "bars have a closing price of zero or less"),
        ];
        if plan.has("high") && plan.has("low") {
            checks.push(("high < low", "bars have a high below the low"));
            checks.push((
                "close > high OR close < low",
                "bars close outside their range",
            ));
        }
        if plan.has("volume") {
            checks.push(("volume < 0", "bars have a negative volume"));
        }
        for (condition, what) in checks {
            let n = self.number(&format!("SELECT count(*) FROM rows WHERE {condition}"))?;
            if n > 0 {
                warnings.push(format!("{n} {what}"));
            }
        }
        Ok(())
    }

    fn sort_into(&self, parquet: &Path, plan: &Plan) -> Result<u64> {
        let names: Vec<String> = plan.targets.iter().map(|t| identifier(&t.name)).collect();
        let mut keys: Vec<String> = plan.sort_columns();
        keys.extend(["__file".to_string(), "__row".to_string()]);
        self.execute(&format!(
            "COPY (SELECT {} FROM rows ORDER BY {}) TO {} (FORMAT parquet)",
            names.join(", "),
            keys.iter()
                .map(|k| format!("{} NULLS LAST", identifier(k)))
                .collect::<Vec<_>>()
                .join(", "),
            quoted(&parquet.to_string_lossy())
        ))?;
        self.number("SELECT count(*) FROM rows")
            .map(|n| n.max(0) as u64)
    }

    fn execute(&self, sql: &str) -> Result<()> {
        self.connection
            .execute_batch(sql)
            .map_err(|e| error::duckdb(&e))
    }

    fn number(&self, sql: &str) -> Result<i64> {
        self.connection
            .query_row(sql, [], |row| row.get(0))
            .map_err(|e| error::duckdb(&e))
    }

    fn report(&self, phase: Phase, done: u64, total: u64, source: Option<&Source>) {
        (self.progress)(Progress {
            phase,
            done,
            total,
            file: source.map(|s| s.name().to_string()),
        });
    }
}

/// SQL that says why a row cannot be stored, or NULL.
fn reasons(plan: &Plan) -> String {
    let mut cases: Vec<String> = plan
        .targets
        .iter()
        .enumerate()
        .filter(|(_, t)| t.check != Check::Nothing)
        .map(|(i, t)| {
            format!(
                "WHEN __value{i} IS NULL AND {} THEN {} || left(__raw{i}::VARCHAR, 60) || {}",
                t.check.condition(&format!("__raw{i}")),
                quoted(&format!("column `{}`: \"", t.name)),
                quoted(&format!("\" is not {}", t.must_be))
            )
        })
        .collect();
    if let Some(i) = plan.targets.iter().position(|t| t.name == "ts") {
        cases.push(format!(
            "WHEN __value{i} IS NULL THEN 'column `ts` is empty'"
        ));
    }
    match cases.is_empty() {
        true => "NULL".to_string(),
        false => format!("CASE {} END", cases.join(" ")),
    }
}

fn refuse_other_columns(first: &Plan, plan: &Plan, source: &Source) -> Result<()> {
    let missing = first
        .targets
        .iter()
        .find(|t| !plan.has(&t.name))
        .map(|t| ("lacks", &t.name));
    let extra = plan
        .targets
        .iter()
        .find(|t| !first.has(&t.name))
        .map(|t| ("also has", &t.name));
    match missing.or(extra) {
        Some((what, name)) => Err(QlError::new(
            SqlState::UndefinedColumn,
            format!(
                "{}: {what} column `{name}`, unlike the first file",
                source.name()
            ),
        )),
        None => Ok(()),
    }
}

/// SHA-256 over the contents of the files, in order.
fn digest(sources: &[Source]) -> Result<String> {
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    for source in sources {
        let at = |e: &std::io::Error| error::at_path(Path::new(&source.path), e);
        let mut file = std::fs::File::open(&source.path).map_err(|e| at(&e))?;
        loop {
            let n = file.read(&mut buffer).map_err(|e| at(&e))?;
            if n == 0 {
                break;
            }
            hash.update(buffer.get(..n).unwrap_or_default());
        }
    }
    Ok(hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
