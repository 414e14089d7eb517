//! The SQL side: arguments to settings, rows to bars, runs to result columns.

mod arguments;
pub mod bars;
mod cache;
mod columns;
pub mod names;
mod requests;
pub mod result;
mod stream;
mod views;

pub use crate::specs::params::params;
pub use arguments::settings;
pub use bars::Bars;

use crate::settings::Settings;
use crate::specs;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{Grouping, RelationFunction, RelationKernel, Rows};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use result::Simulated;
use std::sync::Arc;
use stream::Stream;
use views::View;

/// More rows than this are simulated as they come, where the view is one of timestamps.
const PART_ROWS: usize = 4_000_000;

/// `backtest` and its other views.
pub fn functions() -> Vec<Function> {
    vec![
        view(specs::backtest(), views::curve, Some(PART_ROWS)),
        view(specs::backtest_trades(), views::trades, None),
        view(specs::backtest_orders(), views::orders, None),
        view(specs::backtest_fills(), views::fills, None),
        view(specs::backtest_positions(), views::positions, None),
        view(specs::backtest_events(), views::events, None),
        view(specs::backtest_metrics(), views::report, None),
        view(specs::backtest_attribution(), views::attribution, None),
    ]
}

fn view(spec: FunctionSpec, columns: View, part_rows: Option<usize>) -> Function {
    let name = spec.name.clone();
    RelationFunction {
        spec: Arc::new(spec),
        columns: specs::columns(),
        grouping: Grouping::Listed("keys".into()),
        order: ["account", "ts", "symbol"].map(String::from).to_vec(),
        queries: specs::queries(),
        part_rows,
        factory: Arc::new(move |args| {
            Ok(Box::new(Backtest {
                name: name.clone(),
                settings: settings(&name, args)?,
                args: args.clone(),
                columns,
                stream: None,
            }))
        }),
    }
    .into_function()
}

struct Backtest {
    name: String,
    settings: Settings,
    args: Args,
    columns: View,
    /// The run of a group that comes in parts.
    stream: Option<Stream>,
}

impl Backtest {
    fn simulated(&self, rows: &Rows) -> Result<Arc<Simulated>, QlError> {
        cache::shared(rows, &self.args, || {
            Simulated::try_new(&self.name, rows, &self.settings, &self.args).map(Arc::new)
        })
    }

    fn broken(&self, error: impl std::fmt::Display) -> QlError {
        QlError::internal(format!("{}: {error}", self.name))
    }
}

impl RelationKernel for Backtest {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let simulated = self.simulated(rows)?;
        let schema = rows.output_schema();
        let fields = schema.fields().iter().enumerate();
        let wanted = fields.filter(|(_, field)| rows.is_wanted(field.name()));
        let mut wanted: Vec<usize> = wanted.map(|(i, _)| i).collect();
        if wanted.is_empty() {
            // Only keys are asked for: one column tells for how many rows.
            wanted.push(0);
        }
        let columns = views::columns(&simulated, self.columns, &wanted);
        let columns = columns.map_err(|e| self.broken(e))?;
        let schema = schema.project(&wanted).map_err(|e| self.broken(e))?;
        RecordBatch::try_new(Arc::new(schema), columns).map_err(|e| self.broken(e))
    }

    fn push(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let currency = self.args.text("currency")?;
        let stream = self
            .stream
            .get_or_insert_with(|| Stream::new(&self.name, &self.settings, currency));
        stream.push(rows)
    }

    fn finish(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        match self.stream.take() {
            Some(mut stream) => stream.finish(rows),
            None => Ok(RecordBatch::new_empty(rows.output_schema())),
        }
    }
}
