//! The ledger's tables, version by version.

use crate::lake::error::{self, Result};
use duckdb::{Connection, params};
use quantlake_core::{QlError, SqlState};

/// Each entry brings the tables from the version of its index to the next. Entries never
/// change once released; a new need is a new entry.
const STEPS: [&str; 1] = ["
    CREATE TABLE users (
        name TEXT PRIMARY KEY,
        verifier TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL
    );
    CREATE TABLE objects (
        schema_name TEXT NOT NULL,
        name TEXT NOT NULL,
        kind TEXT NOT NULL,
        sql TEXT NOT NULL,
        depends_on TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL,
        PRIMARY KEY (schema_name, name)
    );
    CREATE TABLE models (
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        definition TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL,
        PRIMARY KEY (name, version)
    );
    CREATE TABLE relation_oids (name TEXT PRIMARY KEY, oid INTEGER NOT NULL UNIQUE);
    CREATE SEQUENCE audit_id;
    CREATE TABLE audit (
        id BIGINT PRIMARY KEY DEFAULT nextval('audit_id'),
        ts TIMESTAMP NOT NULL,
        user_name TEXT NOT NULL,
        event TEXT NOT NULL,
        detail TEXT NOT NULL
    );
    CREATE SEQUENCE import_id;
    CREATE TABLE imports (
        id BIGINT PRIMARY KEY DEFAULT nextval('import_id'),
        table_name TEXT NOT NULL,
        source TEXT NOT NULL,
        sha256 TEXT,
        n_rows BIGINT,
        started_at TIMESTAMP NOT NULL,
        finished_at TIMESTAMP,
        status TEXT NOT NULL
    );
"];

/// Brings the ledger to this program's version, each step in a transaction.
///
/// # Errors
/// 55000 when the ledger was written by a newer version.
pub(super) fn run(connection: &mut Connection) -> Result<()> {
    connection
        .execute_batch("CREATE TABLE IF NOT EXISTS ledger_version (version INTEGER NOT NULL)")
        .map_err(|e| error::duckdb(&e))?;
    let found = version(connection).map_err(|e| error::duckdb(&e))?;
    if found > STEPS.len() {
        return Err(QlError::new(
            SqlState::ObjectNotInState,
            format!(
                "ledger: written by a newer QuantLake (version {found}), this one knows {}",
                STEPS.len()
            ),
        ));
    }
    for (index, step) in STEPS.iter().enumerate().skip(found) {
        apply(connection, step, index + 1).map_err(|e| error::duckdb(&e))?;
    }
    Ok(())
}

fn version(connection: &Connection) -> duckdb::Result<usize> {
    connection.query_row(
        "SELECT coalesce(max(version), 0) FROM ledger_version",
        [],
        |row| row.get::<_, i64>(0).map(|v| v.max(0) as usize),
    )
}

fn apply(connection: &mut Connection, step: &str, version: usize) -> duckdb::Result<()> {
    let tx = connection.transaction()?;
    tx.execute_batch(step)?;
    tx.execute(
        "INSERT INTO ledger_version VALUES (?)",
        params![version as i64],
    )?;
    tx.commit()
}
