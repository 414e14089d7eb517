//! From the errors of DuckDB, DuckLake and the file system to what a user reads.

use datafusion::error::DataFusionError;
use datafusion_ducklake::DuckLakeError;
use quantlake_core::error::io_cause;
use quantlake_core::{QlError, SqlState};
use std::io;
use std::path::Path;

/// The result of everything in the lake that does not run a query.
pub type Result<T> = std::result::Result<T, QlError>;

/// A DuckLake error with the SQLSTATE that a driver can react to.
pub fn ducklake(error: DuckLakeError) -> QlError {
    of_ducklake(&error)
}

fn of_ducklake(error: &DuckLakeError) -> QlError {
    match error {
        DuckLakeError::Conflict(what) => conflict(what),
        DuckLakeError::TableNotFound(name) => missing_table(name),
        DuckLakeError::SchemaNotFound(name) => missing_schema(name),
        DuckLakeError::InvalidSnapshot(what) => QlError::new(SqlState::UndefinedObject, what),
        DuckLakeError::UnsupportedType(what) => {
            unsupported(format!("the lake cannot store type {what}"))
        }
        DuckLakeError::Unsupported(what) => unsupported(what),
        DuckLakeError::UnsupportedTypeChange {
            column, from, to, ..
        } => QlError::new(
            SqlState::DatatypeMismatch,
            format!("column `{column}` has type {from}, found {to}"),
        ),
        DuckLakeError::InvalidConfig(what) => QlError::new(SqlState::DataException, what),
        DuckLakeError::DuckDb(inner) => duckdb(inner),
        DuckLakeError::DataFusion(inner) => datafusion(inner),
        other => match io_cause(other) {
            Some(io) => io_state(io, other.to_string()),
            None => QlError::new(SqlState::IoError, other.to_string()),
        },
    }
}

/// The error of a DuckLake operator with the SQLSTATE it stands for; others as they are.
pub fn with_state(error: DataFusionError) -> DataFusionError {
    let known = match error.find_root() {
        DataFusionError::External(inner) => inner.downcast_ref().map(of_ducklake),
        _ => None,
    };
    known.map_or(error, DataFusionError::from)
}

/// A DataFusion error as ours, keeping the one inside if there is one.
pub fn datafusion(error: &DataFusionError) -> QlError {
    match (QlError::of(error), error.find_root()) {
        (Some(own), _) => own.clone(),
        (None, DataFusionError::IoError(inner)) => io_state(inner, inner.to_string()),
        (None, root) => QlError::new(SqlState::DataException, root.strip_backtrace()),
    }
}

/// An error of DuckDB itself, with the first sentence of what it says.
pub fn duckdb(error: &duckdb::Error) -> QlError {
    let text = error.to_string();
    let state = match &text {
        t if t.contains("No space left") => SqlState::DiskFull,
        t if t.contains("Out of Memory") => SqlState::OutOfMemory,
        t if t.contains("INTERRUPT") => SqlState::QueryCanceled,
        t if t.contains("TransactionContext Error") => SqlState::SerializationFailure,
        t if t.contains("IO Error") => SqlState::IoError,
        _ => SqlState::Internal,
    };
    QlError::new(state, format!("catalog: {}", first_sentence(&text)))
}

/// A failure to read or write a path.
pub fn at_path(path: &Path, error: &io::Error) -> QlError {
    io_state(error, format!("{}: {error}", path.display()))
}

/// Another writer was first; the statement can be tried again.
pub fn conflict(what: &str) -> QlError {
    QlError::new(
        SqlState::SerializationFailure,
        format!("another session changed the table first: {what}"),
    )
    .with_hint("Run the statement again")
}

/// 42P01 for a table or view.
pub fn missing_table(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedTable,
        format!("relation \"{name}\" does not exist"),
    )
}

/// 42704 for a schema.
pub fn missing_schema(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedObject,
        format!("schema \"{name}\" does not exist"),
    )
}

/// 42P07 for a table or view.
pub fn exists(name: &str) -> QlError {
    QlError::new(
        SqlState::DuplicateTable,
        format!("relation \"{name}\" already exists"),
    )
}

/// 0A000.
pub fn unsupported(what: impl Into<String>) -> QlError {
    QlError::new(SqlState::FeatureNotSupported, what)
}

/// DuckDB and the operating system explain at length; the first line is what went wrong.
pub fn first_sentence(text: &str) -> String {
    text.lines()
        .next()
        .unwrap_or_default()
        .trim()
        .trim_end_matches('.')
        .to_string()
}

fn io_state(error: &io::Error, message: String) -> QlError {
    let state = SqlState::of_io(io_cause(error).unwrap_or(error));
    QlError::new(state, message)
}
