//! Views and external tables: relations that are a statement, not rows.

use super::{Ledger, micros, now_micros};
use crate::lake::error::Result;
use duckdb::{OptionalExt, Row, params};

/// What a stored statement creates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A query with a name.
    View,
    /// Files that are read where they lie.
    ExternalTable,
}

impl ObjectKind {
    /// The word in the ledger and in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::ExternalTable => "external table",
        }
    }

    fn parse(name: &str) -> Self {
        match name {
            "view" => Self::View,
            _ => Self::ExternalTable,
        }
    }
}

/// A view or an external table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// The schema it is in.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// View or external table.
    pub kind: ObjectKind,
    /// The CREATE statement.
    pub sql: String,
    /// The relations that the statement reads, as `schema.name`.
    pub depends_on: Vec<String>,
    /// Microseconds since 1970, UTC.
    pub created_at: i64,
}

impl StoredObject {
    /// `schema.name`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

impl Ledger {
    /// Stores an object, replacing one of the same name.
    ///
    /// # Errors
    /// Those of the file.
    pub fn put_object(&self, object: &StoredObject) -> Result<()> {
        let depends_on = serde_json::json!(object.depends_on).to_string();
        self.with(|c| {
            c.execute(
                "INSERT OR REPLACE INTO objects VALUES (?, ?, ?, ?, ?, make_timestamp(?::BIGINT))",
                params![
                    object.schema,
                    object.name,
                    object.kind.name(),
                    object.sql,
                    depends_on,
                    now_micros()
                ],
            )
        })?;
        Ok(())
    }

    /// Removes an object; false when there is none.
    ///
    /// # Errors
    /// Those of the file.
    pub fn remove_object(&self, schema: &str, name: &str) -> Result<bool> {
        let removed = self.with(|c| {
            c.execute(
                "DELETE FROM objects WHERE schema_name = ? AND name = ?",
                params![schema, name],
            )
        })?;
        Ok(removed > 0)
    }

    /// One object.
    ///
    /// # Errors
    /// Those of the file.
    pub fn object(&self, schema: &str, name: &str) -> Result<Option<StoredObject>> {
        self.with(|c| {
            c.query_row(
                &select("WHERE schema_name = ? AND name = ?"),
                params![schema, name],
                read,
            )
            .optional()
        })
    }

    /// All objects by schema and name.
    ///
    /// # Errors
    /// Those of the file.
    pub fn objects(&self) -> Result<Vec<StoredObject>> {
        self.with(|c| {
            c.prepare(&select("ORDER BY schema_name, name"))?
                .query_map([], read)?
                .collect()
        })
    }
}

fn select(rest: &str) -> String {
    format!(
        "SELECT schema_name, name, kind, sql, depends_on, {} FROM objects {rest}",
        micros("created_at")
    )
}

fn read(row: &Row<'_>) -> duckdb::Result<StoredObject> {
    let kind: String = row.get(2)?;
    let depends_on: String = row.get(4)?;
    Ok(StoredObject {
        schema: row.get(0)?,
        name: row.get(1)?,
        kind: ObjectKind::parse(&kind),
        sql: row.get(3)?,
        depends_on: serde_json::from_str(&depends_on).unwrap_or_default(),
        created_at: row.get(5)?,
    })
}
