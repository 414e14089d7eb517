//! `RUN BACKTEST`: simulates every run that the statement asks for, then records all of them in one
//! transaction. Whatever fails before leaves nothing behind.

use super::bind::{Bound, Variant, bind};
use super::freeze::{Frozen, Moment, freeze, freeze_query};
use super::rows::{self, RunRow};
use super::simulate::{Request, Simulation, simulate};
use super::surfaces::{EQUITY, METRICS, Surfaces};
use super::{define, digest, honesty, json};
use crate::dialect::strategy::{Constant, CreateStrategy, RunBacktest};
use crate::engine::Engine;
use crate::engine::session::{Outcome, Session};
use crate::lake::ledger::{
    FamilyTrials, MetricEntry, NewRun, NewTrial, ResultTable, RunHeader, StrategyEntry,
};
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryConsumer;
use quantlake_core::{QlError, SqlState};
use serde_json::{Value, json};

/// Runs the statement.
///
/// # Errors
/// 42704 for an unknown strategy, those of [`bind`], of planning and of execution, and 57014 when
/// it is cancelled; nothing is recorded then.
pub async fn run(session: &Session, statement: &RunBacktest) -> Result<Outcome> {
    let engine = session.engine();
    let (entry, strategy) = define::find(engine, &statement.strategy)?;
    let surfaces = Surfaces::of(engine.registry())?;
    let bound = bind(&surfaces, &strategy, &statement.settings)?;
    let order = Order {
        engine,
        surfaces,
        entry,
        strategy,
        moment: Moment::now(engine)?,
        user: session.user(),
    };
    let queries = order.queries(&bound)?;
    let pool = session.context().runtime_env().memory_pool.clone();
    let held = MemoryConsumer::new("results of runs").register(&pool);
    let mut runs = Vec::with_capacity(bound.variants.len());
    for variant in &bound.variants {
        let run = order.run(&bound, variant, &queries).await?;
        held.try_grow(run.tables.iter().map(ResultTable::bytes).sum())?;
        runs.push(run);
    }
    // From here on nothing waits, so a cancel comes before or after the whole transaction.
    let judged = |run: &NewRun, trials: FamilyTrials| judge(run, trials);
    let recorded = engine.lake().ledger().record_runs(&runs, &judged)?;
    let answer: Vec<RunRow> = recorded
        .into_iter()
        .zip(&runs)
        .map(|((id, metrics), run)| RunRow {
            id,
            strategy: run.header.strategy.clone(),
            parameters: run.header.parameters.clone(),
            metrics,
        })
        .collect();
    rows::runs(&answer)
}

fn judge(run: &NewRun, trials: FamilyTrials) -> Vec<MetricEntry> {
    match run.tables.iter().find(|t| t.name == EQUITY) {
        Some(equity) => honesty::metrics(&honesty::estimate(equity), trials),
        None => Vec::new(),
    }
}

/// What all runs of one statement share.
struct Order<'a> {
    engine: &'a Engine,
    surfaces: Surfaces,
    entry: StrategyEntry,
    strategy: CreateStrategy,
    moment: Moment,
    user: &'a str,
}

impl Order<'_> {
    fn queries(&self, bound: &Bound) -> Result<Vec<(String, Frozen)>> {
        let mut queries = Vec::new();
        for (name, query) in &bound.queries {
            let frozen = freeze_query(self.engine, name, query, self.moment)?;
            queries.push((name.clone(), frozen));
        }
        Ok(queries)
    }

    async fn run(
        &self,
        bound: &Bound,
        variant: &Variant,
        queries: &[(String, Frozen)],
    ) -> Result<NewRun> {
        let started_at = chrono::Utc::now().timestamp_micros();
        let frozen = freeze(
            self.engine,
            &self.strategy,
            &variant.parameters,
            self.moment,
        )?;
        let texts: Vec<(String, String)> = queries
            .iter()
            .map(|(name, f)| (name.clone(), f.sql.clone()))
            .collect();
        let request = Request {
            sql: &frozen.sql,
            arguments: &variant.arguments,
            queries: &texts,
        };
        let simulation = simulate(self.engine, &self.surfaces, &request).await?;
        if simulation.bars.rows == 0 {
            return Err(no_bars(&self.entry.name).into());
        }
        let used = std::iter::once(&frozen).chain(queries.iter().map(|(_, f)| f));
        let header = RunHeader {
            strategy: self.entry.name.clone(),
            strategy_version: self.entry.version,
            family: bound.family.clone(),
            note: bound.note.clone(),
            user: self.user.to_string(),
            parameters: json::to_json(&variant.parameters, &[]).to_string(),
            arguments: json::to_json(&variant.arguments, &texts).to_string(),
            snapshot_id: self.moment.snapshot,
            sql: self.entry.sql.clone(),
            frozen_sql: frozen.sql.clone(),
            versions: versions(self.engine, used).to_string(),
            seed: seed(variant),
            n_rows: simulation.bars.rows,
            n_symbols: simulation.bars.symbols,
            first_ts: simulation.bars.first,
            last_ts: simulation.bars.last,
            benchmark: simulation.benchmark.clone(),
            digests: digest::digests(&simulation.tables).to_string(),
            started_at,
        };
        let trial = trial(&header, &simulation);
        let metrics = metric_entries(&simulation);
        let mut tables = simulation.tables;
        tables.retain(|t| t.name != METRICS);
        tables.push(simulation.candles);
        Ok(NewRun {
            header,
            metrics,
            tables,
            trial,
        })
    }
}

/// The program's version, and the functions and models that the queries use.
fn versions<'a>(engine: &Engine, used: impl Iterator<Item = &'a Frozen> + Clone) -> Value {
    let collect = |of: fn(&Frozen) -> &std::collections::BTreeSet<String>| -> Vec<String> {
        let mut names: Vec<String> = used.clone().flat_map(|f| of(f).iter().cloned()).collect();
        names.sort();
        names.dedup();
        names
    };
    let models: Vec<Value> = collect(|f| &f.models)
        .iter()
        .filter_map(|name| engine.models().definition(name))
        .map(|m| json!({"name": m.name, "version": m.version, "sha256": m.sha256}))
        .collect();
    json!({
        "quantlake": env!("CARGO_PKG_VERSION"),
        "datafusion": datafusion::DATAFUSION_VERSION,
        "functions": collect(|f| &f.functions),
        "models": models,
        "external_tables": collect(|f| &f.external),
    })
}

/// The run as a trial: a variant is its query, parameters and arguments, whatever the data.
fn trial(header: &RunHeader, simulation: &Simulation) -> NewTrial {
    let equity = simulation.tables.iter().find(|t| t.name == EQUITY);
    let estimate = equity.map(honesty::estimate);
    let variant = format!(
        "{}\n{}\n{}",
        header.sql, header.parameters, header.arguments
    );
    NewTrial {
        source: "run".to_string(),
        label: header.parameters.clone(),
        fingerprint: digest::text_hash(&variant),
        n_returns: estimate.map_or(0, |e| e.n as i64),
        sharpe: estimate.map(|e| e.sharpe).filter(|s| s.is_finite()),
    }
}

/// The metrics as the view gives them, beside those of the benchmark. Of several accounts the sum
/// comes first, then each one's under `account.metric`.
fn metric_entries(simulation: &Simulation) -> Vec<MetricEntry> {
    let own = simulation.tables.iter().find(|t| t.name == METRICS);
    let joint = simulation.joint_metrics.iter();
    let all = joint.chain(own).flat_map(metric_values);
    let beside = metric_values(&simulation.benchmark_metrics);
    all.map(|(metric, value)| {
        let benchmark = beside.iter().find(|(name, _)| *name == metric);
        MetricEntry {
            benchmark: benchmark.and_then(|(_, value)| *value),
            metric,
            value,
        }
    })
    .collect()
}

/// Names and values of a table of metrics; of several accounts the names tell whose they are.
pub fn metric_values(table: &ResultTable) -> Vec<(String, Option<f64>)> {
    let is_one = honesty::n_accounts(table) == 1;
    let accounts = table.texts("account");
    let names = table.texts("metric").iter().enumerate().map(|(row, name)| {
        let name = name.clone().unwrap_or_default();
        match accounts.get(row).and_then(Option::as_ref) {
            Some(account) if !is_one => format!("{account}.{name}"),
            _ => name,
        }
    });
    let known = |v: f64| v.is_finite().then_some(v);
    names
        .zip(table.numbers("value").into_iter().map(known))
        .collect()
}

fn seed(variant: &Variant) -> Option<i64> {
    let mut all = variant.parameters.iter().chain(&variant.arguments);
    match all.find(|(name, _)| name == "seed") {
        Some((_, Constant::Number(digits))) => digits.parse().ok(),
        _ => None,
    }
}

fn no_bars(strategy: &str) -> QlError {
    QlError::new(
        SqlState::DataException,
        format!("{strategy}: the query gives no rows, so there is nothing to run"),
    )
}
