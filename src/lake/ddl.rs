//! CREATE and DROP of tables, views, external tables and schemas.
//!
//! DataFusion has planned the statement; here it is carried out, so that each is one commit.
//! A new table's rows are streamed into Parquet first and appear with the commit; a table that
//! replaces another is built under a hidden name and takes the name in one snapshot.

use super::error::{self, Result};
use super::ledger::{ObjectKind, StoredObject};
use super::schema::RelationKind;
use super::sink::write_stream;
use super::surgery::{self, STAGE_PREFIX};
use super::types::storable_schema;
use super::views::relations_read;
use super::{Lake, LakeCore};
use datafusion::arrow::datatypes::Schema;
use datafusion::common::{Constraints, Result as DfResult, TableReference};
use datafusion::logical_expr::{
    Cast, CreateExternalTable, CreateMemoryTable, CreateView, DdlStatement, DropTable, DropView,
    Expr, LogicalPlan, LogicalPlanBuilder,
};
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion_ducklake::metadata_writer::{ColumnDef, MetadataWriter, WriteMode};
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// PostgreSQL's limit, which clients rely on.
const MAX_NAME_BYTES: usize = 63;

/// What a statement did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DdlOutcome {
    /// The command tag, such as `CREATE TABLE` or `SELECT 5`.
    pub tag: String,
    /// Rows written by CREATE TABLE AS.
    pub rows: u64,
}

impl DdlOutcome {
    pub(super) fn tag(tag: &str) -> Self {
        Self {
            tag: tag.to_string(),
            rows: 0,
        }
    }
}

/// A relation's name, resolved.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) schema: String,
    pub(super) table: String,
}

impl Name {
    pub(super) fn full(&self) -> String {
        format!("{}.{}", self.schema, self.table)
    }
}

impl Lake {
    /// Carries a DDL statement out. `sql` is its text, which views and external tables keep.
    ///
    /// # Errors
    /// 42P07 for a name that is taken, 42P01 for one that is not there, 55000 for a relation
    /// that a view needs, 42501 for system schemas and files outside the allowed folders, 0A000
    /// for what the lake does not have, and those of the query in CREATE TABLE AS.
    pub async fn run_ddl(
        &self,
        ctx: &SessionContext,
        ddl: DdlStatement,
        sql: &str,
    ) -> DfResult<DdlOutcome> {
        match ddl {
            DdlStatement::CreateMemoryTable(create) => self.create_table(ctx, create).await,
            DdlStatement::CreateExternalTable(create) => {
                self.create_external(ctx, *create, sql).await
            }
            DdlStatement::CreateView(create) => self.create_view(ctx, create, sql).await,
            DdlStatement::DropTable(DropTable {
                name, if_exists, ..
            }) => self.drop_relation(ctx, &name, if_exists, "TABLE").await,
            DdlStatement::DropView(DropView {
                name, if_exists, ..
            }) => self.drop_relation(ctx, &name, if_exists, "VIEW").await,
            DdlStatement::CreateCatalogSchema(create) => self.create_schema(ctx, &create).await,
            DdlStatement::DropCatalogSchema(drop) => self.drop_schema(ctx, &drop).await,
            other => Err(error::unsupported(format!("{} is not supported", other.name())).into()),
        }
    }

    async fn create_table(
        &self,
        ctx: &SessionContext,
        create: CreateMemoryTable,
    ) -> DfResult<DdlOutcome> {
        refuse_table_options(&create)?;
        let name = self.name(ctx, &create.name)?;
        check_new_name(&name.table)?;
        let gate = self.core.gate(&name.full());
        let _alone = gate.write().await;
        let existing = self.core.relation_kind(&name.schema, &name.table)?;
        let has_rows = !matches!(*create.input, LogicalPlan::EmptyRelation(_));
        let tag = |rows| match has_rows {
            true => DdlOutcome {
                tag: format!("SELECT {rows}"),
                rows,
            },
            false => DdlOutcome::tag("CREATE TABLE"),
        };
        match existing {
            None => {}
            Some(_) if create.if_not_exists => return Ok(DdlOutcome::tag("CREATE TABLE")),
            Some(RelationKind::Table) if create.or_replace => {}
            Some(_) => return Err(error::exists(&name.table).into()),
        }
        let schema = storable_schema(&name.table, create.input.schema().as_arrow())?;
        let target = match existing {
            None => name.table.clone(),
            Some(_) => stage_name(),
        };
        let rows = if has_rows {
            let query = stored_as(Arc::unwrap_or_clone(create.input), &schema)?;
            let stream = DataFrame::new(ctx.state(), query).execute_stream().await?;
            let session =
                self.core
                    .begin_write(&name.schema, &target, &schema, WriteMode::Append)?;
            write_stream(session, stream).await?
        } else {
            self.core.create_empty(&name.schema, &target, &schema)?;
            0
        };
        if existing.is_some() {
            self.core.publish(&name.schema, &target, &name.table, &[])?;
        }
        Ok(tag(rows))
    }

    async fn create_external(
        &self,
        ctx: &SessionContext,
        create: CreateExternalTable,
        sql: &str,
    ) -> DfResult<DdlOutcome> {
        if create.temporary || create.unbounded {
            return Err(error::unsupported(
                "temporary and unbounded external tables are not supported",
            )
            .into());
        }
        let done = DdlOutcome::tag("CREATE EXTERNAL TABLE");
        let name = self.name(ctx, &create.name)?;
        check_new_name(&name.table)?;
        let gate = self.core.gate(&name.full());
        let _alone = gate.write().await;
        match self.core.relation_kind(&name.schema, &name.table)? {
            Some(_) if create.if_not_exists => return Ok(done),
            Some(RelationKind::ExternalTable) if create.or_replace => {}
            Some(_) => return Err(error::exists(&name.table).into()),
            None => {}
        }
        self.core.check_locations(&name.full(), &create)?;
        self.core.open_external(&name.full(), &create).await?;
        self.core.ledger.put_object(&StoredObject {
            schema: name.schema,
            name: name.table,
            kind: ObjectKind::ExternalTable,
            sql: sql.to_string(),
            depends_on: Vec::new(),
            created_at: 0,
        })?;
        Ok(done)
    }

    async fn create_view(
        &self,
        ctx: &SessionContext,
        create: CreateView,
        sql: &str,
    ) -> DfResult<DdlOutcome> {
        if create.temporary {
            return Err(error::unsupported("temporary views are not supported").into());
        }
        let name = self.name(ctx, &create.name)?;
        check_new_name(&name.table)?;
        let text = create.definition.unwrap_or_else(|| sql.to_string());
        let default_schema = ctx.state().config_options().catalog.default_schema.clone();
        let depends_on = relations_read(&text, &default_schema)?;
        let gate = self.core.gate(&name.full());
        let _alone = gate.write().await;
        let _names = self.core.names.lock().await;
        match self.core.relation_kind(&name.schema, &name.table)? {
            Some(RelationKind::View) if create.or_replace => {}
            Some(_) => return Err(error::exists(&name.table).into()),
            None => {}
        }
        if self.core.would_read_itself(&name.full(), &depends_on)? {
            return Err(QlError::new(
                SqlState::InvalidStatement,
                format!(
                    "view {}: would read itself through other views",
                    name.full()
                ),
            )
            .into());
        }
        self.core.ledger.put_object(&StoredObject {
            schema: name.schema,
            name: name.table,
            kind: ObjectKind::View,
            sql: text,
            depends_on,
            created_at: 0,
        })?;
        Ok(DdlOutcome::tag("CREATE VIEW"))
    }

    /// Resolves a name against the session's defaults, inside our own catalog.
    pub(super) fn name(&self, ctx: &SessionContext, reference: &TableReference) -> Result<Name> {
        let state = ctx.state();
        let default_schema = &state.config_options().catalog.default_schema;
        let schema = reference.schema().unwrap_or(default_schema);
        let schema = self.own_schema(ctx, reference.catalog(), schema)?;
        if !self.core.has_schema(&schema)? {
            return Err(error::missing_schema(&schema));
        }
        Ok(Name {
            schema,
            table: reference.table().to_string(),
        })
    }

    /// Refuses other catalogs and the schemas that the engine owns.
    pub(super) fn own_schema(
        &self,
        ctx: &SessionContext,
        catalog: Option<&str>,
        schema: &str,
    ) -> Result<String> {
        let state = ctx.state();
        let own = &state.config_options().catalog.default_catalog;
        if catalog.is_some_and(|c| c != own) {
            let other = catalog.unwrap_or_default();
            return Err(error::unsupported(format!(
                "\"{other}\" is another database; this one is \"{own}\""
            )));
        }
        if self.catalog.is_system_schema(schema) {
            return Err(QlError::new(
                SqlState::InsufficientPrivilege,
                format!("schema \"{schema}\" belongs to the system"),
            ));
        }
        Ok(schema.to_string())
    }
}

impl LakeCore {
    /// Makes a table without rows.
    pub(super) fn create_empty(&self, schema: &str, table: &str, columns: &Schema) -> Result<()> {
        let run = || {
            let defs = columns
                .fields()
                .iter()
                .map(|f| ColumnDef::from_arrow(f.name(), f.data_type(), f.is_nullable()))
                .collect::<datafusion_ducklake::Result<Vec<_>>>()?;
            let mode = WriteMode::Append;
            let setup = self
                .store
                .begin_write_transaction(schema, table, &defs, mode)?;
            self.store.publish_snapshot(
                setup.table_id,
                schema,
                table,
                setup.snapshot_id,
                mode,
                setup.base_snapshot_id,
                &defs,
                &setup.field_ids,
            )
        };
        run().map(|_| ()).map_err(error::ducklake)
    }

    /// Gives a finished staged table its name, ending a table that has it.
    pub(super) fn publish(
        &self,
        schema: &str,
        staged: &str,
        name: &str,
        sort: &[String],
    ) -> Result<()> {
        let data_dir = self.data_dir();
        self.store
            .exclusively(|tx| surgery::publish(tx, &data_dir, schema, staged, name, sort))
    }
}

/// A hidden name that nothing else has.
pub(super) fn stage_name() -> String {
    format!("{STAGE_PREFIX}{}", uuid::Uuid::new_v4().simple())
}

/// Refuses names that could not be used afterwards.
///
/// # Errors
/// 22023.
pub(super) fn check_new_name(name: &str) -> Result<()> {
    let is_bad = name.is_empty()
        || name.len() > MAX_NAME_BYTES
        || name.starts_with(STAGE_PREFIX)
        || name.chars().all(|c| c == '.')
        || name.contains(['@', '/', '\\'])
        || name.contains("..")
        || name.chars().any(char::is_control);
    if !is_bad {
        return Ok(());
    }
    Err(QlError::bad_argument(
        "CREATE",
        "name",
        "1 to 63 bytes without @, /, \\ and control characters",
        format!("\"{name}\""),
    ))
}

fn refuse_table_options(create: &CreateMemoryTable) -> Result<()> {
    let refuse = |what: &str| {
        Err(error::unsupported(format!(
            "{}: {what} not supported",
            create.name
        )))
    };
    if create.temporary {
        return refuse("temporary tables are");
    }
    if create.constraints != Constraints::default() {
        return refuse("PRIMARY KEY, UNIQUE and FOREIGN KEY are");
    }
    if !create.column_defaults.is_empty() {
        return refuse("column defaults are");
    }
    Ok(())
}

/// The query with its columns cast to the types that they are stored as.
fn stored_as(query: LogicalPlan, schema: &Schema) -> DfResult<LogicalPlan> {
    let columns: Vec<Expr> = query
        .schema()
        .columns()
        .into_iter()
        .zip(schema.fields())
        .map(|(column, field)| {
            let name = column.name.clone();
            let expr = Expr::Column(column);
            Expr::Cast(Cast::new(Box::new(expr), field.data_type().clone())).alias(name)
        })
        .collect();
    LogicalPlanBuilder::from(query).project(columns)?.build()
}
