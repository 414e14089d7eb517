//! The newest rows of a window whose functions need every row before: from the states in which an
//! earlier query left the partitions, and the rows that were added since.

use super::source::Source;
use super::store::{Known, Question, StateMemory, StateStore};
use crate::lake::FileVersion;
use datafusion::arrow::array::{ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::metrics::{
    Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet,
};
use datafusion::physical_plan::sorts::sort::{SortExec, sort_batch};
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning,
    PlanProperties,
};
use futures::TryStreamExt;
use quantlake_core::QlError;
use quantlake_core::window::exec::SeriesWindowExec;
use quantlake_core::window::record::Recorder;
use quantlake_core::window::resume::resume;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

/// What is asked, and where the rows are.
#[derive(Debug)]
pub(super) struct Resumption {
    /// The window.
    pub(super) window: SeriesWindowExec,
    /// The order of the query, in the window's columns.
    pub(super) top: LexOrdering,
    /// How many rows are asked for.
    pub(super) n_rows: usize,
    /// The rows below the window.
    pub(super) source: Source,
    /// What tells this query from others.
    pub(super) question: Arc<Question>,
    /// Whether states are only kept when the question comes a second time.
    pub(super) waits_for_second: bool,
}

/// Gives the first rows of a window in the order of a query.
///
/// The first time it reads all rows and keeps the states at the ends of the partitions. When files
/// with later rows of some partitions were added and nothing else has changed, it reads those only.
/// With anything else, it reads all rows again.
#[derive(Debug)]
pub(super) struct ResumeWindowExec {
    resumption: Arc<Resumption>,
    recorder: Arc<Recorder>,
    full: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ResumeWindowExec {
    /// The operator for this window and query.
    ///
    /// # Errors
    /// Those of planning the window.
    pub(super) fn try_new(resumption: Resumption) -> Result<Self> {
        let recorder = Arc::new(Recorder::default());
        let window = resumption.window.recorded(Arc::clone(&recorder))?;
        let (top, n_rows) = (&resumption.top, resumption.n_rows);
        let sort = SortExec::new(top.clone(), Arc::new(window))
            .with_fetch(Some(n_rows))
            .with_preserve_partitioning(true);
        let first = SortPreservingMergeExec::new(top.clone(), Arc::new(sort));
        let full = Arc::new(first.with_fetch(Some(n_rows)));
        Ok(Self::new(Arc::new(resumption), recorder, full))
    }

    fn new(
        resumption: Arc<Resumption>,
        recorder: Arc<Recorder>,
        full: Arc<dyn ExecutionPlan>,
    ) -> Self {
        // However they are found, the rows come in the order of the query.
        let properties = PlanProperties::new(
            full.equivalence_properties().clone(),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Self {
            resumption,
            recorder,
            full,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl DisplayAs for ResumeWindowExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("ResumeWindowExec: rows added since the last time, else all rows")
    }
}

impl ExecutionPlan for ResumeWindowExec {
    fn name(&self) -> &str {
        "ResumeWindowExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.full]
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
        let [full] = children.as_slice() else {
            return Err(QlError::internal(format!(
                "ResumeWindowExec has 1 input, found {}",
                children.len()
            ))
            .into());
        };
        Ok(Arc::new(Self::new(
            Arc::clone(&self.resumption),
            Arc::clone(&self.recorder),
            Arc::clone(full),
        )))
    }

    fn execute(
        &self,
        _partition: usize,
        context: Arc<TaskContext>,
    ) -> Result<SendableRecordBatchStream> {
        let config = context.session_config();
        let limit = config.get_extension::<StateMemory>().unwrap_or_default();
        let run = Run {
            resumption: Arc::clone(&self.resumption),
            recorder: Arc::clone(&self.recorder),
            full: Arc::clone(&self.full),
            store: config.get_extension::<StateStore>(),
            limit: limit.within(context.memory_pool().as_ref()),
            n_new: MetricBuilder::new(&self.metrics).counter("added_rows", 0),
            n_resumed: MetricBuilder::new(&self.metrics).counter("resumed", 0),
            context,
        };
        let rows = futures::stream::once(run.rows());
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            self.full.schema(),
            rows,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

struct Run {
    resumption: Arc<Resumption>,
    recorder: Arc<Recorder>,
    full: Arc<dyn ExecutionPlan>,
    store: Option<Arc<StateStore>>,
    /// Bytes that states may take.
    limit: usize,
    /// Rows read because they were added.
    n_new: Count,
    /// 1 when no other rows were read.
    n_resumed: Count,
    context: Arc<TaskContext>,
}

impl Run {
    async fn rows(self) -> Result<RecordBatch> {
        let Some(store) = self.store.clone().filter(|_| self.limit > 0) else {
            return self.all_rows().await;
        };
        let (question, files) = (&self.resumption.question, &self.resumption.source.files);
        let known = store.find(question);
        if let Some(known) = known.as_ref().filter(|known| known.files.is_subset(files))
            && let Some(newer) = self.go_on(known).await?
        {
            self.n_resumed.add(1);
            let newest = newer.newest.clone();
            if newer.files != known.files {
                store.keep(question, newer, self.pool(), self.limit);
            }
            return Ok(newest);
        }
        // A query of the past must not take the place of the present.
        let is_past = known
            .is_some_and(|known| known.files.len() > files.len() && known.files.is_superset(files));
        let is_wanted = !self.resumption.waits_for_second || store.was_asked(question);
        if is_past || !is_wanted {
            return self.all_rows().await;
        }
        self.start_anew(&store).await
    }

    fn pool(&self) -> &Arc<dyn MemoryPool> {
        self.context.memory_pool()
    }

    /// The answer from all rows.
    async fn all_rows(&self) -> Result<RecordBatch> {
        let rows = self.full.execute(0, Arc::clone(&self.context))?;
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        Ok(concat_batches(&self.full.schema(), &batches)?)
    }

    /// The answer from all rows, whose states are kept.
    async fn start_anew(&self, store: &StateStore) -> Result<RecordBatch> {
        let states = MemoryConsumer::new("states of partitions").register(self.pool());
        self.recorder.start(states, self.limit);
        let newest = own_memory(&self.all_rows().await?)?;
        if let Some((states, reservation)) = self.recorder.finish() {
            drop(reservation);
            let known = Known {
                files: Arc::clone(&self.resumption.source.files),
                states,
                newest: newest.clone(),
            };
            store.keep(&self.resumption.question, known, self.pool(), self.limit);
        }
        Ok(newest)
    }

    /// What is known with the rows that were added; none where they do not simply follow.
    async fn go_on(&self, known: &Known) -> Result<Option<Known>> {
        let source = &self.resumption.source;
        let added: HashSet<&FileVersion> = source.files.difference(&known.files).collect();
        let files = Arc::clone(&source.files);
        if added.is_empty() {
            return Ok(Some(Known {
                files: Arc::clone(&known.files),
                states: known.states.clone(),
                newest: known.newest.clone(),
            }));
        }
        let reservation = MemoryConsumer::new("ResumeWindowExec").register(self.pool());
        let plan = source.only(&added)?;
        let mut rows = plan.execute(0, Arc::clone(&self.context))?;
        let mut batches = Vec::new();
        while let Some(batch) = rows.try_next().await? {
            reservation.try_grow(batch.get_array_memory_size())?;
            batches.push(batch);
        }
        let batch = concat_batches(&plan.schema(), &batches)?;
        self.n_new.add(batch.num_rows());
        let Some(resumed) = resume(&self.resumption.window, &known.states, &batch).await? else {
            return Ok(None);
        };
        let both = concat_batches(&known.newest.schema(), [&known.newest, &resumed.rows])?;
        let newest = sort_batch(&both, &self.resumption.top, Some(self.resumption.n_rows))?;
        Ok(Some(Known {
            files,
            states: resumed.states,
            newest: own_memory(&newest)?,
        }))
    }
}

/// The same rows without what else is in the buffers behind them.
fn own_memory(batch: &RecordBatch) -> Result<RecordBatch> {
    let columns = batch.columns().iter().map(|column| -> ArrayRef {
        if let Some(texts) = column.as_string_view_opt() {
            return Arc::new(texts.gc());
        }
        match column.as_binary_view_opt() {
            Some(bytes) => Arc::new(bytes.gc()),
            None => Arc::clone(column),
        }
    });
    Ok(RecordBatch::try_new(batch.schema(), columns.collect())?)
}
