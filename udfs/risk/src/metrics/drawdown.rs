//! Wealth below its peak: depth, length, and returns per drawdown.

use super::arguments::Convention;
use super::conventions::{Conventions, DrawdownBase};
use super::growth::{annualized, annualized_risk_free, total_return};
use super::numbers::{mean, moments, quotient};
use super::series::Series;
use super::table::ReturnMetric;
use super::tails::gaussian_cvar;

/// The drawdown after each return: 0 at a peak, -0.25 a quarter below it. Returns that do not
/// compound give the distance in units of the starting wealth.
pub fn drawdowns(returns: &[f64], c: &Conventions) -> Vec<f64> {
    if c.compounded {
        // On the scale of logarithms: the wealth itself could overflow.
        let below_peak = below_peak(returns.iter().map(|r| c.method.log_growth(*r)), c.base);
        below_peak.map(f64::exp_m1).collect()
    } else {
        below_peak(returns.iter().copied(), c.base).collect()
    }
}

/// Steps added up, as the distance below the highest sum so far.
fn below_peak(steps: impl Iterator<Item = f64>, base: DrawdownBase) -> impl Iterator<Item = f64> {
    let mut below = 0.0_f64;
    steps.enumerate().map(move |(i, step)| {
        let is_first_peak = i == 0 && base == DrawdownBase::FirstPoint;
        below = if is_first_peak {
            0.0
        } else {
            (below + step).min(0.0)
        };
        below
    })
}

/// The deepest drawdown, 0 or negative. NaN without returns.
pub fn max_drawdown(s: &Series<'_>, c: &Conventions) -> f64 {
    drawdowns(s.returns, c).into_iter().fold(f64::NAN, f64::min)
}

/// A stretch of wealth below its peak, by row numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// First row below the peak.
    pub start: usize,
    /// Deepest row, the first of equals.
    pub valley: usize,
    /// Last row below the peak.
    pub last: usize,
    /// Row back at the peak; `None` while it is not reached.
    pub recovery: Option<usize>,
    /// The drawdown at the valley.
    pub depth: f64,
}

/// The stretches below a peak, in time order.
pub fn episodes(drawdowns: &[f64]) -> Vec<Episode> {
    let mut found: Vec<Episode> = Vec::new();
    for (row, depth) in drawdowns.iter().copied().enumerate() {
        let open = found.last_mut().filter(|e| e.recovery.is_none());
        match (open, depth < 0.0) {
            (Some(episode), true) => {
                episode.last = row;
                if depth < episode.depth {
                    (episode.valley, episode.depth) = (row, depth);
                }
            }
            (Some(episode), false) => episode.recovery = Some(row),
            (None, true) => found.push(Episode {
                start: row,
                valley: row,
                last: row,
                recovery: None,
                depth,
            }),
            (None, false) => {}
        }
    }
    found
}

/// The mean depth of the stretches below a peak, 0 or negative; 0 without a drawdown. NaN without
/// returns.
pub fn average_drawdown(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.is_empty() {
        return f64::NAN;
    }
    let episodes = episodes(&drawdowns(s.returns, c));
    match episodes.len() {
        0 => 0.0,
        _ => mean(episodes.iter().map(|e| e.depth)),
    }
}

/// The most periods in a row below a peak. NaN without returns.
pub fn longest_drawdown(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.is_empty() {
        return f64::NAN;
    }
    let lengths = episodes(&drawdowns(s.returns, c));
    lengths
        .iter()
        .map(|e| e.last - e.start + 1)
        .max()
        .unwrap_or(0) as f64
}

/// The root of the mean squared drawdown. NaN without the observations it needs.
pub fn ulcer(s: &Series<'_>, c: &Conventions) -> f64 {
    let squares: f64 = drawdowns(s.returns, c).iter().map(|d| d * d).sum();
    let n = s.returns.len() as f64 - c.ulcer_ddof as f64;
    if s.returns.is_empty() || n <= 0.0 {
        return f64::NAN;
    }
    let scale = if c.percent { 100.0 } else { 1.0 };
    (squares / n).sqrt() * scale
}

/// Return less the risk-free one, per ulcer index, both as fractions. NaN without returns and without a drawdown.
pub fn ulcer_performance(s: &Series<'_>, c: &Conventions) -> f64 {
    let fraction = Conventions {
        percent: false,
        ..*c
    };
    let excess = annualized(s, c) - annualized_risk_free(c);
    quotient(excess, ulcer(s, &fraction))
}

/// The sum of the returns less the risk-free rate, per ulcer index and per pitfall. The pitfall is
/// the expected shortfall of the drawdowns, taken as normal, per deviation of the returns. NaN
/// below two returns and without a drawdown.
pub fn serenity(s: &Series<'_>, c: &Conventions) -> f64 {
    let depths = drawdowns(s.returns, c);
    let depths = Series {
        returns: &depths,
        ..Series::default()
    };
    let deviation = moments(s.returns.iter().copied()).deviation(c.ddof);
    let pitfall = quotient(-gaussian_cvar(&depths, c), deviation);
    let gain = s.returns.iter().sum::<f64>() - c.risk_free;
    quotient(gain, ulcer(s, c) * pitfall)
}

/// The total return per deepest drawdown; `compounded` says what the total is, the drawdown
/// always compounds. NaN without returns and without a drawdown.
pub fn recovery_ratio(s: &Series<'_>, c: &Conventions) -> f64 {
    let compounded = Conventions {
        compounded: true,
        ..*c
    };
    quotient(
        total_return(s, c) - c.risk_free,
        -max_drawdown(s, &compounded),
    )
}

/// The growth per year per deepest drawdown. NaN without returns and without a drawdown.
pub fn calmar(s: &Series<'_>, c: &Conventions) -> f64 {
    quotient(annualized(s, c), -max_drawdown(s, c))
}

/// How a drawdown is measured.
const PATH: &[Convention] = &[Convention::Method, Convention::Base, Convention::Compounded];

/// The lines of the table about drawdowns.
pub(super) const METRICS: &[ReturnMetric] = &[
    ReturnMetric::new(
        "max_drawdown",
        max_drawdown,
        "Deepest fall of the compounded wealth below an earlier peak or the start, as a fraction from -1 to 0",
        "max_drawdown of empyrical: the peak includes the wealth before the first return",
    )
    .taking(PATH)
    .ordered()
    .streaming(crate::max_drawdown::streaming)
    .example("-0.02"),
    ReturnMetric::new(
        "avg_drawdown",
        average_drawdown,
        "Mean depth of the stretches below a peak, as a fraction from -1 to 0; 0 without one",
        "avg_drawdown of ffn",
    )
    .taking(PATH)
    .ordered()
    .example("-0.015"),
    ReturnMetric::new(
        "max_drawdown_duration",
        longest_drawdown,
        "Most periods in a row below a peak",
        "length of the longest drawdown in rows",
    )
    .taking(PATH)
    .ordered()
    .whole()
    .example("2"),
    ReturnMetric::new(
        "calmar",
        calmar,
        "Calmar ratio: annual return divided by the size of the maximum drawdown; NULL without a drawdown",
        "Young 1991; calmar_ratio of empyrical",
    )
    .taking(&[
        Convention::Periods,
        Convention::Method,
        Convention::GrowthAnnualization,
        Convention::Base,
        Convention::Compounded,
    ])
    .ordered()
    .streaming(crate::calmar::streaming)
    .example("119.438347"),
    ReturnMetric::new(
        "ulcer",
        ulcer,
        "Ulcer index: root of the mean squared drawdown, as a fraction or in percent",
        "Martin and McCann 1989; ulcer_index of quantstats, to_ulcer_index of ffn",
    )
    .taking(&[
        Convention::UlcerDdof,
        Convention::Percent,
        Convention::Method,
        Convention::Base,
        Convention::Compounded,
    ])
    .ordered()
    .example("0.01"),
    ReturnMetric::new(
        "ulcer_performance_index",
        ulcer_performance,
        "Ulcer performance index (Martin ratio): return less the risk-free one divided by the ulcer index; NULL without a drawdown",
        "Martin and McCann 1989; upi of quantstats, to_ulcer_performance_index of ffn",
    )
    .named(&["upi"])
    .taking(&[
        Convention::RiskFree,
        Convention::UlcerDdof,
        Convention::TotalAnnualization,
        Convention::Periods,
        Convention::RateBasis,
    ])
    .ordered()
    .example("2.948504"),
    ReturnMetric::new(
        "serenity_index",
        serenity,
        "Serenity index: sum of the returns divided by the ulcer index and by the pitfall, the shortfall of the drawdowns per deviation of the returns; NULL without a drawdown",
        "serenity_index of quantstats, after KeyQuant",
    )
    .taking(&[Convention::RiskFree, Convention::UlcerDdof, Convention::Level])
    .ordered()
    .example("2.387414"),
    ReturnMetric::new(
        "recovery_ratio",
        recovery_ratio,
        "Recovery factor: total return divided by the size of the maximum drawdown; NULL without a drawdown",
        "recovery_factor of quantstats, which adds the returns up and drops the sign",
    )
    .taking(&[Convention::Compounded, Convention::RiskFree])
    .ordered()
    .example("1.474252"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_episode_runs_from_the_first_row_below_to_the_row_that_is_back() {
        let found = episodes(&[0.0, -0.1, -0.3, -0.2, 0.0, 0.0, -0.1]);
        let first = Episode {
            start: 1,
            valley: 2,
            last: 3,
            recovery: Some(4),
            depth: -0.3,
        };
        let open = Episode {
            start: 6,
            valley: 6,
            last: 6,
            recovery: None,
            depth: -0.1,
        };
        assert_eq!(found, [first, open]);
    }

    #[test]
    fn the_first_peak_is_before_or_after_the_first_return() {
        let first_point = Conventions {
            base: DrawdownBase::FirstPoint,
            ..Default::default()
        };
        let returns = [-0.5, 1.0, -0.25];
        let near = |found: Vec<f64>, expected: [f64; 3]| {
            let pairs = found.iter().zip(expected);
            pairs.for_each(|(f, e)| assert!((f - e).abs() < 1e-15, "{f} {e}"));
        };
        near(
            drawdowns(&returns, &Conventions::default()),
            [-0.5, 0.0, -0.25],
        );
        near(drawdowns(&returns, &first_point), [0.0, 0.0, -0.25]);
    }
}
