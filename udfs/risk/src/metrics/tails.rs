//! The ends of the distribution.

use super::arguments::Convention;
use super::conventions::{Conventions, QuantileRule, TailMean};
use super::numbers::{moments, quantile, quotient, sorted};
use super::series::Series;
use super::table::ReturnMetric;
use quantlake_core::normal;

/// The size of the high quantile per size of the low one. NaN without returns and where the low
/// quantile is 0.
pub fn tail_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    let sorted = sorted(s.returns);
    let share = c.tail_share();
    quotient(quantile(&sorted, 1.0 - share), quantile(&sorted, share)).abs()
}

/// The return that only the worst share of the periods falls below. NaN without returns.
pub fn historical_var(s: &Series<'_>, c: &Conventions) -> f64 {
    let sorted = sorted(s.returns);
    match c.quantile_rule {
        QuantileRule::Linear => quantile(&sorted, c.tail_share()),
        QuantileRule::Order => {
            let position = sorted.len() as f64 * c.tail_share();
            let last = sorted.len().saturating_sub(1);
            let index = (position as usize).min(last);
            sorted.get(index).copied().unwrap_or(f64::NAN)
        }
    }
}

/// The mean of the worst share of the returns. NaN without returns.
pub fn historical_cvar(s: &Series<'_>, c: &Conventions) -> f64 {
    let sorted = sorted(s.returns);
    let share = c.tail_share();
    let n_covered = match c.tail_mean {
        TailMean::Discrete => (sorted.len().saturating_sub(1) as f64 * share).floor() + 1.0,
        TailMean::Exact => (sorted.len() as f64 * share).max(1.0),
    };
    mean_of_first(&sorted, n_covered)
}

/// The mean of the first `n_covered` values, the last one in part.
fn mean_of_first(sorted: &[f64], n_covered: f64) -> f64 {
    let whole = n_covered as usize;
    let Some(first) = sorted.get(..whole) else {
        return f64::NAN;
    };
    let partial = sorted.get(whole).map_or(0.0, |v| v * n_covered.fract());
    (first.iter().sum::<f64>() + partial) / n_covered
}

/// The value at risk of a normal distribution with the mean and deviation of the returns:
/// `mean + std * z(1 - level)`. NaN below two returns.
pub fn gaussian_var(s: &Series<'_>, c: &Conventions) -> f64 {
    let returns = moments(s.returns.iter().copied());
    returns.mean() + returns.deviation(c.ddof) * normal::quantile(c.tail_share())
}

/// The expected shortfall of a normal distribution with the mean and deviation of the returns:
/// `mean - std * density(z(1 - level)) / (1 - level)`. NaN below two returns.
pub fn gaussian_cvar(s: &Series<'_>, c: &Conventions) -> f64 {
    let returns = moments(s.returns.iter().copied());
    returns.mean() - returns.deviation(c.ddof) * shortfall_in_deviations(c.tail_share())
}

/// How many deviations below the mean the worst share of a normal distribution lies on average.
fn shortfall_in_deviations(share: f64) -> f64 {
    normal::density(normal::quantile(share)) / share
}

/// The lines of the table about tails.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "var_historical",
        historical_var,
        "Historical value at risk: the (1 - level) quantile of the returns, as a fraction; a loss is negative",
        "value_at_risk of empyrical: numpy.percentile",
    )
    .taking(&[Convention::Level, Convention::QuantileRule])
    .streaming(crate::var_historical::streaming)
    .example("-0.0175"),
    ReturnMetric::new(
        "cvar_historical",
        historical_cvar,
        "Conditional value at risk (expected shortfall): the mean of the worst (1 - level) share of the returns, as a fraction; a loss is negative",
        "conditional_value_at_risk of empyrical; Rockafellar and Uryasev 2000",
    )
    .taking(&[Convention::Level, Convention::TailMean])
    .streaming(crate::cvar_historical::streaming)
    .example("-0.02"),
    ReturnMetric::new(
        "var_gaussian",
        gaussian_var,
        "Value at risk of a normal distribution with the mean and deviation of the returns, as a fraction; a loss is negative",
        "value_at_risk of quantstats, Value at Risk of LEAN",
    )
    .taking(&[Convention::Level, Convention::Ddof])
    .in_reports_only(),
    ReturnMetric::new(
        "cvar_gaussian",
        gaussian_cvar,
        "Expected shortfall of a normal distribution with the mean and deviation of the returns, as a fraction; a loss is negative",
        "conditional_value_at_risk of quantstats",
    )
    .taking(&[Convention::Level, Convention::Ddof])
    .in_reports_only(),
    ReturnMetric::new(
        "tail_ratio",
        tail_ratio,
        "Tail ratio: size of the level quantile of the returns divided by the size of the (1 - level) quantile",
        "tail_ratio of empyrical and quantstats",
    )
    .taking(&[Convention::Level])
    .example("1.571429"),
];
