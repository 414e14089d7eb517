//! From the staging file into the lake: one commit, whatever the mode.

use super::staging::Staged;
use super::{ImportMode, Phase, Progress, ProgressCallback, Target};
use crate::lake::ddl::stage_name;
use crate::lake::error::{self, Result};
use crate::lake::sink::commit;
use crate::lake::types::storable_schema;
use crate::lake::{Lake, LakeTable, register_rules};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::catalog::TableProvider;
use datafusion::common::Result as DfResult;
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, cast, col, lit};
use datafusion::parquet::arrow::arrow_reader::{
    ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, ident};
use datafusion::scalar::ScalarValue;
use datafusion_ducklake::metadata_writer::WriteMode;
use datafusion_ducklake::table_writer::TableWriteSession;
use quantlake_core::{QlError, SqlState};
use std::fs::File;
use std::sync::Arc;

/// Writes the staged rows; returns how many. The caller holds the table's name.
pub(super) async fn load(
    lake: &Lake,
    target: &Target,
    staged: &Staged,
    progress: ProgressCallback,
) -> DfResult<u64> {
    match target.mode {
        ImportMode::Append => append(lake, target, staged).await,
        ImportMode::Create | ImportMode::Replace => build(lake, target, staged, progress).await,
    }
}

/// Builds the table under a hidden name and gives it its name with the sort order, replacing a
/// table that has it.
async fn build(
    lake: &Lake,
    target: &Target,
    staged: &Staged,
    progress: ProgressCallback,
) -> DfResult<u64> {
    let reader = open(staged)?;
    let schema = reader.schema();
    storable_schema(&target.table, &schema)?;
    let hidden = stage_name();
    let session = lake
        .core
        .begin_write(&target.schema, &hidden, &schema, WriteMode::Append)?;
    let total = staged.n_rows;
    let session =
        tokio::task::spawn_blocking(move || write_all(session, reader, &schema, total, &progress))
            .await
            .map_err(|e| QlError::internal(format!("the import stopped: {e}")))??;
    let rows = commit(session).await?;
    lake.core
        .publish(&target.schema, &hidden, &target.table, &staged.sorted_by)?;
    Ok(rows)
}

fn open(staged: &Staged) -> Result<ParquetRecordBatchReader> {
    let file = File::open(&staged.parquet).map_err(|e| error::at_path(&staged.parquet, &e))?;
    ParquetRecordBatchReaderBuilder::try_new(file)
        .and_then(|b| b.with_batch_size(8192).build())
        .map_err(|e| QlError::internal(format!("the staging file cannot be read: {e}")))
}

trait HasSchema {
    /// The columns, without the writer's notes in their metadata.
    fn schema(&self) -> Arc<Schema>;
}

impl HasSchema for ParquetRecordBatchReader {
    fn schema(&self) -> Arc<Schema> {
        let schema = datafusion::arrow::array::RecordBatchReader::schema(self);
        let fields: Vec<_> = schema
            .fields()
            .iter()
            .map(|f| f.as_ref().clone().with_metadata(Default::default()))
            .collect();
        Arc::new(Schema::new(fields))
    }
}

fn write_all(
    mut session: TableWriteSession,
    reader: ParquetRecordBatchReader,
    schema: &Arc<Schema>,
    total: u64,
    progress: &ProgressCallback,
) -> Result<TableWriteSession> {
    let mut done = 0;
    for batch in reader {
        let batch = batch
            .and_then(|b| RecordBatch::try_new(Arc::clone(schema), b.columns().to_vec()))
            .map_err(|e| QlError::internal(format!("the staging file cannot be read: {e}")))?;
        done += batch.num_rows() as u64;
        session.write_batch(&batch).map_err(error::ducklake)?;
        progress(Progress {
            phase: Phase::Writing,
            done,
            total,
            file: None,
        });
    }
    Ok(session)
}

/// Adds the rows through an INSERT, which sorts them the way the table is sorted.
async fn append(lake: &Lake, target: &Target, staged: &Staged) -> DfResult<u64> {
    let config = SessionConfig::new().with_default_catalog_and_schema("quantlake", &target.schema);
    let ctx = SessionContext::new_with_config(config);
    ctx.register_catalog("quantlake", lake.catalog());
    register_rules(&ctx);
    let snapshot = lake.core.current_snapshot()?;
    let table = lake
        .core
        .lake_table(&target.schema, &target.table, snapshot, true)?
        .ok_or_else(|| error::missing_table(&target.table))?;
    let path = staged.parquet.to_string_lossy();
    let new = ctx
        .read_parquet(path.as_ref(), ParquetReadOptions::default())
        .await?;
    let columns = fit(&table, staged)?;
    if staged.is_bars {
        refuse_bars_already_there(&ctx, target, &table, staged).await?;
    }
    let rows = new.select(columns)?.into_unoptimized_plan();
    let name =
        datafusion::common::TableReference::partial(target.schema.clone(), target.table.clone());
    let source = provider_as_source(Arc::new(table.with_gate_held()));
    let plan = LogicalPlanBuilder::insert_into(rows, name, source, InsertOp::Append)?.build()?;
    let batches = ctx.execute_logical_plan(plan).await?.collect().await?;
    Ok(crate::lake::count_of(&batches))
}

/// The staged columns in the table's order and types; columns that the files lack are NULL.
fn fit(table: &LakeTable, staged: &Staged) -> Result<Vec<Expr>> {
    let schema = table.schema();
    if let Some((extra, _)) = staged
        .columns
        .iter()
        .find(|(name, _)| schema.field_with_name(name).is_err())
    {
        return Err(QlError::new(
            SqlState::UndefinedColumn,
            format!("import: the table has no column `{extra}`"),
        ));
    }
    Ok(schema
        .fields()
        .iter()
        .map(|field| {
            let is_there = staged.columns.iter().any(|(name, _)| name == field.name());
            let value = if is_there {
                ident(field.name())
            } else {
                lit(ScalarValue::Null)
            };
            cast(value, field.data_type().clone()).alias(field.name())
        })
        .collect())
}

async fn refuse_bars_already_there(
    ctx: &SessionContext,
    target: &Target,
    table: &LakeTable,
    staged: &Staged,
) -> DfResult<()> {
    let has_keys = ["symbol", "ts"]
        .iter()
        .all(|c| table.schema().field_with_name(c).is_ok());
    if !has_keys {
        return Ok(());
    }
    let old = ctx
        .read_table(Arc::new(table.clone()))?
        .select(vec![col("symbol").alias("s"), col("ts").alias("t")])?;
    let path = staged.parquet.to_string_lossy();
    let new = ctx
        .read_parquet(path.as_ref(), ParquetReadOptions::default())
        .await?;
    let both = new
        .join(
            old,
            datafusion::common::JoinType::LeftSemi,
            &["symbol", "ts"],
            &["s", "t"],
            None,
        )?
        .select(vec![
            col("symbol"),
            cast(col("ts"), datafusion::arrow::datatypes::DataType::Utf8),
        ])?
        .limit(0, Some(1))?
        .collect()
        .await?;
    let Some(batch) = both.iter().find(|b| b.num_rows() > 0) else {
        return Ok(());
    };
    let show =
        |i: usize| datafusion::arrow::util::display::array_value_to_string(batch.column(i), 0);
    Err(QlError::new(
        SqlState::DataException,
        format!(
            "{}: {} has a bar at {} already",
            target.full_name(),
            show(0)?,
            show(1)?
        ),
    )
    .with_hint("Import with --replace, or delete the old bars first")
    .into())
}
