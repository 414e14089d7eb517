//! The metrics of the table as SQL aggregates.

use super::arguments::{check_risk_free, conventions};
use super::conventions::Conventions;
use super::series::Observations;
use super::table::{Compute, Inputs, ReturnMetric};
use crate::params::{benchmark, end, metric_spec, ret};
use quantlake_core::metric::{Metric, RowOrder, metric_function, nanoseconds};
use quantlake_core::{Args, Function, FunctionSpec, Output, QlError};
use std::sync::Arc;

/// A metric that keeps its rows and computes from all of them.
struct Collected {
    compute: Compute,
    inputs: Inputs,
    conventions: Conventions,
    rows: Observations,
}

impl Metric for Collected {
    fn push(&mut self, row: &[f64]) {
        let (Some(ret), beside) = (row.first(), row.get(1)) else {
            return;
        };
        match (self.inputs, beside) {
            (Inputs::ReturnsAndBenchmark, Some(benchmark)) => {
                self.rows.push(*ret, Some(*benchmark), None);
            }
            // What lies outside of the years of nanoseconds has no place in a calendar.
            (Inputs::ReturnsAndTimes, Some(time)) => {
                if let Some(time) = nanoseconds(*time) {
                    self.rows.push(*ret, None, Some(time));
                }
            }
            _ => self.rows.push(*ret, None, None),
        }
    }

    fn values(&self) -> Vec<f64> {
        let ordered = self.rows.in_time_order();
        vec![(self.compute)(&ordered.series(), &self.conventions)]
    }
}

fn make(metric: &ReturnMetric, args: &Args) -> Result<Box<dyn Metric>, QlError> {
    let conventions = conventions(args, metric.conventions)?;
    check_risk_free(metric.name, metric.conventions, &conventions)?;
    Ok((metric.streaming)(&conventions).unwrap_or_else(|| {
        Box::new(Collected {
            compute: metric.compute,
            inputs: metric.inputs,
            conventions,
            rows: Observations::default(),
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
    params.extend(match metric.inputs {
        Inputs::Returns => None,
        Inputs::ReturnsAndBenchmark => Some(benchmark()),
        Inputs::ReturnsAndTimes => Some(end()),
    });
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
        Inputs::Returns => "r",
        Inputs::ReturnsAndBenchmark => "r, b",
        Inputs::ReturnsAndTimes => "r, t",
    };
    let order = match metric.order {
        RowOrder::Significant => " ORDER BY t",
        RowOrder::Irrelevant => "",
    };
    let rows = match metric.inputs {
        Inputs::ReturnsAndTimes => {
            "(DATE '2013-12-31', 0.0), (DATE '2018-06-29', 0.6), (DATE '2022-11-30', -0.2), \
             (DATE '2023-11-30', 0.3), (DATE '2023-12-29', -0.02), (DATE '2024-02-29', 0.04)) AS v(t, r)"
        }
        Inputs::Returns | Inputs::ReturnsAndBenchmark => {
            "(1, 0.01, 0.008), (2, -0.02, -0.01), (3, 0.03, 0.02), (4, -0.01, -0.015), \
             (5, 0.0, 0.005), (6, 0.02, 0.01)) AS v(t, r, b)"
        }
    };
    format!(
        "SELECT round({}({columns}{order}), 6) AS value FROM (VALUES {rows}",
        metric.name
    )
}
