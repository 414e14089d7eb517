//! The query planner: DataFusion's, plus the operators of our own nodes.

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use quantlake_core::relation::planner::PartitionedTransformPlanner;
use quantlake_search::exec::SearchNodePlanner;
use std::sync::Arc;

/// Plans our extension nodes.
#[derive(Debug)]
pub struct QuantPlanner;

#[async_trait]
impl QueryPlanner for QuantPlanner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![
            Arc::new(PartitionedTransformPlanner),
            Arc::new(SearchNodePlanner),
        ])
        .create_physical_plan(plan, state)
        .await
    }
}
