//! Views: kept as text, planned when they are read.

use super::LakeCore;
use super::error::Result;
use super::ledger::{ObjectKind, StoredObject};
use datafusion::catalog::TableProvider;
use datafusion::common::{Result as DfResult, TableReference};
use datafusion::datasource::ViewTable;
use datafusion::logical_expr::{DdlStatement, LogicalPlan};
use datafusion::sql::parser::DFParser;
use datafusion::sql::resolve::resolve_table_references;
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use quantlake_core::{QlError, SqlState};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl LakeCore {
    /// A view, planned over what its tables are now.
    pub(super) async fn view(&self, object: &StoredObject) -> DfResult<Arc<dyn TableProvider>> {
        let planner = self.planner.read().clone().ok_or_else(|| {
            QlError::new(
                SqlState::ObjectNotInState,
                "views cannot be read before the engine is open",
            )
        })?;
        let plan = planner(object.sql.clone())
            .await
            .map_err(|e| e.context(format!("view {}", object.full_name())))?;
        let query = match plan {
            LogicalPlan::Ddl(DdlStatement::CreateView(view)) => Arc::unwrap_or_clone(view.input),
            query => query,
        };
        Ok(Arc::new(ViewTable::new(query, Some(object.sql.clone()))))
    }

    /// The views that read a relation directly, by full name.
    pub(super) fn views_over(&self, full_name: &str) -> Result<Vec<String>> {
        let objects = self.ledger.objects()?;
        Ok(objects
            .iter()
            .filter(|o| o.kind == ObjectKind::View && o.depends_on.iter().any(|d| d == full_name))
            .map(StoredObject::full_name)
            .collect())
    }

    /// Whether a view with these dependencies would, through other views, read itself.
    pub(super) fn would_read_itself(&self, full_name: &str, depends_on: &[String]) -> Result<bool> {
        let objects = self.ledger.objects()?;
        let known: HashMap<String, Vec<String>> = objects
            .into_iter()
            .map(|o| (o.full_name(), o.depends_on))
            .collect();
        let mut seen = HashSet::new();
        let mut open: Vec<&String> = depends_on.iter().collect();
        while let Some(name) = open.pop() {
            if name == full_name {
                return Ok(true);
            }
            if seen.insert(name) {
                open.extend(known.get(name).into_iter().flatten());
            }
        }
        Ok(false)
    }
}

/// The relations that a statement reads, as `schema.name`.
///
/// # Errors
/// 42601 when the text does not parse.
pub(super) fn relations_read(sql: &str, default_schema: &str) -> Result<Vec<String>> {
    let unreadable = |e: &dyn std::fmt::Display| QlError::new(SqlState::SyntaxError, e.to_string());
    let statements =
        DFParser::parse_sql_with_dialect(sql, &PostgreSqlDialect {}).map_err(|e| unreadable(&e))?;
    let statement = statements
        .front()
        .ok_or_else(|| unreadable(&"the statement is empty"))?;
    let (relations, _) = resolve_table_references(statement, true).map_err(|e| unreadable(&e))?;
    let names: HashSet<String> = relations
        .iter()
        .map(|relation| full_name(relation, default_schema))
        .collect();
    let mut names: Vec<String> = names.into_iter().collect();
    names.sort();
    Ok(names)
}

fn full_name(relation: &TableReference, default_schema: &str) -> String {
    let table = relation.table();
    // A table at a snapshot is a use of the table.
    let table = table.rsplit_once('@').map_or(table, |(name, _)| name);
    format!("{}.{table}", relation.schema().unwrap_or(default_schema))
}
