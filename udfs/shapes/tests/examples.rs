//! The example of every specification runs and shows a value.

use async_trait::async_trait;
use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::SessionContext;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::{Implementation, Registry};
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

fn session() -> SessionContext {
    let functions = quantlake_shapes::functions();
    let registry = Arc::new(Registry::try_new(functions).expect("unique names"));
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_relation_planners(vec![Arc::new(RelationFunctionPlanner::new(registry))])
        .build();
    let context = SessionContext::new_with_state(state);
    for function in quantlake_shapes::functions() {
        if let Implementation::Window(udwf) = &function.implementation {
            context.register_udwf(udwf.as_ref().clone());
        }
    }
    context
}

fn has_value(batches: &[RecordBatch]) -> bool {
    let last = |b: &RecordBatch| Arc::clone(b.column(b.num_columns() - 1));
    batches.iter().map(last).any(|c| c.null_count() < c.len())
}

#[tokio::test]
async fn every_example_runs_and_shows_a_value() {
    let context = session();
    for function in quantlake_shapes::functions() {
        let sql = &function.spec.example.sql;
        let frame = context.sql(sql).await;
        let rows = frame
            .unwrap_or_else(|e| panic!("{sql}: {e}"))
            .collect()
            .await;
        let rows = rows.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert!(has_value(&rows), "{sql} shows nothing");
        let signals = datafusion::arrow::util::pretty::pretty_format_batches(&rows);
        println!("{}\n{}", function.spec.name, signals.expect("text"));
    }
}
