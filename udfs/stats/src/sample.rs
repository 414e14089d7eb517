//! One kernel, two functions: a statistic of a sample becomes an aggregate and a rolling window.
//!
//! The rolling form computes each window from its own rows and nothing else. That costs a pass
//! over the window per row, and in return a value is the same to the last bit wherever the input
//! starts, and equals the aggregate over the same rows.

use crate::example;
use crate::params;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, FunctionSpec, Kind, Output, OutputType, ParamSpec, QlError};
use std::sync::Arc;

/// A number or a few numbers that describe a sample.
pub trait Statistic: Send + Sync {
    /// Describes the rows: `columns` holds one slice per series, all of one length and finite.
    ///
    /// `out` has one place per output field and is filled with NaN, which stays for unknown.
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]);
}

/// Makes a statistic from checked constants.
pub(crate) type Factory = fn(&Args) -> Result<Box<dyn Statistic>, QlError>;

/// What the two functions of a statistic have in common.
pub(crate) struct Sample {
    /// Name of the aggregate; the window function's is this after `rolling_`.
    pub(crate) name: &'static str,
    /// Shorter names of the window function.
    pub(crate) rolling_aliases: &'static [&'static str],
    /// What it computes, without a final period.
    pub(crate) summary: &'static str,
    pub(crate) series: Vec<ParamSpec>,
    pub(crate) options: Vec<ParamSpec>,
    pub(crate) output: Output,
    pub(crate) order: RowOrder,
    /// Fewest rows that can have a value.
    pub(crate) min_rows: usize,
    /// Rows that the examples look at.
    pub(crate) example_rows: usize,
    /// Constants of the examples, each after a comma.
    pub(crate) example_options: &'static str,
    pub(crate) source: &'static str,
    pub(crate) factory: Factory,
}

impl Sample {
    /// A statistic of x alone with one double as result.
    pub(crate) fn of_one(name: &'static str, summary: &'static str, factory: Factory) -> Self {
        Self {
            name,
            rolling_aliases: &[],
            summary,
            series: vec![params::x("the values")],
            options: vec![],
            output: Output::Value(OutputType::Float),
            order: RowOrder::Irrelevant,
            min_rows: 2,
            example_rows: 10,
            example_options: "",
            source: "",
            factory,
        }
    }

    /// A statistic of x and y.
    pub(crate) fn of_two(name: &'static str, summary: &'static str, factory: Factory) -> Self {
        Self {
            series: vec![params::x("one series"), params::y("the other series")],
            ..Self::of_one(name, summary, factory)
        }
    }

    /// The aggregate and the window function.
    pub(crate) fn functions(self) -> Vec<Function> {
        vec![self.aggregate(), self.rolling()]
    }

    fn aggregate(&self) -> Function {
        let params = self.series.iter().chain(&self.options).cloned().collect();
        let spec = FunctionSpec::new(self.name, "statistics", Kind::Aggregate, self.summary)
            .with_params(params)
            .with_output(self.output.clone())
            .with_lookback("the rows of the group or window frame")
            .with_source(self.source)
            .with_example(&example::aggregate(self), "");
        let (factory, n_series) = (self.factory, self.series.len());
        let n_outputs = self.output.fields().len().max(1);
        metric_function(
            spec,
            self.order,
            Arc::new(move |args| {
                Ok(Box::new(Collected {
                    statistic: factory(args)?,
                    columns: vec![Vec::new(); n_series],
                    n_outputs,
                }))
            }),
        )
    }

    fn rolling(&self) -> Function {
        let name = format!("rolling_{}", self.name);
        let summary = format!("{}, over the last `period` rows", self.summary);
        let period = params::period(self.min_rows);
        let params = self
            .series
            .iter()
            .chain(std::iter::once(&period))
            .chain(&self.options)
            .cloned()
            .collect();
        let aliases = self.rolling_aliases.iter().map(ToString::to_string);
        let spec = FunctionSpec::new(&name, "statistics", Kind::Window, &summary)
            .with_aliases(aliases.collect())
            .with_params(params)
            .with_output(self.output.clone())
            .with_lookback("period - 1")
            .with_source(self.source)
            .with_example(&example::rolling(self, &name), "");
        let factory = self.factory;
        series_function(
            spec,
            Arc::new(move |args| {
                Ok(Box::new(Rolling {
                    statistic: factory(args)?,
                    period: args.count("period")?,
                }))
            }),
        )
    }
}

/// The rows of a group, column by column.
struct Collected {
    statistic: Box<dyn Statistic>,
    columns: Vec<Vec<f64>>,
    n_outputs: usize,
}

impl Metric for Collected {
    fn push(&mut self, row: &[f64]) {
        for (column, value) in self.columns.iter_mut().zip(row) {
            column.push(*value);
        }
    }

    fn values(&self) -> Vec<f64> {
        let columns: Vec<&[f64]> = self.columns.iter().map(Vec::as_slice).collect();
        let mut out = vec![f64::NAN; self.n_outputs];
        self.statistic.describe(&columns, &mut out);
        out
    }
}

/// A statistic of the last rows.
struct Rolling {
    statistic: Box<dyn Statistic>,
    period: usize,
}

impl SeriesKernel for Rolling {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let n_rows = inputs.first().map_or(0, |c| c.len());
        let mut window: Vec<&[f64]> = Vec::with_capacity(inputs.len());
        let mut found = vec![f64::NAN; outputs.len()];
        for end in self.period..=n_rows {
            window.clear();
            window.extend(inputs.iter().map(|c| &c[end - self.period..end]));
            found.fill(f64::NAN);
            self.statistic.describe(&window, &mut found);
            for (output, value) in outputs.iter_mut().zip(&found) {
                output[end - 1] = *value;
            }
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.period.saturating_sub(1))
    }
}

/// Writes the results into their places; what there is no place for is dropped.
pub(crate) fn fill<const N: usize>(out: &mut [f64], values: [f64; N]) {
    for (place, value) in out.iter_mut().zip(values) {
        *place = value;
    }
}
