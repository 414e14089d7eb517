//! `REPLAY RUN`: the stored query at its snapshot, with its arguments, has to give the stored bytes.

use super::record::metric_values;
use super::simulate::{Request, Simulation, simulate};
use super::surfaces::{METRICS, Surfaces};
use super::{digest, find_run, json, rows};
use crate::engine::Engine;
use crate::engine::session::Outcome;
use crate::lake::ledger::RunEntry;
use datafusion::error::Result;
use quantlake_core::{QlError, SqlState};
use serde_json::Value;

/// Runs the statement.
///
/// # Errors
/// 42704 for an unknown run, 55000 when its snapshot or a model's version is gone, 22000 with the
/// first difference when the result is another one.
pub async fn run(engine: &Engine, run: i64) -> Result<Outcome> {
    let entry = find_run(engine, run)?;
    check_snapshot(engine, &entry)?;
    check_models(engine, &entry)?;
    let (arguments, queries) = json::from_json(&entry.header.arguments)?;
    let request = Request {
        sql: &entry.header.frozen_sql,
        arguments: &arguments,
        queries: &queries,
    };
    let surfaces = Surfaces::of(engine.registry())?;
    let simulation = simulate(engine, &surfaces, &request).await?;
    let stored: Value = serde_json::from_str(&entry.header.digests)
        .map_err(|e| QlError::internal(format!("the digests of run {run} are damaged: {e}")))?;
    let found = digest::digests(&simulation.tables);
    let differing = digest::differing(&stored, &found);
    if !differing.is_empty() {
        return Err(difference(engine, &entry, &simulation, &differing)?.into());
    }
    let n_rows: usize = simulation.tables.iter().map(|t| t.n_rows()).sum();
    rows::replayed(run, n_rows as i64, &digest::overall(&entry.header.digests))
}

fn check_snapshot(engine: &Engine, entry: &RunEntry) -> Result<()> {
    let id = entry.header.snapshot_id;
    if engine
        .lake()
        .snapshots()?
        .iter()
        .any(|s| s.snapshot_id == id)
    {
        return Ok(());
    }
    let message = format!("run {}: its snapshot {id} has expired", entry.id);
    Err(QlError::new(SqlState::ObjectNotInState, message).into())
}

fn check_models(engine: &Engine, entry: &RunEntry) -> Result<()> {
    let versions: Value = serde_json::from_str(&entry.header.versions).unwrap_or_default();
    let models = versions.get("models").and_then(Value::as_array);
    for model in models.into_iter().flatten() {
        let text = |key: &str| model.get(key).and_then(Value::as_str).unwrap_or_default();
        let now = engine.models().definition(text("name"));
        if now.as_ref().is_some_and(|m| m.sha256 == text("sha256")) {
            continue;
        }
        let version = model
            .get("version")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        let now = now.map_or_else(
            || "it is gone".into(),
            |m| format!("it is version {}", m.version),
        );
        let message = format!(
            "run {}: it used version {version} of model \"{}\", and now {now}",
            entry.id,
            text("name")
        );
        return Err(QlError::new(SqlState::ObjectNotInState, message)
            .with_hint("CREATE OR REPLACE MODEL with the file of that version brings it back")
            .into());
    }
    Ok(())
}

/// Says which value differs first, and from what.
fn difference(
    engine: &Engine,
    entry: &RunEntry,
    simulation: &Simulation,
    differing: &[(String, String)],
) -> Result<QlError> {
    let mut shown = Vec::new();
    for (table, column) in differing {
        shown.push(format!("{table}.{column}"));
    }
    let example = match differing.first() {
        Some((table, _)) if table == METRICS => metric_difference(engine, entry, simulation)?,
        Some((table, column)) => value_difference(engine, entry, simulation, table, column)?,
        None => None,
    };
    let example = example.map(|e| format!("; {e}")).unwrap_or_default();
    let message = format!(
        "run {}: the replay differs in {}{example}",
        entry.id,
        shown.join(", ")
    );
    let here = env!("CARGO_PKG_VERSION");
    Ok(
        QlError::new(SqlState::DataException, message).with_hint(format!(
            "The run was made with {}; this is quantlake {here}",
            entry.header.versions
        )),
    )
}

fn value_difference(
    engine: &Engine,
    entry: &RunEntry,
    simulation: &Simulation,
    table: &str,
    column: &str,
) -> Result<Option<String>> {
    let stored = engine.lake().ledger().run_results(table, Some(entry.id))?;
    let found = simulation.tables.iter().find(|t| t.name == table);
    let (Some(stored), Some(found)) = (stored, found) else {
        return Ok(None);
    };
    let (Some(before), Some(after)) = (stored.column(column), found.column(column)) else {
        return Ok(None);
    };
    Ok(digest::first_difference(before, after).map(|row| {
        let show = |v: Option<String>| v.unwrap_or_else(|| "NULL".into());
        format!(
            "in row {} {column} was {} and is {}",
            row + 1,
            show(before.show(row)),
            show(after.show(row))
        )
    }))
}

fn metric_difference(
    engine: &Engine,
    entry: &RunEntry,
    simulation: &Simulation,
) -> Result<Option<String>> {
    let stored = engine.lake().ledger().run_metrics(Some(entry.id))?;
    let found = simulation.tables.iter().find(|t| t.name == METRICS);
    let found = found.map(metric_values).unwrap_or_default();
    let differs = found.iter().find_map(|(name, value)| {
        let (_, before) = stored.iter().find(|(_, m)| m.metric == *name)?;
        (before.value != *value).then(|| format!("{name} was {:?} and is {value:?}", before.value))
    });
    Ok(differs)
}
