//! The schema: live tables before the fixed ones.

use super::live::{self, Collect};
use super::{arrays, functions, relations, roles, session};
use crate::engine::CATALOG;
use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::{CatalogProvider, MemTable, SchemaProvider, TableProvider};
use datafusion::datasource::TableType;
use datafusion::error::{DataFusionError, Result};
use datafusion_pg_catalog::pg_catalog::catalog_info::CatalogInfo;
use datafusion_pg_catalog::pg_catalog::context::EmptyContextProvider;
use datafusion_pg_catalog::pg_catalog::{
    ArrowTable, PgCatalogSchemaProvider, PgCatalogStaticTables,
};
use futures::FutureExt;
use futures::future::BoxFuture;
use quantlake_core::Registry;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

/// The tables that are built here, each with the function that collects its rows.
const LIVE: &[(&str, Rows)] = &[
    ("pg_namespace", |c, s| relations::namespaces(c, s).boxed()),
    ("pg_class", |c, s| relations::classes(c, s).boxed()),
    ("pg_attribute", |c, s| relations::attributes(c, s).boxed()),
    ("pg_tables", |c, s| relations::listing(c, s, false).boxed()),
    ("pg_views", |c, s| relations::listing(c, s, true).boxed()),
    ("pg_roles", |c, s| roles::roles(c, s).boxed()),
    ("pg_authid", |c, s| roles::roles(c, s).boxed()),
    ("pg_settings", |_, s| {
        std::future::ready(session::settings(&s)).boxed()
    }),
];

type Rows = fn(Arc<dyn CatalogProvider>, SchemaRef) -> BoxFuture<'static, Result<RecordBatch>>;

/// `pg_catalog`.
pub struct PgCatalog {
    // The catalog owns this schema.
    catalog: Weak<dyn CatalogProvider>,
    fixed: Arc<dyn SchemaProvider>,
    /// Fixed tables with our rows added.
    extended: HashMap<&'static str, Arc<MemTable>>,
}

impl PgCatalog {
    /// Over the fixed tables of the crate.
    ///
    /// # Errors
    /// Fixed tables that cannot be read.
    pub fn try_new(catalog: &Arc<dyn CatalogProvider>, registry: &Registry) -> Result<Self> {
        let tables = Arc::new(PgCatalogStaticTables::try_new()?);
        let postgres = arrays::rows("pg_proc", &batch_of(&tables.pg_proc)?)?;
        let pg_proc = functions::pg_proc(&postgres, registry)?;
        let descriptions = batch_of(&tables.pg_description)?;
        let pg_description = functions::pg_description(&descriptions, registry)?;
        let fixed = PgCatalogSchemaProvider::try_new(OneDatabase, tables, EmptyContextProvider)?;
        Ok(Self {
            catalog: Arc::downgrade(catalog),
            fixed: Arc::new(fixed),
            extended: HashMap::from([
                ("pg_proc", mem_table(pg_proc)?),
                ("pg_description", mem_table(pg_description)?),
            ]),
        })
    }

    async fn live(&self, name: &str, collect: Rows) -> Result<Arc<dyn TableProvider>> {
        let columns = match self.fixed.table(name).await? {
            Some(fixed) => arrays::columns(name, &fixed.schema()),
            None => Arc::new(Schema::empty()),
        };
        let (catalog, schema) = (self.catalog.clone(), SchemaRef::clone(&columns));
        let collect: Collect = Arc::new(move || match catalog.upgrade() {
            Some(catalog) => collect(catalog, SchemaRef::clone(&schema)),
            None => std::future::ready(closing()).boxed(),
        });
        live::table(columns, collect)
    }
}

#[async_trait]
impl SchemaProvider for PgCatalog {
    fn table_names(&self) -> Vec<String> {
        self.fixed.table_names()
    }

    fn table_exist(&self, name: &str) -> bool {
        self.fixed.table_exist(name)
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(table) = self.extended.get(name) {
            return Ok(Some(Arc::clone(table) as Arc<dyn TableProvider>));
        }
        match LIVE.iter().find(|(live, _)| *live == name) {
            Some((name, collect)) => self.live(name, *collect).await.map(Some),
            None => self.fixed.table(name).await,
        }
    }
}

impl fmt::Debug for PgCatalog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PgCatalog")
    }
}

/// What the crate's own tables may know: that there is one database. Everything else is collected
/// here, and the crate would keep the catalog alive that owns this schema.
#[derive(Debug, Clone)]
struct OneDatabase;

#[async_trait]
impl CatalogInfo for OneDatabase {
    async fn catalog_names(&self) -> Result<Vec<String>> {
        Ok(vec![CATALOG.into()])
    }

    async fn schema_names(&self, _catalog: &str) -> Result<Option<Vec<String>>> {
        Ok(None)
    }

    async fn table_names(&self, _catalog: &str, _schema: &str) -> Result<Option<Vec<String>>> {
        Ok(None)
    }

    async fn table_schema(
        &self,
        _catalog: &str,
        _schema: &str,
        _table: &str,
    ) -> Result<Option<SchemaRef>> {
        Ok(None)
    }

    async fn table_type(
        &self,
        _catalog: &str,
        _schema: &str,
        _table: &str,
    ) -> Result<Option<TableType>> {
        Ok(None)
    }
}

/// The rows of a fixed table.
///
/// # Errors
/// None for the crate's own tables.
pub fn batch_of(table: &ArrowTable) -> Result<RecordBatch> {
    Ok(concat_batches(&table.schema(), table.data())?)
}

fn mem_table(batch: RecordBatch) -> Result<Arc<MemTable>> {
    let table = MemTable::try_new(batch.schema(), vec![vec![batch]])?;
    Ok(Arc::new(table))
}

fn closing() -> Result<RecordBatch> {
    Err(quantlake_core::QlError::internal("the engine is closing").into())
}
