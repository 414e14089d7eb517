//! Models and their versions.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{Row, params};

/// One version of a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelEntry {
    /// The model's name.
    pub name: String,
    /// 1, 2, ... in the order of creation.
    pub version: i64,
    /// The definition as JSON, in the form of the models crate.
    pub definition: String,
    /// Microseconds since 1970, UTC.
    pub created_at: i64,
}

impl Ledger {
    /// Stores a version of a model, replacing the same version.
    ///
    /// # Errors
    /// Those of the file.
    pub fn save_model(&self, name: &str, version: i64, definition: &str) -> Result<()> {
        self.with(|c| {
            c.execute(
                "INSERT OR REPLACE INTO models VALUES (?, ?, ?, make_timestamp(?::BIGINT))",
                params![name, version, definition, now_micros()],
            )
        })?;
        Ok(())
    }

    /// Removes all versions of a model; false when there are none.
    ///
    /// # Errors
    /// Those of the file.
    pub fn delete_model(&self, name: &str) -> Result<bool> {
        let removed =
            self.with(|c| c.execute("DELETE FROM models WHERE name = ?", params![name]))?;
        Ok(removed > 0)
    }

    /// The newest version of every model, by name.
    ///
    /// # Errors
    /// Those of the file.
    pub fn models(&self) -> Result<Vec<ModelEntry>> {
        self.with(|c| {
            c.prepare(&format!(
                "SELECT name, version, definition, {} FROM models
                 QUALIFY version = max(version) OVER (PARTITION BY name) ORDER BY name",
                micros("created_at")
            ))?
            .query_map([], read)?
            .collect()
        })
    }
}

fn read(row: &Row<'_>) -> duckdb::Result<ModelEntry> {
    Ok(ModelEntry {
        name: row.get(0)?,
        version: row.get(1)?,
        definition: row.get(2)?,
        created_at: row.get(3)?,
    })
}
