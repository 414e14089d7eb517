//! The rows that runs leave: one ledger table for each kind of result (`run_equity`, ...), with
//! the columns that the functions of this program's version give. A column that is new since the
//! table was made is added; earlier runs have NULL in it.

use super::{Ledger, micros};
use crate::lake::error::Result;
use duckdb::types::Value;
use duckdb::{Connection, Row, appender_params_from_iter, params};

/// The values of one column.
#[derive(Debug, Clone, PartialEq)]
pub enum Values {
    /// Whole numbers.
    Integers(Vec<Option<i64>>),
    /// Numbers; never NaN.
    Numbers(Vec<Option<f64>>),
    /// Booleans.
    Flags(Vec<Option<bool>>),
    /// Texts.
    Texts(Vec<Option<String>>),
    /// Microseconds since 1970, UTC.
    Times(Vec<Option<i64>>),
}

impl Values {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Integers(v) | Self::Times(v) => v.len(),
            Self::Numbers(v) => v.len(),
            Self::Flags(v) => v.len(),
            Self::Texts(v) => v.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at a row as text; none for NULL and beyond the end.
    pub fn show(&self, row: usize) -> Option<String> {
        match self {
            Self::Integers(v) | Self::Times(v) => v.get(row)?.map(|v| v.to_string()),
            Self::Numbers(v) => v.get(row)?.map(|v| v.to_string()),
            Self::Flags(v) => v.get(row)?.map(|v| v.to_string()),
            Self::Texts(v) => v.get(row)?.clone(),
        }
    }

    fn sql_type(&self) -> &'static str {
        match self {
            Self::Integers(_) => "BIGINT",
            Self::Numbers(_) => "DOUBLE",
            Self::Flags(_) => "BOOLEAN",
            Self::Texts(_) => "VARCHAR",
            Self::Times(_) => "TIMESTAMP",
        }
    }

    fn empty_of(sql_type: &str) -> Self {
        match sql_type {
            "BIGINT" => Self::Integers(Vec::new()),
            "DOUBLE" => Self::Numbers(Vec::new()),
            "BOOLEAN" => Self::Flags(Vec::new()),
            "TIMESTAMP" => Self::Times(Vec::new()),
            _ => Self::Texts(Vec::new()),
        }
    }

    fn value(&self, row: usize) -> Value {
        let known = |value: Option<Value>| value.unwrap_or(Value::Null);
        match self {
            Self::Integers(v) => known(v.get(row).copied().flatten().map(Value::BigInt)),
            Self::Numbers(v) => known(v.get(row).copied().flatten().map(Value::Double)),
            Self::Flags(v) => known(v.get(row).copied().flatten().map(Value::Boolean)),
            Self::Texts(v) => known(v.get(row).cloned().flatten().map(Value::Text)),
            Self::Times(v) => {
                let unit = duckdb::types::TimeUnit::Microsecond;
                known(
                    v.get(row)
                        .copied()
                        .flatten()
                        .map(|t| Value::Timestamp(unit, t)),
                )
            }
        }
    }

    fn push(&mut self, row: &Row<'_>, index: usize) -> duckdb::Result<()> {
        match self {
            Self::Integers(v) | Self::Times(v) => v.push(row.get(index)?),
            Self::Numbers(v) => v.push(row.get(index)?),
            Self::Flags(v) => v.push(row.get(index)?),
            Self::Texts(v) => v.push(row.get(index)?),
        }
        Ok(())
    }
}

/// Rows of one kind of result.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultTable {
    /// The kind: `equity`, `trades`, ...
    pub name: String,
    /// Columns by name, all of one length.
    pub columns: Vec<(String, Values)>,
}

impl ResultTable {
    /// How many rows there are.
    pub fn n_rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }

    /// About how many bytes the rows take in memory.
    pub fn bytes(&self) -> usize {
        let of = |values: &Values| match values {
            Values::Integers(v) | Values::Times(v) => size_of_val(v.as_slice()),
            Values::Numbers(v) => size_of_val(v.as_slice()),
            Values::Flags(v) => size_of_val(v.as_slice()),
            Values::Texts(v) => {
                let texts: usize = v.iter().flatten().map(String::len).sum();
                texts + size_of_val(v.as_slice())
            }
        };
        self.columns.iter().map(|(_, values)| of(values)).sum()
    }

    /// A column.
    pub fn column(&self, name: &str) -> Option<&Values> {
        let found = self.columns.iter().find(|(n, _)| n == name);
        found.map(|(_, values)| values)
    }

    /// A column of numbers, NaN where one is unknown; empty without such a column.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        match self.column(name) {
            Some(Values::Numbers(v)) => v.iter().map(|v| v.unwrap_or(f64::NAN)).collect(),
            Some(Values::Integers(v)) => {
                v.iter().map(|v| v.map_or(f64::NAN, |v| v as f64)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A column of times; empty without such a column.
    pub fn times(&self, name: &str) -> &[Option<i64>] {
        match self.column(name) {
            Some(Values::Times(v)) => v,
            _ => &[],
        }
    }

    /// A column of texts; empty without such a column.
    pub fn texts(&self, name: &str) -> &[Option<String>] {
        match self.column(name) {
            Some(Values::Texts(v)) => v,
            _ => &[],
        }
    }
}

impl Ledger {
    /// The rows of one kind for one run, or for all runs, behind a column `run_id`; none when no
    /// run has left any.
    ///
    /// # Errors
    /// Those of the file.
    pub fn run_results(&self, name: &str, run: Option<i64>) -> Result<Option<ResultTable>> {
        self.with(|c| {
            let mut columns = columns_of(c, name)?;
            if columns.is_empty() {
                return Ok(None);
            }
            let selected: Vec<String> = columns.iter().map(|(n, v)| reading(n, v)).collect();
            let sql = format!(
                "SELECT {} FROM {} WHERE coalesce(run_id = ?, true) ORDER BY run_id, rowid",
                selected.join(", "),
                table(name)
            );
            let mut statement = c.prepare(&sql)?;
            let mut rows = statement.query(params![run])?;
            while let Some(row) = rows.next()? {
                for (index, (_, values)) in columns.iter_mut().enumerate() {
                    values.push(row, index)?;
                }
            }
            Ok(Some(ResultTable {
                name: name.to_string(),
                columns,
            }))
        })
    }

    /// The columns of one kind of result, without rows; empty when no run has left any.
    ///
    /// # Errors
    /// Those of the file.
    pub fn run_result_columns(&self, name: &str) -> Result<Vec<(String, Values)>> {
        self.with(|c| columns_of(c, name))
    }
}

/// Makes the table, or adds the columns that it lacks.
pub(super) fn ensure_table(connection: &Connection, result: &ResultTable) -> duckdb::Result<()> {
    let name = table(&result.name);
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {name} (run_id BIGINT NOT NULL);");
    for (column, values) in &result.columns {
        sql.push_str(&format!(
            "ALTER TABLE {name} ADD COLUMN IF NOT EXISTS {} {};",
            quoted(column),
            values.sql_type()
        ));
    }
    connection.execute_batch(&sql)
}

/// Adds the rows of a run.
pub(super) fn append(
    connection: &Connection,
    run: i64,
    result: &ResultTable,
) -> duckdb::Result<()> {
    let names: Vec<&str> = std::iter::once("run_id")
        .chain(result.columns.iter().map(|(name, _)| name.as_str()))
        .collect();
    let mut rows = connection.appender_with_columns(&format!("run_{}", result.name), &names)?;
    for row in 0..result.n_rows() {
        let cells = result.columns.iter().map(|(_, values)| values.value(row));
        let cells = std::iter::once(Value::BigInt(run)).chain(cells);
        rows.append_row(appender_params_from_iter(cells))?;
    }
    rows.flush()
}

/// The names of all tables of results.
pub(super) fn result_tables(connection: &Connection) -> duckdb::Result<Vec<String>> {
    connection
        .prepare(
            "SELECT table_name FROM information_schema.tables
             WHERE starts_with(table_name, 'run_') AND table_name <> 'run_metrics'",
        )?
        .query_map([], |row| row.get(0))?
        .collect()
}

fn columns_of(connection: &Connection, name: &str) -> duckdb::Result<Vec<(String, Values)>> {
    connection
        .prepare(
            "SELECT column_name, data_type FROM information_schema.columns
             WHERE table_name = ? ORDER BY ordinal_position",
        )?
        .query_map(params![format!("run_{name}")], |row| {
            let ty: String = row.get(1)?;
            Ok((row.get(0)?, Values::empty_of(&ty)))
        })?
        .collect()
}

fn reading(column: &str, values: &Values) -> String {
    match values {
        Values::Times(_) => micros(&quoted(column)),
        _ => quoted(column),
    }
}

fn table(name: &str) -> String {
    quoted(&format!("run_{name}"))
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
