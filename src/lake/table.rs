//! A table of the lake as DataFusion sees it: DuckLake's table, plus sorted scans and streaming
//! inserts.

use super::LakeCore;
use super::error::{self, Result};
use super::gated::GatedExec;
use super::order;
use super::sink::LakeSink;
use async_trait::async_trait;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{Result as DfResult, Statistics};
use datafusion::datasource::sink::DataSinkExec;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_expr::LexRequirement;
use datafusion::physical_plan::ExecutionPlan;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use datafusion_ducklake::metadata_writer::WriteMode;
use datafusion_ducklake::path_resolver::resolve_path;
use datafusion_ducklake::sort::SortSpec;
use datafusion_ducklake::{DuckLakeTable, DuckLakeWriteOptions};
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// A table at one snapshot.
#[derive(Debug, Clone)]
pub struct LakeTable {
    core: Arc<LakeCore>,
    inner: Arc<DuckLakeTable>,
    id: TableId,
    snapshot: i64,
    is_latest: bool,
    sort: Option<SortSpec>,
    /// Whether whoever plans the write holds the table's gate already.
    gate_is_held: bool,
}

/// Which table, by name and by the id that survives nothing but the table itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TableId {
    pub(crate) schema: String,
    pub(crate) name: String,
    pub(crate) id: i64,
}

impl TableId {
    /// `schema.name`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.name)
    }
}

impl LakeCore {
    /// The table of this name at a snapshot. A table whose writer has not committed yet has no
    /// columns, and does not exist for anybody.
    pub(crate) fn lake_table(
        self: &Arc<Self>,
        schema: &str,
        name: &str,
        snapshot: i64,
        is_latest: bool,
    ) -> Result<Option<LakeTable>> {
        let Some((id, path)) = self.find_table(schema, name, snapshot)? else {
            return Ok(None);
        };
        let table = DuckLakeTable::new(
            id.id,
            name,
            Arc::clone(&self.store) as Arc<dyn MetadataProvider>,
            snapshot,
            Arc::clone(&self.url),
            path,
        )
        .map_err(error::ducklake)?;
        if table.schema().fields().is_empty() {
            return Ok(None);
        }
        let sort = self
            .store
            .get_sort_spec(id.id, snapshot)
            .map_err(error::ducklake)?;
        let inner = if is_latest {
            table
                .with_writer(schema.to_string(), self.writer())
                .with_write_options(self.write_options())
        } else {
            table
        };
        Ok(Some(LakeTable {
            core: Arc::clone(self),
            inner: Arc::new(inner),
            id,
            snapshot,
            is_latest,
            sort,
            gate_is_held: false,
        }))
    }

    /// The table's identity and the folder of its files.
    pub(crate) fn find_table(
        &self,
        schema: &str,
        name: &str,
        snapshot: i64,
    ) -> Result<Option<(TableId, String)>> {
        let find = || -> datafusion_ducklake::Result<_> {
            let Some(in_schema) = self.store.get_schema_by_name(schema, snapshot)? else {
                return Ok(None);
            };
            let Some(table) = self
                .store
                .get_table_by_name(in_schema.schema_id, name, snapshot)?
            else {
                return Ok(None);
            };
            let folder = resolve_path(&self.data_key, &in_schema.path, in_schema.path_is_relative)?;
            let path = resolve_path(&folder, &table.path, table.path_is_relative)?;
            let id = TableId {
                schema: schema.to_string(),
                name: name.to_string(),
                id: table.table_id,
            };
            Ok(Some((id, path)))
        };
        find().map_err(error::ducklake)
    }

    /// Snappy, and row groups small enough that one symbol of a sorted table touches few.
    pub(crate) fn write_options(&self) -> DuckLakeWriteOptions {
        let mut options = DuckLakeWriteOptions::default();
        options.compression = Some(datafusion::parquet::basic::Compression::SNAPPY);
        options.max_row_group_rows = Some(131_072);
        options
    }
}

impl LakeTable {
    /// The snapshot that scans read.
    pub fn snapshot_id(&self) -> i64 {
        self.snapshot
    }

    /// Whether the table stands for its newest state, and can be written.
    pub fn is_latest(&self) -> bool {
        self.is_latest
    }

    /// The columns that new rows are sorted by; empty when there is no order.
    pub fn sort_columns(&self) -> Vec<String> {
        self.sort
            .as_ref()
            .and_then(SortSpec::producible_columns)
            .unwrap_or_default()
            .into_iter()
            .map(|(name, ..)| name)
            .collect()
    }

    /// A number that is the same for all tables of one open lake.
    pub(crate) fn lake_id(&self) -> usize {
        Arc::as_ptr(&self.core) as usize
    }

    /// The same table at another snapshot.
    ///
    /// # Errors
    /// 40001 when it is another table there, or has other columns.
    pub(crate) fn at(&self, snapshot: i64) -> Result<Self> {
        let found =
            self.core
                .lake_table(&self.id.schema, &self.id.name, snapshot, self.is_latest)?;
        found
            .filter(|t| t.id == self.id && t.schema() == self.schema())
            .ok_or_else(|| {
                error::conflict(&format!("table {} changed meanwhile", self.id.full_name()))
            })
    }

    /// The same table for a write by the holder of its gate.
    pub(crate) fn with_gate_held(mut self) -> Self {
        self.gate_is_held = true;
        self
    }

    fn declared(&self, plan: Arc<dyn ExecutionPlan>) -> DfResult<Arc<dyn ExecutionPlan>> {
        let Some(spec) = &self.sort else {
            return Ok(plan);
        };
        let Some(ordering) = order::scan_ordering(&self.schema(), spec) else {
            return Ok(plan);
        };
        let unsorted = order::unsorted_files(
            &self.core.orders,
            &self.core.store,
            self.id.id,
            &self.inner,
            spec,
            self.snapshot,
        )?;
        order::declare(plan, &ordering, &unsorted)
    }

    fn gated(&self, plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
        Arc::new(GatedExec::new(
            Arc::clone(&self.core),
            self.id.full_name(),
            plan,
        ))
    }

    fn refuse_writing_the_past(&self) -> Result<()> {
        if self.is_latest {
            return Ok(());
        }
        Err(QlError::new(
            SqlState::ObjectNotInState,
            format!("{}: a past snapshot cannot be changed", self.id.full_name()),
        ))
    }
}

#[async_trait]
impl TableProvider for LakeTable {
    fn schema(&self) -> SchemaRef {
        self.inner.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn get_column_default(&self, column: &str) -> Option<&Expr> {
        self.inner.get_column_default(column)
    }

    fn statistics(&self) -> Option<Statistics> {
        self.inner.statistics()
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> DfResult<Vec<TableProviderFilterPushDown>> {
        self.inner.supports_filters_pushdown(filters)
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let plan = self.inner.scan(state, projection, filters, limit).await?;
        self.declared(plan)
    }

    async fn insert_into(
        &self,
        _state: &dyn Session,
        input: Arc<dyn ExecutionPlan>,
        op: InsertOp,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        self.refuse_writing_the_past()?;
        let mode = match op {
            InsertOp::Append => WriteMode::Append,
            InsertOp::Overwrite => WriteMode::Replace,
            InsertOp::Replace => return Err(error::unsupported("REPLACE INTO").into()),
        };
        let order = match &self.sort {
            Some(spec) => Some(order::write_ordering(&self.schema(), spec)?),
            None => None,
        };
        let sink = LakeSink::new(
            Arc::clone(&self.core),
            self.id.clone(),
            self.schema(),
            mode,
            self.sort.as_ref().map(|s| s.sort_id),
            self.gate_is_held,
        );
        Ok(Arc::new(DataSinkExec::new(
            input,
            Arc::new(sink),
            order.map(LexRequirement::from),
        )))
    }

    async fn delete_from(
        &self,
        state: &dyn Session,
        filters: Vec<Expr>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        self.refuse_writing_the_past()?;
        let plan = self.inner.delete_from(state, filters).await?;
        Ok(self.gated(plan))
    }

    async fn update(
        &self,
        state: &dyn Session,
        assignments: Vec<(String, Expr)>,
        filters: Vec<Expr>,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        self.refuse_writing_the_past()?;
        let plan = self.inner.update(state, assignments, filters).await?;
        Ok(self.gated(plan))
    }

    async fn truncate(&self, state: &dyn Session) -> DfResult<Arc<dyn ExecutionPlan>> {
        self.delete_from(state, Vec::new()).await
    }
}
