//! External tables: files that are read where they lie, described by a CREATE EXTERNAL TABLE
//! statement that the ledger keeps.

use super::LakeCore;
use super::error::Result;
use super::ledger::StoredObject;
use datafusion::catalog::{TableProvider, TableProviderFactory};
use datafusion::common::Result as DfResult;
use datafusion::config::Dialect;
use datafusion::datasource::listing_table_factory::ListingTableFactory;
use datafusion::execution::session_state::{SessionState, SessionStateBuilder};
use datafusion::logical_expr::{CreateExternalTable, DdlStatement, LogicalPlan};
use datafusion::prelude::SessionConfig;
use parking_lot::Mutex;
use quantlake_core::QlError;
use std::collections::HashMap;
use std::sync::Arc;

/// Tables that were opened before, with the statement that they were opened by.
#[derive(Debug, Default)]
pub(crate) struct ExternalTables {
    open: Mutex<HashMap<String, OpenTable>>,
}

/// The statement that a table was opened by, and the table.
type OpenTable = (String, Arc<dyn TableProvider>);

impl ExternalTables {
    fn get(&self, object: &StoredObject) -> Option<Arc<dyn TableProvider>> {
        let open = self.open.lock();
        let (sql, table) = open.get(&object.full_name())?;
        (*sql == object.sql).then(|| Arc::clone(table))
    }

    fn put(&self, object: &StoredObject, table: &Arc<dyn TableProvider>) {
        let entry = (object.sql.clone(), Arc::clone(table));
        self.open.lock().insert(object.full_name(), entry);
    }
}

impl LakeCore {
    /// The table behind a stored statement. Its location is checked on every use, because the
    /// operator may have taken a folder away and files may be gone.
    pub(super) async fn external_table(
        &self,
        object: &StoredObject,
    ) -> DfResult<Arc<dyn TableProvider>> {
        let state = self.file_state();
        let command = match state.create_logical_plan(&object.sql).await? {
            LogicalPlan::Ddl(DdlStatement::CreateExternalTable(command)) => *command,
            _ => {
                let text = format!(
                    "{}: not a CREATE EXTERNAL TABLE statement",
                    object.full_name()
                );
                return Err(QlError::internal(text).into());
            }
        };
        self.check_locations(&object.full_name(), &command)?;
        self.forget_listing(&command);
        if let Some(table) = self.externals.get(object) {
            return Ok(table);
        }
        let table = self.open_external(&object.full_name(), &command).await?;
        self.externals.put(object, &table);
        Ok(table)
    }

    /// Opens the files of a statement.
    pub(super) async fn open_external(
        &self,
        name: &str,
        command: &CreateExternalTable,
    ) -> DfResult<Arc<dyn TableProvider>> {
        ListingTableFactory::new()
            .create(&self.file_state(), command)
            .await
            .map_err(|e| e.context(format!("external table {name}")))
    }

    /// Fails unless all files may be read and are there.
    pub(super) fn check_locations(&self, name: &str, command: &CreateExternalTable) -> Result<()> {
        for location in &command.locations {
            self.locations.check(location, &self.runtime.read())?;
            self.locations.check_exists(name, location)?;
        }
        Ok(())
    }

    /// Makes the next scan list the table's folder again: DataFusion would remember the files of
    /// the first scan for ever, and files come and go.
    fn forget_listing(&self, command: &CreateExternalTable) {
        let runtime = self.runtime.read();
        let Some(cache) = runtime.cache_manager.get_list_files_cache() else {
            return;
        };
        if let Err(error) = cache.drop_table_entries(&command.name) {
            tracing::warn!(table = %command.name, %error, "the list of files may be old");
        }
    }

    /// A session that knows file formats and the engine's object stores, and nothing else.
    fn file_state(&self) -> SessionState {
        let mut config = SessionConfig::new();
        config.options_mut().sql_parser.dialect = Dialect::PostgreSQL;
        SessionStateBuilder::new()
            .with_config(config)
            .with_runtime_env(Arc::clone(&self.runtime.read()))
            .with_default_features()
            .build()
    }
}
