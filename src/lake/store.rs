//! The DuckLake catalog's database file, held open for the whole process.
//!
//! `datafusion-ducklake` owns the only connection and offers no DROP, RENAME or atomic publish,
//! and DuckDB lets a file be open once. So the store can close the file for a moment, run such a
//! change as one transaction on a connection of our own, and open it again; every provider and
//! writer that DataFusion holds goes through the store and does not notice.

use super::error::{self, Result};
use datafusion_ducklake::{DuckLakeError, DuckdbMetadataProvider, DuckdbMetadataWriter};
use duckdb::Connection;
use parking_lot::RwLock;
use quantlake_core::{QlError, SqlState};
use std::path::{Path, PathBuf};

/// The two views of one connection that DuckLake works with.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) writer: DuckdbMetadataWriter,
    pub(crate) provider: DuckdbMetadataProvider,
}

#[derive(Debug)]
enum State {
    Open(Box<Backend>),
    /// The file is closed because a re-opening failed; the next call tries again.
    Interrupted,
    Closed,
}

/// The catalog file; implements DuckLake's provider and writer traits in `delegate.rs`.
#[derive(Debug)]
pub struct CatalogStore {
    path: PathBuf,
    state: RwLock<State>,
}

impl CatalogStore {
    /// Opens the file, creating and migrating its tables.
    ///
    /// # Errors
    /// 58030 when the file cannot be read or written.
    pub fn open(path: &Path) -> Result<Self> {
        let backend = open_backend(path)?;
        Ok(Self {
            path: path.to_path_buf(),
            state: RwLock::new(State::Open(Box::new(backend))),
        })
    }

    /// Runs one metadata call.
    pub(crate) fn with<T>(
        &self,
        call: impl FnOnce(&Backend) -> datafusion_ducklake::Result<T>,
    ) -> datafusion_ducklake::Result<T> {
        loop {
            // Recursive, because DuckLake's commit lock calls back while it is held.
            match &*self.state.read_recursive() {
                State::Open(backend) => return call(backend),
                State::Closed => return Err(DuckLakeError::Internal("the lake is closed".into())),
                State::Interrupted => {}
            }
            self.reopen()?;
        }
    }

    /// Runs a change on a connection of our own, alone, as one transaction.
    ///
    /// # Errors
    /// What `change` returns (nothing is changed then), and failures to open the file.
    pub(crate) fn exclusively<T>(
        &self,
        change: impl FnOnce(&duckdb::Transaction<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut state = self.state.write();
        if matches!(*state, State::Closed) {
            return Err(closed());
        }
        *state = State::Interrupted;
        let result = transaction(&self.path, change);
        *state = State::Open(Box::new(open_backend(&self.path)?));
        result
    }

    /// Closes the file for good; later calls fail.
    pub(crate) fn close(&self) {
        *self.state.write() = State::Closed;
    }

    fn reopen(&self) -> datafusion_ducklake::Result<()> {
        let mut state = self.state.write();
        if matches!(*state, State::Interrupted) {
            let backend = open_backend(&self.path)
                .map_err(|e| DuckLakeError::Internal(format!("cannot re-open the catalog: {e}")))?;
            *state = State::Open(Box::new(backend));
        }
        Ok(())
    }
}

/// Runs a change on a catalog file that nobody has open.
pub(crate) fn transaction<T>(
    path: &Path,
    change: impl FnOnce(&duckdb::Transaction<'_>) -> Result<T>,
) -> Result<T> {
    let mut connection = Connection::open(path).map_err(|e| error::duckdb(&e))?;
    let tx = connection.transaction().map_err(|e| error::duckdb(&e))?;
    let value = change(&tx)?;
    tx.commit().map_err(|e| error::duckdb(&e))?;
    Ok(value)
}

fn open_backend(path: &Path) -> Result<Backend> {
    let writer = DuckdbMetadataWriter::new_with_init(path.to_string_lossy().into_owned())
        .map_err(error::ducklake)?;
    let provider = writer.metadata_provider();
    Ok(Backend { writer, provider })
}

fn closed() -> QlError {
    QlError::new(SqlState::ObjectNotInState, "the lake is closed")
}
