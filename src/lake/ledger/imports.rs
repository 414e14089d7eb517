//! Imports: what came from where, and how it ended.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{Row, params};

/// One import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportEntry {
    /// Its number.
    pub id: i64,
    /// The table written to.
    pub table: String,
    /// The files, as the user named them.
    pub source: String,
    /// SHA-256 over the files' contents in order, in hexadecimal.
    pub sha256: Option<String>,
    /// Rows written.
    pub rows: Option<i64>,
    /// Microseconds since 1970, UTC.
    pub started_at: i64,
    /// Microseconds since 1970, UTC; none while it runs, or when the process died.
    pub finished_at: Option<i64>,
    /// `running`, `done`, `failed: ...`, or `interrupted`.
    pub status: String,
}

impl Ledger {
    /// Notes the start of an import and returns its number.
    ///
    /// # Errors
    /// Those of the file.
    pub fn start_import(&self, table: &str, source: &str) -> Result<i64> {
        self.with(|c| {
            c.query_row(
                "INSERT INTO imports (table_name, source, started_at, status)
                 VALUES (?, ?, make_timestamp(?::BIGINT), 'running') RETURNING id",
                params![table, source, now_micros()],
                |row| row.get(0),
            )
        })
    }

    /// Notes a success.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish_import(&self, id: i64, rows: u64, sha256: &str) -> Result<()> {
        self.with(|c| {
            c.execute(
                "UPDATE imports SET status = 'done', n_rows = ?, sha256 = ?,
                 finished_at = make_timestamp(?::BIGINT) WHERE id = ?",
                params![rows, sha256, now_micros(), id],
            )
        })?;
        Ok(())
    }

    /// Notes a failure and its reason.
    ///
    /// # Errors
    /// Those of the file.
    pub fn fail_import(&self, id: i64, reason: &str) -> Result<()> {
        self.with(|c| {
            c.execute(
                "UPDATE imports SET status = 'failed: ' || ?,
                 finished_at = make_timestamp(?::BIGINT) WHERE id = ?",
                params![reason, now_micros(), id],
            )
        })?;
        Ok(())
    }

    /// Marks the imports that a dead process left running.
    pub(crate) fn interrupt_imports(&self) -> Result<usize> {
        self.with(|c| {
            c.execute(
                "UPDATE imports SET status = 'interrupted' WHERE status = 'running'",
                [],
            )
        })
    }

    /// All imports, newest first.
    ///
    /// # Errors
    /// Those of the file.
    pub fn imports(&self) -> Result<Vec<ImportEntry>> {
        self.with(|c| {
            c.prepare(&format!(
                "SELECT id, table_name, source, sha256, n_rows, {}, {}, status
                 FROM imports ORDER BY id DESC",
                micros("started_at"),
                micros("finished_at")
            ))?
            .query_map([], read)?
            .collect()
        })
    }
}

fn read(row: &Row<'_>) -> duckdb::Result<ImportEntry> {
    Ok(ImportEntry {
        id: row.get(0)?,
        table: row.get(1)?,
        source: row.get(2)?,
        sha256: row.get(3)?,
        rows: row.get(4)?,
        started_at: row.get(5)?,
        finished_at: row.get(6)?,
        status: row.get(7)?,
    })
}
