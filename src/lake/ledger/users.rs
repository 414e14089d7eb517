//! Users and what proves their passwords.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{OptionalExt, Row, params};

/// A user. The password itself is nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserEntry {
    /// The name as in the startup message.
    pub name: String,
    /// The SCRAM verifier as text.
    pub verifier: String,
    /// Microseconds since 1970, UTC.
    pub created_at: i64,
}

impl Ledger {
    /// Stores a user, or a new verifier of one who is there.
    ///
    /// # Errors
    /// Those of the file.
    pub fn save_user(&self, name: &str, verifier: &str) -> Result<()> {
        self.with(|c| {
            c.execute(
                "INSERT INTO users VALUES (?, ?, make_timestamp(?::BIGINT))
                 ON CONFLICT (name) DO UPDATE SET verifier = excluded.verifier",
                params![name, verifier, now_micros()],
            )
        })?;
        Ok(())
    }

    /// Removes a user; false when there is none.
    ///
    /// # Errors
    /// Those of the file.
    pub fn delete_user(&self, name: &str) -> Result<bool> {
        let removed =
            self.with(|c| c.execute("DELETE FROM users WHERE name = ?", params![name]))?;
        Ok(removed > 0)
    }

    /// One user.
    ///
    /// # Errors
    /// Those of the file.
    pub fn user(&self, name: &str) -> Result<Option<UserEntry>> {
        self.with(|c| {
            c.query_row(&select("WHERE name = ?"), params![name], read)
                .optional()
        })
    }

    /// What a login of this user is checked against.
    ///
    /// # Errors
    /// Those of the file.
    pub fn user_verifier(&self, name: &str) -> Result<Option<String>> {
        Ok(self.user(name)?.map(|u| u.verifier))
    }

    /// All users by name.
    ///
    /// # Errors
    /// Those of the file.
    pub fn users(&self) -> Result<Vec<UserEntry>> {
        self.with(|c| {
            c.prepare(&select("ORDER BY name"))?
                .query_map([], read)?
                .collect()
        })
    }
}

fn select(rest: &str) -> String {
    format!(
        "SELECT name, verifier, {} FROM users {rest}",
        micros("created_at")
    )
}

fn read(row: &Row<'_>) -> duckdb::Result<UserEntry> {
    Ok(UserEntry {
        name: row.get(0)?,
        verifier: row.get(1)?,
        created_at: row.get(2)?,
    })
}
