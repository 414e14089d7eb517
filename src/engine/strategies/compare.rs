//! `SELECT * FROM compare_runs(1, 2)`: what differs between two runs, and by how much.

use super::find_run;
use crate::engine::Engine;
use crate::lake::ledger::RunEntry;
use datafusion::arrow::array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl, TableProvider};
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::prelude::{Expr, SessionContext};
use quantlake_core::{ParamValue, QlError, SqlState};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Weak};

/// The function's name.
pub const COMPARE_RUNS: &str = "compare_runs";

/// Makes the function known to a context.
pub fn register(ctx: &SessionContext, engine: &Arc<Engine>) {
    let engine = Arc::downgrade(engine);
    ctx.register_udtf(COMPARE_RUNS, Arc::new(CompareRuns { engine }));
}

struct CompareRuns {
    // The engine owns the context that owns this function.
    engine: Weak<Engine>,
}

impl fmt::Debug for CompareRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CompareRuns")
    }
}

impl TableFunctionImpl for CompareRuns {
    fn call_with_args(&self, args: TableFunctionArgs) -> Result<Arc<dyn TableProvider>> {
        let engine = self.engine.upgrade();
        let engine = engine.ok_or_else(|| QlError::internal("the engine is closing"))?;
        let runs: Vec<Option<i64>> = args.exprs().iter().map(number).collect();
        let [Some(a), Some(b)] = runs.as_slice() else {
            let message = format!(
                "{COMPARE_RUNS}: takes the numbers of two runs, as in {COMPARE_RUNS}(1, 2)"
            );
            return Err(QlError::new(SqlState::UndefinedFunction, message).into());
        };
        let batch = compare(&engine, *a, *b)?;
        Ok(Arc::new(MemTable::try_new(
            batch.schema(),
            vec![vec![batch]],
        )?))
    }
}

fn number(expr: &Expr) -> Option<i64> {
    let Expr::Literal(literal, _) = expr else {
        return None;
    };
    match ParamValue::from_scalar(literal)? {
        ParamValue::Integer(run) => Some(run),
        _ => None,
    }
}

/// One line of a comparison; a number also stands in its own columns.
struct Line {
    kind: &'static str,
    name: String,
    texts: [Option<String>; 2],
    numbers: [Option<f64>; 2],
}

fn compare(engine: &Engine, a: i64, b: i64) -> Result<RecordBatch> {
    let runs = [find_run(engine, a)?, find_run(engine, b)?];
    let mut lines = metric_lines(engine, a, b)?;
    lines.extend(object_lines(
        "parameter",
        runs.each_ref().map(|r| r.header.parameters.as_str()),
    ));
    lines.extend(object_lines(
        "argument",
        runs.each_ref().map(|r| r.header.arguments.as_str()),
    ));
    lines.extend(header_lines(&runs));
    lines.extend(object_lines(
        "version",
        runs.each_ref().map(|r| r.header.versions.as_str()),
    ));
    batch(&lines)
}

fn metric_lines(engine: &Engine, a: i64, b: i64) -> Result<Vec<Line>> {
    let ledger = engine.lake().ledger();
    let (first, second) = (ledger.run_metrics(Some(a))?, ledger.run_metrics(Some(b))?);
    let names = first.iter().chain(&second).map(|(_, m)| m.metric.clone());
    let mut seen = BTreeSet::new();
    let names: Vec<String> = names.filter(|name| seen.insert(name.clone())).collect();
    let value = |run: &[(i64, crate::lake::ledger::MetricEntry)], name: &str| {
        run.iter()
            .find(|(_, m)| m.metric == name)
            .and_then(|(_, m)| m.value)
    };
    let line = |name: String| Line {
        kind: "metric",
        texts: [None, None],
        numbers: [value(&first, &name), value(&second, &name)],
        name,
    };
    Ok(names.into_iter().map(line).collect())
}

/// What differs between two JSON objects.
fn object_lines(kind: &'static str, objects: [&str; 2]) -> Vec<Line> {
    let parsed: [Value; 2] = objects.map(|o| serde_json::from_str(o).unwrap_or_default());
    let keys = parsed
        .iter()
        .filter_map(Value::as_object)
        .flat_map(|o| o.keys().cloned());
    let keys: BTreeSet<String> = keys.collect();
    let of = |name: &str| parsed.each_ref().map(|o| o.get(name).cloned());
    keys.into_iter()
        .map(|name| (of(&name), name))
        .filter(|([a, b], _)| a != b)
        .map(|(values, name)| Line {
            kind,
            name,
            numbers: values
                .each_ref()
                .map(|v| v.as_ref().and_then(Value::as_f64)),
            texts: values
                .map(|v| v.map(|v| v.as_str().map_or_else(|| v.to_string(), str::to_string))),
        })
        .collect()
}

fn header_lines(runs: &[RunEntry; 2]) -> Vec<Line> {
    let of = |name: &str, show: fn(&RunEntry) -> String| Line {
        kind: "run",
        name: name.to_string(),
        texts: runs.each_ref().map(|r| Some(show(r))),
        numbers: [None, None],
    };
    let lines = [
        of("strategy", |r| r.header.strategy.clone()),
        of("strategy_version", |r| {
            r.header.strategy_version.to_string()
        }),
        of("family", |r| r.header.family.clone()),
        of("sql", |r| r.header.sql.clone()),
        of("snapshot_id", |r| r.header.snapshot_id.to_string()),
        of("rows", |r| r.header.n_rows.to_string()),
    ];
    lines
        .into_iter()
        .filter(|line| line.texts[0] != line.texts[1])
        .collect()
}

fn batch(lines: &[Line]) -> Result<RecordBatch> {
    let text = |of: &dyn Fn(&Line) -> Option<String>| -> ArrayRef {
        Arc::new(lines.iter().map(of).collect::<StringArray>())
    };
    let number = |of: &dyn Fn(&Line) -> Option<f64>| -> ArrayRef {
        Arc::new(lines.iter().map(of).collect::<Float64Array>())
    };
    Ok(RecordBatch::try_from_iter([
        ("kind", text(&|l| Some(l.kind.to_string()))),
        ("name", text(&|l| Some(l.name.clone()))),
        ("a", number(&|l| l.numbers[0])),
        ("b", number(&|l| l.numbers[1])),
        (
            "difference",
            number(&|l| Some(l.numbers[1]? - l.numbers[0]?)),
        ),
        ("a_text", text(&|l| l.texts[0].clone())),
        ("b_text", text(&|l| l.texts[1].clone())),
    ])?)
}
