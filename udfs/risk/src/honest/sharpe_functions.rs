//! `probabilistic_sharpe`, `deflated_sharpe`, `min_track_record_length`, `expected_maximum_sharpe`
//! and `min_backtest_length` in SQL; [`super::inference`] says what they compute.

use super::binding::{choice, floats, number, optional_number};
use super::inference::{
    FourMoments, MomentRule, SharpeEstimate, deflated_sharpe, expected_maximum_sharpe,
    min_backtest_length, min_track_record_length, probabilistic_sharpe,
};
use crate::params::{ddof, ret};
use datafusion::arrow::array::{Array, ArrayRef, AsArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::logical_expr::Volatility;
use quantlake_core::metric::{Metric, RowOrder, metric_function};
use quantlake_core::scalar::scalar_function;
use quantlake_core::{Args, Function, FunctionSpec, Kind, ParamSpec, QlError};
use std::sync::Arc;

const FAMILY: &str = "significance";

/// Returns in, one number out of their moments.
struct OfMoments<F> {
    moments: FourMoments,
    ddof: usize,
    rule: MomentRule,
    statistic: F,
}

impl<F: Fn(&SharpeEstimate) -> f64 + Send + Sync> Metric for OfMoments<F> {
    fn push(&mut self, row: &[f64]) {
        row.iter().for_each(|r| self.moments.push(*r));
    }

    fn values(&self) -> Vec<f64> {
        vec![(self.statistic)(
            &self.moments.estimate(self.ddof, self.rule),
        )]
    }
}

fn of_moments(
    args: &Args,
    statistic: impl Fn(&SharpeEstimate) -> f64 + Send + Sync + 'static,
) -> Result<Box<dyn Metric>, QlError> {
    Ok(Box::new(OfMoments {
        moments: FourMoments::default(),
        ddof: args.count("ddof")?,
        rule: match args.integer("moments")? {
            0 => MomentRule::Population,
            _ => MomentRule::Sample,
        },
        statistic,
    }))
}

fn spec(name: &str, summary: &str, own: Vec<ParamSpec>) -> FunctionSpec {
    let moments = choice(
        "moments",
        &["population", "sample"],
        "estimates of skewness and kurtosis: divided by n (scipy), or corrected for the sample's size (pandas, quantstats)",
    );
    let params = std::iter::once(ret()).chain(own).chain([ddof(), moments]);
    FunctionSpec::new(name, FAMILY, Kind::Aggregate, summary)
        .with_params(params.collect())
        .with_lookback("the rows of the group or window frame")
}

fn benchmark() -> ParamSpec {
    number(
        "benchmark",
        (-100.0, 100.0),
        0.0,
        "Sharpe ratio to beat, per period (not annualised)",
    )
}

fn shown(call: &str) -> String {
    format!(
        "SELECT round({call}, 6) AS value FROM (SELECT 0.004 + sin(t * t) / 50 AS ret FROM generate_series(1, 250) AS g(t)) AS v"
    )
}

fn probabilistic() -> Function {
    let spec = spec(
        "probabilistic_sharpe",
        "Probability that the true Sharpe ratio exceeds the benchmark, given the number of returns, their skewness and their kurtosis; NULL below two returns and without dispersion",
        vec![benchmark()],
    )
    .with_source("Bailey and Lopez de Prado 2012: N((SR - SR*) sqrt(n - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2)), raw kurtosis")
    .with_example(&shown("probabilistic_sharpe(ret, 0.1)"), "0.998307");
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|args| {
            let benchmark = args.number("benchmark")?;
            of_moments(args, move |e| probabilistic_sharpe(e, benchmark))
        }),
    )
}

fn deflated() -> Function {
    let trials = ParamSpec::required(
        "trials",
        quantlake_core::ParamKind::Number {
            min: 1.0,
            max: 1e15,
        },
        "how many strategies or parameter sets were tried until this one was picked; a fraction is an effective number",
    );
    let variance = optional_number(
        "trials_variance",
        (0.0, 1e6),
        "variance of the per-period Sharpe ratios of all trials; NULL for 1 / (n - 1), the variance among trials without skill",
    );
    let spec = spec(
        "deflated_sharpe",
        "Probability that the true Sharpe ratio exceeds what the best of so many trials would show without skill; NULL below two returns and without dispersion",
        vec![trials, variance],
    )
    .with_source("Bailey and Lopez de Prado 2014: probabilistic Sharpe ratio against the expected maximum of the trials' ratios")
    .with_example(&shown("deflated_sharpe(ret, 100, 0.01)"), "0.699273");
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|args| {
            let trials = args.number("trials")?;
            let variance = args.optional_number("trials_variance")?;
            of_moments(args, move |e| deflated_sharpe(e, trials, variance))
        }),
    )
}

fn track_record() -> Function {
    let confidence = number(
        "confidence",
        (0.5, 0.999_999),
        0.95,
        "probability with which the true ratio exceeds the benchmark",
    );
    let spec = spec(
        "min_track_record_length",
        "Number of returns after which this Sharpe ratio would show, with this confidence, that the true one exceeds the benchmark; NULL where it is not above the benchmark",
        vec![benchmark(), confidence],
    )
    .with_source("Bailey and Lopez de Prado 2012: 1 + (1 - skew SR + (kurt - 1) / 4 SR^2) (z / (SR - SR*))^2")
    .with_example(&shown("min_track_record_length(ret)"), "34.214329");
    metric_function(
        spec,
        RowOrder::Irrelevant,
        Arc::new(|args| {
            let (benchmark, confidence) = (args.number("benchmark")?, args.number("confidence")?);
            of_moments(args, move |e| {
                min_track_record_length(e, benchmark, confidence)
            })
        }),
    )
}

/// A scalar function of two columns.
fn of_two(spec: FunctionSpec, compute: fn(f64, f64) -> f64) -> Function {
    let kernel = move |_: &Args, columns: &[ArrayRef], _: usize| match columns {
        [a, b] => Ok(zip(a, b, compute)),
        _ => Err(QlError::internal("a function of two columns got others")),
    };
    scalar_function(spec, Volatility::Immutable, Arc::new(kernel))
}

fn zip(a: &ArrayRef, b: &ArrayRef, compute: fn(f64, f64) -> f64) -> ArrayRef {
    let value = |column: &ArrayRef, row: usize| match column.as_primitive_opt::<Float64Type>() {
        Some(values) if values.is_valid(row) => values.value(row),
        _ => f64::NAN,
    };
    floats((0..a.len()).map(|row| compute(value(a, row), value(b, row))))
}

fn expected_maximum() -> Function {
    let spec = FunctionSpec::new(
        "expected_maximum_sharpe",
        FAMILY,
        Kind::Scalar,
        "Sharpe ratio to expect of the best of so many trials without skill, in the unit of the variance's root; NULL below one trial",
    )
    .with_params(vec![
        ParamSpec::series("trials", "number of trials"),
        ParamSpec::series("variance", "variance of the trials' Sharpe ratios"),
    ])
    .with_source("Bailey and Lopez de Prado 2014: sqrt(V) ((1 - g) z(1 - 1/N) + g z(1 - 1/(N e)))")
    .with_example(
        "SELECT round(expected_maximum_sharpe(100, 1), 6) AS value", "2.530603",
    );
    of_two(spec, expected_maximum_sharpe)
}

fn backtest_length() -> Function {
    let spec = FunctionSpec::new(
        "min_backtest_length",
        FAMILY,
        Kind::Scalar,
        "Years of backtest below which the best of so many trials without skill is expected to show this annualised Sharpe ratio; NULL for a ratio of 0 or less",
    )
    .with_params(vec![
        ParamSpec::series("trials", "number of trials"),
        ParamSpec::series("sharpe", "annualised Sharpe ratio of the picked trial"),
    ])
    .with_source("Bailey, Borwein, Lopez de Prado and Zhu 2014: (E[max of N normal] / SR)^2")
    .with_example("SELECT round(min_backtest_length(45, 1), 6) AS years", "4.998087");
    of_two(spec, min_backtest_length)
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![
        probabilistic(),
        deflated(),
        track_record(),
        expected_maximum(),
        backtest_length(),
    ]
}
