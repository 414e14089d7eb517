//! `CREATE STRATEGY`, `DROP STRATEGY` and `DROP RUN`.

use super::bind::{bind, check_type};
use super::freeze::{Moment, freeze};
use super::{Surfaces, explain};
use crate::dialect::strategy::{CreateStrategy, Parameter, StrategyStatement};
use crate::dialect::{Statement, parse};
use crate::engine::Engine;
use crate::engine::session::Session;
use crate::lake::ledger::StrategyEntry;
use datafusion::common::SchemaError;
use datafusion::error::{DataFusionError, Result};
use quantlake_core::{QlError, SqlState};

/// Stores a strategy. Where every parameter has a default, the query is planned with them, so that
/// a mistake shows now.
///
/// # Errors
/// 42710 for a taken name, 42804 for a default of another type, 22023 for a parameter that is named
/// like an argument, and those of planning.
pub async fn create(session: &Session, statement: &CreateStrategy) -> Result<&'static str> {
    let done = "CREATE STRATEGY";
    let ledger = session.engine().lake().ledger();
    let exists = ledger.strategy(&statement.name)?.is_some();
    if exists && statement.if_not_exists {
        return Ok(done);
    }
    if exists && !statement.or_replace {
        let message = format!("strategy \"{}\" exists already", statement.name);
        return Err(QlError::new(SqlState::DuplicateObject, message)
            .with_hint("CREATE OR REPLACE STRATEGY makes a new version of it")
            .into());
    }
    check(session, statement).await?;
    let parameters: Vec<String> = statement
        .parameters
        .iter()
        .map(Parameter::to_string)
        .collect();
    ledger.save_strategy(
        &statement.name,
        &parameters.join(", "),
        &statement.query.to_string(),
        session.user(),
    )?;
    ledger.audit(session.user(), done, &statement.name)?;
    Ok(done)
}

async fn check(session: &Session, statement: &CreateStrategy) -> Result<()> {
    let surfaces = Surfaces::of(session.engine().registry())?;
    for parameter in &statement.parameters {
        let is_reserved = ["family", "note"].contains(&parameter.name.as_str());
        if is_reserved || surfaces.argument(&parameter.name).is_some() {
            return Err(taken(&statement.name, &parameter.name).into());
        }
        if let Some(default) = &parameter.default {
            check_type(&statement.name, parameter, default)?;
        }
    }
    if statement.parameters.iter().any(|p| p.default.is_none()) {
        return Ok(());
    }
    let bound = bind(&surfaces, statement, &[])?;
    let moment = Moment::now(session.engine())?;
    for variant in &bound.variants {
        let frozen = freeze(session.engine(), statement, &variant.parameters, moment)?;
        let sql = explain::call_sql(&frozen.sql, &[], &[]);
        let planned = session.plan_query(&sql).await;
        planned.map_err(|error| without_dollar(statement, error))?;
    }
    Ok(())
}

/// Says so where a column that is not there has the name of a parameter.
fn without_dollar(statement: &CreateStrategy, error: DataFusionError) -> DataFusionError {
    let DataFusionError::SchemaError(error_of_schema, _) = error.find_root() else {
        return error;
    };
    let SchemaError::FieldNotFound { field, .. } = error_of_schema.as_ref() else {
        return error;
    };
    let name = field.name();
    if !statement.parameters.iter().any(|p| p.name == name) {
        return error;
    }
    let message = format!("{}: the query has no column `{name}`", statement.name);
    QlError::new(SqlState::UndefinedColumn, message)
        .with_hint(format!(
            "The parameter is written with a dollar sign: ${name}"
        ))
        .into()
}

fn taken(strategy: &str, parameter: &str) -> QlError {
    QlError::new(
        SqlState::InvalidParameter,
        format!(
            "{strategy}: a parameter cannot be named `{parameter}`: RUN BACKTEST has an argument of that name"
        ),
    )
}

/// Removes a strategy; its runs and trials stay.
///
/// # Errors
/// 42704 when there is none.
pub fn drop(session: &Session, name: &str, if_exists: bool) -> Result<&'static str> {
    let done = "DROP STRATEGY";
    let ledger = session.engine().lake().ledger();
    if ledger.delete_strategy(name)? {
        ledger.audit(session.user(), done, name)?;
    } else if !if_exists {
        return Err(missing(name).into());
    }
    Ok(done)
}

/// Removes a run; its trial stays counted, or losers could be made to disappear.
///
/// # Errors
/// 42704 when there is none.
pub fn drop_run(session: &Session, run: i64, if_exists: bool) -> Result<&'static str> {
    let done = "DROP RUN";
    let ledger = session.engine().lake().ledger();
    if ledger.delete_run(run)? {
        ledger.audit(session.user(), done, &run.to_string())?;
    } else if !if_exists {
        super::find_run(session.engine(), run)?;
    }
    Ok(done)
}

/// A stored strategy with its parsed query.
///
/// # Errors
/// 42704 when there is none.
pub fn find(engine: &Engine, name: &str) -> Result<(StrategyEntry, CreateStrategy)> {
    let entry = engine.lake().ledger().strategy(name)?;
    let entry = entry.ok_or_else(|| missing(name))?;
    let sql = format!("CREATE STRATEGY s ({}) AS {}", entry.parameters, entry.sql);
    let statements = parse(&sql, engine.registry())?;
    match statements.as_slice() {
        [Statement::Strategy(StrategyStatement::Create(create))] => {
            let name = entry.name.clone();
            Ok((
                entry,
                CreateStrategy {
                    name,
                    ..create.clone()
                },
            ))
        }
        _ => Err(
            QlError::internal(format!("the ledger's row of strategy `{name}` is damaged")).into(),
        ),
    }
}

fn missing(name: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedObject,
        format!("strategy \"{name}\" does not exist"),
    )
    .with_hint("SELECT * FROM quantlake.strategies shows them")
}
