//! The window operator as bytes, for engines that spread a plan over several machines.
//!
//! Such engines (Ballista, datafusion-distributed) send plans in DataFusion's Protocol Buffers
//! format and ask a codec for operators that the format does not know. A worker needs the same
//! functions: [`functions::register`](super::functions::register) makes them known to its session.
//!
//! A plan is sent before our scans are cut: DataFusion's format drops the row selections that
//! [`range_scan`](crate::lake::range_scan) gives its scans, so a session that plans for others has
//! to leave out the rules `range_scan` and `latest_rows`.

use datafusion::common::DataFusionError;
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::windows::WindowAggExec;
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use datafusion_proto::physical_plan::{PhysicalExtensionCodec, PhysicalProtoConverterExtension};
use quantlake_core::window::exec::SeriesWindowExec;
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// Writes and reads [`SeriesWindowExec`].
///
/// Its window expressions are those of DataFusion, so they travel as DataFusion's own window
/// operator over a source that has the columns and no rows.
#[derive(Debug, Default)]
pub struct SeriesWindowCodec;

impl PhysicalExtensionCodec for SeriesWindowCodec {
    fn try_decode(
        &self,
        buf: &[u8],
        inputs: &[Arc<dyn ExecutionPlan>],
        ctx: &TaskContext,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = inputs else {
            return Err(unreadable(&format!("{} inputs", inputs.len())));
        };
        let plan = physical_plan_from_bytes_with_extension_codec(buf, ctx, self)?;
        let window = plan
            .downcast_ref::<WindowAggExec>()
            .ok_or_else(|| unreadable(plan.name()))?;
        let exprs = window.window_expr().to_vec();
        Ok(Arc::new(SeriesWindowExec::try_new(
            exprs,
            Arc::clone(input),
        )?))
    }

    fn try_encode(
        &self,
        node: Arc<dyn ExecutionPlan>,
        buf: &mut Vec<u8>,
        _converter: &dyn PhysicalProtoConverterExtension,
    ) -> Result<()> {
        let Some(window) = node.downcast_ref::<SeriesWindowExec>() else {
            return Err(QlError::new(
                SqlState::FeatureNotSupported,
                format!("{} cannot be sent to another machine", node.name()),
            )
            .into());
        };
        let columns = Arc::new(EmptyExec::new(window.input().schema()));
        let carrier = WindowAggExec::try_new(window.exprs().to_vec(), columns, true)?;
        let bytes = physical_plan_to_bytes_with_extension_codec(Arc::new(carrier), self)?;
        buf.extend_from_slice(&bytes);
        Ok(())
    }
}

fn unreadable(found: &str) -> DataFusionError {
    QlError::internal(format!(
        "the bytes of a SeriesWindowExec must hold a window over 1 input, found {found}"
    ))
    .into()
}
