//! `return_metrics`: every metric of a series of returns, one row each.

use super::frame;
use crate::metrics::all;
use crate::metrics::arguments::{Convention, conventions, optional_choice};
use crate::metrics::conventions::Conventions;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, ParamValue, QlError, Stability,
};
use std::sync::Arc;

const NAME: &str = "return_metrics";
/// What is the same in every library, and so an argument of its own.
const CHOICES: &[Convention] = &[
    Convention::Periods,
    Convention::RiskFree,
    Convention::Required,
    Convention::Level,
    Convention::Method,
];
/// What a library decides, and the caller may decide otherwise.
const OVERRIDES: &[Convention] = &[Convention::RateBasis, Convention::Years];
const LIBRARIES: [(&str, Conventions); 3] = [
    ("empyrical", Conventions::EMPYRICAL),
    ("quantstats", Conventions::QUANTSTATS),
    ("lean", Conventions::LEAN),
];

struct ReturnMetrics {
    conventions: Conventions,
}

impl RelationKernel for ReturnMetrics {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let benchmark = rows.values("benchmark")?;
        let has_benchmark = benchmark.iter().any(|b| b.is_finite());
        let benchmark = if has_benchmark { &benchmark[..] } else { &[] };
        let observations = frame::observations(NAME, rows, benchmark)?;
        let report = all(&observations.series(), &self.conventions);
        let symbol = frame::symbol_of(rows)?;
        let columns = vec![
            frame::texts(report.iter().map(|_| symbol)),
            frame::texts(report.iter().map(|(name, _)| Some(*name))),
            frame::floats(report.iter().map(|(_, value)| *value)),
        ];
        frame::batch(NAME, rows, columns)
    }
}

fn make(args: &Args) -> Result<Box<dyn RelationKernel>, QlError> {
    let code = args.count("library")?;
    let (_, library) = LIBRARIES
        .get(code)
        .ok_or_else(|| QlError::internal(format!("{NAME}: no library has the code {code}")))?;
    let mut report = *library;
    conventions(args, CHOICES)?.copy_common_to(&mut report);
    for convention in OVERRIDES {
        optional_choice(args, *convention, &mut report)?;
    }
    Ok(Box::new(ReturnMetrics {
        conventions: report,
    }))
}

fn params() -> Vec<ParamSpec> {
    let names = (0..)
        .zip(LIBRARIES)
        .map(|(code, (name, _))| (name.to_string(), code));
    let library = ParamSpec::optional(
        "library",
        ParamKind::Choice(names.collect()),
        ParamValue::Text("empyrical".into()),
        "whose conventions the metrics follow; docs/metrics.md lists them",
    );
    let mut params = vec![frame::query(), library];
    params.extend(CHOICES.iter().map(|c| c.param()));
    params.extend(OVERRIDES.iter().map(|c| {
        let mut param = c.param();
        param.default = Some(ParamValue::Null);
        param.doc = format!("{}; NULL for the library's", param.doc);
        param
    }));
    params
}

pub(super) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        "risk",
        Kind::Relation,
        "Every metric of a series of returns under the conventions of one library, with those against a benchmark where the query has one: names and values, fractions unless the metric says otherwise",
    )
    .with_params(params())
    .with_output(Output::Rows(vec![
        frame::symbol_field(),
        OutputField::new("metric", OutputType::Text, "name; the aggregate of this name says what it is"),
        OutputField::new("value", OutputType::Float, "value; NULL where it cannot be told"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_stability(Stability::PathDependent)
    .with_source("metrics of empyrical-reloaded, quantstats, ffn and LEAN")
    .with_example(
        "SELECT metric, round(value, 6) AS value FROM return_metrics((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 0.1), (TIMESTAMP '2024-01-03', -0.2), (TIMESTAMP '2024-01-04', 0.05)) \
         AS v(ts, ret))) WHERE metric IN ('total_return', 'max_drawdown', 'win_rate') ORDER BY metric",
        "max_drawdown,-0.2\ntotal_return,-0.076\nwin_rate,0.666667",
    );
    let mut columns = frame::columns();
    columns.push(InputColumn::optional("benchmark", InputType::Number));
    relation_function(
        spec,
        columns,
        Grouping::PerKey(frame::SYMBOL.into()),
        &[frame::SYMBOL, "ts"],
        Arc::new(make),
    )
}
