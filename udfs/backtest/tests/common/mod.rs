//! A DataFusion session with the functions of this crate, and its results by column.

#![allow(dead_code, reason = "each test program uses a part of it")]

use async_trait::async_trait;
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionContext;
use quantlake_core::Registry;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
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
        let extensions = vec![Arc::new(PartitionedTransformPlanner) as _];
        DefaultPhysicalPlanner::with_extension_planners(extensions)
            .create_physical_plan(plan, state)
            .await
    }
}

/// A session that knows `backtest` and its views.
pub fn session() -> SessionContext {
    let registry = Registry::try_new(quantlake_backtest::functions()).expect("distinct names");
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .build();
    let session = SessionContext::new_with_state(state);
    session
        .register_relation_planner(Arc::new(RelationFunctionPlanner::new(Arc::new(registry))))
        .expect("a session takes relation planners");
    session
}

/// The result of a query.
pub struct Table(RecordBatch);

impl Table {
    /// Runs a query that has to succeed.
    pub async fn of(session: &SessionContext, sql: &str) -> Self {
        Self::try_of(session, sql)
            .await
            .unwrap_or_else(|e| panic!("{e}\n{sql}"))
    }

    /// Runs a query.
    pub async fn try_of(session: &SessionContext, sql: &str) -> Result<Self> {
        let frame = session.sql(sql).await?;
        let schema = Arc::clone(frame.schema().inner());
        let batches = frame.collect().await?;
        Ok(Self(concat_batches(&schema, &batches)?))
    }

    pub fn len(&self) -> usize {
        self.0.num_rows()
    }

    /// A column as numbers, NaN for NULL.
    pub fn numbers(&self, name: &str) -> Vec<f64> {
        let column = cast(self.column(name), &DataType::Float64).expect("a numeric column");
        let values = column.as_primitive::<Float64Type>();
        values.iter().map(|v| v.unwrap_or(f64::NAN)).collect()
    }

    /// A column as text, empty for NULL.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let column = cast(self.column(name), &DataType::Utf8).expect("a column that prints");
        let values = column.as_string::<i32>();
        values.iter().map(|v| v.unwrap_or("").to_string()).collect()
    }

    fn column(&self, name: &str) -> &Arc<dyn Array> {
        self.0
            .column_by_name(name)
            .unwrap_or_else(|| panic!("no column {name}"))
    }
}
