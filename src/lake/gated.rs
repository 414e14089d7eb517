//! UPDATE and DELETE while nobody replaces or drops the table.
//!
//! DuckLake's own operators do the work and find conflicts between writers of rows. What they
//! cannot see is a sort order declared between their planning and their commit; holding the
//! table's gate keeps that out, as it does for inserts.

use super::LakeCore;
use super::error;
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt, stream};
use quantlake_core::QlError;
use std::fmt;
use std::sync::Arc;

/// Runs its input while it shares the gate of a table.
#[derive(Debug)]
pub(crate) struct GatedExec {
    core: Arc<LakeCore>,
    table: String,
    input: Arc<dyn ExecutionPlan>,
}

impl GatedExec {
    /// Guards a change of the table with this full name.
    pub(crate) fn new(core: Arc<LakeCore>, table: String, input: Arc<dyn ExecutionPlan>) -> Self {
        Self { core, table, input }
    }
}

impl DisplayAs for GatedExec {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GatedExec: table={}", self.table)
    }
}

impl ExecutionPlan for GatedExec {
    fn name(&self) -> &str {
        "GatedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> DfResult<TreeNodeRecursion>,
    ) -> DfResult<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn ExecutionPlan>>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let input = children
            .pop()
            .ok_or_else(|| QlError::internal("GatedExec takes one input"))?;
        Ok(Arc::new(Self::new(
            Arc::clone(&self.core),
            self.table.clone(),
            input,
        )))
    }

    fn execute(
        &self,
        partition: usize,
        context: Arc<TaskContext>,
    ) -> DfResult<SendableRecordBatchStream> {
        let gate = self.core.gate(&self.table);
        let input = Arc::clone(&self.input);
        let rows = stream::once(async move {
            let shared = gate.read_owned().await;
            let rows = input.execute(partition, context)?;
            // The gate stays shared until the stream is dropped.
            Ok::<_, DataFusionError>(rows.map(move |batch| {
                let _ = &shared;
                batch.map_err(error::with_state)
            }))
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}
