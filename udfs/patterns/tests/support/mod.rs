//! What the test files share: a session that knows `pattern_events`, and its kernel by hand.

#![allow(dead_code, reason = "each test file uses its part")]

use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::catalog::Session;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::relation::{RelationFunction, Rows};
use quantlake_core::{Args, QlError, Registry};
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PartitionedTransformPlanner)])
            .create_physical_plan(plan, state)
            .await
    }
}

pub fn registry() -> Registry {
    Registry::try_new(quantlake_patterns::functions()).expect("unique names")
}

/// A session with the function and the shipped bars as `us5` and `eurusd`.
pub async fn session() -> SessionContext {
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_relation_planners(vec![Arc::new(RelationFunctionPlanner::new(Arc::new(
            registry(),
        )))])
        .build();
    let context = SessionContext::new_with_state(state);
    for (table, file) in [
        ("us5", "us5_daily.parquet"),
        ("eurusd", "eurusd_1h.parquet"),
    ] {
        let path = repository_file("data").join(file);
        let path = path.to_str().expect("a path in UTF-8");
        context
            .register_parquet(table, path, ParquetReadOptions::new())
            .await
            .expect("shipped bars");
    }
    context
}

pub fn repository_file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// Bars of one symbol for the kernel.
#[derive(Debug, Clone, Default)]
pub struct Market {
    pub ts: Vec<i64>,
    pub high: Vec<f64>,
    pub low: Vec<f64>,
    pub close: Vec<f64>,
    pub volume: Vec<f64>,
}

impl Market {
    pub fn first(&self, n_rows: usize) -> Self {
        Self {
            ts: self.ts[..n_rows].to_vec(),
            high: self.high[..n_rows].to_vec(),
            low: self.low[..n_rows].to_vec(),
            close: self.close[..n_rows].to_vec(),
            volume: self.volume[..n_rows].to_vec(),
        }
    }

    fn batch(&self, function: &RelationFunction) -> RecordBatch {
        let numbers = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
        let columns = vec![
            Arc::new(StringArray::from(vec!["X"; self.ts.len()])) as ArrayRef,
            Arc::new(TimestampNanosecondArray::from(self.ts.clone())),
            numbers(&self.high),
            numbers(&self.low),
            numbers(&self.close),
            numbers(&self.volume),
        ];
        RecordBatch::try_new(Arc::new(function.input_schema()), columns).expect("a batch")
    }
}

/// Runs the kernel on one symbol's bars.
pub fn run(market: &Market, options: &[(&str, ScalarValue)]) -> Result<RecordBatch, QlError> {
    let registry = registry();
    let function = registry.relation("pattern_events").expect("the function");
    let named: Vec<_> = options
        .iter()
        .map(|(name, value)| (name.to_string(), value.clone()))
        .collect();
    let args = Args::bind_named(&function.spec, &named)?;
    let mut kernel = (function.factory)(&args)?;
    kernel.run(&Rows::new(
        market.batch(&function),
        function.kernel_schema(),
    ))
}

/// How many events were decided at or before a time; they come first.
pub fn n_decided_until(events: &RecordBatch, ts: i64) -> usize {
    let times = events
        .column_by_name("event_ts")
        .and_then(|c| c.as_any().downcast_ref::<TimestampNanosecondArray>())
        .expect("event times");
    times.values().partition_point(|time| *time <= ts)
}
