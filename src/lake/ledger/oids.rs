//! Object ids that stay the same over restarts, because clients cache them.

use super::Ledger;
use crate::lake::error::Result;
use duckdb::{OptionalExt, params};

/// PostgreSQL gives smaller ids to its own objects.
const FIRST_USER_OID: i32 = 16384;

impl Ledger {
    /// The id of a relation by its full name, given on first use.
    ///
    /// # Errors
    /// Those of the file.
    pub fn relation_oid(&self, name: &str) -> Result<i32> {
        self.with(|c| {
            let known: Option<i32> = c
                .query_row(
                    "SELECT oid FROM relation_oids WHERE name = ?",
                    params![name],
                    |row| row.get(0),
                )
                .optional()?;
            match known {
                Some(oid) => Ok(oid),
                None => c.query_row(
                    "INSERT INTO relation_oids
                     SELECT ?, coalesce(max(oid) + 1, ?) FROM relation_oids RETURNING oid",
                    params![name, FIRST_USER_OID],
                    |row| row.get(0),
                ),
            }
        })
    }
}
