//! Runs a frozen query once and every view of the simulation over its rows.
//!
//! One partition: sums of floating-point numbers then have one order, and a replay gives the same
//! bytes on any machine of the same kind. The rows are held in memory and counted in the pool.

use super::benchmark::{Benchmark, held_metrics};
use super::candles::candles;
use super::columns::result_table;
use super::explain::call_sql;
use super::honesty;
use super::surfaces::{EQUITY, Surfaces};
use crate::dialect::strategy::Constant;
use crate::dialect::{Statement, parse};
use crate::engine::{CATALOG, Engine, SCHEMA};
use crate::lake::ledger::ResultTable;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{
    CatalogProvider, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider,
};
use datafusion::dataframe::DataFrame;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// The name of the query's rows while the views run.
pub const BARS: &str = "bars";

/// What is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Request<'a> {
    /// The strategy's frozen query.
    pub sql: &'a str,
    /// Constant arguments.
    pub arguments: &'a [(String, Constant)],
    /// Arguments that are queries, frozen.
    pub queries: &'a [(String, String)],
}

/// What a simulation gave.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulation {
    /// The rows of every kept view, and the benchmark in `equity`.
    pub tables: Vec<ResultTable>,
    /// The benchmark's statistics, by name.
    pub benchmark_metrics: ResultTable,
    /// The statistics of all sub-accounts together, where there are several.
    pub joint_metrics: Option<ResultTable>,
    /// What the benchmark is.
    pub benchmark: String,
    /// Candles for the report.
    pub candles: ResultTable,
    /// What the query gave.
    pub bars: BarsSummary,
}

/// How much the query gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BarsSummary {
    /// Rows.
    pub rows: i64,
    /// Symbols.
    pub symbols: i64,
    /// Time of the first row, microseconds since 1970, UTC.
    pub first: Option<i64>,
    /// Time of the last row, microseconds since 1970, UTC.
    pub last: Option<i64>,
}

/// Runs a request.
///
/// # Errors
/// Those of planning and execution; 53200 when the rows are more than memory may hold.
pub async fn simulate(
    engine: &Engine,
    surfaces: &Surfaces,
    request: &Request<'_>,
) -> Result<Simulation> {
    let desk = Desk::open(engine)?;
    let lake = one_partition(engine, None);
    let mut held = vec![desk.hold(&lake, BARS, request.sql).await?];
    for (name, sql) in request.queries {
        held.push(desk.hold(&lake, name, sql).await?);
    }
    let mut tables = Vec::new();
    for (name, spec) in surfaces.kept() {
        let takes = |key: &str| spec.params.iter().any(|p| p.name == key);
        let constants: Vec<_> = request.arguments.iter().filter(|(k, _)| takes(k)).collect();
        let queries: Vec<&str> = request.queries.iter().map(|(k, _)| k.as_str()).collect();
        let queries: Vec<&str> = queries.into_iter().filter(|k| takes(k)).collect();
        let call = call_of(&spec.name, &constants, &queries);
        tables.push(desk.read(name, &call).await?);
    }
    let bars = summary(&desk).await?;
    let benchmark = Benchmark::of(&desk, request, tables.first()).await?;
    let benchmark_metrics = benchmark.metrics(&desk, request).await?;
    if let Some(equity) = tables.iter_mut().find(|t| t.name == EQUITY) {
        equity.columns.push(benchmark.column());
    }
    let joint_metrics = joint_metrics(&desk, request, &tables).await?;
    let candles = candles(&desk, &tables).await?;
    drop(held);
    Ok(Simulation {
        tables,
        benchmark_metrics,
        joint_metrics,
        benchmark: benchmark.what,
        candles,
        bars,
    })
}

fn call_of(function: &str, constants: &[&(String, Constant)], queries: &[&str]) -> String {
    let constants: Vec<(String, Constant)> = constants.iter().map(|c| (*c).clone()).collect();
    let queries: Vec<(String, String)> = queries
        .iter()
        .map(|name| (name.to_string(), format!("SELECT * FROM \"{name}\"")))
        .collect();
    let call = call_sql(&format!("SELECT * FROM {BARS}"), &constants, &queries);
    call.replacen("backtest(", &format!("{function}("), 1)
}

/// The statistics of the sum of several accounts.
async fn joint_metrics(
    desk: &Desk,
    request: &Request<'_>,
    tables: &[ResultTable],
) -> Result<Option<ResultTable>> {
    let several = |t: &&ResultTable| t.name == EQUITY && honesty::n_accounts(t) > 1;
    let Some(equity) = tables.iter().find(several) else {
        return Ok(None);
    };
    let mut times: Vec<i64> = equity.times("ts").iter().copied().flatten().collect();
    times.sort_unstable();
    times.dedup();
    let mut grown = 1.0;
    let grow = |ret: &f64| {
        grown *= 1.0 + ret;
        grown
    };
    let values: Vec<f64> = honesty::joint_returns(equity).iter().map(grow).collect();
    held_metrics(desk, request, &times, &values).await.map(Some)
}

async fn summary(desk: &Desk) -> Result<BarsSummary> {
    let symbols = match desk.column(BARS, "symbol").await? {
        Some(symbol) => format!("count(DISTINCT {symbol})"),
        None => "least(count(*), 1)".to_string(),
    };
    let sql = format!(
        "SELECT count(*) AS n, {symbols} AS symbols, min(ts) AS first, max(ts) AS last FROM {BARS}"
    );
    let found = desk.read("summary", &sql).await?;
    let count = |name| found.numbers(name).first().map_or(0, |n| *n as i64);
    let time = |name| found.times(name).first().copied().flatten();
    Ok(BarsSummary {
        rows: count("n"),
        symbols: count("symbols"),
        first: time("first"),
        last: time("last"),
    })
}

/// A context that sees nothing but the rows of one request.
pub struct Desk {
    ctx: SessionContext,
    schema: Arc<MemorySchemaProvider>,
    registry: Arc<quantlake_core::Registry>,
}

impl Desk {
    /// An empty one.
    fn open(engine: &Engine) -> Result<Self> {
        let schema = Arc::new(MemorySchemaProvider::new());
        let catalog = MemoryCatalogProvider::new();
        catalog.register_schema(SCHEMA, Arc::clone(&schema) as _)?;
        let catalogs = MemoryCatalogProviderList::new();
        let ctx = one_partition(engine, Some(Arc::new(catalogs)));
        ctx.register_catalog(CATALOG, Arc::new(catalog));
        Ok(Self {
            ctx,
            schema,
            registry: Arc::clone(engine.registry()),
        })
    }

    /// Runs a query over the lake and keeps its rows under a name, as long as the reservation
    /// lives.
    async fn hold(
        &self,
        lake: &SessionContext,
        name: &str,
        sql: &str,
    ) -> Result<MemoryReservation> {
        let frame = frame(lake, &self.registry, sql).await?;
        let schema = frame.schema().inner().clone();
        let consumer = MemoryConsumer::new(format!("rows of {name}"));
        let reservation = consumer.register(&lake.runtime_env().memory_pool);
        let mut batches = Vec::new();
        let mut rows = frame.execute_stream().await?;
        while let Some(batch) = rows.try_next().await? {
            reservation.try_grow(batch.get_array_memory_size())?;
            batches.push(batch);
        }
        self.put(name, schema, batches)?;
        Ok(reservation)
    }

    /// Gives rows a name.
    pub fn put(&self, name: &str, schema: SchemaRef, rows: Vec<RecordBatch>) -> Result<()> {
        use datafusion::catalog::SchemaProvider;
        let table = MemTable::try_new(schema, vec![rows])?;
        self.schema
            .register_table(name.to_string(), Arc::new(table))?;
        Ok(())
    }

    /// Runs a query over the rows held.
    pub async fn read(&self, name: &str, sql: &str) -> Result<ResultTable> {
        let frame = frame(&self.ctx, &self.registry, sql).await?;
        let schema = frame.schema().inner().clone();
        let batches = frame.collect().await?;
        result_table(name, &schema, &batches)
    }

    /// A column of held rows as SQL, found without regard to case, as relation functions do.
    pub async fn column(&self, table: &str, name: &str) -> Result<Option<String>> {
        use datafusion::catalog::SchemaProvider;
        let Some(table) = self.schema.table(table).await? else {
            return Ok(None);
        };
        let schema = table.schema();
        let found = schema
            .fields()
            .iter()
            .find(|f| f.name().eq_ignore_ascii_case(name));
        Ok(found.map(|f| format!("\"{}\"", f.name().replace('"', "\"\""))))
    }
}

/// The engine's session with its defaults, one partition and, where given, other tables.
pub fn one_partition(
    engine: &Engine,
    catalogs: Option<Arc<MemoryCatalogProviderList>>,
) -> SessionContext {
    let state = engine.template_state();
    let config = state.config().clone().with_target_partitions(1);
    let mut builder = SessionStateBuilder::new_from_existing(state).with_config(config);
    if let Some(catalogs) = catalogs {
        builder = builder.with_catalog_list(catalogs);
    }
    SessionContext::new_with_state(builder.build())
}

/// The plan of a query in a context.
///
/// # Errors
/// Those of planning.
pub async fn frame(
    ctx: &SessionContext,
    registry: &quantlake_core::Registry,
    sql: &str,
) -> Result<DataFrame> {
    let statements = parse(sql, registry)?;
    let [Statement::Sql(statement)] = statements.as_slice() else {
        let message = format!("expected one query, found {}", statements.len());
        return Err(QlError::new(SqlState::SyntaxError, message).into());
    };
    let plan = ctx
        .state()
        .statement_to_plan(statement.as_ref().clone())
        .await?;
    Ok(DataFrame::new(ctx.state(), plan))
}
