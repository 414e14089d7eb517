//! One text that means the same for ever: parameters become constants, views their queries, tables
//! their state at one snapshot, `now()` the time of the run. What cannot be repeated is refused.

use super::bind::{Constants, sql_of};
use super::syntax::{alias_of, expression, normal, parse_query, parse_view, text_arguments};
use crate::dialect::strategy::CreateStrategy;
use crate::engine::{Engine, SCHEMA};
use crate::lake::Snapshot;
use crate::lake::ledger::ObjectKind;
use chrono::{DateTime, Utc};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::Volatility;
use datafusion::sql::sqlparser::ast::{
    CreateView, Expr, Function, Ident, ObjectName, ObjectNamePart, Query, TableAlias,
    TableAliasColumnDef, TableFactor, Value, VisitMut, VisitorMut,
};
use quantlake_core::{QlError, SqlState};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::ControlFlow;

/// Which state of the world a text is frozen at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The lake's snapshot.
    pub snapshot: i64,
    /// What `now()` is, in microseconds since 1970, UTC.
    pub time: i64,
}

impl Moment {
    /// The newest snapshot and the present time.
    ///
    /// # Errors
    /// Those of the catalog.
    pub fn now(engine: &Engine) -> Result<Self> {
        let newest = engine.lake().snapshots()?.last().map(|s| s.snapshot_id);
        let snapshot = newest.ok_or_else(|| QlError::internal("the lake has no snapshots"))?;
        let time = Utc::now().timestamp_micros();
        Ok(Self { snapshot, time })
    }
}

/// A frozen query and what it uses.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frozen {
    /// The text.
    pub sql: String,
    /// Our functions in it.
    pub functions: BTreeSet<String>,
    /// Names of models in it.
    pub models: BTreeSet<String>,
    /// External tables in it, which have no snapshots.
    pub external: BTreeSet<String>,
}

/// Freezes the query of a strategy with these values of its parameters.
///
/// # Errors
/// 42703 for a parameter that the strategy does not have, 42000 for a function that gives other
/// values at each call.
pub fn freeze(
    engine: &Engine,
    strategy: &CreateStrategy,
    parameters: &Constants,
    moment: Moment,
) -> Result<Frozen> {
    let mut values = HashMap::new();
    for (name, value) in parameters {
        let declared = strategy.parameters.iter().find(|p| p.name == *name);
        if let Some(declared) = declared {
            values.insert(name.clone(), expression(&sql_of(declared.ty, value))?);
        }
    }
    freeze_text(
        engine,
        &strategy.name,
        &strategy.query.to_string(),
        values,
        moment,
    )
}

/// Freezes a query that has no parameters.
///
/// # Errors
/// As [`freeze`].
pub fn freeze_query(engine: &Engine, what: &str, query: &Query, moment: Moment) -> Result<Frozen> {
    freeze_text(engine, what, &query.to_string(), HashMap::new(), moment)
}

fn freeze_text(
    engine: &Engine,
    what: &str,
    sql: &str,
    values: HashMap<String, Expr>,
    moment: Moment,
) -> Result<Frozen> {
    let mut query = parse_query(engine, what, sql)?;
    let mut freezer = Freezer {
        engine,
        what,
        values,
        moment,
        scope: Vec::new(),
        used: Frozen::default(),
    };
    freezer.freeze(&mut query)?;
    let mut frozen = freezer.used;
    frozen.sql = query.to_string();
    Ok(frozen)
}

struct Freezer<'a> {
    engine: &'a Engine,
    /// Whose text it is, for messages.
    what: &'a str,
    values: HashMap<String, Expr>,
    moment: Moment,
    /// The names that WITH has given, level by level.
    scope: Vec<HashSet<String>>,
    used: Frozen,
}

impl Freezer<'_> {
    fn freeze(&mut self, query: &mut Query) -> Result<()> {
        match query.visit(self) {
            ControlFlow::Break(error) => Err(error),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    /// Freezes the queries of WITH in their order: each sees the names before it, and its own only
    /// when the list is recursive.
    fn freeze_with(&mut self, query: &mut Query) -> Result<()> {
        self.scope.push(HashSet::new());
        let Some(with) = &mut query.with else {
            return Ok(());
        };
        for cte in &mut with.cte_tables {
            let name = normal(&cte.alias.name);
            if with.recursive {
                self.enter(name.clone());
            }
            self.freeze(&mut cte.query)?;
            self.enter(name);
        }
        Ok(())
    }

    fn enter(&mut self, name: String) {
        if let Some(level) = self.scope.last_mut() {
            level.insert(name);
        }
    }

    fn freeze_factor(&mut self, factor: &mut TableFactor) -> Result<()> {
        let TableFactor::Table {
            name,
            alias,
            args: None,
            ..
        } = factor
        else {
            return Ok(());
        };
        let Some((schema, table)) = self.lake_name(name) else {
            return Ok(());
        };
        let at = Snapshot::Version(self.moment.snapshot);
        let lake = self.engine.lake();
        if lake.table_at(&schema, &table, at).is_ok() {
            let frozen = format!("{table}@v{}", self.moment.snapshot);
            if let Some(last) = name.0.last_mut() {
                *last = ObjectNamePart::Identifier(Ident::with_quote('"', frozen));
            }
            alias.get_or_insert_with(|| alias_of(&table));
            return Ok(());
        }
        let Some(object) = lake.ledger().object(&schema, &table)? else {
            return Ok(());
        };
        if object.kind == ObjectKind::ExternalTable {
            self.used.external.insert(object.full_name());
            return Ok(());
        }
        let mut alias = alias.take().unwrap_or_else(|| alias_of(&table));
        let query = self.view(&object.sql, &mut alias)?;
        *factor = TableFactor::Derived {
            lateral: false,
            subquery: Box::new(query),
            alias: Some(alias),
            sample: None,
        };
        Ok(())
    }

    /// The schema and name of what could be a relation of the lake.
    fn lake_name(&self, name: &ObjectName) -> Option<(String, String)> {
        let parts: Vec<String> = name
            .0
            .iter()
            .map(|part| part.as_ident().map(normal))
            .collect::<Option<_>>()?;
        match parts.as_slice() {
            [table] if self.scope.iter().any(|level| level.contains(table)) => None,
            [table] => Some((SCHEMA.to_string(), table.clone())),
            [schema, table] | [_, schema, table] => Some((schema.clone(), table.clone())),
            _ => None,
        }
    }

    /// The frozen query of a view, which sees no names of the query around it.
    fn view(&mut self, sql: &str, alias: &mut TableAlias) -> Result<Query> {
        let CreateView { columns, query, .. } = parse_view(self.engine, self.what, sql)?;
        if alias.columns.is_empty() {
            let named = columns.into_iter().map(|c| TableAliasColumnDef {
                name: c.name,
                data_type: None,
            });
            alias.columns = named.collect();
        }
        let mut inner = Freezer {
            engine: self.engine,
            what: self.what,
            values: HashMap::new(),
            moment: self.moment,
            scope: Vec::new(),
            used: std::mem::take(&mut self.used),
        };
        let mut query = *query;
        inner.freeze(&mut query)?;
        self.used = inner.used;
        Ok(query)
    }

    fn freeze_expr(&mut self, expr: &mut Expr) -> Result<()> {
        match expr {
            Expr::Value(value) => {
                if let Value::Placeholder(name) = &value.value {
                    *expr = self.value_of(name)?;
                }
            }
            Expr::Function(call) => {
                if let Some(constant) = self.frozen_time(call)? {
                    *expr = constant;
                } else {
                    self.note_use(call)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn value_of(&self, placeholder: &str) -> Result<Expr> {
        let name = placeholder
            .trim_start_matches(['$', ':'])
            .to_ascii_lowercase();
        if let Some(value) = self.values.get(&name) {
            return Ok(value.clone());
        }
        let mut known: Vec<&str> = self.values.keys().map(String::as_str).collect();
        known.sort_unstable();
        let known = if known.is_empty() {
            "it has none".to_string()
        } else {
            format!("there are {}", known.join(", "))
        };
        let message = format!("{}: no parameter is named `{name}`; {known}", self.what);
        Err(QlError::new(SqlState::UndefinedColumn, message).into())
    }

    /// What a function of the present time gives, as a constant.
    fn frozen_time(&self, call: &Function) -> Result<Option<Expr>> {
        let now = DateTime::<Utc>::from_timestamp_micros(self.moment.time).unwrap_or_default();
        let sql = match call.name.to_string().to_ascii_lowercase().as_str() {
            "now" | "current_timestamp" | "transaction_timestamp" | "statement_timestamp" => {
                now.format("TIMESTAMP WITH TIME ZONE '%Y-%m-%d %H:%M:%S%.6f+00'")
            }
            "current_date" | "today" => now.format("DATE '%Y-%m-%d'"),
            _ => return Ok(None),
        };
        expression(&sql.to_string()).map(Some)
    }

    fn note_use(&mut self, call: &Function) -> Result<()> {
        let name = call.name.to_string().to_ascii_lowercase();
        if let Some(function) = self.engine.registry().get(&name) {
            self.used.functions.insert(function.spec.name.clone());
            let texts = text_arguments(&call.args);
            let models = self.engine.models();
            let known = texts.filter(|text| models.definition(text).is_some());
            self.used.models.extend(known.map(str::to_string));
            return Ok(());
        }
        let state = self.engine.template_state();
        let is_volatile = state
            .scalar_functions()
            .get(&name)
            .is_some_and(|f| f.signature().volatility == Volatility::Volatile);
        if is_volatile {
            return Err(QlError::new(
                SqlState::InvalidStatement,
                format!("{}: {name}() gives other values at each call, so the run could not be repeated", self.what),
            )
            .into());
        }
        Ok(())
    }
}

impl VisitorMut for Freezer<'_> {
    type Break = DataFusionError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<DataFusionError> {
        flow(self.freeze_with(query))
    }

    fn post_visit_query(&mut self, _query: &mut Query) -> ControlFlow<DataFusionError> {
        self.scope.pop();
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<DataFusionError> {
        flow(self.freeze_factor(factor))
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<DataFusionError> {
        flow(self.freeze_expr(expr))
    }
}

fn flow(result: Result<()>) -> ControlFlow<DataFusionError> {
    match result {
        Ok(()) => ControlFlow::Continue(()),
        Err(error) => ControlFlow::Break(error),
    }
}
