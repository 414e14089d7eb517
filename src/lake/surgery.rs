//! Changes of the DuckLake catalog that the crate's writer does not offer, as single
//! transactions: DROP, publishing a finished table under its name, and recovery.
//!
//! The rows written are those of the DuckLake specification, so DuckDB's own extension reads
//! the result: an object ends when its rows get an `end_snapshot`, and every change is a
//! snapshot with a line in the change ledger.

use super::error::{self, Result};
use duckdb::{OptionalExt, Transaction, params};
use quantlake_core::QlError;
use std::path::{Path, PathBuf};

/// Tables under construction; no user sees them.
pub(crate) const STAGE_PREFIX: &str = "__stage_";

/// The rows of a table that end with it.
const TABLE_ROWS: [&str; 7] = [
    "ducklake_table",
    "ducklake_column",
    "ducklake_column_tag",
    "ducklake_data_file",
    "ducklake_delete_file",
    "ducklake_partition_info",
    "ducklake_sort_info",
];

/// A table that exists now.
#[derive(Debug, Clone)]
struct LiveTable {
    id: i64,
    schema_path: String,
    path: String,
}

/// Drops a table; false when there is none.
///
/// # Errors
/// Those of DuckDB.
pub(crate) fn drop_table(tx: &Transaction<'_>, schema: &str, name: &str) -> Result<bool> {
    let Some(table) = live_table(tx, schema, name)? else {
        return Ok(false);
    };
    let snapshot = new_snapshot(tx)?;
    end_table(tx, table.id, snapshot)?;
    record(tx, snapshot, &format!("dropped_table:{}", table.id))?;
    Ok(true)
}

/// Drops a schema with its tables; false when there is none.
///
/// # Errors
/// Those of DuckDB.
pub(crate) fn drop_schema(tx: &Transaction<'_>, schema: &str) -> Result<bool> {
    let id: Option<i64> = sql(tx
        .query_row(
            "SELECT schema_id FROM ducklake_schema WHERE schema_name = ? AND end_snapshot IS NULL",
            params![schema],
            |row| row.get(0),
        )
        .optional())?;
    let Some(id) = id else {
        return Ok(false);
    };
    let snapshot = new_snapshot(tx)?;
    let mut changes = Vec::new();
    for table in ids(
        tx,
        "SELECT table_id FROM ducklake_table WHERE schema_id = ? AND end_snapshot IS NULL",
        id,
    )? {
        end_table(tx, table, snapshot)?;
        changes.push(format!("dropped_table:{table}"));
    }
    sql(tx.execute(
        "UPDATE ducklake_schema SET end_snapshot = ? WHERE schema_id = ?",
        params![snapshot, id],
    ))?;
    changes.push(format!("dropped_schema:{id}"));
    record(tx, snapshot, &changes.join(","))?;
    Ok(true)
}

/// Gives a finished staged table its name, in one snapshot: a table of that name ends, the
/// sort order is declared, and the data files move to the folder that belongs to the name.
///
/// # Errors
/// Those of DuckDB and of moving files; the files are moved back then.
pub(crate) fn publish(
    tx: &Transaction<'_>,
    data_dir: &Path,
    schema: &str,
    staged: &str,
    name: &str,
    sort: &[String],
) -> Result<()> {
    let table = live_table(tx, schema, staged)?
        .ok_or_else(|| QlError::internal(format!("staged table {staged} is gone")))?;
    let snapshot = new_snapshot(tx)?;
    let mut changes = Vec::new();
    if let Some(old) = live_table(tx, schema, name)? {
        end_table(tx, old.id, snapshot)?;
        changes.push(format!("dropped_table:{}", old.id));
    }
    sql(tx.execute(
        "UPDATE ducklake_table SET table_name = ?, path = ?, begin_snapshot = ? WHERE table_id = ?",
        params![name, format!("{name}/"), snapshot, table.id],
    ))?;
    for rows in [
        "ducklake_column",
        "ducklake_data_file",
        "ducklake_schema_versions",
    ] {
        sql(tx.execute(
            &format!("UPDATE {rows} SET begin_snapshot = ? WHERE table_id = ?"),
            params![snapshot, table.id],
        ))?;
    }
    declare_order(tx, table.id, snapshot, sort)?;
    changes.push(format!("created_table:{}.{}", quoted(schema), quoted(name)));
    changes.push(format!("inserted_into_table:{}", table.id));
    record(tx, snapshot, &changes.join(","))?;
    move_files(tx, data_dir, &table, name)
}

/// Ends what a crash left half-made: staged tables, and tables that never got their columns.
/// Returns how many there were.
///
/// # Errors
/// Those of DuckDB.
pub(crate) fn recover(tx: &Transaction<'_>) -> Result<usize> {
    let has_catalog: bool = sql(tx.query_row(
        "SELECT count(*) > 0 FROM information_schema.tables WHERE table_name = 'ducklake_column'",
        [],
        |row| row.get(0),
    ))?;
    if !has_catalog {
        return Ok(0);
    }
    let never_finished = sql(tx.execute(
        "DELETE FROM ducklake_table WHERE end_snapshot IS NULL
         AND table_id NOT IN (SELECT table_id FROM ducklake_column)",
        [],
    ))?;
    let staged: Vec<(String, String)> = {
        let mut statement = sql(tx.prepare(
            "SELECT s.schema_name, t.table_name FROM ducklake_table t
             JOIN ducklake_schema s USING (schema_id)
             WHERE t.end_snapshot IS NULL AND starts_with(t.table_name, ?)",
        ))?;
        let rows =
            sql(statement.query_map(params![STAGE_PREFIX], |row| Ok((row.get(0)?, row.get(1)?))))?;
        sql(rows.collect())?
    };
    for (schema, name) in &staged {
        drop_table(tx, schema, name)?;
    }
    Ok(never_finished + staged.len())
}

/// All data and delete files that some snapshot needs, relative to the data folder.
///
/// # Errors
/// Those of DuckDB.
pub(crate) fn referenced_files(tx: &Transaction<'_>) -> Result<Vec<PathBuf>> {
    let mut statement = sql(tx.prepare(
        "SELECT s.path || t.path || f.path FROM
           (SELECT table_id, path FROM ducklake_data_file WHERE path_is_relative
            UNION ALL SELECT table_id, path FROM ducklake_delete_file WHERE path_is_relative) f
         JOIN ducklake_table t USING (table_id) JOIN ducklake_schema s USING (schema_id)",
    ))?;
    let rows = sql(statement.query_map([], |row| row.get::<_, String>(0)))?;
    rows.map(|row| sql(row).map(PathBuf::from)).collect()
}

fn live_table(tx: &Transaction<'_>, schema: &str, name: &str) -> Result<Option<LiveTable>> {
    sql(tx
        .query_row(
            "SELECT t.table_id, s.path, t.path FROM ducklake_table t
             JOIN ducklake_schema s USING (schema_id)
             WHERE s.schema_name = ? AND s.end_snapshot IS NULL
               AND t.table_name = ? AND t.end_snapshot IS NULL",
            params![schema, name],
            |row| {
                Ok(LiveTable {
                    id: row.get(0)?,
                    schema_path: row.get(1)?,
                    path: row.get(2)?,
                })
            },
        )
        .optional())
}

/// A snapshot that changes the schema of the lake.
fn new_snapshot(tx: &Transaction<'_>) -> Result<i64> {
    let snapshot: i64 = sql(tx.query_row(
        "INSERT INTO ducklake_snapshot (snapshot_id, snapshot_time, schema_version)
         SELECT coalesce(max(snapshot_id), 0) + 1, current_timestamp,
                coalesce(max(schema_version), 0) + 1
         FROM ducklake_snapshot RETURNING snapshot_id",
        [],
        |row| row.get(0),
    ))?;
    Ok(snapshot)
}

fn record(tx: &Transaction<'_>, snapshot: i64, changes: &str) -> Result<()> {
    sql(tx.execute(
        "INSERT INTO ducklake_snapshot_changes (snapshot_id, changes_made) VALUES (?, ?)",
        params![snapshot, changes],
    ))?;
    Ok(())
}

fn end_table(tx: &Transaction<'_>, table: i64, snapshot: i64) -> Result<()> {
    for rows in TABLE_ROWS {
        sql(tx.execute(
            &format!(
                "UPDATE {rows} SET end_snapshot = ? WHERE table_id = ? AND end_snapshot IS NULL"
            ),
            params![snapshot, table],
        ))?;
    }
    Ok(())
}

fn declare_order(
    tx: &Transaction<'_>,
    table: i64,
    snapshot: i64,
    columns: &[String],
) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    let id: i64 = sql(tx.query_row("SELECT nextval('ducklake_sort_id_seq')", [], |r| r.get(0)))?;
    sql(tx.execute(
        "INSERT INTO ducklake_sort_info (sort_id, table_id, begin_snapshot) VALUES (?, ?, ?)",
        params![id, table, snapshot],
    ))?;
    for (position, column) in columns.iter().enumerate() {
        sql(tx.execute(
            "INSERT INTO ducklake_sort_expression VALUES (?, ?, ?, ?, 'duckdb', 'ASC', 'NULLS_LAST')",
            params![id, table, position as i64, quoted(column)],
        ))?;
    }
    Ok(())
}

/// Moves the files of a table into the folder of its new name, on the same file system.
fn move_files(tx: &Transaction<'_>, data_dir: &Path, table: &LiveTable, name: &str) -> Result<()> {
    let files = {
        let mut statement = sql(tx.prepare(
            "SELECT path FROM ducklake_data_file WHERE table_id = ? AND path_is_relative",
        ))?;
        let rows = sql(statement.query_map(params![table.id], |row| row.get::<_, String>(0)))?;
        sql(rows.collect::<duckdb::Result<Vec<_>>>())?
    };
    let schema_dir = data_dir.join(&table.schema_path);
    let (from, to) = (schema_dir.join(&table.path), schema_dir.join(name));
    std::fs::create_dir_all(&to).map_err(|e| error::at_path(&to, &e))?;
    let mut moved = Vec::new();
    for file in &files {
        if let Err(e) = std::fs::rename(from.join(file), to.join(file)) {
            for back in moved {
                // Best effort: a file that stays is an orphan, which recovery removes.
                let _ = std::fs::rename(to.join(back), from.join(back));
            }
            return Err(error::at_path(&from.join(file), &e));
        }
        moved.push(file);
    }
    // The folder of the stage holds nothing else.
    let _ = std::fs::remove_dir(&from);
    Ok(())
}

fn ids(tx: &Transaction<'_>, query: &str, parameter: i64) -> Result<Vec<i64>> {
    let mut statement = sql(tx.prepare(query))?;
    let rows = sql(statement.query_map(params![parameter], |row| row.get(0)))?;
    sql(rows.collect())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn sql<T>(result: duckdb::Result<T>) -> Result<T> {
    result.map_err(|e| error::duckdb(&e))
}
