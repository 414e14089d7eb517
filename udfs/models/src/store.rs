//! The models of one engine, by name.

use crate::definition::ModelDefinition;
use crate::model::Model;
use parking_lot::{Mutex, RwLock};
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// The models of one engine. Safe to use from many threads.
///
/// It keeps definitions for as long as the engine runs; what survives a restart is the ledger's
/// business. A model's file is loaded at its first use, once, however many queries ask for it.
#[derive(Debug, Default)]
pub struct ModelStore {
    entries: RwLock<BTreeMap<String, Arc<Entry>>>,
}

#[derive(Debug)]
struct Entry {
    definition: ModelDefinition,
    /// Locked while loading, so that whoever comes second waits and gets the same model.
    model: Mutex<Option<Arc<Model>>>,
}

impl Entry {
    fn new(definition: ModelDefinition, model: Option<Arc<Model>>) -> Arc<Self> {
        Arc::new(Self {
            definition,
            model: Mutex::new(model),
        })
    }

    fn model(&self) -> Result<Arc<Model>, QlError> {
        let mut slot = self.model.lock();
        if let Some(model) = slot.as_ref() {
            return Ok(Arc::clone(model));
        }
        let model = Arc::new(Model::load(&self.definition)?);
        *slot = Some(Arc::clone(&model));
        Ok(model)
    }

    /// Lets go of the model unless somebody uses it; returns whether it did.
    fn unload_if_idle(&self, idle: Duration) -> bool {
        // A model that is just being loaded is not idle.
        let Some(mut slot) = self.model.try_lock() else {
            return false;
        };
        let is_idle =
            |model: &mut Arc<Model>| Arc::strong_count(model) == 1 && model.idle_for() >= idle;
        slot.take_if(is_idle).is_some()
    }
}

/// One loaded model, as `quantlake.model_sessions` shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SessionRow {
    /// Name of the model.
    pub model: String,
    /// Version of the model.
    pub version: i64,
    /// `cpu` or `cuda`.
    pub device: String,
    /// ONNX Runtime's name for what runs the operators.
    pub execution_provider: String,
    /// Why the model runs on the CPU although `device` was 'auto'.
    pub fallback_reason: Option<String>,
    /// Version of the ONNX Runtime library.
    pub library_version: String,
    /// File name of the library, without folder.
    pub library_path: String,
    /// When the model was loaded, in microseconds since 1970-01-01 UTC.
    pub loaded_at: i64,
    /// Sessions that exist now; they grow with parallel callers.
    pub sessions: i64,
    /// Runs so far.
    pub runs: i64,
    /// Rows or windows computed so far.
    pub rows: i64,
    /// Time spent in runs so far, in milliseconds, summed over sessions.
    pub total_ms: f64,
}

impl ModelStore {
    /// A store without models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a model for `CREATE MODEL`, after loading its file to see that it works.
    ///
    /// A query that runs while a model is replaced may answer its later batches by the new one.
    ///
    /// # Errors
    /// 42710 when the name is taken and `or_replace` is false; what [`Model::load`] gives.
    pub fn create(
        &self,
        definition: ModelDefinition,
        or_replace: bool,
    ) -> Result<Arc<Model>, QlError> {
        let taken = |entries: &BTreeMap<String, Arc<Entry>>| match entries
            .contains_key(&definition.name)
            && !or_replace
        {
            true => Err(already_there(&definition.name)),
            false => Ok(()),
        };
        taken(&self.entries.read())?;
        let model = Arc::new(Model::load(&definition)?);
        let mut entries = self.entries.write();
        // Another session may have been faster while this one loaded.
        taken(&entries)?;
        let entry = Entry::new(definition.clone(), Some(Arc::clone(&model)));
        entries.insert(definition.name, entry);
        Ok(model)
    }

    /// Adds a model of the ledger when the engine starts, without touching its file.
    ///
    /// # Errors
    /// 42710 when the name is taken.
    pub fn restore(&self, definition: ModelDefinition) -> Result<(), QlError> {
        let mut entries = self.entries.write();
        if entries.contains_key(&definition.name) {
            return Err(already_there(&definition.name));
        }
        entries.insert(definition.name.clone(), Entry::new(definition, None));
        Ok(())
    }

    /// Removes a model and returns its definition. Its sessions are closed as soon as no query uses
    /// them.
    ///
    /// # Errors
    /// 42704 when there is no such model.
    pub fn remove(&self, name: &str) -> Result<ModelDefinition, QlError> {
        let removed = self.entries.write().remove(name);
        match removed {
            Some(entry) => Ok(entry.definition.clone()),
            None => Err(self.unknown(name)),
        }
    }

    /// The model of this name, loaded if need be.
    ///
    /// # Errors
    /// 42704 when there is no such model; what [`Model::load`] gives.
    pub fn get(&self, name: &str) -> Result<Arc<Model>, QlError> {
        let entry = self.entries.read().get(name).cloned();
        match entry {
            Some(entry) => entry.model(),
            None => Err(self.unknown(name)),
        }
    }

    /// The definition of this name.
    pub fn definition(&self, name: &str) -> Option<ModelDefinition> {
        self.entries.read().get(name).map(|e| e.definition.clone())
    }

    /// All definitions by name.
    pub fn list(&self) -> Vec<ModelDefinition> {
        let entries = self.entries.read();
        entries.values().map(|e| e.definition.clone()).collect()
    }

    /// Closes the sessions of models that nobody has used for `idle`; the next use loads them
    /// again. Returns how many there were.
    pub fn unload_idle(&self, idle: Duration) -> usize {
        let entries = self.entries.read();
        entries.values().filter(|e| e.unload_if_idle(idle)).count()
    }

    /// The loaded models by name.
    pub fn session_rows(&self) -> Vec<SessionRow> {
        let entries = self.entries.read();
        let loaded = entries.values().filter_map(|entry| {
            // Whoever asks should not wait for a model that is being loaded.
            let slot = entry.model.try_lock()?;
            slot.as_ref().map(|model| model.session_row())
        });
        loaded.collect()
    }

    fn unknown(&self, name: &str) -> QlError {
        let entries = self.entries.read();
        let known: Vec<&str> = entries.keys().map(String::as_str).collect();
        let there = match known.is_empty() {
            true => "there are none".to_string(),
            false => format!("there are {}", known.join(", ")),
        };
        QlError::new(
            SqlState::UndefinedObject,
            format!("model `{name}` does not exist; {there}"),
        )
        .with_hint("CREATE MODEL name USING onnx FROM 'path' adds one")
    }
}

fn already_there(name: &str) -> QlError {
    QlError::new(
        SqlState::DuplicateObject,
        format!("model `{name}` exists already"),
    )
    .with_hint("CREATE OR REPLACE MODEL replaces it")
}
