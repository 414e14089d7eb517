//! Return per deviation: Sharpe, Sortino, omega and their kin.

use super::arguments::Convention;
use super::conventions::{Annualization, Conventions, Downside, VolatilityScaling};
use super::growth::{annualized, annualized_risk_free, geometric_mean_return};
use super::numbers::{Comoments, mean, moments, quotient};
use super::series::Series;
use super::table::ReturnMetric;

/// The deviation of the returns per year. NaN below two returns.
pub fn volatility(s: &Series<'_>, c: &Conventions) -> f64 {
    let deviation = moments(s.returns.iter().copied()).deviation(c.ddof);
    match c.scaling {
        VolatilityScaling::Root => deviation * c.periods.sqrt(),
        VolatilityScaling::Compounded => {
            let growth = 1.0 + geometric_mean_return(s, c);
            let second_moment = deviation.powi(2) + growth.powi(2);
            (second_moment.powf(c.periods) - growth.powf(2.0 * c.periods)).sqrt()
        }
    }
}

/// The variance of the returns per year. NaN below two returns.
pub fn annual_variance(s: &Series<'_>, c: &Conventions) -> f64 {
    volatility(s, c).powi(2)
}

/// Excess return per year per volatility. NaN below two returns and without dispersion.
pub fn sharpe(s: &Series<'_>, c: &Conventions) -> f64 {
    quotient(excess_per_year(s, c), volatility(s, c))
}

/// Excess return per year per downside deviation. NaN below two returns and without a shortfall.
///
/// The arithmetic numerator is over the required return itself; the others are over the
/// risk-free rate, as LEAN and backtesting.py have it.
pub fn sortino(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.len() < 2 {
        return f64::NAN;
    }
    let excess = match c.annualization {
        Annualization::Arithmetic => {
            let required = c.required_per_period();
            mean(s.returns.iter().map(|r| r - required)) * c.periods
        }
        _ => excess_per_year(s, c),
    };
    quotient(excess, downside_risk(s, c))
}

/// Sortino divided by the root of 2, which puts it on the scale of the Sharpe ratio (Schwager).
pub fn adjusted_sortino(s: &Series<'_>, c: &Conventions) -> f64 {
    sortino(s, c) / std::f64::consts::SQRT_2
}

/// The Sharpe ratio divided by [`autocorrelation_penalty`]. NaN where the ratio is.
pub fn smart_sharpe(s: &Series<'_>, c: &Conventions) -> f64 {
    sharpe(s, c) / autocorrelation_penalty(s, c)
}

/// The Sortino ratio divided by [`autocorrelation_penalty`]. NaN where the ratio is.
pub fn smart_sortino(s: &Series<'_>, c: &Conventions) -> f64 {
    sortino(s, c) / autocorrelation_penalty(s, c)
}

/// The deviation below the required return, per year. NaN without the observations it needs.
pub fn downside_risk(s: &Series<'_>, c: &Conventions) -> f64 {
    let required = c.required_per_period();
    let shortfalls: Vec<f64> = s
        .returns
        .iter()
        .map(|r| r - required)
        .filter(|r| *r < 0.0)
        .collect();
    let squares: f64 = shortfalls.iter().map(|r| r * r).sum();
    let n = s.returns.len();
    let deviation = match c.downside {
        Downside::All => root_mean(squares, n),
        Downside::Sample => root_mean(squares, n.saturating_sub(1)),
        Downside::Losses => root_mean(squares, shortfalls.len()),
        Downside::LossesDeviation => moments(shortfalls).deviation(1),
    };
    deviation * c.periods.sqrt()
}

fn root_mean(squares: f64, n: usize) -> f64 {
    if n == 0 {
        f64::NAN
    } else {
        (squares / n as f64).sqrt()
    }
}

/// The arithmetic mean of the excess goes first: subtracting two products would cost digits.
fn excess_per_year(s: &Series<'_>, c: &Conventions) -> f64 {
    match c.annualization {
        Annualization::Arithmetic => {
            let rate = c.risk_free_per_period();
            mean(s.returns.iter().map(|r| r - rate)) * c.periods
        }
        _ => annualized(s, c) - annualized_risk_free(c),
    }
}

/// The factor by which autocorrelation inflates the deviation of a year,
/// `sqrt(1 + 2 sum over k of (n - k) / n |rho|^k)` with rho the correlation of neighbours. 1 where
/// rho cannot be told. NaN without returns.
pub fn autocorrelation_penalty(s: &Series<'_>, _: &Conventions) -> f64 {
    let n = s.returns.len();
    if n == 0 {
        return f64::NAN;
    }
    let (Some(later), Some((_, earlier))) = (s.returns.get(1..), s.returns.split_last()) else {
        return 1.0;
    };
    let rho = Comoments::new(earlier, later).correlation().abs();
    if rho.is_nan() {
        return 1.0;
    }
    let weighted = |k: usize| (n - k) as f64 / n as f64 * rho.powf(k as f64);
    let sum: f64 = (1..n).map(weighted).sum();
    (1.0 + 2.0 * sum).sqrt()
}

/// Gains over the required return divided by shortfalls below it. NaN below two returns and
/// without a shortfall.
pub fn omega(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.len() < 2 {
        return f64::NAN;
    }
    let threshold = c.risk_free_per_period() + c.required_per_period();
    let (gains, losses) = gains_and_losses(s.returns.iter().map(|r| r - threshold));
    quotient(gains, losses)
}

/// The sum of the returns divided by the sum of the losses. NaN without a loss.
pub fn gain_to_pain(s: &Series<'_>, _: &Conventions) -> f64 {
    let (_, losses) = gains_and_losses(s.returns.iter().copied());
    quotient(s.returns.iter().sum(), losses)
}

/// The sum of what is above 0 and the size of the sum of what is below.
pub(crate) fn gains_and_losses(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((0.0, 0.0), |(gains, losses), v| {
        (gains + v.max(0.0), losses - v.min(0.0))
    })
}

/// What the Sharpe ratio and its kin let the caller choose.
const SHARPE_CHOICES: &[Convention] = &[
    Convention::Periods,
    Convention::RiskFree,
    Convention::Ddof,
    Convention::RateBasis,
    Convention::Annualization,
    Convention::Scaling,
];
/// What the Sortino ratio and its kin let the caller choose.
const SORTINO_CHOICES: &[Convention] = &[
    Convention::Periods,
    Convention::Required,
    Convention::Downside,
    Convention::RateBasis,
    Convention::Annualization,
    Convention::RiskFree,
];

/// The lines of the table about dispersion.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "sharpe",
        sharpe,
        "Sharpe ratio: excess return per year divided by the volatility; NULL below two returns and without dispersion",
        "Sharpe 1994; mean / std * sqrt(periods) as in empyrical",
    )
    .taking(SHARPE_CHOICES)
    .streaming(crate::sharpe::streaming)
    .example("4.242641"),
    ReturnMetric::new(
        "smart_sharpe",
        smart_sharpe,
        "Sharpe ratio divided by the penalty for autocorrelation; NULL below two returns and without dispersion",
        "smart_sharpe of quantstats",
    )
    .taking(SHARPE_CHOICES)
    .ordered()
    .example("2.276856"),
    ReturnMetric::new(
        "sortino",
        sortino,
        "Sortino ratio: return per year over the required one, divided by the downside deviation; NULL below two returns and when none falls short",
        "Sortino and Price 1994; downside over all n as in empyrical and quantstats",
    )
    .taking(SORTINO_CHOICES)
    .streaming(crate::sortino::streaming)
    .example("8.694826"),
    ReturnMetric::new(
        "smart_sortino",
        smart_sortino,
        "Sortino ratio divided by the penalty for autocorrelation; NULL below two returns and when none falls short",
        "smart_sortino of quantstats",
    )
    .taking(SORTINO_CHOICES)
    .ordered()
    .example("4.666167"),
    ReturnMetric::new(
        "adjusted_sortino",
        adjusted_sortino,
        "Sortino ratio divided by the root of 2, to compare it with a Sharpe ratio; NULL below two returns and when none falls short",
        "adjusted_sortino of quantstats, after Schwager",
    )
    .taking(SORTINO_CHOICES)
    .example("6.14817"),
    ReturnMetric::new(
        "volatility",
        volatility,
        "Volatility: standard deviation of the returns per year, as a fraction; NULL below two returns",
        "std * sqrt(periods) as in empyrical and quantstats",
    )
    .taking(&[Convention::Periods, Convention::Ddof, Convention::Scaling])
    .streaming(crate::volatility::streaming)
    .example("0.296985"),
    ReturnMetric::new(
        "annual_variance",
        annual_variance,
        "Variance of the returns per year, the square of the volatility; NULL below two returns",
        "Annual Variance of LEAN",
    )
    .taking(&[Convention::Periods, Convention::Ddof, Convention::Scaling])
    .example("0.0882"),
    ReturnMetric::new(
        "downside_risk",
        downside_risk,
        "Downside deviation: root of the mean squared shortfall below the required return, per year, as a fraction",
        "downside_risk of empyrical",
    )
    .taking(&[
        Convention::Required,
        Convention::Periods,
        Convention::Downside,
        Convention::RateBasis,
    ])
    .example("0.144914"),
    ReturnMetric::new(
        "autocorrelation_penalty",
        autocorrelation_penalty,
        "Factor by which autocorrelation inflates the deviation of a year, at least 1",
        "autocorr_penalty of quantstats",
    )
    .named(&["autocorr_penalty"])
    .ordered()
    .example("1.863377"),
    ReturnMetric::new(
        "omega",
        omega,
        "Omega ratio: sum of the returns above the required one divided by the sum of the shortfalls; NULL without a shortfall",
        "Keating and Shadwick 2002; omega_ratio of empyrical, omega of quantstats",
    )
    .taking(&[
        Convention::Required,
        Convention::Periods,
        Convention::RateBasis,
        Convention::RiskFree,
    ])
    .example("2.0"),
    ReturnMetric::new(
        "gain_to_pain",
        gain_to_pain,
        "Gain to pain ratio: sum of the returns divided by the sum of the losses; NULL without a loss",
        "Schwager 2012; gain_to_pain_ratio of quantstats",
    )
    .example("1.0"),
];
