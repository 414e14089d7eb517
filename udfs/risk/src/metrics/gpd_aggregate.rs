//! `gpd_risk_estimates`: value at risk and expected shortfall from a fitted Pareto tail.

use super::gpd::pareto_tail;
use crate::params::{metric_spec, ret};
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::{
    Args, Function, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue, QlError,
};
use std::sync::Arc;

const N_FIELDS: usize = 5;

struct ParetoTailOfReturns {
    probability: f64,
    tolerance: f64,
    returns: Vec<f64>,
}

impl Metric for ParetoTailOfReturns {
    fn push(&mut self, row: &[f64]) {
        self.returns.extend(row.first());
    }

    fn values(&self) -> Vec<f64> {
        match pareto_tail(&self.returns, self.probability, self.tolerance) {
            None => vec![f64::NAN; N_FIELDS],
            Some(t) => vec![
                t.threshold,
                t.scale,
                t.shape,
                t.value_at_risk,
                t.expected_shortfall,
            ],
        }
    }
}

fn make(args: &Args) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(ParetoTailOfReturns {
        probability: args.number("probability")?,
        tolerance: args.number("tolerance")?,
        returns: Vec::new(),
    }))
}

pub(super) fn function() -> Function {
    let number = |name: &str, min: f64, max: f64, default: f64, doc: &str| {
        let kind = ParamKind::Number { min, max };
        ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
    };
    let field = |name: &str, doc: &str| OutputField::new(name, OutputType::Float, doc);
    let spec = metric_spec(
        "gpd_risk_estimates",
        "Value at risk and expected shortfall from a generalised Pareto distribution fitted to the losses beyond a threshold, as positive fractions; NULL below three returns and without a fat tail",
    )
    .with_params(vec![
        ret(),
        number("probability", 1e-9, 0.5, 0.01, "probability of a loss beyond the value at risk"),
        number("tolerance", 1e-12, 0.1, 1e-4, "how near the optimiser comes in parameters and likelihood; 1e-4 as in empyrical"),
    ])
    .with_output(Output::Struct(vec![
        field("threshold", "loss beyond which the tail begins"),
        field("scale", "scale of the distribution"),
        field("shape", "shape of the distribution, positive for a fat tail"),
        field("value_at_risk", "loss that is exceeded with the given probability"),
        field("expected_shortfall", "mean loss beyond the value at risk"),
    ]))
    .with_source("Gilli and Kellezi 2006; gpd_risk_estimates of empyrical")
    .with_example(
        "SELECT round((gpd_risk_estimates(r, 0.05))['value_at_risk'], 4) AS value_at_risk FROM (VALUES (0.01), \
         (-0.02), (0.03), (-0.01), (0.0), (-0.05), (0.02), (-0.12), (0.01), (-0.03)) AS v(r)",
        "0.2664",
    );
    metric_function(spec, RowOrder::Irrelevant, Arc::new(make))
}
