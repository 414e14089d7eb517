//! Tables whose rows are collected when a query reads them.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use futures::future::BoxFuture;
use std::fmt;
use std::sync::Arc;

/// Collects the rows of one table.
pub type Collect = Arc<dyn Fn() -> BoxFuture<'static, Result<RecordBatch>> + Send + Sync>;

struct Live {
    schema: SchemaRef,
    collect: Collect,
}

/// A table of these columns, filled anew for each query.
///
/// # Errors
/// None that the arguments can cause.
pub fn table(schema: SchemaRef, collect: Collect) -> Result<Arc<dyn TableProvider>> {
    let live = Live {
        schema: SchemaRef::clone(&schema),
        collect,
    };
    Ok(Arc::new(StreamingTable::try_new(
        schema,
        vec![Arc::new(live)],
    )?))
}

impl PartitionStream for Live {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _ctx: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = futures::stream::once((self.collect)());
        Box::pin(RecordBatchStreamAdapter::new(
            SchemaRef::clone(&self.schema),
            rows,
        ))
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Live")
    }
}
