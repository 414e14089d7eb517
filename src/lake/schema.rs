//! One schema of the lake: its tables, views, external tables, and tables at a snapshot
//! (`bars@v3`).

use super::LakeCore;
use super::error::{self, Result};
use super::ledger::ObjectKind;
use super::snapshot::split_name;
use super::surgery::STAGE_PREFIX;
use async_trait::async_trait;
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::common::Result as DfResult;
use datafusion::logical_expr::TableType;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A schema at the newest snapshot.
#[derive(Debug)]
pub(crate) struct LakeSchema {
    core: Arc<LakeCore>,
    name: String,
}

impl LakeSchema {
    pub(super) fn new(core: Arc<LakeCore>, name: &str) -> Self {
        Self {
            core,
            name: name.to_string(),
        }
    }
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelationKind {
    Table,
    View,
    ExternalTable,
}

impl RelationKind {
    /// The word for messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::View => "view",
            Self::ExternalTable => "external table",
        }
    }
}

impl LakeCore {
    /// The names of all relations of a schema.
    pub(crate) fn relation_names(&self, schema: &str) -> Result<Vec<String>> {
        let run = || {
            let snapshot = self.store.get_current_snapshot()?;
            self.store.list_all_columns(snapshot)
        };
        // Listing columns leaves out tables that never got any: their writer has not committed.
        let columns = run().map_err(error::ducklake)?;
        let tables = columns
            .into_iter()
            .filter(|c| c.schema_name == schema && !c.table_name.starts_with(STAGE_PREFIX))
            .map(|c| c.table_name);
        let objects = self.ledger.objects()?;
        let objects = objects
            .into_iter()
            .filter(|o| o.schema == schema)
            .map(|o| o.name);
        let names: BTreeSet<String> = tables.chain(objects).collect();
        Ok(names.into_iter().collect())
    }

    /// What a name stands for now; none when it is free.
    pub(crate) fn relation_kind(&self, schema: &str, name: &str) -> Result<Option<RelationKind>> {
        if self.has_table(schema, name)? {
            return Ok(Some(RelationKind::Table));
        }
        Ok(self.ledger.object(schema, name)?.map(|o| match o.kind {
            ObjectKind::View => RelationKind::View,
            ObjectKind::ExternalTable => RelationKind::ExternalTable,
        }))
    }

    fn has_table(&self, schema: &str, name: &str) -> Result<bool> {
        if name.starts_with(STAGE_PREFIX) {
            return Ok(false);
        }
        let snapshot = self.current_snapshot()?;
        let Some((id, _)) = self.find_table(schema, name, snapshot)? else {
            return Ok(false);
        };
        let columns = self.store.get_table_structure(id.id, snapshot);
        Ok(!columns.map_err(error::ducklake)?.is_empty())
    }

    /// The relation that a name in a query stands for.
    async fn relation(
        self: &Arc<Self>,
        schema: &str,
        name: &str,
    ) -> DfResult<Option<Arc<dyn TableProvider>>> {
        let snapshot = self.current_snapshot()?;
        if !name.starts_with(STAGE_PREFIX)
            && let Some(table) = self.lake_table(schema, name, snapshot, true)?
        {
            return Ok(Some(Arc::new(table)));
        }
        if let Some(object) = self.ledger.object(schema, name)? {
            let provider = match object.kind {
                ObjectKind::View => self.view(&object).await?,
                ObjectKind::ExternalTable => self.external_table(&object).await?,
            };
            return Ok(Some(provider));
        }
        let Some((table, wanted)) = split_name(name)? else {
            return Ok(None);
        };
        let id = self.resolve_snapshot(wanted)?;
        let past = self.lake_table(schema, table, id, false)?;
        Ok(past.map(|t| Arc::new(t) as Arc<dyn TableProvider>))
    }
}

#[async_trait]
impl SchemaProvider for LakeSchema {
    fn table_names(&self) -> Vec<String> {
        self.core
            .relation_names(&self.name)
            .unwrap_or_else(|error| {
                tracing::error!(%error, schema = self.name, "cannot list the relations");
                Vec::new()
            })
    }

    async fn table(&self, name: &str) -> DfResult<Option<Arc<dyn TableProvider>>> {
        self.core.relation(&self.name, name).await
    }

    async fn table_type(&self, name: &str) -> DfResult<Option<TableType>> {
        let kind = self.core.relation_kind(&self.name, name)?;
        Ok(kind.map(|k| match k {
            RelationKind::View => TableType::View,
            RelationKind::Table | RelationKind::ExternalTable => TableType::Base,
        }))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.core
            .relation_kind(&self.name, name)
            .is_ok_and(|kind| kind.is_some())
    }
}
