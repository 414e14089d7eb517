//! Wealth: total return, growth per year and per period, exposure.

use super::arguments::Convention;
use super::calendar::NANOSECONDS_IN_A_DAY;
use super::conventions::{Annualization, Conventions, YearCount};
use super::numbers::{mean, quotient};
use super::series::Series;
use super::table::ReturnMetric;

/// The logarithm of the factor by which wealth grew; minus infinity once everything is lost.
fn log_growth(returns: &[f64], c: &Conventions) -> f64 {
    returns.iter().map(|r| c.method.log_growth(*r)).sum()
}

/// The return over all periods: `(1 + r1) ... (1 + rn) - 1`, or the sum of the returns where they
/// do not compound. NaN without returns.
pub fn total_return(s: &Series<'_>, c: &Conventions) -> f64 {
    match s.returns {
        [] => f64::NAN,
        returns if c.compounded => log_growth(returns, c).exp_m1(),
        returns => returns.iter().sum(),
    }
}

/// The years that the returns span; NaN where they are to be counted by a calendar that is not
/// there.
pub fn years(s: &Series<'_>, c: &Conventions) -> f64 {
    let days_in_a_year = match c.years {
        YearCount::Periods => return s.returns.len() as f64 / c.periods,
        YearCount::Days365 => 365.0,
        YearCount::Days36525 => 365.25,
    };
    match (s.start.or(s.times.first().copied()), s.times.last()) {
        (Some(first), Some(last)) => {
            last.saturating_sub(first) as f64 / NANOSECONDS_IN_A_DAY as f64 / days_in_a_year
        }
        _ => f64::NAN,
    }
}

/// The yearly rate that gives the total return, `(1 + total)^(1 / years) - 1`. NaN without
/// returns, within no time, and where returns that do not compound lose more than everything.
pub fn annual_return(s: &Series<'_>, c: &Conventions) -> f64 {
    let years = years(s, c);
    if s.returns.is_empty() || years.is_nan() || years <= 0.0 {
        return f64::NAN;
    }
    if c.compounded {
        (log_growth(s.returns, c) / years).exp_m1()
    } else {
        (1.0 + total_return(s, c)).powf(1.0 / years) - 1.0
    }
}

/// The return of one period that compounds to the total return. NaN without returns.
pub fn geometric_mean_return(s: &Series<'_>, c: &Conventions) -> f64 {
    match s.returns.len() {
        0 => f64::NAN,
        n => (log_growth(s.returns, c) / n as f64).exp_m1(),
    }
}

/// The return per year under the wanted convention. NaN without returns.
pub(crate) fn annualized(s: &Series<'_>, c: &Conventions) -> f64 {
    match c.annualization {
        Annualization::Arithmetic => mean(s.returns.iter().copied()) * c.periods,
        Annualization::CompoundMean => compound_mean(s.returns, c.periods),
        Annualization::Geometric => annual_return(s, c),
        Annualization::Total => total_return(s, c),
    }
}

/// `(1 + mean)^periods - 1`.
pub(crate) fn compound_mean(returns: &[f64], periods: f64) -> f64 {
    (1.0 + mean(returns.iter().copied())).powf(periods) - 1.0
}

/// What the risk-free investment returns under the same convention as [`annualized`].
pub(crate) fn annualized_risk_free(c: &Conventions) -> f64 {
    match c.annualization {
        Annualization::Arithmetic => c.risk_free_per_period() * c.periods,
        Annualization::Total => c.risk_free,
        Annualization::CompoundMean | Annualization::Geometric => c.risk_free_per_year(),
    }
}

/// The share of periods whose return is not 0, optionally rounded up to whole percents. NaN
/// without returns.
pub fn exposure(s: &Series<'_>, c: &Conventions) -> f64 {
    exposure_of(s.returns.iter().copied(), c)
}

fn exposure_of(returns: impl Iterator<Item = f64>, c: &Conventions) -> f64 {
    let share = mean(returns.map(|r| f64::from(u8::from(r != 0.0))));
    if c.round_up {
        (share * 100.0).ceil() / 100.0
    } else {
        share
    }
}

/// The growth per year of the excess returns divided by their exposure. NaN without returns and
/// where all of them are 0.
pub fn risk_adjusted_return(s: &Series<'_>, c: &Conventions) -> f64 {
    let rate = c.risk_free_per_period();
    let excess: Vec<f64> = s.returns.iter().map(|r| r - rate).collect();
    let exposure = exposure_of(excess.iter().copied(), c);
    let excess = Series {
        returns: &excess,
        ..*s
    };
    quotient(annual_return(&excess, c), exposure)
}

/// The lines of the table about wealth.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "total_return",
        total_return,
        "Return over all periods as a fraction: 0.5 is a gain of 50 %; -1 once everything is lost",
        "cum_returns_final of empyrical, comp of quantstats",
    )
    .taking(&[Convention::Method, Convention::Compounded])
    .streaming(crate::total_return::streaming)
    .example("0.029485"),
    ReturnMetric::new(
        "annual_return",
        annual_return,
        "Compounded growth rate per year (CAGR) as a fraction, with years counted as n / periods",
        "annual_return (cagr) of empyrical, cagr of quantstats",
    )
    .named(&["cagr"])
    .taking(&[Convention::Periods, Convention::Method, Convention::Compounded])
    .streaming(crate::annual_return::streaming)
    .example("2.388767"),
    ReturnMetric::new(
        "geometric_mean_return",
        geometric_mean_return,
        "Return of one period that compounds to the total return, as a fraction",
        "(1 + total)^(1 / n) - 1; ghpr, geometric_mean and expected_return of quantstats",
    )
    .named(&["ghpr"])
    .taking(&[Convention::Method])
    .example("0.004855"),
    ReturnMetric::new(
        "exposure",
        exposure,
        "Share of the periods whose return is not 0, as a fraction",
        "exposure of quantstats, which rounds up to whole percents",
    )
    .taking(&[Convention::RoundUp])
    .example("0.833333"),
    ReturnMetric::new(
        "risk_adjusted_return",
        risk_adjusted_return,
        "Growth rate per year of the excess returns divided by their exposure, as a fraction; NULL where all of them are 0",
        "rar of quantstats",
    )
    .named(&["rar"])
    .taking(&[
        Convention::Periods,
        Convention::RiskFree,
        Convention::RateBasis,
        Convention::RoundUp,
        Convention::Compounded,
    ])
    .example("2.86652"),
];
