//! Strategies and their runs: a query with parameters, run over one snapshot of the lake and
//! written to the ledger with all that is needed to judge it and to run it again.
//!
//! A run goes through [`bind`] (parameters and arguments), [`freeze`] (one text that means the same
//! for ever), [`simulate`] (rows of bars, then every view of the simulation over them) and
//! [`record`] (statistics that count the family's trials, then one transaction). A run has one
//! session of its own with default settings and one partition, so that who runs it, and on how many
//! cores, changes no bit of it. Searches (`backtest_grid` and its kin) take stored strategies and
//! count their trials through [`searches`].

mod benchmark;
pub mod bind;
mod candles;
mod columns;
pub mod compare;
mod define;
mod digest;
mod explain;
mod freeze;
mod honesty;
mod json;
mod record;
mod replay;
mod rows;
pub mod searches;
mod simulate;
mod surfaces;
mod syntax;
pub mod tables;

use super::session::{Outcome, Session};
use crate::dialect::strategy::{ReportFormat, StrategyStatement};
use crate::lake::ledger::RunEntry;
use crate::report;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::logical_expr::LogicalPlan;
use quantlake_core::{QlError, SqlState};

pub use surfaces::Surfaces;

/// Runs a statement about strategies.
///
/// # Errors
/// 42704 for a strategy or run that is not there, and those of planning and execution.
pub async fn run(session: &Session, statement: &StrategyStatement) -> Result<Outcome> {
    let engine = session.engine();
    match statement {
        StrategyStatement::Create(create) => command(define::create(session, create).await?),
        StrategyStatement::Drop { name, if_exists } => {
            command(define::drop(session, name, *if_exists)?)
        }
        StrategyStatement::Run(run) => record::run(session, run).await,
        StrategyStatement::Explain { how, run } => explain::run(session, how, run).await,
        StrategyStatement::Replay { run } => replay::run(engine, *run).await,
        StrategyStatement::Report { run, format } => show_report(session, *run, *format),
        StrategyStatement::DropRun { run, if_exists } => {
            command(define::drop_run(session, *run, *if_exists)?)
        }
    }
}

/// The columns of a statement; none when it gives no rows. Plans what EXPLAIN explains.
///
/// # Errors
/// Those of planning.
pub async fn schema_of(
    session: &Session,
    statement: &StrategyStatement,
) -> Result<Option<SchemaRef>> {
    Ok(match statement {
        StrategyStatement::Run(_) => Some(rows::run_schema()),
        StrategyStatement::Replay { .. } => Some(rows::replay_schema()),
        StrategyStatement::Report { .. } => Some(rows::report_schema()),
        StrategyStatement::Explain { how, run } => {
            let plan: LogicalPlan = explain::plan(session, how, run)?.await?;
            Some(plan.schema().inner().clone())
        }
        StrategyStatement::Create(_)
        | StrategyStatement::Drop { .. }
        | StrategyStatement::DropRun { .. } => None,
    })
}

/// A run by its number.
///
/// # Errors
/// 42704 when there is none.
pub fn find_run(session: &super::Engine, run: i64) -> Result<RunEntry> {
    session.lake().ledger().run(run)?.ok_or_else(|| {
        QlError::new(
            SqlState::UndefinedObject,
            format!("run {run} does not exist"),
        )
        .with_hint("SELECT * FROM quantlake.runs shows them")
        .into()
    })
}

fn show_report(session: &Session, run: i64, format: ReportFormat) -> Result<Outcome> {
    let report = report::Report::load(session.engine(), run)?;
    rows::report(report.render(format))
}

fn command(tag: &str) -> Result<Outcome> {
    Ok(Outcome::Command { tag: tag.into() })
}
