//! `CREATE MODEL` and `DROP MODEL`: the model store, its ledger rows and the stored copies.
//!
//! A model's file is copied into the data directory under its SHA-256, so that a model means the
//! same bytes for ever and one file serves all names that share it.

use super::Engine;
use crate::dialect::model::{CreateModel, DropModel, quoted};
use crate::lake::Lake;
use datafusion::error::Result;
use quantlake_core::{QlError, SqlState};
use quantlake_models::{ModelDefinition, ModelStore};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The one engine that runs models.
const ONNX: &str = "onnx";

/// Puts the ledger's models into the store; their files are read at first use.
///
/// # Errors
/// When the ledger cannot be read.
pub fn load_all(lake: &Lake, store: &ModelStore) -> Result<()> {
    for row in lake.ledger().models()? {
        let definition: ModelDefinition = serde_json::from_str(&row.definition).map_err(|e| {
            QlError::internal(format!(
                "the ledger's row of model `{}` is damaged: {e}",
                row.name
            ))
        })?;
        store.restore(definition)?;
    }
    Ok(())
}

/// Runs `CREATE MODEL`.
///
/// # Errors
/// 22023 for an unknown engine or option, 42501 for a file outside the allowed folders, 42710 for a
/// taken name, and what loading the file gives.
pub async fn create(engine: &Arc<Engine>, statement: &CreateModel) -> Result<String> {
    let engine = Arc::clone(engine);
    let statement = statement.clone();
    tokio::task::spawn_blocking(move || create_blocking(&engine, &statement))
        .await
        .map_err(|e| QlError::internal(format!("CREATE MODEL stopped: {e}")))?
}

fn create_blocking(engine: &Engine, statement: &CreateModel) -> Result<String> {
    let done = Ok("CREATE MODEL".to_string());
    if statement.engine != ONNX {
        return Err(QlError::bad_argument("CREATE MODEL", "USING", ONNX, &statement.engine).into());
    }
    let existing = engine.models.definition(&statement.name);
    if existing.is_some() && statement.if_not_exists {
        return done;
    }
    let source = engine.lake.allowed_path(&statement.path)?;
    let version = existing.as_ref().map_or(1, |d| d.version + 1);
    let original =
        ModelDefinition::from_file(&statement.name, version, &source, statement.options.clone())?;
    let copy = store_copy(engine.lake.dir(), &source, &original.sha256)?;
    let definition = ModelDefinition {
        path: copy.to_string_lossy().into_owned(),
        ..original
    };
    engine
        .models
        .create(definition.clone(), statement.or_replace)?;
    let json = serde_json::to_string(&definition)
        .map_err(|e| QlError::internal(format!("a model definition cannot be written: {e}")))?;
    if let Err(error) = engine
        .lake
        .ledger()
        .save_model(&definition.name, version, &json)
    {
        // What the ledger does not know would be gone after a restart: better gone now.
        let _ = engine.models.remove(&definition.name);
        if let Some(previous) = existing {
            engine.models.restore(previous)?;
        }
        return Err(error.into());
    }
    done
}

/// Runs `DROP MODEL`. The stored copy stays: another name or version may share it.
///
/// # Errors
/// 42704 when there is no such model.
pub fn drop(engine: &Arc<Engine>, statement: &DropModel) -> Result<String> {
    if engine.models.definition(&statement.name).is_some() || !statement.if_exists {
        engine.models.remove(&statement.name)?;
        engine.lake.ledger().delete_model(&statement.name)?;
    }
    Ok("DROP MODEL".into())
}

/// The options as `WITH` would take them.
pub fn options_text(definition: &ModelDefinition) -> String {
    definition
        .options
        .iter()
        .map(|(k, v)| format!("{k} = {}", quoted(v)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Copies a model file into the data directory; a copy that is there already is kept.
fn store_copy(dir: &Path, source: &Path, sha256: &str) -> Result<PathBuf> {
    let folder = dir.join("models");
    std::fs::create_dir_all(&folder)?;
    let target = folder.join(format!("{sha256}.onnx"));
    if !target.is_file() {
        let mut part = tempfile::NamedTempFile::new_in(&folder)?;
        std::io::copy(&mut std::fs::File::open(source)?, &mut part)?;
        part.as_file().sync_all()?;
        part.persist(&target).map_err(|e| {
            QlError::new(
                SqlState::IoError,
                format!("cannot write {}: {}", target.display(), e.error),
            )
        })?;
    }
    Ok(target)
}
