//! What each position adds to the value at risk and expected shortfall of a portfolio.
//!
//! A risk measure that doubles with the portfolio is the sum of weight times derivative over its
//! positions (Euler), so components add up exactly. Sources: Tasche, "Risk Contributions and
//! Performance Measurement" (1999); for Cornish and Fisher's: Boudt, Peterson and Croux, Journal of
//! Risk 11 (2008), pp. 79-103.

use super::covariance::dot;
use super::tail_risk::{Method, TailRisk, normal_tail, tail_risk, weighted_tail};
use crate::honest::inference::{FourMoments, MomentRule};
use quantlake_core::normal;

/// How the derivative of a risk is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContributionMethod {
    /// The position's returns in the scenarios that make up the portfolio's risk.
    Historical,
    /// Through covariances.
    Gaussian,
    /// Through covariances, coskewness and cokurtosis.
    CornishFisher,
}

impl ContributionMethod {
    fn plain(self) -> Method {
        match self {
            Self::Historical => Method::Historical,
            Self::Gaussian => Method::Gaussian,
            Self::CornishFisher => Method::CornishFisher,
        }
    }
}

/// The portfolio's risk and what its positions add.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions {
    /// Risk of the portfolio.
    pub total: TailRisk,
    /// Each position's risk by itself, weight included.
    pub standalone: Vec<TailRisk>,
    /// Change of the portfolio's risk per unit of weight.
    pub marginal: Vec<TailRisk>,
}

/// The returns of the portfolio that is brought back to these weights every period.
pub fn portfolio_returns(returns: &[&[f64]], weights: &[f64]) -> Vec<f64> {
    let n_rows = returns.iter().map(|r| r.len()).min().unwrap_or(0);
    (0..n_rows)
        .map(|t| returns.iter().zip(weights).map(|(r, w)| r[t] * w).sum())
        .collect()
}

/// Contributions to the risk in the worst `share` of the periods. `returns` holds one slice for
/// each position, all of one length. NaN where the risk is unknown.
pub fn contributions(
    returns: &[&[f64]],
    weights: &[f64],
    share: f64,
    method: ContributionMethod,
) -> Contributions {
    let portfolio = portfolio_returns(returns, weights);
    let standalone = returns.iter().zip(weights).map(|(r, w)| {
        let weighted: Vec<f64> = r.iter().map(|r| r * w).collect();
        tail_risk(&weighted, share, method.plain())
    });
    let marginal = match method {
        ContributionMethod::Historical => {
            let scenarios = Scenarios::new(&portfolio, share);
            returns.iter().map(|r| scenarios.mean_of(r)).collect()
        }
        ContributionMethod::Gaussian | ContributionMethod::CornishFisher => {
            let slopes = Slopes::new(&portfolio, share, method);
            returns.iter().map(|r| slopes.at(r)).collect()
        }
    };
    Contributions {
        total: tail_risk(&portfolio, share, method.plain()),
        standalone: standalone.collect(),
        marginal,
    }
}

/// Rows of the portfolio's worst scenarios with their weights in the two measures.
struct Scenarios {
    value_at_risk: Vec<(usize, f64)>,
    shortfall: Vec<(usize, f64)>,
}

impl Scenarios {
    fn new(portfolio: &[f64], share: f64) -> Self {
        let mut order: Vec<usize> = (0..portfolio.len()).collect();
        order.sort_by(|a, b| portfolio[*a].total_cmp(&portfolio[*b]));
        let position = order.len().saturating_sub(1) as f64 * share;
        let (below, part) = (position as usize, position.fract());
        let neighbours = [(below, 1.0 - part), (below + 1, part)];
        let rows = |(rank, weight): (usize, f64)| order.get(rank).map(|row| (*row, weight));
        Self {
            value_at_risk: neighbours.into_iter().filter_map(rows).collect(),
            shortfall: weighted_tail(order.len(), share).filter_map(rows).collect(),
        }
    }

    fn mean_of(&self, returns: &[f64]) -> TailRisk {
        let mean = |rows: &[(usize, f64)]| match rows {
            [] => f64::NAN,
            rows => rows
                .iter()
                .map(|(row, weight)| returns[*row] * weight)
                .sum(),
        };
        TailRisk {
            value_at_risk: mean(&self.value_at_risk),
            shortfall: mean(&self.shortfall),
        }
    }
}

/// A tail of the standardised portfolio as a function of skewness S and excess kurtosis K:
/// `level + s S + k K + q S^2`.
#[derive(Clone, Copy)]
struct Bend {
    level: f64,
    s: f64,
    k: f64,
    q: f64,
}

impl Bend {
    /// Value at risk and shortfall by Cornish and Fisher; see `cornish_fisher_tail`.
    fn cornish_fisher(share: f64) -> [Self; 2] {
        let z = normal::quantile(share);
        let density = -normal::density(z) / share;
        let value_at_risk = Self {
            level: z,
            s: (z * z - 1.0) / 6.0,
            k: z * (z * z - 3.0) / 24.0,
            q: -z * (2.0 * z * z - 5.0) / 36.0,
        };
        let shortfall = Self {
            level: density,
            s: density * z / 6.0,
            k: density * (z * z - 1.0) / 24.0,
            q: -density * (2.0 * z * z - 1.0) / 36.0,
        };
        [value_at_risk, shortfall]
    }

    fn gaussian(share: f64) -> [Self; 2] {
        let tail = normal_tail(share);
        [tail.value_at_risk, tail.shortfall].map(|level| Self {
            level,
            s: 0.0,
            k: 0.0,
            q: 0.0,
        })
    }
}

/// The derivatives of a parametric risk by the weight of a position.
struct Slopes {
    /// The portfolio's returns less their mean.
    centred: Vec<f64>,
    /// Their mean square, third and fourth power.
    powers: [f64; 3],
    deviation: f64,
    skewness: f64,
    excess: f64,
    bends: [Bend; 2],
}

impl Slopes {
    fn new(portfolio: &[f64], share: f64, method: ContributionMethod) -> Self {
        let moments = FourMoments::of(portfolio);
        let centred: Vec<f64> = portfolio.iter().map(|p| p - moments.mean()).collect();
        let n = centred.len() as f64;
        let power = |k: i32| centred.iter().map(|c| c.powi(k)).sum::<f64>() / n;
        Self {
            powers: [power(2), power(3), power(4)],
            deviation: moments.deviation(1),
            skewness: moments.skewness(MomentRule::Population),
            excess: moments.kurtosis(MomentRule::Population) - 3.0,
            bends: match method {
                ContributionMethod::CornishFisher => Bend::cornish_fisher(share),
                _ => Bend::gaussian(share),
            },
            centred,
        }
    }

    /// The mean of the position's returns times a power of the portfolio's.
    fn comoment(&self, returns: &[f64], mean: f64, power: i32) -> f64 {
        let products = returns.iter().zip(&self.centred);
        products
            .map(|(r, c)| (r - mean) * c.powi(power))
            .sum::<f64>()
            / self.centred.len() as f64
    }

    fn at(&self, returns: &[f64]) -> TailRisk {
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let [m2, m3, m4] = self.powers;
        let d2 = 2.0 * self.comoment(returns, mean, 1);
        let d3 = 3.0 * self.comoment(returns, mean, 2);
        let d4 = 4.0 * self.comoment(returns, mean, 3);
        let deviation = d2 / 2.0 * n / (n - 1.0) / self.deviation;
        let skewness = d3 / m2.powf(1.5) - 1.5 * m3 * d2 / m2.powf(2.5);
        let excess = d4 / (m2 * m2) - 2.0 * m4 * d2 / m2.powi(3);
        let slope = |bend: &Bend| {
            let level = dot(
                &[
                    1.0,
                    self.skewness,
                    self.excess,
                    self.skewness * self.skewness,
                ],
                &[bend.level, bend.s, bend.k, bend.q],
            );
            let change = (bend.s + 2.0 * bend.q * self.skewness) * skewness + bend.k * excess;
            mean + deviation * level + self.deviation * change
        };
        TailRisk {
            value_at_risk: slope(&self.bends[0]),
            shortfall: slope(&self.bends[1]),
        }
    }
}
