//! Value at risk and expected shortfall of one series of returns, by seven methods.
//!
//! Results are returns, not losses: -0.03 says that the worst share of the periods falls below
//! -3 % (value at risk), or is -3 % on average (expected shortfall).

use crate::honest::inference::{FourMoments, MomentRule};
use crate::honest::random::Draws;
use crate::honest::simulation::{degrees_of_freedom, quantile};
use crate::honest::student;
use quantlake_core::normal;

/// How the distribution of the next return is estimated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The observed returns.
    Historical,
    /// Normal with their mean and deviation (divisor n - 1).
    Gaussian,
    /// Normal, bent to their skewness and kurtosis (Cornish and Fisher 1938; Zangari 1996).
    CornishFisher,
    /// Normal around 0 with exponentially weighted variance (RiskMetrics 1996).
    Ewma {
        /// Weight of a row relative to the next one.
        lambda: f64,
    },
    /// Simulated from a normal distribution and compounded over a horizon.
    MonteCarlo {
        /// Paths.
        n_paths: usize,
        /// Periods compounded.
        horizon: usize,
        /// Seed of the random numbers.
        seed: u64,
    },
    /// Student's t with their mean and deviation; `None` takes the degrees of freedom that have
    /// their kurtosis, and the normal distribution where it is 3 or less.
    Student(Option<f64>),
    /// The observed returns, each scaled from its own exponentially weighted volatility to the
    /// next one's (Hull and White 1998; Barone-Adesi, Giannopoulos and Vosper 1999).
    Filtered {
        /// Weight of a row relative to the next one.
        lambda: f64,
    },
}

/// Value at risk and expected shortfall.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailRisk {
    /// The return that the worst share falls below.
    pub value_at_risk: f64,
    /// The mean of the worst share.
    pub shortfall: f64,
}

const UNKNOWN: TailRisk = TailRisk {
    value_at_risk: f64::NAN,
    shortfall: f64::NAN,
};

/// The risk in the worst `share` of the periods, from returns in time order. NaN without returns
/// (below two, where a deviation is needed) and where a t distribution has no mean.
pub fn tail_risk(returns: &[f64], share: f64, method: Method) -> TailRisk {
    let moments = FourMoments::of(returns);
    let (mean, deviation) = (moments.mean(), moments.deviation(1));
    match method {
        Method::Historical => of_scenarios(returns.to_vec(), share),
        Method::Gaussian => scaled(normal_tail(share), mean, deviation),
        Method::CornishFisher => {
            let skewness = moments.skewness(MomentRule::Population);
            let excess = moments.kurtosis(MomentRule::Population) - 3.0;
            scaled(
                cornish_fisher_tail(share, skewness, excess),
                mean,
                deviation,
            )
        }
        Method::Ewma { lambda } => {
            scaled(normal_tail(share), 0.0, last_volatility(returns, lambda))
        }
        Method::MonteCarlo {
            n_paths,
            horizon,
            seed,
        } => {
            if !deviation.is_finite() {
                return UNKNOWN;
            }
            let path = |path| simulated_return(mean, deviation, horizon, Draws::new(seed, path));
            of_scenarios((0..n_paths).map(path).collect(), share)
        }
        Method::Student(given) => match given.or_else(|| degrees_of_freedom(&moments)) {
            Some(degrees) => scaled(student_tail(share, degrees), mean, deviation),
            None => scaled(normal_tail(share), mean, deviation),
        },
        Method::Filtered { lambda } => of_scenarios(filtered(returns, lambda), share),
    }
}

fn scaled(tail: TailRisk, mean: f64, deviation: f64) -> TailRisk {
    TailRisk {
        value_at_risk: mean + deviation * tail.value_at_risk,
        shortfall: mean + deviation * tail.shortfall,
    }
}

/// The quantile, linear between neighbours, and the mean of exactly the share, with the last
/// scenario counted in part (Rockafellar and Uryasev 2000).
pub(crate) fn of_scenarios(mut scenarios: Vec<f64>, share: f64) -> TailRisk {
    scenarios.sort_by(f64::total_cmp);
    TailRisk {
        value_at_risk: quantile(&scenarios, share),
        shortfall: weighted_tail(scenarios.len(), share)
            .map(|(rank, weight)| scenarios[rank] * weight)
            .sum::<f64>()
            // A sum of nothing is 0, not unknown.
            + if scenarios.is_empty() { f64::NAN } else { 0.0 },
    }
}

/// Ranks in the worst share of n scenarios with their weights, which add up to 1: all alike, the
/// last one in part. At least the worst scenario counts.
pub(crate) fn weighted_tail(n: usize, share: f64) -> impl Iterator<Item = (usize, f64)> {
    let covered = (n as f64 * share).max(1.0);
    let last = (covered.ceil() as usize).min(n);
    (0..last).map(move |rank| (rank, (covered - rank as f64).min(1.0) / covered))
}

/// The tail of the standard normal distribution.
pub(crate) fn normal_tail(share: f64) -> TailRisk {
    let z = normal::quantile(share);
    TailRisk {
        value_at_risk: z,
        shortfall: -normal::density(z) / share,
    }
}

/// The tail of the t distribution with a variance of 1.
fn student_tail(share: f64, degrees: f64) -> TailRisk {
    let t = student::quantile(share, degrees);
    let unit = ((degrees - 2.0) / degrees).sqrt();
    let mean = -(degrees + t * t) / (degrees - 1.0) * student::density(t, degrees) / share;
    TailRisk {
        value_at_risk: unit * t,
        shortfall: unit * mean,
    }
}

/// The tail of `z + (z^2 - 1) S / 6 + (z^3 - 3 z) K / 24 - (2 z^3 - 5 z) S^2 / 36`. Its mean has a
/// closed form because the terms are Hermite polynomials, whose integrals against the normal
/// density are Hermite polynomials again.
pub(crate) fn cornish_fisher_tail(share: f64, skewness: f64, excess: f64) -> TailRisk {
    let z = normal::quantile(share);
    let bend = [skewness / 6.0, excess / 24.0, -skewness * skewness / 36.0];
    let at = [z * z - 1.0, z * (z * z - 3.0), z * (2.0 * z * z - 5.0)];
    let below = [z, z * z - 1.0, 2.0 * z * z - 1.0];
    let density = -normal::density(z) / share;
    let dot = |a: [f64; 3]| a.iter().zip(bend).map(|(x, b)| x * b).sum::<f64>();
    TailRisk {
        value_at_risk: z + dot(at),
        shortfall: density * (1.0 + dot(below)),
    }
}

fn simulated_return(mean: f64, deviation: f64, horizon: usize, mut draws: Draws) -> f64 {
    let wealth = (0..horizon).fold(1.0, |wealth: f64, _| {
        wealth * (1.0 + mean + deviation * draws.normal()).max(0.0)
    });
    wealth - 1.0
}

/// The volatility for the period after the last one, around 0, with weights that add up to 1.
fn last_volatility(returns: &[f64], lambda: f64) -> f64 {
    if returns.len() < 2 {
        return f64::NAN;
    }
    let weights = super::covariance::ewma_weights(returns.len(), lambda);
    let weighted = returns.iter().zip(weights).map(|(r, w)| w * r * r);
    weighted.sum::<f64>().sqrt()
}

/// The returns as they would be at the next period's volatility. The recursion
/// `v' = lambda v + (1 - lambda) r^2` starts at the mean square of all returns.
fn filtered(returns: &[f64], lambda: f64) -> Vec<f64> {
    let n = returns.len() as f64;
    let mut variance = returns.iter().map(|r| r * r).sum::<f64>() / n;
    let mut standardised = Vec::with_capacity(returns.len());
    for ret in returns {
        standardised.push(if variance > 0.0 {
            ret / variance.sqrt()
        } else {
            0.0
        });
        variance = lambda * variance + (1.0 - lambda) * ret * ret;
    }
    let next = variance.sqrt();
    standardised.iter().map(|s| s * next).collect()
}

/// Drawdown at risk and conditional drawdown at risk: the same two numbers for the drawdowns of a
/// path of returns, 0 or negative. The path starts at its own first peak, so that a first loss is
/// a drawdown.
pub fn drawdown_risk(returns: &[f64], share: f64, is_compounded: bool) -> TailRisk {
    let (mut level, mut peak) = (1.0_f64, 1.0_f64);
    let drawdowns = returns.iter().map(|ret| {
        level = match is_compounded {
            true => level * (1.0 + ret).max(0.0),
            false => level + ret,
        };
        peak = peak.max(level);
        if is_compounded {
            level / peak - 1.0
        } else {
            level - peak
        }
    });
    of_scenarios(drawdowns.collect(), share)
}
