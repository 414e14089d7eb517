//! The operator of a relation function.
//!
//! Its input is partitioned by the function's keys and ordered, so a group is a run of equal keys.
//! The stream collects groups, gives them to kernels on blocking threads (the wire stays
//! responsive), several at once where the input has fewer partitions than the session, and emits
//! the result in batches of the session's size. What is collected is reserved in the memory pool
//! first, and freed once the kernel is done with it. A group that is too large for that reaches a
//! function that can take it in parts. The other queries of a call are collected once, for all
//! groups.

use super::groups::{Groups, Lot, Piece};
use super::node::describe;
use super::shape::{complete, key_name};
use super::{Grouping, InputColumn, OtherRows, RelationFunction, RelationKernel, Rows};
use crate::arguments::Args;
use crate::error::QlError;
use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::{SortOptions, cast};
use datafusion::arrow::datatypes::{FieldRef, SchemaRef};
use datafusion::common::ScalarValue;
use datafusion::common::runtime::SpawnedTask;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexOrdering, LexRequirement, OrderingRequirements,
    Partitioning, PhysicalSortExpr,
};
use datafusion::physical_plan::collect;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet, RecordOutput, Time,
};
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use std::fmt;
use std::sync::Arc;
use tokio::sync::{OnceCell, oneshot};

/// Runs a relation function over its input.
#[derive(Debug)]
pub struct PartitionedTransformExec {
    function: Arc<RelationFunction>,
    args: Args,
    /// The first query, then the others.
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    /// The parameters that hold the other queries.
    params: Vec<String>,
    /// Columns of the input whose equal values make a group.
    keys: Vec<usize>,
    /// The names of those that come first in the result, as the query calls them.
    listed: Vec<String>,
    others: Arc<OnceCell<OtherRows>>,
    schema: SchemaRef,
    order: LexOrdering,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PartitionedTransformExec {
    /// An operator over inputs in the function's input schemas, the first query first; `params`
    /// names the parameters that hold the others.
    ///
    /// # Errors
    /// XX000 when there is no input, or when the function's description orders or groups by a
    /// column that it does not read.
    pub fn try_new(
        function: Arc<RelationFunction>,
        args: Args,
        inputs: Vec<Arc<dyn ExecutionPlan>>,
        params: Vec<String>,
        schema: SchemaRef,
    ) -> Result<Self> {
        let name = &function.spec.name;
        if inputs.len() != params.len() + 1 {
            let (found, wanted) = (inputs.len(), params.len() + 1);
            let message = format!("{name}: the operator has {wanted} inputs, found {found}");
            return Err(QlError::internal(message).into());
        }
        let input_schema = inputs[0].schema();
        let listed = function.listed_keys(&args)?;
        // A column that the query does not have is NULL in all rows: it orders nothing.
        let sorted_by = (0..listed.len()).map(key_name);
        let sort = sorted_by
            .chain(function.order.iter().cloned())
            .filter(|column| input_schema.index_of(column).is_ok())
            .map(|column| ascending(&column, &input_schema))
            .collect::<Result<Vec<_>>>()?;
        let order = LexOrdering::new(sort)
            .ok_or_else(|| QlError::internal(format!("{name}: the description names no order")))?;
        let keys = match &function.grouping {
            Grouping::PerKey(key) => vec![input_schema.index_of(key)?],
            Grouping::Whole | Grouping::Listed(_) => (0..listed.len()).collect(),
        };
        let n_partitions = match keys.as_slice() {
            [] => 1,
            _ => inputs[0].output_partitioning().partition_count(),
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
            inputs,
            params,
            keys,
            listed,
            others: Arc::new(OnceCell::new()),
            schema,
            order,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

fn ascending(column: &str, schema: &SchemaRef) -> Result<PhysicalSortExpr> {
    let options = SortOptions {
        descending: false,
        nulls_first: false,
    };
    let column = Column::new_with_schema(column, schema)?;
    Ok(PhysicalSortExpr::new(Arc::new(column), options))
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
        let schema = self.inputs[0].schema();
        let column = |i: &usize| Arc::new(Column::new(schema.field(*i).name(), *i)) as _;
        let first = match self.keys.as_slice() {
            [] => Distribution::SinglePartition,
            keys => Distribution::KeyPartitioned(keys.iter().map(column).collect()),
        };
        let others = self.params.iter().map(|_| Distribution::SinglePartition);
        std::iter::once(first).chain(others).collect()
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        let first = OrderingRequirements::new(LexRequirement::from(self.order.clone()));
        let others = self.params.iter().map(|_| None);
        std::iter::once(Some(first)).chain(others).collect()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
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
        let new = Self::try_new(
            Arc::clone(&self.function),
            self.args.clone(),
            children,
            self.params.clone(),
            Arc::clone(&self.schema),
        )?;
        Ok(Arc::new(new))
    }

    /// Columns that are not asked for need not be made.
    fn try_swapping_with_projection(
        &self,
        projection: &ProjectionExec,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let is_plain = |e: &ProjectionExpr| {
            let column = e.expr.downcast_ref::<Column>();
            column.is_some_and(|c| c.name() == e.alias)
        };
        let exprs = projection.expr();
        if exprs.is_empty() || !exprs.iter().all(is_plain) {
            return Ok(None);
        }
        let new = Self::try_new(
            Arc::clone(&self.function),
            self.args.clone(),
            self.inputs.clone(),
            self.params.clone(),
            projection.schema(),
        )?;
        Ok(Some(Arc::new(new)))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(format!("{}[{partition}]", self.function.spec.name))
            .register(context.memory_pool());
        let input = self.inputs[0].execute(partition, Arc::clone(&context))?;
        let groups = Groups::new(
            input,
            self.keys.clone(),
            self.function.part_rows,
            reservation,
        );
        let others = Others {
            function: Arc::clone(&self.function),
            plans: self.inputs[1..].to_vec(),
            params: self.params.clone(),
            collected: Arc::clone(&self.others),
            context: Arc::clone(&context),
        };
        let config = context.session_config();
        let n_partitions = self.properties.output_partitioning().partition_count();
        let n_at_once = (config.target_partitions() / n_partitions).max(1);
        let batch_size = config.batch_size();
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let call = Call {
            function: Arc::clone(&self.function),
            args: self.args.clone(),
            keys: self.listed.clone(),
            schema: Arc::clone(&self.schema),
            time: metrics.elapsed_compute().clone(),
            kernel: None,
        };
        let state = (groups, others, call);
        let stream = futures::stream::try_unfold(state, |(mut groups, others, mut call)| async {
            let Some(lot) = groups.next().await? else {
                return Ok::<_, DataFusionError>(None);
            };
            let results = call.start(lot, others.collect().await?);
            Ok(Some((results, (groups, others, call))))
        })
        .try_buffered(n_at_once)
        .map_ok(move |results| {
            let batches = results.into_iter().flat_map(move |r| cut(r, batch_size));
            futures::stream::iter(batches.map(Ok))
        })
        .try_flatten()
        .map_ok(move |batch| batch.record_output(&metrics));
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The other queries of a call.
struct Others {
    function: Arc<RelationFunction>,
    plans: Vec<Arc<dyn ExecutionPlan>>,
    params: Vec<String>,
    collected: Arc<OnceCell<OtherRows>>,
    context: Arc<TaskContext>,
}

impl Others {
    /// Their rows; the first partition that asks collects them.
    async fn collect(&self) -> Result<OtherRows> {
        let collected = self.collected.get_or_try_init(|| async {
            let mut others = Vec::new();
            for (param, plan) in self.params.iter().zip(&self.plans) {
                let batches = collect(Arc::clone(plan), Arc::clone(&self.context)).await?;
                let rows = complete(self.columns(param), &batches)?;
                let rows = Rows::new(rows, self.function.kernel_schema());
                others.push((param.clone(), rows));
            }
            Ok::<_, DataFusionError>(OtherRows::new(others))
        });
        Ok(Arc::clone(collected.await?))
    }

    fn columns(&self, param: &str) -> &[InputColumn] {
        let mut queries = self.function.queries.iter();
        let query = queries.find(|q| q.param == param);
        query.map_or(&[], |q| q.columns.as_slice())
    }
}

/// A result in batches of so many rows.
fn cut(result: RecordBatch, size: usize) -> impl Iterator<Item = RecordBatch> {
    let n_rows = result.num_rows();
    let starts = (0..n_rows).step_by(size);
    starts.map(move |start| result.slice(start, size.min(n_rows - start)))
}

/// The kernel's side of one partition.
struct Call {
    function: Arc<RelationFunction>,
    args: Args,
    /// The names of the listed keys.
    keys: Vec<String>,
    schema: SchemaRef,
    time: Time,
    /// Gives the kernel of a group that comes in parts, when the part before is done.
    kernel: Option<oneshot::Receiver<Box<dyn RelationKernel>>>,
}

impl Call {
    /// Starts the kernel over some pieces; what is returned waits for the results. A part of a group
    /// begins when the one before it is done, and is read meanwhile.
    fn start(
        &mut self,
        lot: Lot,
        others: OtherRows,
    ) -> BoxFuture<'static, Result<Vec<RecordBatch>>> {
        let mut worker = Worker {
            function: Arc::clone(&self.function),
            args: self.args.clone(),
            keys: self.keys.clone(),
            schema: Arc::clone(&self.schema),
            kernel: None,
            others,
        };
        let before = self.kernel.take();
        let (sender, receiver) = oneshot::channel();
        if let Some(Piece::Part(_)) = lot.pieces.last() {
            self.kernel = Some(receiver);
        }
        let time = self.time.clone();
        let task = SpawnedTask::spawn_blocking(move || {
            if let Some(before) = before {
                let kernel = before.blocking_recv();
                worker.kernel = Some(kernel.map_err(|_| stopped(&"the part before failed"))?);
            }
            let _timer = time.timer();
            let results = worker.run_all(lot)?;
            if let Some(kernel) = worker.kernel {
                // Nobody receives it when the query ends here.
                let _ = sender.send(kernel);
            }
            Ok(results)
        });
        async { task.await.map_err(|e| stopped(&e))? }.boxed()
    }
}

fn stopped(why: &dyn fmt::Display) -> QlError {
    QlError::internal(format!("a kernel stopped: {why}"))
}

/// What runs on a blocking thread.
struct Worker {
    function: Arc<RelationFunction>,
    args: Args,
    /// The names of the listed keys.
    keys: Vec<String>,
    schema: SchemaRef,
    kernel: Option<Box<dyn RelationKernel>>,
    others: OtherRows,
}

impl Worker {
    /// Runs the kernel over pieces, one after another; their memory is free then.
    fn run_all(&mut self, Lot { pieces, held }: Lot) -> Result<Vec<RecordBatch>> {
        let results = pieces.iter().map(|piece| self.run(piece)).collect();
        drop((pieces, held));
        results
    }

    fn run(&mut self, piece: &Piece) -> Result<RecordBatch> {
        let mut kernel = match self.kernel.take() {
            Some(kernel) => kernel,
            None => (self.function.factory)(&self.args)?,
        };
        let result = match piece {
            Piece::Group(rows) => kernel.run(&self.rows(rows)?)?,
            Piece::Part(rows) => {
                let result = kernel.push(&self.rows(rows)?)?;
                self.kernel = Some(kernel);
                result
            }
            Piece::End(_) => kernel.finish(&self.rows(&[])?)?,
        };
        self.promised(piece, &result)
    }

    fn rows(&self, rows: &[RecordBatch]) -> Result<Rows> {
        let rows = complete(&self.function.columns, rows)?;
        let schema = self.function.kernel_schema();
        let rows = Rows::new(rows, schema).with_others(Arc::clone(&self.others));
        Ok(rows.with_wanted(Arc::clone(&self.schema)))
    }

    /// The promised columns: listed keys, whose values all rows of a group share, and those of the
    /// kernel's result, in the promised types.
    fn promised(&self, piece: &Piece, result: &RecordBatch) -> Result<RecordBatch> {
        let n_rows = result.num_rows();
        let column = |field: &FieldRef| {
            let key = self.keys.iter().position(|key| key == field.name());
            if let (Some(n), Some(first)) = (key, piece.rows().first()) {
                return ScalarValue::try_from_array(first.column(n), 0)?.to_array_of_size(n_rows);
            }
            let column = result.column_by_name(field.name()).ok_or_else(|| {
                let (name, column) = (&self.function.spec.name, field.name());
                QlError::internal(format!("{name}: the kernel gave no column `{column}`"))
            })?;
            Ok(cast(column, field.data_type())?)
        };
        let columns = self.schema.fields().iter().map(column);
        let columns = columns.collect::<Result<Vec<_>>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
        let schema = Arc::clone(&self.schema);
        Ok(RecordBatch::try_new_with_options(
            schema, columns, &options,
        )?)
    }
}
