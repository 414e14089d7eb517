//! The metrics of the table as SQL aggregates.

use super::arguments::{check_risk_free, conventions};
use super::conventions::Conventions;
use super::series::Series;
use super::table::{Compute, Inputs, ReturnMetric};
use crate::params::{benchmark, metric_spec, ret};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{Args, Function, FunctionSpec, Output, QlError};
use std::sync::Arc;

/// A metric that keeps its rows and computes from all of them.
struct Collected {
    compute: Compute,
    conventions: Conventions,
    returns: Vec<f64>,
    benchmark: Vec<f64>,
}

impl Metric for Collected {
    fn push(&mut self, row: &[f64]) {
        self.returns.extend(row.first());
        self.benchmark.extend(row.get(1));
    }

    fn values(&self) -> Vec<f64> {
        let series = Series {
            returns: &self.returns,
            benchmark: &self.benchmark,
            ..Series::default()
        };
        vec![(self.compute)(&series, &self.conventions)]
    }
}

fn make(metric: &ReturnMetric, args: &Args) -> Result<Box<dyn Metric>, QlError> {
    let conventions = conventions(args, metric.conventions)?;
    check_risk_free(metric.name, metric.conventions, &conventions)?;
    Ok((metric.streaming)(&conventions).unwrap_or_else(|| {
        Box::new(Collected {
            compute: metric.compute,
            conventions,
            returns: Vec::new(),
            benchmark: Vec::new(),
        })
    }))
}

/// The aggregate of a metric.
pub(super) fn function(metric: &'static ReturnMetric) -> Function {
    metric_function(
        spec(metric),
        metric.order,
        Arc::new(|args| make(metric, args)),
    )
}

fn spec(metric: &ReturnMetric) -> FunctionSpec {
    let mut params = vec![ret()];
    if metric.inputs == Inputs::ReturnsAndBenchmark {
        params.push(benchmark());
    }
    params.extend(metric.conventions.iter().map(|c| c.param()));
    metric_spec(metric.name, metric.summary)
        .with_params(params)
        .with_aliases(metric.aliases.iter().map(ToString::to_string).collect())
        .with_output(Output::Value(metric.output))
        .with_source(metric.source)
        .with_example(&example(metric), metric.example)
}

/// The metric over six periods.
fn example(metric: &ReturnMetric) -> String {
    let columns = match metric.inputs {
        Inputs::ReturnsAndBenchmark => "r, b",
        Inputs::Returns | Inputs::ReturnsAndTimes => "r",
    };
    let order = match metric.order {
        RowOrder::Significant => " ORDER BY t",
        RowOrder::Irrelevant => "",
    };
    format!(
        "SELECT round({}({columns}{order}), 6) AS value FROM (VALUES (1, 0.01, 0.008), \
         (2, -0.02, -0.01), (3, 0.03, 0.02), (4, -0.01, -0.015), (5, 0.0, 0.005), \
         (6, 0.02, 0.01)) AS v(t, r, b)",
        metric.name
    )
}
