//! The call of `backtest` that a run makes, as text; and `EXPLAIN RUN BACKTEST`, which explains it.

use super::bind::bind;
use super::define;
use super::freeze::{Moment, freeze, freeze_query};
use super::surfaces::Surfaces;
use crate::dialect::Statement;
use crate::dialect::strategy::{Constant, RunBacktest};
use crate::engine::session::{Outcome, Session};
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use std::future::Future;

/// `SELECT * FROM backtest((sql), key => value, ...)`.
pub fn call_sql(
    sql: &str,
    constants: &[(String, Constant)],
    queries: &[(String, String)],
) -> String {
    let constants = constants
        .iter()
        .map(|(key, value)| format!(", {key} => {value}"));
    let queries = queries
        .iter()
        .map(|(key, sql)| format!(", {key} => ({sql})"));
    let arguments: String = constants.chain(queries).collect();
    format!("SELECT * FROM backtest(({sql}){arguments})")
}

/// Explains what a run would do. Nothing is recorded.
///
/// # Errors
/// Those of planning.
pub async fn run(session: &Session, how: &str, run: &RunBacktest) -> Result<Outcome> {
    let sql = explained(session, how, run)?;
    let statements = session.parse(&sql)?;
    match statements.first() {
        Some(statement @ Statement::Sql(_)) => Box::pin(session.execute(statement, &[])).await,
        _ => Err(quantlake_core::QlError::internal("EXPLAIN did not parse").into()),
    }
}

/// The plan of the explanation, for its columns.
///
/// # Errors
/// Those of planning.
pub fn plan<'a>(
    session: &'a Session,
    how: &str,
    run: &RunBacktest,
) -> Result<impl Future<Output = Result<LogicalPlan>> + 'a> {
    let sql = explained(session, how, run)?;
    Ok(async move { session.plan_query(&sql).await })
}

fn explained(session: &Session, how: &str, run: &RunBacktest) -> Result<String> {
    let engine = session.engine();
    let (_, strategy) = define::find(engine, &run.strategy)?;
    let bound = bind(&Surfaces::of(engine.registry())?, &strategy, &run.settings)?;
    let moment = Moment::now(engine)?;
    let variant = bound.variants.first().cloned().unwrap_or_default();
    let frozen = freeze(engine, &strategy, &variant.parameters, moment)?;
    let mut queries = Vec::new();
    for (name, query) in &bound.queries {
        queries.push((name.clone(), freeze_query(engine, name, query, moment)?.sql));
    }
    let call = call_sql(&frozen.sql, &variant.arguments, &queries);
    Ok(format!("EXPLAIN {how}{call}"))
}
