//! The report of a run, from the ledger alone: a page that needs nothing besides itself, a picture,
//! or charts of characters for a terminal.
//!
//! Every chart is drawn once, as SVG, by [`charts`]; the page and the picture arrange them.

mod braille;
mod charts;
mod curve;
mod facts;
mod format;
mod page;
mod picture;
mod plot;
mod png;
mod scale;
mod svg;
mod text;

use crate::dialect::strategy::ReportFormat;
use crate::engine::Engine;
use crate::engine::strategies::find_run;
use crate::lake::ledger::{MetricEntry, ResultTable, RunEntry};
use curve::Curve;
use datafusion::error::DataFusionError;
use quantlake_core::QlError;

/// All that the ledger knows about a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    run: RunEntry,
    metrics: Vec<MetricEntry>,
    curve: Curve,
    trades: Option<ResultTable>,
    candles: Option<ResultTable>,
    attribution: Option<ResultTable>,
}

impl Report {
    /// Reads a run.
    ///
    /// # Errors
    /// 42704 when there is none, and those of the ledger.
    pub fn load(engine: &Engine, run: i64) -> Result<Self, DataFusionError> {
        let entry = find_run(engine, run)?;
        let ledger = engine.lake().ledger();
        let table = |name| ledger.run_results(name, Some(run));
        let metrics = ledger.run_metrics(Some(run))?;
        Ok(Self {
            curve: Curve::of(table("equity")?.as_ref()),
            metrics: metrics.into_iter().map(|(_, metric)| metric).collect(),
            trades: table("trades")?,
            candles: table("candles")?,
            attribution: table("attribution")?,
            run: entry,
        })
    }

    /// The report in one of its forms.
    pub fn render(&self, format: ReportFormat) -> String {
        match format {
            ReportFormat::Html => page::page(self),
            ReportFormat::Svg => picture::picture(self),
            ReportFormat::Text => text::text(self),
        }
    }

    /// The picture as PNG.
    ///
    /// # Errors
    /// 58P01 when the machine has no fonts.
    pub fn png(&self) -> Result<Vec<u8>, QlError> {
        png::png(&picture::picture(self))
    }

    /// The value of a metric.
    fn metric(&self, name: &str) -> Option<f64> {
        self.metrics.iter().find(|m| m.metric == name)?.value
    }

    /// Bars per year, as the run was told.
    fn periods(&self) -> f64 {
        self.argument("periods")
            .and_then(|v| v.as_f64())
            .unwrap_or(252.0)
    }

    /// An argument of the run.
    fn argument(&self, name: &str) -> Option<serde_json::Value> {
        let all: serde_json::Value = serde_json::from_str(&self.run.header.arguments).ok()?;
        all.get(name).cloned()
    }
}
