//! The operator that merges sorted runs, range by range.

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{Result as DfResult, internal_err};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{
    LexOrdering, LexRequirement, OrderingRequirements, Partitioning, PhysicalExpr,
    RangePartitioning,
};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
};
use std::fmt;
use std::sync::Arc;

/// Merges sorted partitions into fewer: `n_runs[0]` of them into the first, the next `n_runs[1]`
/// into the second, and so on. Unlike a merge of everything, it stays parallel.
#[derive(Debug)]
pub struct RangeMergeExec {
    input: Arc<dyn ExecutionPlan>,
    n_runs: Vec<usize>,
    ordering: LexOrdering,
    ranges: RangePartitioning,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl RangeMergeExec {
    /// An operator over an input whose partitions are all sorted by `ordering`, and lie within
    /// the ranges that `n_runs` assigns them to.
    ///
    /// # Errors
    /// XX000 when the numbers of partitions differ.
    pub(super) fn try_new(
        input: Arc<dyn ExecutionPlan>,
        n_runs: Vec<usize>,
        ordering: LexOrdering,
        ranges: RangePartitioning,
    ) -> DfResult<Self> {
        let n_inputs = input.output_partitioning().partition_count();
        if n_inputs != n_runs.iter().sum::<usize>() || n_runs.len() != ranges.partition_count() {
            return internal_err!("{n_inputs} partitions cannot be merged as {n_runs:?}");
        }
        let properties = PlanProperties::new(
            input.equivalence_properties().clone(),
            Partitioning::Range(ranges.clone()),
            input.pipeline_behavior(),
            input.boundedness(),
        );
        Ok(Self {
            input,
            n_runs,
            ordering,
            ranges,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for RangeMergeExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        match t {
            DisplayFormatType::TreeRender => writeln!(f, "runs={:?}", self.n_runs),
            _ => write!(
                f,
                "RangeMergeExec: runs={:?}, order=[{}]",
                self.n_runs, self.ordering
            ),
        }
    }
}

impl ExecutionPlan for RangeMergeExec {
    fn name(&self) -> &str {
        "RangeMergeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let order = LexRequirement::from(self.ordering.clone());
        vec![Some(OrderingRequirements::new(order))]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        for sort in self.ordering.iter() {
            f(&sort.expr)?;
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return internal_err!("RangeMergeExec has 1 input, found {}", children.len());
        };
        Ok(Arc::new(Self::try_new(
            Arc::clone(input),
            self.n_runs.clone(),
            self.ordering.clone(),
            self.ranges.clone(),
        )?))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        let Some(n_runs) = self.n_runs.get(partition) else {
            return internal_err!("RangeMergeExec has no partition {partition}");
        };
        let first: usize = self.n_runs.iter().take(partition).sum();
        if *n_runs == 1 {
            return self.input.execute(first, context);
        }
        let runs = (first..first + n_runs)
            .map(|run| self.input.execute(run, Arc::clone(&context)))
            .collect::<DfResult<_>>()?;
        let reservation = MemoryConsumer::new(format!("RangeMergeExec[{partition}]"))
            .register(context.memory_pool());
        StreamingMergeBuilder::new()
            .with_streams(runs)
            .with_schema(self.schema())
            .with_expressions(&self.ordering)
            .with_metrics(BaselineMetrics::new(&self.metrics, partition))
            .with_batch_size(context.session_config().batch_size())
            .with_reservation(reservation)
            .build()
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
