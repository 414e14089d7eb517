//! Returns beside those of a benchmark.
//!
//! x is the benchmark, y the returns, of the same periods. A market of `up` or `down` keeps the
//! periods in which the benchmark gained or lost.

use super::arguments::Convention;
use super::conventions::{AlphaScaling, Annualization, Conventions, Market};
use super::growth::{annual_return, annualized, annualized_risk_free, compound_mean};
use super::numbers::{Comoments, mean, moments, quotient};
use super::series::Series;
use super::table::ReturnMetric;

/// The periods of one market, as owned columns.
struct Selected {
    returns: Vec<f64>,
    benchmark: Vec<f64>,
}

impl Selected {
    fn new(s: &Series<'_>, keeps: impl Fn(f64) -> bool) -> Self {
        let rows = s.returns.iter().zip(s.benchmark);
        let (returns, benchmark) = rows.filter(|(_, b)| keeps(**b)).unzip();
        Self { returns, benchmark }
    }

    fn of_market(s: &Series<'_>, market: Market) -> Self {
        Self::new(s, |b| match market {
            Market::All => true,
            Market::Up => b > 0.0,
            Market::Down => b < 0.0,
        })
    }

    fn comoments(&self) -> Comoments {
        Comoments::new(&self.benchmark, &self.returns)
    }
}

/// The returns less the benchmark's.
fn active(s: &Series<'_>) -> Vec<f64> {
    s.returns
        .iter()
        .zip(s.benchmark)
        .map(|(r, b)| r - b)
        .collect()
}

/// The slope of the returns on the benchmark, `cov / var`. NaN below two periods and where the
/// benchmark does not move.
pub fn beta(s: &Series<'_>, c: &Conventions) -> f64 {
    beta_of(&Selected::of_market(s, c.market).comoments())
}

fn beta_of(sums: &Comoments) -> f64 {
    if sums.n < 2 {
        return f64::NAN;
    }
    quotient(sums.xy, sums.xx)
}

/// What the returns have beyond beta times the benchmark, per year (Jensen's alpha). NaN where
/// beta is.
pub fn alpha(s: &Series<'_>, c: &Conventions) -> f64 {
    let rows = Selected::of_market(s, c.market);
    let sums = rows.comoments();
    let (beta, rate) = (beta_of(&sums), c.risk_free_per_period());
    let residual = (sums.mean_y - rate) - beta * (sums.mean_x - rate);
    match c.alpha_scaling {
        AlphaScaling::Arithmetic => residual * c.periods,
        AlphaScaling::Compound => (1.0 + residual).powf(c.periods) - 1.0,
        AlphaScaling::CompoundMean => {
            let rate = c.risk_free_per_year();
            let annual = |returns: &[f64]| compound_mean(returns, c.periods) - rate;
            annual(&rows.returns) - beta * annual(&rows.benchmark)
        }
    }
}

/// The share of the variance that the benchmark explains. NaN where the correlation is unknown.
pub fn r_squared(s: &Series<'_>, c: &Conventions) -> f64 {
    let sums = Selected::of_market(s, c.market).comoments();
    sums.correlation().powi(2)
}

/// The deviation of the active returns, per year. NaN below two periods.
pub fn tracking_error(s: &Series<'_>, c: &Conventions) -> f64 {
    moments(active(s)).deviation(c.ddof) * c.periods.sqrt()
}

/// Active return per tracking error. NaN below two periods and without tracking error.
pub fn information_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    let benchmark = Series {
        returns: s.benchmark,
        ..*s
    };
    let gained = match c.annualization {
        Annualization::Arithmetic => mean(active(s)) * c.periods,
        _ => annualized(s, c) - annualized(&benchmark, c),
    };
    quotient(gained, tracking_error(s, c))
}

/// Excess return per beta. NaN where beta is 0 or unknown.
pub fn treynor(s: &Series<'_>, c: &Conventions) -> f64 {
    quotient(annualized(s, c) - annualized_risk_free(c), beta(s, c))
}

/// The growth per year in a market per growth of the benchmark in it.
fn capture(s: &Series<'_>, c: &Conventions, market: Market) -> f64 {
    let rows = Selected::of_market(s, market);
    let growth = |returns: &[f64]| {
        let rows = Series {
            returns,
            ..Series::default()
        };
        annual_return(&rows, c)
    };
    quotient(growth(&rows.returns), growth(&rows.benchmark))
}

/// The growth per year per growth of the benchmark. NaN where the benchmark did not grow.
pub fn capture_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    capture(s, c, c.market)
}

/// The growth per year per growth of the benchmark while that gained. NaN without such periods.
pub fn up_capture(s: &Series<'_>, c: &Conventions) -> f64 {
    capture(s, c, Market::Up)
}

/// The growth per year per growth of the benchmark while that lost. NaN without such periods.
pub fn down_capture(s: &Series<'_>, c: &Conventions) -> f64 {
    capture(s, c, Market::Down)
}

/// Up capture per down capture. NaN where one of them is.
pub fn up_down_capture(s: &Series<'_>, c: &Conventions) -> f64 {
    quotient(up_capture(s, c), down_capture(s, c))
}

/// The share of periods in which the returns beat the benchmark; an unmoved benchmark belongs to
/// the up market. NaN without such periods.
pub fn batting_average(s: &Series<'_>, c: &Conventions) -> f64 {
    let rows = Selected::new(s, |b| match c.market {
        Market::All => true,
        Market::Up => b >= 0.0,
        Market::Down => b < 0.0,
    });
    let pairs = rows.returns.iter().zip(&rows.benchmark);
    mean(pairs.map(|(r, b)| f64::from(u8::from(r > b))))
}

/// How much the returns bend against the benchmark: negative where large moves of the benchmark
/// hurt more than its middle (Taleb and others' fragility heuristic). The rows with the lowest, the
/// middle and the highest benchmark are compared; of equal benchmarks the lower return comes first.
/// NaN below three periods.
pub fn beta_fragility(s: &Series<'_>, _: &Conventions) -> f64 {
    let mut rows: Vec<(f64, f64)> = s
        .benchmark
        .iter()
        .copied()
        .zip(s.returns.iter().copied())
        .collect();
    if rows.len() < 3 {
        return f64::NAN;
    }
    rows.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // Half of n, with halves going to the even number, as numpy rounds.
    let middle = (rows.len() as f64 / 2.0).round_ties_even() as usize;
    let (Some(low), Some(middle), Some(high)) = (rows.first(), rows.get(middle), rows.last())
    else {
        return f64::NAN;
    };
    let range = high.0 - low.0;
    let (low_weight, high_weight) = if range == 0.0 {
        (0.5, 0.5)
    } else {
        ((middle.0 - low.0) / range, (high.0 - middle.0) / range)
    };
    low_weight * low.1 + high_weight * high.1 - middle.1
}

/// The lines of the table about a benchmark.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "capm_alpha",
        alpha,
        "Jensen's alpha: excess return per year that beta times the benchmark does not explain, as a fraction; NULL where the benchmark does not move",
        "Jensen 1968; alpha, up_alpha_beta and down_alpha_beta of empyrical, greeks of quantstats, Alpha of LEAN",
    )
    .taking(&[
        Convention::Periods,
        Convention::RiskFree,
        Convention::Market,
        Convention::AlphaScaling,
        Convention::RateBasis,
    ])
    .with_benchmark()
    .example("0.293988"),
    ReturnMetric::new(
        "capm_beta",
        beta,
        "Beta: covariance of returns and benchmark divided by the variance of the benchmark; NULL where the benchmark does not move",
        "beta of empyrical, greeks of quantstats, Beta of LEAN",
    )
    .taking(&[Convention::Market])
    .with_benchmark()
    .example("1.325581"),
    ReturnMetric::new(
        "capm_r_squared",
        r_squared,
        "Share of the variance of the returns that the benchmark explains, from 0 to 1; NULL where one of them does not move",
        "r_squared of quantstats",
    )
    .taking(&[Convention::Market])
    .with_benchmark()
    .example("0.863522"),
    ReturnMetric::new(
        "tracking_error",
        tracking_error,
        "Tracking error: standard deviation of the returns less the benchmark, per year, as a fraction; NULL below two periods",
        "Tracking Error of LEAN",
    )
    .taking(&[Convention::Periods, Convention::Ddof])
    .with_benchmark()
    .example("0.128965"),
    ReturnMetric::new(
        "information_ratio",
        information_ratio,
        "Information ratio: return over the benchmark per year divided by the tracking error; NULL below two periods and without tracking error",
        "Information Ratio of LEAN; per period it is excess_sharpe of empyrical and information_ratio of quantstats and ffn",
    )
    .taking(&[Convention::Periods, Convention::Annualization, Convention::Ddof])
    .with_benchmark()
    .example("3.908034"),
    ReturnMetric::new(
        "treynor",
        treynor,
        "Treynor ratio: excess return per year divided by beta; NULL where beta is 0 or unknown",
        "Treynor 1965; treynor_ratio of quantstats over the total return, Treynor Ratio of LEAN",
    )
    .taking(&[
        Convention::Periods,
        Convention::RiskFree,
        Convention::Annualization,
        Convention::RateBasis,
    ])
    .with_benchmark()
    .example("0.950526"),
    ReturnMetric::new(
        "capture_ratio",
        capture_ratio,
        "Annual return divided by the annual return of the benchmark, in all periods or in those of one market",
        "capture of empyrical",
    )
    .taking(&[Convention::Periods, Convention::Market])
    .with_benchmark()
    .example("2.192735"),
    ReturnMetric::new(
        "up_capture",
        up_capture,
        "Annual return divided by that of the benchmark, in the periods in which the benchmark gained; NULL without one",
        "up_capture of empyrical",
    )
    .taking(&[Convention::Periods])
    .with_benchmark()
    .example("2.980586"),
    ReturnMetric::new(
        "down_capture",
        down_capture,
        "Annual return divided by that of the benchmark, in the periods in which the benchmark lost; NULL without one",
        "down_capture of empyrical",
    )
    .taking(&[Convention::Periods])
    .with_benchmark()
    .example("1.02074"),
    ReturnMetric::new(
        "up_down_capture",
        up_down_capture,
        "Up capture divided by down capture; NULL where one of them is",
        "up_down_capture of empyrical",
    )
    .taking(&[Convention::Periods])
    .with_benchmark()
    .example("2.920024"),
    ReturnMetric::new(
        "batting_average",
        batting_average,
        "Share of the periods in which the return beat the benchmark, as a fraction",
        "batting_average of empyrical",
    )
    .taking(&[Convention::Market])
    .with_benchmark()
    .example("0.666667"),
    ReturnMetric::new(
        "beta_fragility",
        beta_fragility,
        "Fragility to the benchmark: return at its extremes, weighted, less the return at its middle; negative is fragile; NULL below three periods",
        "Taleb, Canetti, Kinda, Loukoianova and Schmieder 2012; beta_fragility_heuristic of empyrical",
    )
    .named(&["beta_fragility_heuristic"])
    .with_benchmark()
    .example("-0.006286"),
];
