//! `quantlake.strategies`, `runs`, `run_metrics`, `trials`, and `run_equity`, `run_trades`, ... for
//! every kind of result that the ledger holds or this program's views would give.

use super::candles::CANDLES;
use super::digest;
use super::surfaces::{METRICS, Surfaces};
use crate::engine::Engine;
use crate::lake::ledger::{ResultTable, RunEntry, Values};
use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Operator, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use quantlake_core::{OutputField, OutputType};
use std::fmt;
use std::sync::{Arc, Weak};

/// What the names of tables of results begin with.
const PREFIX: &str = "run_";

/// The names of all these tables.
pub fn names(engine: &Engine) -> Vec<String> {
    let mut names: Vec<String> = ["strategies", "runs", "run_metrics", "trials"]
        .map(String::from)
        .to_vec();
    let kinds = Surfaces::of(engine.registry());
    let kinds = kinds.iter().flat_map(|s| {
        s.kept()
            .map(|(name, _)| name.to_string())
            .collect::<Vec<_>>()
    });
    let kinds = kinds
        .chain([CANDLES.to_string()])
        .filter(|name| name != METRICS);
    names.extend(kinds.map(|name| format!("{PREFIX}{name}")));
    names
}

/// One of these tables; none for other names.
///
/// # Errors
/// Those of the ledger.
pub fn table(engine: &Arc<Engine>, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
    let batch = match name {
        "strategies" => strategies(engine)?,
        "runs" => runs(engine)?,
        "run_metrics" => run_metrics(engine)?,
        "trials" => trials(engine)?,
        other if names(engine).iter().any(|n| n == other) => {
            return results(engine, other.strip_prefix(PREFIX).unwrap_or(other)).map(Some);
        }
        _ => return Ok(None),
    };
    Ok(Some(Arc::new(MemTable::try_new(
        batch.schema(),
        vec![vec![batch]],
    )?)))
}

fn batch(columns: Vec<(&str, Values)>) -> Result<RecordBatch> {
    let arrays = columns
        .into_iter()
        .map(|(name, values)| (name, array(&values)));
    Ok(RecordBatch::try_from_iter_with_nullable(
        arrays.map(|(n, a)| (n, a, true)),
    )?)
}

fn array(values: &Values) -> ArrayRef {
    match values {
        Values::Integers(v) => Arc::new(Int64Array::from(v.clone())),
        Values::Numbers(v) => Arc::new(Float64Array::from(v.clone())),
        Values::Flags(v) => Arc::new(BooleanArray::from(v.clone())),
        Values::Texts(v) => Arc::new(StringArray::from(v.clone())),
        Values::Times(v) => Arc::new(TimestampMicrosecondArray::from(v.clone())),
    }
}

fn texts<T>(rows: &[T], of: impl Fn(&T) -> String) -> Values {
    Values::Texts(rows.iter().map(|r| Some(of(r))).collect())
}

fn integers<T>(rows: &[T], of: impl Fn(&T) -> Option<i64>) -> Values {
    Values::Integers(rows.iter().map(of).collect())
}

fn times<T>(rows: &[T], of: impl Fn(&T) -> Option<i64>) -> Values {
    Values::Times(rows.iter().map(of).collect())
}

fn strategies(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().ledger().strategies()?;
    batch(vec![
        ("name", texts(&all, |s| s.name.clone())),
        ("version", integers(&all, |s| Some(s.version))),
        ("parameters", texts(&all, |s| s.parameters.clone())),
        ("sql", texts(&all, |s| s.sql.clone())),
        ("created_by", texts(&all, |s| s.user.clone())),
        ("created_at", times(&all, |s| Some(s.created_at))),
    ])
}

fn runs(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().ledger().runs()?;
    let text = |of: fn(&RunEntry) -> String| texts(&all, of);
    batch(vec![
        ("run_id", integers(&all, |r| Some(r.id))),
        ("strategy", text(|r| r.header.strategy.clone())),
        (
            "strategy_version",
            integers(&all, |r| Some(r.header.strategy_version)),
        ),
        ("family", text(|r| r.header.family.clone())),
        (
            "note",
            Values::Texts(all.iter().map(|r| r.header.note.clone()).collect()),
        ),
        ("parameters", text(|r| r.header.parameters.clone())),
        ("arguments", text(|r| r.header.arguments.clone())),
        (
            "snapshot_id",
            integers(&all, |r| Some(r.header.snapshot_id)),
        ),
        ("rows", integers(&all, |r| Some(r.header.n_rows))),
        ("symbols", integers(&all, |r| Some(r.header.n_symbols))),
        ("first_ts", times(&all, |r| r.header.first_ts)),
        ("last_ts", times(&all, |r| r.header.last_ts)),
        ("benchmark", text(|r| r.header.benchmark.clone())),
        ("seed", integers(&all, |r| r.header.seed)),
        ("sql", text(|r| r.header.sql.clone())),
        ("frozen_sql", text(|r| r.header.frozen_sql.clone())),
        ("versions", text(|r| r.header.versions.clone())),
        ("digest", text(|r| digest::overall(&r.header.digests))),
        ("created_by", text(|r| r.header.user.clone())),
        ("started_at", times(&all, |r| Some(r.header.started_at))),
        ("finished_at", times(&all, |r| Some(r.finished_at))),
    ])
}

fn run_metrics(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().ledger().run_metrics(None)?;
    batch(vec![
        ("run_id", integers(&all, |(id, _)| Some(*id))),
        ("metric", texts(&all, |(_, m)| m.metric.clone())),
        (
            "value",
            Values::Numbers(all.iter().map(|(_, m)| m.value).collect()),
        ),
        (
            "benchmark",
            Values::Numbers(all.iter().map(|(_, m)| m.benchmark).collect()),
        ),
    ])
}

fn trials(engine: &Engine) -> Result<RecordBatch> {
    let all = engine.lake().ledger().trials()?;
    batch(vec![
        ("trial_id", integers(&all, |t| Some(t.id))),
        ("family", texts(&all, |t| t.family.clone())),
        ("run_id", integers(&all, |t| t.run_id)),
        ("source", texts(&all, |t| t.trial.source.clone())),
        ("label", texts(&all, |t| t.trial.label.clone())),
        ("n_returns", integers(&all, |t| Some(t.trial.n_returns))),
        (
            "sharpe_per_period",
            Values::Numbers(all.iter().map(|t| t.trial.sharpe).collect()),
        ),
        (
            "counts",
            Values::Flags(all.iter().map(|t| Some(t.counts)).collect()),
        ),
        ("created_by", texts(&all, |t| t.user.clone())),
        ("created_at", times(&all, |t| Some(t.created_at))),
    ])
}

/// A table of results with the ledger's columns, or before the first run with the view's.
fn results(engine: &Arc<Engine>, kind: &str) -> Result<Arc<dyn TableProvider>> {
    let mut columns = engine.lake().ledger().run_result_columns(kind)?;
    if columns.is_empty() {
        let surfaces = Surfaces::of(engine.registry())?;
        let fields = surfaces.kept().find(|(name, _)| *name == kind);
        let fields = fields.map_or(&[][..], |(_, spec)| spec.output.fields());
        columns.push(("run_id".into(), Values::Integers(Vec::new())));
        columns.extend(fields.iter().map(|f| (f.name.clone(), empty(f))));
    }
    let empty = ResultTable {
        name: kind.to_string(),
        columns,
    };
    Ok(Arc::new(Results {
        engine: Arc::downgrade(engine),
        schema: record_batch(&empty)?.schema(),
        kind: kind.to_string(),
    }))
}

fn empty(field: &OutputField) -> Values {
    match field.ty {
        OutputType::Float => Values::Numbers(Vec::new()),
        OutputType::Integer => Values::Integers(Vec::new()),
        OutputType::Flag => Values::Flags(Vec::new()),
        OutputType::Time => Values::Times(Vec::new()),
        OutputType::Text | OutputType::FloatList => Values::Texts(Vec::new()),
    }
}

fn record_batch(table: &ResultTable) -> Result<RecordBatch> {
    batch(
        table
            .columns
            .iter()
            .map(|(name, values)| (name.as_str(), values.clone()))
            .collect(),
    )
}

/// Rows of all runs, of which a query for one run reads only that one's.
struct Results {
    engine: Weak<Engine>,
    kind: String,
    schema: SchemaRef,
}

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Results({})", self.kind)
    }
}

#[async_trait]
impl TableProvider for Results {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        filters: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>> {
        let support = |filter: &&Expr| match run_of(filter) {
            Some(_) => TableProviderFilterPushDown::Inexact,
            None => TableProviderFilterPushDown::Unsupported,
        };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let run = filters.iter().find_map(run_of);
        let rows = match self.engine.upgrade() {
            Some(engine) => engine.lake().ledger().run_results(&self.kind, run)?,
            None => None,
        };
        let rows = match rows {
            Some(rows) => record_batch(&rows)?,
            None => RecordBatch::new_empty(Arc::clone(&self.schema)),
        };
        let table = MemTable::try_new(rows.schema(), vec![vec![rows]])?;
        table.scan(state, projection, &[], limit).await
    }
}

/// The run that `run_id = n` names.
fn run_of(filter: &Expr) -> Option<i64> {
    let Expr::BinaryExpr(binary) = filter else {
        return None;
    };
    let (Expr::Column(column), Operator::Eq, Expr::Literal(ScalarValue::Int64(run), _)) =
        (binary.left.as_ref(), binary.op, binary.right.as_ref())
    else {
        return None;
    };
    (column.name == "run_id").then_some(*run).flatten()
}
