//! The ledger: what the database knows besides tables of rows.
//!
//! One DuckDB file beside the catalog (DuckDB lets a file be open once, and DuckLake holds the
//! catalog's). It keeps users, external tables, views, models, object ids, imports, strategies with
//! their runs and trials, and the audit log. Each kind of row has its own file here with typed methods; callers see no SQL.

mod audit;
mod imports;
mod migrations;
mod models;
mod objects;
mod oids;
mod runs;
mod runs_results;
mod runs_trials;
mod strategies;
mod users;

pub use audit::AuditEntry;
pub use imports::ImportEntry;
pub use models::ModelEntry;
pub use objects::{ObjectKind, StoredObject};
pub use runs::{Honesty, MetricEntry, NewRun, RunEntry, RunHeader};
pub use runs_results::{ResultTable, Values};
pub use runs_trials::{FamilyTrials, NewTrial, TrialEntry};
pub use strategies::StrategyEntry;
pub use users::UserEntry;

use super::error::{self, Result};
use duckdb::Connection;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::path::Path;

/// The open ledger. Calls are short; they take a lock and block.
pub struct Ledger {
    connection: Mutex<Option<Connection>>,
}

impl Ledger {
    /// Opens the file, creating or migrating its tables.
    ///
    /// # Errors
    /// 58030 when it cannot be read or written, 55000 when a newer QuantLake wrote it.
    pub fn open(path: &Path) -> Result<Self> {
        let mut connection = Connection::open(path).map_err(|e| error::duckdb(&e))?;
        migrations::run(&mut connection)?;
        Ok(Self {
            connection: Mutex::new(Some(connection)),
        })
    }

    /// Closes the file; later calls fail.
    pub(crate) fn close(&self) {
        self.connection.lock().take();
    }

    /// Runs one piece of work on the connection.
    fn with<T>(&self, work: impl FnOnce(&mut Connection) -> duckdb::Result<T>) -> Result<T> {
        let mut guard = self.connection.lock();
        let connection = guard
            .as_mut()
            .ok_or_else(|| QlError::new(SqlState::ObjectNotInState, "the ledger is closed"))?;
        work(connection).map_err(|e| error::duckdb(&e))
    }
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

/// SQL that reads a time as microseconds since 1970, UTC, the form our structs hold it in.
fn micros(column: &str) -> String {
    format!("epoch_us({column})")
}

/// Now, in microseconds since 1970, UTC.
pub(crate) fn now_micros() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod runs_tests;
