//! CREATE SCHEMA and DROP SCHEMA.

use super::ddl::{DdlOutcome, check_new_name};
use super::error;
use super::{Lake, PUBLIC, surgery};
use datafusion::common::{Result as DfResult, SchemaReference};
use datafusion::logical_expr::{CreateCatalogSchema, DropCatalogSchema};
use datafusion::prelude::SessionContext;
use datafusion_ducklake::metadata_writer::MetadataWriter;
use quantlake_core::{QlError, SqlState};

impl Lake {
    pub(super) async fn create_schema(
        &self,
        ctx: &SessionContext,
        create: &CreateCatalogSchema,
    ) -> DfResult<DdlOutcome> {
        let done = DdlOutcome::tag("CREATE SCHEMA");
        // The planner keeps `catalog.schema` as one text.
        let schema = match create.schema_name.rsplit_once('.') {
            Some((catalog, schema)) => self.own_schema(ctx, Some(catalog), schema)?,
            None => self.own_schema(ctx, None, &create.schema_name)?,
        };
        check_new_name(&schema)?;
        let _names = self.core.names.lock().await;
        match (self.core.has_schema(&schema)?, create.if_not_exists) {
            (true, true) => return Ok(done),
            (true, false) => {
                return Err(QlError::new(
                    SqlState::DuplicateObject,
                    format!("schema \"{schema}\" already exists"),
                )
                .into());
            }
            (false, _) => {}
        }
        let store = &self.core.store;
        store
            .create_snapshot()
            .and_then(|snapshot| store.get_or_create_schema(&schema, None, snapshot))
            .map_err(error::ducklake)?;
        Ok(done)
    }

    pub(super) async fn drop_schema(
        &self,
        ctx: &SessionContext,
        drop: &DropCatalogSchema,
    ) -> DfResult<DdlOutcome> {
        let (catalog, schema) = match &drop.name {
            SchemaReference::Bare { schema } => (None, schema),
            SchemaReference::Full { schema, catalog } => (Some(catalog.as_ref()), schema),
        };
        let schema = self.own_schema(ctx, catalog, schema)?;
        let refuse = |why: String| Err(QlError::new(SqlState::ObjectNotInState, why).into());
        if schema == PUBLIC {
            return refuse(format!("schema \"{PUBLIC}\" cannot be dropped"));
        }
        let _names = self.core.names.lock().await;
        if !self.core.has_schema(&schema)? {
            return match drop.if_exists {
                true => Ok(DdlOutcome::tag("DROP SCHEMA")),
                false => Err(error::missing_schema(&schema).into()),
            };
        }
        let inside = self.core.relation_names(&schema)?;
        if !inside.is_empty() && !drop.cascade {
            return refuse(format!(
                "schema \"{schema}\" is not empty: {}",
                inside.join(", ")
            ));
        }
        for name in &inside {
            let outside = self.core.views_over(&format!("{schema}.{name}"))?;
            if let Some(view) = outside
                .iter()
                .find(|v| !v.starts_with(&format!("{schema}.")))
            {
                return refuse(format!("view {view} needs {schema}.{name}"));
            }
        }
        self.core
            .store
            .exclusively(|tx| surgery::drop_schema(tx, &schema))?;
        for name in &inside {
            self.core.ledger.remove_object(&schema, name)?;
        }
        Ok(DdlOutcome::tag("DROP SCHEMA"))
    }
}
