//! The lake as a DataFusion catalog: schemas of tables, views and external tables, and the
//! schemas that the engine adds.

use super::LakeCore;
use super::schema::LakeSchema;
use datafusion::catalog::{CatalogProvider, SchemaProvider};
use datafusion::common::Result as DfResult;
use datafusion_ducklake::metadata_provider::MetadataProvider;
use parking_lot::RwLock;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// The catalog. Every look-up sees the newest snapshot.
pub struct LakeCatalog {
    core: Arc<LakeCore>,
    registered: RwLock<BTreeMap<String, Arc<dyn SchemaProvider>>>,
}

impl LakeCatalog {
    pub(super) fn new(core: Arc<LakeCore>) -> Self {
        Self {
            core,
            registered: RwLock::default(),
        }
    }

    /// Whether the engine has added this schema, so that users cannot change it.
    pub fn is_system_schema(&self, name: &str) -> bool {
        name == "information_schema" || self.registered.read().contains_key(name)
    }
}

impl LakeCore {
    /// The lake's own schemas.
    pub(crate) fn schema_names(&self) -> super::error::Result<Vec<String>> {
        let run = || {
            let snapshot = self.store.get_current_snapshot()?;
            self.store.list_schemas(snapshot)
        };
        let schemas = run().map_err(super::error::ducklake)?;
        Ok(schemas.into_iter().map(|s| s.schema_name).collect())
    }

    pub(crate) fn has_schema(&self, name: &str) -> super::error::Result<bool> {
        let run = || {
            let snapshot = self.store.get_current_snapshot()?;
            self.store.get_schema_by_name(name, snapshot)
        };
        run().map(|s| s.is_some()).map_err(super::error::ducklake)
    }
}

impl CatalogProvider for LakeCatalog {
    fn schema_names(&self) -> Vec<String> {
        let mut names = self.core.schema_names().unwrap_or_else(|error| {
            tracing::error!(%error, "cannot list the schemas");
            Vec::new()
        });
        names.extend(self.registered.read().keys().cloned());
        names.sort();
        names.dedup();
        names
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        if let Some(schema) = self.registered.read().get(name) {
            return Some(Arc::clone(schema));
        }
        match self.core.has_schema(name) {
            Ok(true) => Some(Arc::new(LakeSchema::new(Arc::clone(&self.core), name))),
            Ok(false) => None,
            Err(error) => {
                tracing::error!(%error, schema = name, "cannot look the schema up");
                None
            }
        }
    }

    fn register_schema(
        &self,
        name: &str,
        schema: Arc<dyn SchemaProvider>,
    ) -> DfResult<Option<Arc<dyn SchemaProvider>>> {
        Ok(self.registered.write().insert(name.to_string(), schema))
    }

    fn deregister_schema(
        &self,
        name: &str,
        _cascade: bool,
    ) -> DfResult<Option<Arc<dyn SchemaProvider>>> {
        Ok(self.registered.write().remove(name))
    }
}

impl fmt::Debug for LakeCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LakeCatalog({:?})", self.core)
    }
}
