//! The ledger's tables, version by version.

use crate::lake::error::{self, Result};
use duckdb::{Connection, params};
use quantlake_core::{QlError, SqlState};

/// Each entry brings the tables from the version of its index to the next. Entries never
/// change once released; a new need is a new entry.
const STEPS: [&str; 2] = [
    "
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
",
    "
    CREATE TABLE strategies (
        name TEXT PRIMARY KEY,
        version BIGINT NOT NULL,
        parameters TEXT NOT NULL,
        sql TEXT NOT NULL,
        created_by TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL
    );
    CREATE SEQUENCE run_id;
    CREATE TABLE runs (
        id BIGINT PRIMARY KEY,
        strategy TEXT NOT NULL,
        strategy_version BIGINT NOT NULL,
        family TEXT NOT NULL,
        note TEXT,
        user_name TEXT NOT NULL,
        parameters TEXT NOT NULL,
        arguments TEXT NOT NULL,
        snapshot_id BIGINT NOT NULL,
        sql TEXT NOT NULL,
        frozen_sql TEXT NOT NULL,
        versions TEXT NOT NULL,
        seed BIGINT,
        n_rows BIGINT NOT NULL,
        n_symbols BIGINT NOT NULL,
        first_ts TIMESTAMP,
        last_ts TIMESTAMP,
        benchmark TEXT NOT NULL,
        digests TEXT NOT NULL,
        started_at TIMESTAMP NOT NULL,
        finished_at TIMESTAMP NOT NULL
    );
    CREATE TABLE run_metrics (
        run_id BIGINT NOT NULL,
        metric TEXT NOT NULL,
        value DOUBLE,
        benchmark DOUBLE
    );
    CREATE SEQUENCE trial_id;
    CREATE TABLE trials (
        id BIGINT PRIMARY KEY DEFAULT nextval('trial_id'),
        family TEXT NOT NULL,
        run_id BIGINT,
        source TEXT NOT NULL,
        label TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        n_returns BIGINT NOT NULL,
        sharpe DOUBLE,
        user_name TEXT NOT NULL,
        created_at TIMESTAMP NOT NULL
    );
",
];

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
