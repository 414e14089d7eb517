//! Strategies: queries with parameters, by name.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{OptionalExt, Row, params};

/// A stored strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StrategyEntry {
    /// Its name.
    pub name: String,
    /// 1, 2, ... : how often the name has been defined.
    pub version: i64,
    /// Its parameters as they stand in `CREATE STRATEGY`, without the parentheses.
    pub parameters: String,
    /// Its query.
    pub sql: String,
    /// Who defined it.
    pub user: String,
    /// When, in microseconds since 1970, UTC.
    pub created_at: i64,
}

impl Ledger {
    /// Stores a strategy, replacing one of the same name, and returns its version.
    ///
    /// # Errors
    /// Those of the file.
    pub fn save_strategy(
        &self,
        name: &str,
        parameters: &str,
        sql: &str,
        user: &str,
    ) -> Result<i64> {
        self.with(|c| {
            c.query_row(
                // The count goes on after DROP STRATEGY, so that a version means one text for ever.
                "INSERT OR REPLACE INTO strategies
                 SELECT $1, 1 + greatest(
                     (SELECT coalesce(max(version), 0) FROM strategies WHERE name = $1),
                     (SELECT coalesce(max(strategy_version), 0) FROM runs WHERE strategy = $1)),
                   $2, $3, $4, make_timestamp($5::BIGINT)
                 RETURNING version",
                params![name, parameters, sql, user, now_micros()],
                |row| row.get(0),
            )
        })
    }

    /// Removes a strategy; its runs stay. False when there is none.
    ///
    /// # Errors
    /// Those of the file.
    pub fn delete_strategy(&self, name: &str) -> Result<bool> {
        let removed =
            self.with(|c| c.execute("DELETE FROM strategies WHERE name = ?", params![name]))?;
        Ok(removed > 0)
    }

    /// One strategy.
    ///
    /// # Errors
    /// Those of the file.
    pub fn strategy(&self, name: &str) -> Result<Option<StrategyEntry>> {
        self.with(|c| {
            c.query_row(&select("WHERE name = ?"), params![name], read)
                .optional()
        })
    }

    /// All strategies by name.
    ///
    /// # Errors
    /// Those of the file.
    pub fn strategies(&self) -> Result<Vec<StrategyEntry>> {
        self.with(|c| {
            c.prepare(&select("ORDER BY name"))?
                .query_map([], read)?
                .collect()
        })
    }
}

fn select(rest: &str) -> String {
    format!(
        "SELECT name, version, parameters, sql, created_by, {} FROM strategies {rest}",
        micros("created_at")
    )
}

fn read(row: &Row<'_>) -> duckdb::Result<StrategyEntry> {
    Ok(StrategyEntry {
        name: row.get(0)?,
        version: row.get(1)?,
        parameters: row.get(2)?,
        sql: row.get(3)?,
        user: row.get(4)?,
        created_at: row.get(5)?,
    })
}
