//! What `RUN BACKTEST`, `REPLAY RUN` and `REPORT RUN` answer.

use crate::engine::session::Outcome;
use crate::lake::ledger::MetricEntry;
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::Result;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use std::sync::Arc;

/// The metrics that `RUN BACKTEST` shows; the others are in `quantlake.run_metrics`.
const SHOWN: [&str; 9] = [
    "end_equity",
    "total_return",
    "cagr",
    "sharpe",
    "max_drawdown",
    "n_trades",
    "probabilistic_sharpe",
    "deflated_sharpe",
    "trials",
];

/// A run as its statement answers it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// The run's number.
    pub id: i64,
    /// The strategy's name.
    pub strategy: String,
    /// The parameters, a JSON object.
    pub parameters: String,
    /// All metrics.
    pub metrics: Vec<MetricEntry>,
}

/// The columns of `RUN BACKTEST`.
pub fn run_schema() -> SchemaRef {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let mut fields = vec![
        Field::new("run_id", DataType::Int64, false),
        text("strategy"),
        text("parameters"),
    ];
    fields.extend(SHOWN.map(|name| Field::new(name, DataType::Float64, true)));
    Arc::new(Schema::new(fields))
}

/// One row for each run.
///
/// # Errors
/// XX000 when the columns do not fit, which is our mistake.
pub fn runs(rows: &[RunRow]) -> Result<Outcome> {
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|r| Some(r.id)).collect::<Int64Array>()),
        texts(rows.iter().map(|r| r.strategy.as_str())),
        texts(rows.iter().map(|r| r.parameters.as_str())),
    ];
    for name in SHOWN {
        let value = |row: &RunRow| row.metrics.iter().find(|m| m.metric == name)?.value;
        columns.push(Arc::new(rows.iter().map(value).collect::<Float64Array>()));
    }
    answer(run_schema(), columns)
}

/// The columns of `REPLAY RUN`.
pub fn replay_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("run_id", DataType::Int64, false),
        Field::new("verdict", DataType::Utf8, false),
        Field::new("rows", DataType::Int64, false),
        Field::new("digest", DataType::Utf8, false),
    ]))
}

/// A run that was found again.
///
/// # Errors
/// XX000 when the columns do not fit, which is our mistake.
pub fn replayed(run: i64, rows: i64, digest: &str) -> Result<Outcome> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(vec![run])),
        texts(std::iter::once("identical")),
        Arc::new(Int64Array::from(vec![rows])),
        texts(std::iter::once(digest)),
    ];
    answer(replay_schema(), columns)
}

/// The column of `REPORT RUN`.
pub fn report_schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new(
        "report",
        DataType::Utf8,
        false,
    )]))
}

/// A report.
///
/// # Errors
/// XX000 when the columns do not fit, which is our mistake.
pub fn report(text: String) -> Result<Outcome> {
    answer(report_schema(), vec![texts(std::iter::once(text.as_str()))])
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(values.map(Some).collect::<StringArray>())
}

fn answer(schema: SchemaRef, columns: Vec<ArrayRef>) -> Result<Outcome> {
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    let stream = futures::stream::iter([Ok(batch)]);
    Ok(Outcome::Rows(Box::pin(RecordBatchStreamAdapter::new(
        schema, stream,
    ))))
}
