//! The audit log: who did what, in order.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{Row, params};

/// One line of the audit log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Microseconds since 1970, UTC.
    pub ts: i64,
    /// Who.
    pub user: String,
    /// What, in a word: `login`, `create_user`, ...
    pub event: String,
    /// Anything that helps to understand it later.
    pub detail: String,
}

impl Ledger {
    /// Writes a line.
    ///
    /// # Errors
    /// Those of the file.
    pub fn audit(&self, user: &str, event: &str, detail: &str) -> Result<()> {
        self.with(|c| {
            c.execute(
                "INSERT INTO audit (ts, user_name, event, detail)
                 VALUES (make_timestamp(?::BIGINT), ?, ?, ?)",
                params![now_micros(), user, event, detail],
            )
        })?;
        Ok(())
    }

    /// The newest lines, newest first.
    ///
    /// # Errors
    /// Those of the file.
    pub fn audit_log(&self, limit: usize) -> Result<Vec<AuditEntry>> {
        self.with(|c| {
            c.prepare(&format!(
                "SELECT {}, user_name, event, detail FROM audit ORDER BY id DESC LIMIT ?",
                micros("ts")
            ))?
            .query_map(params![limit as i64], read)?
            .collect()
        })
    }
}

fn read(row: &Row<'_>) -> duckdb::Result<AuditEntry> {
    Ok(AuditEntry {
        ts: row.get(0)?,
        user: row.get(1)?,
        event: row.get(2)?,
        detail: row.get(3)?,
    })
}
