//! `value_at_risk`, `conditional_value_at_risk`, `drawdown_at_risk` and
//! `conditional_drawdown_at_risk` in SQL; [`super::tail_risk`] says what they compute.

use super::tail_risk::{Method, TailRisk, drawdown_risk, tail_risk};
use crate::honest::binding::{choice, integer, number, optional_number, paths, seed, seed_of};
use crate::params::{level, metric_spec, ret, tail_share};
use quantlake_core::metric::{Metric, MetricFactory, RowOrder, metric_function};
use quantlake_core::{Args, Function, ParamKind, ParamSpec, ParamValue, QlError};
use std::sync::Arc;

/// All returns, and what is told from them.
struct OfSeries<F> {
    returns: Vec<f64>,
    risk: F,
}

impl<F: Fn(&[f64]) -> f64 + Send + Sync> Metric for OfSeries<F> {
    fn push(&mut self, row: &[f64]) {
        self.returns.extend_from_slice(row);
    }

    fn values(&self) -> Vec<f64> {
        if self.returns.is_empty() {
            return vec![f64::NAN];
        }
        vec![(self.risk)(&self.returns)]
    }
}

/// One of the two numbers.
type Part = fn(TailRisk) -> f64;

const VALUE_AT_RISK: Part = |risk| risk.value_at_risk;
const SHORTFALL: Part = |risk| risk.shortfall;

fn method(args: &Args) -> Result<Method, QlError> {
    let lambda = args.number("lambda")?;
    Ok(match args.integer("method")? {
        0 => Method::Historical,
        1 => Method::Gaussian,
        2 => Method::CornishFisher,
        3 => Method::Ewma { lambda },
        4 => Method::MonteCarlo {
            n_paths: args.count("paths")?,
            horizon: args.count("horizon")?,
            seed: seed_of(args)?,
        },
        5 => Method::Student(args.optional_number("degrees")?),
        _ => Method::Filtered { lambda },
    })
}

/// The decay of exponential weights.
pub(crate) fn lambda() -> ParamSpec {
    number(
        "lambda",
        (0.5, 0.9999),
        0.94,
        "weight of a row relative to the next one, for exponentially weighted variances: 0.94 for days, 0.97 for months",
    )
}

fn risk_params() -> Vec<ParamSpec> {
    vec![
        ret(),
        level(),
        choice(
            "method",
            &[
                "historical",
                "gaussian",
                "cornish_fisher",
                "ewma",
                "monte_carlo",
                "student_t",
                "filtered_historical",
            ],
            "observed returns; normal; normal bent to skewness and kurtosis; normal with RiskMetrics' variance; simulated; Student's t; observed returns at the present volatility",
        ),
        lambda(),
        optional_number(
            "degrees",
            (2.01, 1e6),
            "degrees of freedom for student_t; NULL for those that have the kurtosis of the returns",
        ),
        paths("paths", 10_000, "simulated paths for monte_carlo"),
        integer(
            "horizon",
            (1, 10_000),
            1,
            "periods compounded by monte_carlo",
        ),
        seed(),
    ]
}

fn shown(call: &str) -> String {
    format!(
        "SELECT round({call}, 6) AS value FROM (SELECT t, sin(t * t) / 50 AS ret FROM generate_series(1, 250) AS g(t)) AS v"
    )
}

fn risk_factory(part: Part) -> MetricFactory {
    Arc::new(move |args| {
        let (share, method) = (tail_share(args)?, method(args)?);
        let risk = move |returns: &[f64]| part(tail_risk(returns, share, method));
        Ok(Box::new(OfSeries {
            returns: vec![],
            risk,
        }))
    })
}

const RISK_SOURCE: &str = "numpy's quantile; Zangari 1996; RiskMetrics 1996; Hull and White 1998; closed forms for the normal and t distribution";

fn value_at_risk() -> Function {
    let spec = metric_spec(
        "value_at_risk",
        "Value at risk by a method of choice: the return of one period that the worst (1 - level) share falls below; a loss is negative",
    )
    .with_params(risk_params())
    .with_source(RISK_SOURCE)
    .with_example(
        &shown("value_at_risk(ret, 0.99, 'cornish_fisher' ORDER BY t)"), "-0.027918",
    );
    metric_function(spec, RowOrder::Significant, risk_factory(VALUE_AT_RISK))
}

fn conditional_value_at_risk() -> Function {
    let spec = metric_spec(
        "conditional_value_at_risk",
        "Expected shortfall by a method of choice: the mean return of one period in the worst (1 - level) share; a loss is negative",
    )
    .with_params(risk_params())
    .with_source(RISK_SOURCE)
    .with_example(
        &shown("conditional_value_at_risk(ret, 0.99, 'student_t' ORDER BY t)"), "-0.038009",
    );
    metric_function(spec, RowOrder::Significant, risk_factory(SHORTFALL))
}

fn drawdown(name: &str, summary: &str, part: Part, result: &str) -> Function {
    let compounded = ParamSpec::optional(
        "compounded",
        ParamKind::Flag,
        ParamValue::Flag(true),
        "true for drawdowns of compounded wealth, false for those of the sum of returns (skfolio's default)",
    );
    let spec = metric_spec(name, summary)
        .with_params(vec![ret(), level(), compounded])
        .with_source("Chekhlov, Uryasev and Zabarankin 2005; quantile linear between neighbours, mean of exactly the share")
        .with_example(&shown(&format!("{name}(ret, 0.9 ORDER BY t)")), result);
    let factory: MetricFactory = Arc::new(move |args| {
        let (share, is_compounded) = (tail_share(args)?, args.flag("compounded")?);
        let risk = move |returns: &[f64]| part(drawdown_risk(returns, share, is_compounded));
        Ok(Box::new(OfSeries {
            returns: vec![],
            risk,
        }))
    });
    metric_function(spec, RowOrder::Significant, factory)
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![
        value_at_risk(),
        conditional_value_at_risk(),
        drawdown(
            "drawdown_at_risk",
            "The drawdown that wealth is deeper in for the worst (1 - level) share of the periods; 0 or negative",
            VALUE_AT_RISK,
            "-0.124296",
        ),
        drawdown(
            "conditional_drawdown_at_risk",
            "Mean drawdown in the worst (1 - level) share of the periods; 0 or negative",
            SHORTFALL,
            "-0.132316",
        ),
    ]
}
