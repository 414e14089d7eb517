//! Writing rows into a table, as a stream and in one commit.
//!
//! DuckLake's own INSERT holds all rows in memory first; here every batch goes to the Parquet
//! writer as it comes. Nothing is visible before the last row is written, and nothing stays when
//! the statement fails, is cancelled, or the process dies.

use super::LakeCore;
use super::error::{self, Result};
use super::table::TableId;
use async_trait::async_trait;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::Result as DfResult;
use datafusion::datasource::sink::DataSink;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType};
use datafusion_ducklake::metadata_provider::MetadataProvider;
use datafusion_ducklake::metadata_writer::{MetadataWriter, WriteMode};
use datafusion_ducklake::table_writer::{DuckLakeTableWriter, TableWriteSession};
use futures::StreamExt;
use object_store::local::LocalFileSystem;
use std::fmt;
use std::sync::Arc;

impl LakeCore {
    /// The catalog as DuckLake's writer.
    pub(crate) fn writer(&self) -> Arc<dyn MetadataWriter> {
        Arc::clone(&self.store) as Arc<dyn MetadataWriter>
    }

    /// Starts writing into a table, which is created with the first commit if need be.
    pub(crate) fn begin_write(
        &self,
        schema: &str,
        table: &str,
        columns: &Schema,
        mode: WriteMode,
    ) -> Result<TableWriteSession> {
        let columns = Schema::new(columns.fields().clone());
        DuckLakeTableWriter::new(self.writer(), Arc::new(LocalFileSystem::new()))
            .and_then(|w| {
                w.with_options(&self.write_options())
                    .begin_write(schema, table, &columns, mode)
            })
            .map_err(error::ducklake)
    }
}

/// Writes all batches of a stream and commits; returns the rows written.
///
/// # Errors
/// Those of the stream and of writing; nothing is committed then.
pub(crate) async fn write_stream(
    mut session: TableWriteSession,
    mut rows: SendableRecordBatchStream,
) -> DfResult<u64> {
    while let Some(batch) = rows.next().await {
        session.write_batch(&batch?).map_err(error::ducklake)?;
    }
    commit(session).await
}

/// Commits what was written; returns the rows.
///
/// # Errors
/// 40001 when the table changed meanwhile.
pub(crate) async fn commit(session: TableWriteSession) -> DfResult<u64> {
    let done = session.finish().await.map_err(error::ducklake)?;
    Ok(u64::try_from(done.records_written).unwrap_or_default())
}

/// The end of an INSERT plan.
#[derive(Debug)]
pub(crate) struct LakeSink {
    core: Arc<LakeCore>,
    table: TableId,
    schema: SchemaRef,
    mode: WriteMode,
    sort_id: Option<i64>,
    gate_is_held: bool,
}

impl LakeSink {
    /// A sink for rows that come sorted by the order with this id.
    pub(crate) fn new(
        core: Arc<LakeCore>,
        table: TableId,
        schema: SchemaRef,
        mode: WriteMode,
        sort_id: Option<i64>,
        gate_is_held: bool,
    ) -> Self {
        Self {
            core,
            table,
            schema,
            mode,
            sort_id,
            gate_is_held,
        }
    }

    /// DuckLake would create a table that was dropped since planning, and would not notice an
    /// order declared since; both are checked while nobody can do either.
    fn check_unchanged(&self) -> Result<()> {
        let snapshot = self.core.current_snapshot()?;
        let unchanged = || -> datafusion_ducklake::Result<bool> {
            let store = &self.core.store;
            let Some(schema) = store.get_schema_by_name(&self.table.schema, snapshot)? else {
                return Ok(false);
            };
            let table = store.get_table_by_name(schema.schema_id, &self.table.name, snapshot)?;
            let sort = store.get_sort_spec(self.table.id, snapshot)?;
            Ok(table.is_some_and(|t| t.table_id == self.table.id)
                && sort.map(|s| s.sort_id) == self.sort_id)
        };
        match unchanged().map_err(error::ducklake)? {
            true => Ok(()),
            false => Err(error::conflict(&format!(
                "table {} was dropped or replaced",
                self.table.full_name()
            ))),
        }
    }

    async fn write(&self, mut rows: SendableRecordBatchStream) -> DfResult<u64> {
        let mut next = rows.next().await.transpose()?;
        if next.is_none() && self.mode == WriteMode::Append {
            return Ok(0);
        }
        let mut session = self.core.begin_write(
            &self.table.schema,
            &self.table.name,
            &self.schema,
            self.mode,
        )?;
        while let Some(batch) = next {
            session.write_batch(&batch).map_err(error::ducklake)?;
            next = rows.next().await.transpose()?;
        }
        if session.row_count() == 0 && self.mode == WriteMode::Append {
            return Ok(0);
        }
        commit(session).await
    }
}

impl DisplayAs for LakeSink {
    fn fmt_as(&self, _t: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeSink(table={})", self.table.full_name())
    }
}

#[async_trait]
impl DataSink for LakeSink {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    async fn write_all(
        &self,
        data: SendableRecordBatchStream,
        _context: &Arc<TaskContext>,
    ) -> DfResult<u64> {
        let gate = self.core.gate(&self.table.full_name());
        let _shared = match self.gate_is_held {
            true => None,
            false => Some(gate.read().await),
        };
        self.check_unchanged()?;
        self.write(data).await
    }
}
