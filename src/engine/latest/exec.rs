//! One plan if it turns out to be enough, another one if not.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use quantlake_core::QlError;
use quantlake_core::window::tail::TailWatch;
use std::fmt;
use std::sync::Arc;

/// Gives the rows of a window over the ends of its partitions, or of the window over all rows
/// when the ends were too short for the look-back.
#[derive(Debug)]
pub(super) struct LatestRowsExec {
    tail: Arc<dyn ExecutionPlan>,
    full: Arc<dyn ExecutionPlan>,
    watch: Arc<TailWatch>,
    properties: Arc<PlanProperties>,
}

impl LatestRowsExec {
    /// `watch` is the one that `tail` reports to.
    pub(super) fn new(
        tail: Arc<dyn ExecutionPlan>,
        full: Arc<dyn ExecutionPlan>,
        watch: Arc<TailWatch>,
    ) -> Self {
        // The rows of both plans are sorted anew above, and come from one partition. What is
        // constant (a filtered symbol) stays so: the query's order was planned with it.
        let mut equivalences = full.equivalence_properties().clone();
        equivalences.clear_orderings();
        let properties = PlanProperties::new(
            equivalences,
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            tail,
            full,
            watch,
            properties: Arc::new(properties),
        }
    }
}

impl DisplayAs for LatestRowsExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("LatestRowsExec: ends of partitions, else all rows")
    }
}

impl ExecutionPlan for LatestRowsExec {
    fn name(&self) -> &str {
        "LatestRowsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.tail, &self.full]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [tail, full] = children.as_slice() else {
            return Err(QlError::internal(format!(
                "LatestRowsExec has 2 inputs, found {}",
                children.len()
            ))
            .into());
        };
        Ok(Arc::new(Self::new(
            Arc::clone(tail),
            Arc::clone(full),
            Arc::clone(&self.watch),
        )))
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let tail = CoalescePartitionsExec::new(Arc::clone(&self.tail));
        let mut tail = tail.execute(0, Arc::clone(&context))?;
        let full = CoalescePartitionsExec::new(Arc::clone(&self.full));
        let watch = Arc::clone(&self.watch);
        let rows = async move {
            // Whether the ends are enough is known when the last of them was read.
            let reservation = MemoryConsumer::new("LatestRowsExec").register(context.memory_pool());
            let mut ends = Vec::new();
            while let Some(batch) = tail.next().await.transpose()? {
                reservation.try_grow(batch.get_array_memory_size())?;
                ends.push(Ok(batch));
            }
            let rows = match watch.is_short() {
                false => futures::stream::iter(ends).boxed(),
                true => full.execute(0, context)?.boxed(),
            };
            Ok::<_, DataFusionError>(rows)
        };
        let rows = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.full.schema(),
            rows,
        )))
    }
}
