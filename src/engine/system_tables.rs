//! The schema `quantlake`: what the engine knows about itself, as tables.
//!
//! A table is built when a statement names it, so it shows the state of that moment.

use super::{CATALOG, Engine, strategies};
use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::catalog::{SchemaProvider, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use quantlake_core::{Function, QlError};
use std::sync::{Arc, Weak};

/// The schema's name.
pub const SCHEMA: &str = "quantlake";

const TABLES: &[&str] = &[
    "functions",
    "model_sessions",
    "models",
    "parameters",
    "snapshots",
    "users",
];

/// Registers the schema.
///
/// # Errors
/// XX000 when the catalog is missing.
pub fn install(engine: &Arc<Engine>) -> Result<()> {
    let catalog = engine
        .template()
        .catalog(CATALOG)
        .ok_or_else(|| QlError::internal("the catalog is not registered"))?;
    catalog.register_schema(
        SCHEMA,
        Arc::new(SystemSchema {
            engine: Arc::downgrade(engine),
        }),
    )?;
    Ok(())
}

struct SystemSchema {
    // The engine owns the catalog that owns this schema.
    engine: Weak<Engine>,
}

impl std::fmt::Debug for SystemSchema {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemSchema")
    }
}

#[async_trait]
impl SchemaProvider for SystemSchema {
    fn table_names(&self) -> Vec<String> {
        let mut names: Vec<String> = TABLES.iter().map(ToString::to_string).collect();
        if let Some(engine) = self.engine.upgrade() {
            names.extend(strategies::tables::names(&engine));
        }
        names.sort();
        names
    }

    fn table_exist(&self, name: &str) -> bool {
        self.table_names().iter().any(|n| n == name)
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Some(engine) = self.engine.upgrade() else {
            return Ok(None);
        };
        let batch = match name {
            "functions" => functions(&engine)?,
            "parameters" => parameters(&engine)?,
            "models" => models(&engine)?,
            "model_sessions" => model_sessions(&engine)?,
            "snapshots" => snapshots(&engine)?,
            "users" => users(&engine)?,
            other => return strategies::tables::table(&engine, other),
        };
        Ok(Some(Arc::new(MemTable::try_new(
            batch.schema(),
            vec![vec![batch]],
        )?)))
    }
}

fn text<S: Into<String>>(values: impl Iterator<Item = S>) -> ArrayRef {
    Arc::new(values.map(|v| Some(v.into())).collect::<StringArray>())
}

fn times(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from_iter_values(values))
}

fn integers(values: impl Iterator<Item = i64>) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(values))
}

fn functions(engine: &Engine) -> Result<RecordBatch> {
    let all: Vec<&Function> = engine.registry().iter().collect();
    let column = |f: fn(&Function) -> String| text(all.iter().map(|function| f(function)));
    Ok(RecordBatch::try_from_iter([
        ("name", column(|f| f.spec.name.clone())),
        ("aliases", column(|f| f.spec.aliases.join(", "))),
        ("family", column(|f| f.spec.family.clone())),
        ("kind", column(|f| f.spec.kind.to_string())),
        ("signature", column(|f| f.spec.signature())),
        ("returns", column(|f| f.spec.output.sql_name())),
        ("causality", column(|f| f.spec.causality.to_string())),
        ("lookback", column(|f| f.spec.lookback.clone())),
        ("stability", column(|f| f.spec.stability.to_string())),
        ("exact_rows", exact_rows(&all)),
        ("summary", column(|f| f.spec.summary.clone())),
        ("source", column(|f| f.spec.source.clone())),
        ("example", column(|f| f.spec.example.sql.clone())),
    ])?)
}

/// NULL where a value may depend on the whole history.
fn exact_rows(functions: &[&Function]) -> ArrayRef {
    let rows = functions.iter().map(|f| f.exact_rows());
    let rows = rows.map(|n| n.and_then(|n| i64::try_from(n).ok()));
    Arc::new(rows.collect::<Int64Array>())
}

fn parameters(engine: &Engine) -> Result<RecordBatch> {
    let all: Vec<_> = engine
        .registry()
        .iter()
        .flat_map(|f| {
            f.spec
                .params
                .iter()
                .enumerate()
                .map(move |(i, p)| (f.spec.name.clone(), i as i64 + 1, p))
        })
        .collect();
    Ok(RecordBatch::try_from_iter([
        ("function", text(all.iter().map(|(f, _, _)| f.clone()))),
        ("position", integers(all.iter().map(|(_, i, _)| *i))),
        ("name", text(all.iter().map(|(_, _, p)| p.name.clone()))),
        ("type", text(all.iter().map(|(_, _, p)| p.kind.sql_name()))),
        (
            "allowed",
            text(all.iter().map(|(_, _, p)| p.kind.allowed())),
        ),
        (
            "default",
            Arc::new(
                all.iter()
                    .map(|(_, _, p)| p.default.as_ref().map(ToString::to_string))
                    .collect::<StringArray>(),
            ),
        ),
        (
            "description",
            text(all.iter().map(|(_, _, p)| p.doc.clone())),
        ),
    ])?)
}

fn models(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.models().list();
    Ok(RecordBatch::try_from_iter([
        ("name", text(all.iter().map(|m| m.name.clone()))),
        ("version", integers(all.iter().map(|m| m.version))),
        ("file", text(all.iter().map(|m| m.path.clone()))),
        ("sha256", text(all.iter().map(|m| m.sha256.clone()))),
        ("options", text(all.iter().map(super::models::options_text))),
    ])?)
}

fn model_sessions(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.models().session_rows();
    Ok(RecordBatch::try_from_iter([
        ("model", text(all.iter().map(|s| s.model.clone()))),
        ("version", integers(all.iter().map(|s| s.version))),
        ("device", text(all.iter().map(|s| s.device.clone()))),
        (
            "execution_provider",
            text(all.iter().map(|s| s.execution_provider.clone())),
        ),
        (
            "fallback_reason",
            Arc::new(
                all.iter()
                    .map(|s| s.fallback_reason.clone())
                    .collect::<StringArray>(),
            ),
        ),
        ("library", text(all.iter().map(|s| s.library_path.clone()))),
        (
            "library_version",
            text(all.iter().map(|s| s.library_version.clone())),
        ),
        ("loaded_at", times(all.iter().map(|s| s.loaded_at))),
        ("runs", integers(all.iter().map(|s| s.runs))),
        ("rows", integers(all.iter().map(|s| s.rows))),
        (
            "total_ms",
            Arc::new(all.iter().map(|s| s.total_ms).collect::<Float64Array>()),
        ),
    ])?)
}

fn snapshots(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().snapshots()?;
    Ok(RecordBatch::try_from_iter([
        ("snapshot_id", integers(all.iter().map(|s| s.snapshot_id))),
        ("ts", times(all.iter().map(|s| s.ts))),
        ("changes", text(all.iter().map(|s| s.changes.clone()))),
    ])?)
}

fn users(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().ledger().users()?;
    Ok(RecordBatch::try_from_iter([
        ("name", text(all.iter().map(|u| u.name.clone()))),
        ("created_at", times(all.iter().map(|u| u.created_at))),
    ])?)
}
