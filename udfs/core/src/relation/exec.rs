//! The operator of a relation function.
//!
//! Its input is partitioned by the function's key and ordered, so a group is a run of equal keys.
//! The stream collects one group, gives it to the kernel on a blocking thread (the wire stays
//! responsive) and emits the result in batches of the session's size. What is collected is
//! reserved in the memory pool first, and freed once the kernel is done with it. A function over
//! the whole input collects all of it; that is the price of one cash account for all symbols.

use super::node::describe;
use super::{Grouping, RelationFunction, Rows, cast_result};
use crate::arguments::Args;
use crate::error::QlError;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::{SortOptions, concat_batches};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, LexRequirement, OrderingRequirements,
    Partitioning, PhysicalSortExpr,
};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::{StreamExt, TryStreamExt};
use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

/// Runs a relation function over its input.
#[derive(Debug)]
pub struct PartitionedTransformExec {
    function: Arc<RelationFunction>,
    args: Args,
    input: Arc<dyn ExecutionPlan>,
    schema: SchemaRef,
    order: LexOrdering,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PartitionedTransformExec {
    /// An operator over an input in the function's input schema.
    ///
    /// # Errors
    /// XX000 when the function's description orders by a column that it does not read.
    pub fn try_new(
        function: Arc<RelationFunction>,
        args: Args,
        input: Arc<dyn ExecutionPlan>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let input_schema = input.schema();
        let sort = function
            .order
            .iter()
            .map(|name| {
                let column = Column::new_with_schema(name, &input_schema)?;
                Ok(PhysicalSortExpr::new(
                    Arc::new(column),
                    SortOptions {
                        descending: false,
                        nulls_first: false,
                    },
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        let order = LexOrdering::new(sort).ok_or_else(|| {
            QlError::internal(format!(
                "{}: the description names no order",
                function.spec.name
            ))
        })?;
        let n_partitions = match function.grouping {
            Grouping::PerKey(_) => input.output_partitioning().partition_count(),
            Grouping::Whole => 1,
        };
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(n_partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Ok(Self {
            function,
            args,
            input,
            schema,
            order,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for PartitionedTransformExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        match t {
            DisplayFormatType::TreeRender => {
                writeln!(f, "function={}", self.function.spec.name)?;
                writeln!(f, "{}", describe(&self.args))
            }
            _ => write!(
                f,
                "PartitionedTransformExec: {}({}), order=[{}]",
                self.function.spec.name,
                describe(&self.args),
                self.function.order.join(", ")
            ),
        }
    }
}

impl ExecutionPlan for PartitionedTransformExec {
    fn name(&self) -> &str {
        "PartitionedTransformExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![match &self.function.grouping {
            Grouping::Whole => Distribution::SinglePartition,
            Grouping::PerKey(key) => match Column::new_with_schema(key, &self.input.schema()) {
                Ok(column) => Distribution::KeyPartitioned(vec![Arc::new(column)]),
                Err(_) => Distribution::SinglePartition,
            },
        }]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![Some(OrderingRequirements::new(LexRequirement::from(
            self.order.clone(),
        )))]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(
            &Arc<dyn PhysicalExpr>,
        ) -> Result<datafusion::common::tree_node::TreeNodeRecursion>,
    ) -> Result<datafusion::common::tree_node::TreeNodeRecursion> {
        for sort in self.order.iter() {
            f(&sort.expr)?;
        }
        Ok(datafusion::common::tree_node::TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return Err(QlError::internal(format!(
                "PartitionedTransformExec has 1 input, found {}",
                children.len()
            ))
            .into());
        };
        let new = Self::try_new(
            Arc::clone(&self.function),
            self.args.clone(),
            Arc::clone(input),
            Arc::clone(&self.schema),
        )?;
        Ok(Arc::new(new))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(format!("{}[{partition}]", self.function.spec.name))
            .register(context.memory_pool());
        let key = match &self.function.grouping {
            Grouping::Whole => None,
            Grouping::PerKey(name) => Some(self.input.schema().index_of(name)?),
        };
        let groups = Groups {
            input: self.input.execute(partition, Arc::clone(&context))?,
            key,
            current: Vec::new(),
            ready: VecDeque::new(),
            finished: false,
            reservation,
        };
        let call = Call {
            function: Arc::clone(&self.function),
            args: self.args.clone(),
            schema: Arc::clone(&self.schema),
            batch_size: context.session_config().batch_size(),
            metrics: BaselineMetrics::new(&self.metrics, partition),
        };
        let stream = futures::stream::try_unfold((groups, call), |(mut groups, call)| async move {
            match groups.next().await? {
                None => Ok::<_, DataFusionError>(None),
                Some((group, reserved)) => {
                    let batches = call.run(group).await?;
                    groups.reservation.shrink(reserved);
                    Ok(Some((
                        futures::stream::iter(batches.into_iter().map(Ok)),
                        (groups, call),
                    )))
                }
            }
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

struct Call {
    function: Arc<RelationFunction>,
    args: Args,
    schema: SchemaRef,
    batch_size: usize,
    metrics: BaselineMetrics,
}

impl Call {
    async fn run(&self, group: RecordBatch) -> Result<Vec<RecordBatch>> {
        let mut kernel = (self.function.factory)(&self.args)?;
        let kernel_schema = self.function.kernel_schema();
        let timer = self.metrics.elapsed_compute().timer();
        let result =
            SpawnedTask::spawn_blocking(move || kernel.run(&Rows::new(group, kernel_schema)))
                .await
                .map_err(|e| QlError::internal(format!("a kernel stopped: {e}")))??;
        let result = cast_result(&result, &self.schema)?.record_output(&self.metrics);
        timer.done();
        Ok((0..result.num_rows())
            .step_by(self.batch_size)
            .map(|start| result.slice(start, self.batch_size.min(result.num_rows() - start)))
            .collect())
    }
}

/// Cuts an ordered input into groups of equal keys.
struct Groups {
    input: SendableRecordBatchStream,
    key: Option<usize>,
    /// Batches of the group that is being collected.
    current: Vec<RecordBatch>,
    /// Complete groups that arrived in one batch.
    ready: VecDeque<RecordBatch>,
    finished: bool,
    reservation: MemoryReservation,
}

impl Groups {
    /// The next group and the bytes reserved for it.
    async fn next(&mut self) -> Result<Option<(RecordBatch, usize)>> {
        loop {
            if let Some(group) = self.ready.pop_front() {
                let bytes = group.get_array_memory_size().min(self.reservation.size());
                return Ok(Some((group, bytes)));
            }
            if self.finished {
                return Ok(None);
            }
            match self.input.next().await.transpose()? {
                Some(batch) if batch.num_rows() > 0 => {
                    // The batch itself, and its copy in the concatenated group.
                    self.reservation
                        .try_grow(2 * batch.get_array_memory_size())?;
                    self.take(&batch)?;
                }
                Some(_) => {}
                None => {
                    self.finished = true;
                    self.close()?;
                }
            }
        }
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(key) = self.key else {
            self.current.push(batch.clone());
            return Ok(());
        };
        let mut start = 0;
        for end in ends_of_runs(batch.column(key))? {
            let run = batch.slice(start, end - start);
            let continues = match self.current.last() {
                Some(last) => same_key(last.column(key), run.column(key))?,
                None => true,
            };
            if !continues {
                self.close()?;
            }
            self.current.push(run);
            start = end;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<()> {
        // A function over the whole input has something to say about no rows, too (metrics).
        let is_whole = self.key.is_none();
        if !self.current.is_empty() || is_whole {
            let schema = self.input.schema();
            self.ready
                .push_back(concat_batches(&schema, &self.current)?);
            self.current.clear();
        }
        Ok(())
    }
}

/// The ends (exclusive) of runs of equal values.
fn ends_of_runs(keys: &ArrayRef) -> Result<Vec<usize>> {
    let runs = datafusion::arrow::compute::partition(std::slice::from_ref(keys))?;
    Ok(runs.ranges().into_iter().map(|r| r.end).collect())
}

fn same_key(left: &ArrayRef, right: &ArrayRef) -> Result<bool> {
    let pair = datafusion::arrow::compute::concat(&[
        left.slice(left.len() - 1, 1).as_ref(),
        right.slice(0, 1).as_ref(),
    ])?;
    Ok(ends_of_runs(&pair)?.len() == 1)
}
