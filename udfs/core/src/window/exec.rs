//! The physical node of series functions over one window.

use super::boundary::Boundaries;
use super::call::{Calls, series_call};
use super::record::{Recorder, StreamRecorder};
use super::stream::{Held, WindowStream};
use super::tail::TailWatch;
use crate::error::QlError;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_expr::{
    Distribution, EquivalenceProperties, LexRequirement, OrderingRequirements, PhysicalSortExpr,
    PhysicalSortRequirement,
};
use datafusion::physical_plan::execution_plan::EmissionType;
use datafusion::physical_plan::metrics::{
    BaselineMetrics, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PhysicalExpr,
    PlanProperties,
};
use std::fmt;
use std::sync::Arc;

/// Computes series functions that share PARTITION BY and ORDER BY.
#[derive(Debug)]
pub struct SeriesWindowExec {
    exprs: Vec<Arc<dyn WindowExpr>>,
    input: Arc<dyn ExecutionPlan>,
    /// The keys whose partitions may be spread over threads; empty when there is one partition.
    keys: Vec<Arc<dyn PhysicalExpr>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// What is watched when the input holds only the ends of the partitions.
    tail: Option<Arc<TailWatch>>,
    /// Where the states at the ends of the partitions go, when somebody wants them.
    recorder: Option<Arc<Recorder>>,
}

impl SeriesWindowExec {
    /// An operator for window expressions of one window, each of which calls a series function.
    ///
    /// # Errors
    /// XX000 when an expression does not.
    pub fn try_new(exprs: Vec<Arc<dyn WindowExpr>>, input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let Some(first) = exprs.first() else {
            return Err(QlError::internal("a window without functions").into());
        };
        if let Some(other) = exprs.iter().find(|e| series_call(e.as_ref()).is_none()) {
            return Err(
                QlError::internal(format!("{} is no series function", other.name())).into(),
            );
        }
        let keys = first.partition_by().to_vec();
        let mut fields: Vec<_> = input.schema().fields().iter().cloned().collect();
        for expr in &exprs {
            fields.push(expr.field()?);
        }
        let metadata = input.schema().metadata().clone();
        let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
        // Rows keep their order and their columns; results are added behind.
        let equivalences = EquivalenceProperties::new(Arc::clone(&schema))
            .extend(input.equivalence_properties().clone())?;
        let properties = PlanProperties::new(
            equivalences,
            input.output_partitioning().clone(),
            EmissionType::Incremental,
            input.boundedness(),
        );
        Ok(Self {
            exprs,
            input,
            keys,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            tail: None,
            recorder: None,
        })
    }

    /// The same calls over an input with the last rows of each partition only.
    ///
    /// # Errors
    /// Those of [`SeriesWindowExec::try_new`].
    pub fn over_tail(&self, input: Arc<dyn ExecutionPlan>, tail: Arc<TailWatch>) -> Result<Self> {
        let mut new = Self::try_new(self.exprs.clone(), input)?;
        new.tail = Some(tail);
        Ok(new)
    }

    /// The same calls over the same input, whose states go to a recorder that is on.
    ///
    /// # Errors
    /// Those of [`SeriesWindowExec::try_new`].
    pub fn recorded(&self, recorder: Arc<Recorder>) -> Result<Self> {
        let mut new = Self::try_new(self.exprs.clone(), Arc::clone(&self.input))?;
        new.tail.clone_from(&self.tail);
        new.recorder = Some(recorder);
        Ok(new)
    }

    /// The calls.
    pub fn exprs(&self) -> &[Arc<dyn WindowExpr>] {
        &self.exprs
    }

    /// The partition keys.
    pub fn keys(&self) -> &[Arc<dyn PhysicalExpr>] {
        &self.keys
    }

    /// What the rows of a partition are ordered by.
    pub fn order_by(&self) -> &[PhysicalSortExpr] {
        self.exprs.first().map_or(&[], |e| e.order_by())
    }

    /// Where the rows come from.
    pub fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }

    fn stream_recorder(&self) -> Result<Option<StreamRecorder>> {
        let recorder = self.recorder.as_ref().filter(|r| r.is_on());
        let recorder = recorder.map(|recorder| {
            let schema = self.input.schema();
            StreamRecorder::try_new(Arc::clone(recorder), &self.keys, self.order_by(), &schema)
        });
        recorder.transpose()
    }

    fn sort_requirement(&self) -> Option<OrderingRequirements> {
        let keys = self.keys.iter().map(|key| (Arc::clone(key), None));
        let order = self
            .order_by()
            .iter()
            .map(|s| (Arc::clone(&s.expr), Some(s.options)));
        let requirement = keys
            .chain(order)
            .map(|(expr, options)| PhysicalSortRequirement::new(expr, options));
        LexRequirement::new(requirement).map(OrderingRequirements::new)
    }
}

impl DisplayAs for SeriesWindowExec {
    fn fmt_as(&self, t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        let names: Vec<&str> = self.exprs.iter().map(|e| e.name()).collect();
        match t {
            DisplayFormatType::TreeRender => writeln!(f, "{}", names.join(", ")),
            _ => write!(f, "SeriesWindowExec: [{}]", names.join(", ")),
        }
    }
}

impl ExecutionPlan for SeriesWindowExec {
    fn name(&self) -> &str {
        "SeriesWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for expr in &self.exprs {
            let all = expr.all_expressions();
            let parts = all.args.iter();
            let parts = parts.chain(&all.partition_by_exprs);
            for part in parts.chain(&all.order_by_exprs) {
                f(part)?;
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn required_input_distribution(&self) -> Vec<Distribution> {
        vec![match self.keys.is_empty() {
            true => Distribution::SinglePartition,
            false => Distribution::KeyPartitioned(self.keys.clone()),
        }]
    }

    fn required_input_ordering(&self) -> Vec<Option<OrderingRequirements>> {
        vec![self.sort_requirement()]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn with_new_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = children.as_slice() else {
            return Err(QlError::internal(format!(
                "SeriesWindowExec has 1 input, found {}",
                children.len()
            ))
            .into());
        };
        let mut new = Self::try_new(self.exprs.clone(), Arc::clone(input))?;
        new.tail.clone_from(&self.tail);
        new.recorder.clone_from(&self.recorder);
        Ok(Arc::new(new))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let calls = Calls::bind(&self.exprs)?;
        let n_partitions = self.properties.output_partitioning().partition_count();
        let cores = context.session_config().target_partitions();
        let stream = WindowStream {
            input: self.input.execute(partition, Arc::clone(&context))?,
            held: Held::new(&calls),
            tail: self.tail.clone(),
            recorder: self.stream_recorder()?,
            calls,
            schema: Arc::clone(&self.schema),
            boundaries: Boundaries::new(self.keys.clone()),
            threads: cores / n_partitions.max(1),
            reservation: MemoryConsumer::new(format!("SeriesWindowExec[{partition}]"))
                .register(context.memory_pool()),
            metrics: BaselineMetrics::new(&self.metrics, partition),
            kernel_time: MetricBuilder::new(&self.metrics).subset_time("kernel_time", partition),
        };
        let batches = futures::stream::try_unfold(stream, |mut stream| async move {
            let batch = stream.next().await?;
            Ok::<_, DataFusionError>(batch.map(|batch| (batch, stream)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            batches,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
