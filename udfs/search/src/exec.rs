//! The operator of a search.
//!
//! It collects its bars, reserved in the memory pool, and searches on a thread that may block. Who
//! drops the stream (a cancelled statement, a time-out, a client that is gone) ends the search at
//! its next simulation; its memory is given back when its thread has ended.

use crate::functions::Call;
use crate::node::SearchNode;
use crate::work::Work;
use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{SortOptions, cast};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::Session;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, LexRequirement, OrderingRequirements,
    Partitioning, PhysicalExpr, PhysicalSortExpr,
};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, EmptyRecordBatchStream, ExecutionPlan, PlanProperties,
};
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use futures::TryStreamExt;
use quantlake_core::QlError;
use quantlake_core::relation::{Rows, complete};
use std::fmt;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Turns the node into its operator.
#[derive(Debug)]
pub struct SearchNodePlanner;

#[async_trait]
impl ExtensionPlanner for SearchNodePlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<SearchNode>() else {
            return Ok(None);
        };
        let exec = SearchExec::try_new(
            Arc::clone(&node.call),
            physical_inputs.first().cloned(),
            Arc::clone(node.schema.inner()),
        )?;
        Ok(Some(Arc::new(exec)))
    }
}

/// Runs a search.
#[derive(Debug)]
pub struct SearchExec {
    call: Arc<Call>,
    input: Option<Arc<dyn ExecutionPlan>>,
    schema: SchemaRef,
    order: Option<LexOrdering>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl SearchExec {
    fn try_new(
        call: Arc<Call>,
        input: Option<Arc<dyn ExecutionPlan>>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let order = match &input {
            Some(input) => ordering(&input.schema())?,
            None => None,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            call,
            input,
            schema,
            order,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

/// Bars in the order in which a backtest takes them.
fn ordering(schema: &SchemaRef) -> Result<Option<LexOrdering>> {
    let options = SortOptions {
        descending: false,
        nulls_first: false,
    };
    // Where there is one symbol only, the query need not say which.
    let there = |name: &&&str| schema.index_of(name).is_ok();
    let columns = crate::functions::ORDER.iter().filter(there).map(|name| {
        let column = Column::new_with_schema(name, schema)?;
        Ok(PhysicalSortExpr::new(Arc::new(column), options))
    });
    Ok(LexOrdering::new(columns.collect::<Result<Vec<_>>>()?))
}

impl DisplayAs for SearchExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "SearchExec: {}", self.call.describe())
    }
}

impl ExecutionPlan for SearchExec {
    fn name(&self) -> &str {
        "SearchExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![Distribution::SinglePartition; self.children().len()]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let order = self.order.clone();
        let order = order.map(|order| OrderingRequirements::new(LexRequirement::from(order)));
        vec![order; self.children().len()]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.input.iter().collect()
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for sort in self.order.iter().flatten() {
            f(&sort.expr)?;
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let new = Self::try_new(
            Arc::clone(&self.call),
            children.into_iter().next(),
            Arc::clone(&self.schema),
        )?;
        Ok(Arc::new(new))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let input = match &self.input {
            Some(input) => input.execute(partition, Arc::clone(&context))?,
            None => Box::pin(EmptyRecordBatchStream::new(Arc::clone(&self.schema))),
        };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let batch_size = context.session_config().batch_size();
        let found = search(
            Arc::clone(&self.call),
            input,
            Arc::clone(&self.schema),
            context,
        );
        let stream = futures::stream::once(async move {
            let timer = metrics.elapsed_compute().timer();
            let found = found.await?.record_output(&metrics);
            timer.done();
            let starts = (0..found.num_rows()).step_by(batch_size);
            let slices: Vec<Result<RecordBatch>> = starts
                .map(|start| Ok(found.slice(start, batch_size.min(found.num_rows() - start))))
                .collect();
            Ok::<_, DataFusionError>(futures::stream::iter(slices))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream.try_flatten(),
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Collects the input and searches; dropping the future ends the search.
async fn search(
    call: Arc<Call>,
    mut input: SendableRecordBatchStream,
    schema: SchemaRef,
    context: Arc<TaskContext>,
) -> Result<RecordBatch> {
    let held = MemoryConsumer::new(call.variants.function.clone()).register(context.memory_pool());
    let mut batches = Vec::new();
    while let Some(batch) = input.try_next().await? {
        // The batch itself, and its copy among the rows.
        held.try_grow(2 * batch.get_array_memory_size())?;
        batches.push(batch);
    }
    let rows = complete(&call.function.columns, &batches)?;
    drop((batches, input));
    held.shrink(held.size() / 2);
    let stop = CancellationToken::new();
    let stopped_when_dropped = stop.clone().drop_guard();
    let work = Work::new(Arc::clone(&call.book), context, held, stop);
    let result = Arc::clone(&schema);
    let search = move || call.run(&Rows::new(rows, result), &work);
    let columns = SpawnedTask::spawn_blocking(search)
        .await
        .map_err(|e| QlError::internal(format!("a search stopped: {e}")))??;
    drop(stopped_when_dropped);
    let columns = columns.iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| cast(column, field.data_type()));
    let columns = columns.collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(&schema), columns)?)
}
