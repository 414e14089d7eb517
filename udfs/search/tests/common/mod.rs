//! A DataFusion session with the functions of this crate, and a book that remembers what it is told.

#![allow(dead_code, reason = "each test program uses a part of it")]

use async_trait::async_trait;
use datafusion::arrow::array::{
    AsArray, Float64Array, Int64Array, RecordBatch, TimestampNanosecondArray,
};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::catalog::Session;
use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::execution::{SendableRecordBatchStream, SessionStateBuilder, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::future::BoxFuture;
use quantlake_core::{ParamValue, QlError, Registry, SqlState};
use quantlake_search::book::{Book, Counted, Searched, Stored, Tried};
use quantlake_search::exec::SearchNodePlanner;
use quantlake_search::planner::SearchPlanner;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What a book was told at once.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub function: String,
    pub family: String,
    pub text: String,
    pub tried: Vec<Tried>,
}

/// A book in memory. Every search counts as the only one of its family.
#[derive(Debug, Default)]
pub struct TestBook {
    pub told: Mutex<Vec<Told>>,
    /// Whether it cannot be written.
    pub is_broken: bool,
    /// The one stored strategy: its query, with `$fast` and `$slow`.
    pub strategy: Option<Arc<TestStrategy>>,
}

impl TestBook {
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().expect("no test panicked with it").clone()
    }
}

impl Book for TestBook {
    fn stored(&self, name: &str) -> Result<Option<Arc<dyn Stored>>> {
        let found = self.strategy.as_ref().filter(|_| name == "stored");
        Ok(found.map(|strategy| Arc::clone(strategy) as _))
    }

    fn count(&self, _context: &TaskContext, search: &Searched<'_>) -> Result<Counted> {
        if self.is_broken {
            return Err(QlError::new(SqlState::IoError, "the ledger cannot be written").into());
        }
        self.told
            .lock()
            .expect("no test panicked with it")
            .push(Told {
                function: search.function.into(),
                family: search.identity.family.clone(),
                text: search.identity.text.clone(),
                tried: search.tried.to_vec(),
            });
        Ok(Counted {
            n_trials: search.tried.len() as f64,
            variance: variance(search.tried.iter().map(|t| t.sharpe)),
        })
    }
}

fn variance(values: impl Iterator<Item = f64>) -> Option<f64> {
    let known: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let squares: f64 = known.iter().map(|v| (v - mean).powi(2)).sum();
    (n > 1.0).then(|| squares / (n - 1.0))
}

pub struct TestStrategy {
    sql: String,
    ctx: SessionContext,
}

impl std::fmt::Debug for TestStrategy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TestStrategy")
    }
}

impl Stored for TestStrategy {
    fn sql(&self) -> &str {
        &self.sql
    }

    fn parameters(&self) -> Vec<(String, Option<ParamValue>)> {
        vec![
            ("fast".into(), Some(ParamValue::Integer(5))),
            ("slow".into(), None),
        ]
    }

    fn check(&self, parameter: &str, value: &ParamValue) -> Result<(), QlError> {
        match value {
            ParamValue::Integer(_) => Ok(()),
            other => Err(QlError::bad_argument("stored", parameter, "integer", other)),
        }
    }

    fn rows<'a>(
        &'a self,
        values: Vec<(String, ParamValue)>,
        shape: &'a (dyn Fn(LogicalPlan) -> Result<LogicalPlan> + Send + Sync),
    ) -> BoxFuture<'a, Result<SendableRecordBatchStream>> {
        Box::pin(async move {
            let mut sql = self.sql.clone();
            for (name, value) in values {
                sql = sql.replace(&format!("${name}"), &value.to_string());
            }
            let (state, plan) = self.ctx.sql(&sql).await?.into_parts();
            DataFrame::new(state, shape(plan)?).execute_stream().await
        })
    }
}

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(SearchNodePlanner) as _])
            .create_physical_plan(plan, state)
            .await
    }
}

/// A session that knows the searches and the bars of the golden files, in memory of so many bytes.
pub fn session(book: &Arc<TestBook>, memory: usize) -> SessionContext {
    let registry = Registry::try_new(quantlake_search::functions()).expect("distinct names");
    let mut state = SessionStateBuilder::new().with_default_features();
    let runtime = RuntimeEnvBuilder::new().with_memory_limit(memory, 1.0);
    state = state.with_runtime_env(runtime.build_arc().expect("a runtime"));
    state
        .config()
        .get_or_insert_default()
        .options_mut()
        .sql_parser
        .dialect = datafusion::config::Dialect::PostgreSQL;
    let ctx = SessionContext::new_with_state(state.with_query_planner(Arc::new(Planner)).build());
    ctx.register_relation_planner(Arc::new(SearchPlanner::new(
        Arc::new(registry),
        Arc::clone(book) as _,
    )))
    .expect("a session takes relation planners");
    ctx.register_batch("bars", bars()).expect("a table");
    ctx
}

/// More memory than any test needs.
pub const AMPLE: usize = 1 << 30;

/// A session whose book is empty, and the book.
pub fn plain() -> (SessionContext, Arc<TestBook>) {
    let book = Arc::new(TestBook::default());
    (session(&book, AMPLE), book)
}

/// A session whose book has a strategy of this query.
pub fn with_strategy(sql: &str) -> (SessionContext, Arc<TestBook>) {
    let (ctx, _) = plain();
    let book = Arc::new(TestBook {
        strategy: Some(Arc::new(TestStrategy {
            sql: sql.into(),
            ctx,
        })),
        ..TestBook::default()
    });
    (session(&book, AMPLE), book)
}

pub fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/search")
}

/// The bars of the golden files, with the sum of all closes so far.
fn bars() -> RecordBatch {
    let text = std::fs::read_to_string(golden().join("bars.csv")).expect("the bars");
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(|c| c.parse().expect(line)).collect())
        .collect();
    let column = |i: usize| rows.iter().map(move |row| row[i]);
    let mut sum = 0.0;
    let sums = column(2).map(|close| {
        sum += close;
        sum
    });
    let ts = column(0).map(|day| (day as i64) * 86_400_000_000_000);
    let day: Int64Array = column(0).map(|day| Some(day as i64)).collect();
    RecordBatch::try_from_iter([
        (
            "ts",
            Arc::new(TimestampNanosecondArray::from_iter_values(ts)) as _,
        ),
        ("day", Arc::new(day) as _),
        (
            "open",
            Arc::new(Float64Array::from_iter_values(column(1))) as _,
        ),
        (
            "close",
            Arc::new(Float64Array::from_iter_values(column(2))) as _,
        ),
        ("total", Arc::new(Float64Array::from_iter_values(sums)) as _),
    ])
    .expect("columns of one length")
}

/// The mean of the last `n` closes, NULL before there are as many: from sums of all closes so far.
pub fn mean(n: &str) -> String {
    format!(
        "(CASE WHEN day >= {n} - 1 THEN (total - lag(total, {n}, 0.0) OVER (ORDER BY ts)) / {n} END)"
    )
}

/// 100 units while the fast mean is above the slow one.
pub fn crossing() -> String {
    format!(
        "CASE WHEN {} > {} THEN 100 ELSE 0 END",
        mean("fast"),
        mean("slow")
    )
}

/// The result of a query.
#[derive(Debug)]
pub struct Table(RecordBatch);

impl Table {
    /// Runs a query that has to succeed.
    pub async fn of(session: &SessionContext, sql: &str) -> Self {
        Self::try_of(session, sql)
            .await
            .unwrap_or_else(|e| panic!("{e}\n{sql}"))
    }

    /// Runs a query.
    pub async fn try_of(session: &SessionContext, sql: &str) -> Result<Self, DataFusionError> {
        let frame = session.sql(sql).await?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await?;
        Ok(Self(concat_batches(&schema, &batches)?))
    }

    pub fn len(&self) -> usize {
        self.0.num_rows()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.column_by_name(name).is_some()
    }

    /// A column as numbers, NaN for NULL.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let column = self.0.column_by_name(name);
        let column = column.unwrap_or_else(|| panic!("no column {name}"));
        let column = cast(column, &DataType::Float64).expect("a numeric column");
        let values = column.as_primitive::<Float64Type>();
        values.iter().map(|v| v.unwrap_or(f64::NAN)).collect()
    }
}

/// The error of ours that a query gives.
pub async fn error(session: &SessionContext, sql: &str) -> QlError {
    let error = Table::try_of(session, sql).await.expect_err(sql);
    QlError::of(&error)
        .unwrap_or_else(|| panic!("no error of ours: {error}\n{sql}"))
        .clone()
}
