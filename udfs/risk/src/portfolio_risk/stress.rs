//! What a portfolio would lose: profit and loss by position under a scenario, as shares of the
//! portfolio. The parts add up to the whole in every scenario.

use super::contribution::{ContributionMethod, contributions};
use super::covariance::sample;
use super::liquidity::horizon_scale;
use super::tail_risk::weighted_tail;
use crate::honest::bootstrap::optimal_block_length;
use crate::honest::random::Draws;
use quantlake_core::normal;
use rayon::prelude::*;

/// Positions with the history of their returns: one slice and one weight for each, all slices of
/// one length.
#[derive(Debug, Clone)]
pub struct Book<'a> {
    /// Returns in time order.
    pub returns: Vec<&'a [f64]>,
    /// Shares of the portfolio; negative when short.
    pub weights: Vec<f64>,
}

impl Book<'_> {
    /// Every position keeps its units through these rows.
    pub fn history(&self) -> Vec<f64> {
        let growth = |returns: &&[f64]| returns.iter().fold(1.0, |g, r| g * (1.0 + r)) - 1.0;
        self.weighted(self.returns.iter().map(growth))
    }

    /// Every position moves by its own shock.
    pub fn shocks(&self, shocks: &[f64]) -> Vec<f64> {
        self.weighted(shocks.iter().copied())
    }

    /// A benchmark moves by `shock`, and each position by its beta to it. NaN where the benchmark
    /// does not vary.
    pub fn factor(&self, benchmark: &[f64], shock: f64) -> Vec<f64> {
        let moves = self.returns.iter().map(|r| shock * beta(r, benchmark));
        self.weighted(moves)
    }

    /// The Gaussian value at risk when all deviations are `scale` times as large, by component.
    pub fn volatility(&self, share: f64, scale: f64) -> Vec<f64> {
        let method = ContributionMethod::Gaussian;
        let found = contributions(&self.returns, &self.weights, share, method);
        let moves = found.marginal.iter().zip(&self.returns).map(|(m, r)| {
            let mean = mean(r);
            mean + scale * (m.value_at_risk - mean)
        });
        self.weighted(moves)
    }

    /// All positions move together by as many deviations as the worst share of a normal
    /// distribution, in the direction that hurts the portfolio.
    pub fn correlation_one(&self, share: f64) -> Vec<f64> {
        let deviations: Vec<f64> = self
            .returns
            .iter()
            .map(|r| sample(&[r], 1).get(0, 0).sqrt())
            .collect();
        let exposure: f64 = self.weighted(deviations.iter().copied()).iter().sum();
        let z = -normal::quantile(share).abs() * exposure.signum();
        self.weighted(deviations.iter().map(|d| z * d))
    }

    /// The mean over the worst share of bootstrapped paths. All positions draw the same rows, so
    /// that they keep their correlation.
    pub fn bootstrap(&self, paths: &Paths, share: f64) -> Vec<f64> {
        let n_rows = self.returns.first().map_or(0, |r| r.len());
        if n_rows == 0 {
            return vec![f64::NAN; self.weights.len()];
        }
        let block = paths.block.unwrap_or_else(|| self.block_length());
        let simulated: Vec<Vec<f64>> = (0..paths.n_paths)
            .into_par_iter()
            .map(|path| {
                let mut rows = vec![0; paths.horizon];
                Draws::new(paths.seed, path).stationary_rows(n_rows, block, &mut rows);
                let growth = |r: &&[f64]| rows.iter().fold(1.0, |g, row| g * (1.0 + r[*row])) - 1.0;
                self.weighted(self.returns.iter().map(growth))
            })
            .collect();
        mean_of_worst(&simulated, share, self.weights.len())
    }

    /// The longest block that a position's returns ask for.
    fn block_length(&self) -> f64 {
        let lengths = self.returns.iter().map(|r| optimal_block_length(r));
        lengths.fold(1.0, f64::max)
    }

    /// The Gaussian value at risk of each position over the time it takes to sell, and half of its
    /// spread, when volumes fall to `volume_scale` and spreads grow to `spread_scale` of the usual.
    /// Risks of positions are added up, as if nothing diversified in a drought.
    pub fn drought(&self, markets: &[PositionMarket], drought: &Drought) -> Vec<f64> {
        let moves = self.weights.iter().zip(&self.returns).zip(markets);
        let losses = moves.map(|((weight, returns), market)| {
            let deviation = sample(&[returns], 1).get(0, 0).sqrt();
            let scale = horizon_scale(market.days / drought.volume_scale);
            let price = normal::quantile(drought.share).abs() * deviation * scale;
            let spread = 0.5 * market.spread * drought.spread_scale;
            -weight.abs() * (price + spread)
        });
        losses.collect()
    }

    fn weighted(&self, moves: impl Iterator<Item = f64>) -> Vec<f64> {
        moves.zip(&self.weights).map(|(m, w)| m * w).collect()
    }
}

/// How a bootstrap makes its paths.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Paths {
    /// How many.
    pub n_paths: usize,
    /// Rows in a path.
    pub horizon: usize,
    /// Mean block length; `None` for the best one by Politis and White.
    pub block: Option<f64>,
    /// Seed of the random numbers.
    pub seed: u64,
}

/// How a position can be sold in usual times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PositionMarket {
    /// Days to sell it.
    pub days: f64,
    /// Bid-ask spread as a fraction of the price.
    pub spread: f64,
}

/// A drought of liquidity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drought {
    /// Worst share of the periods.
    pub share: f64,
    /// Volumes as a multiple of the usual ones.
    pub volume_scale: f64,
    /// Spreads as a multiple of the usual ones.
    pub spread_scale: f64,
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Covariance with the benchmark by the benchmark's variance.
pub fn beta(returns: &[f64], benchmark: &[f64]) -> f64 {
    let joint = sample(&[returns, benchmark], 1);
    if joint.get(1, 1) > 0.0 {
        joint.get(0, 1) / joint.get(1, 1)
    } else {
        f64::NAN
    }
}

fn mean_of_worst(simulated: &[Vec<f64>], share: f64, n_positions: usize) -> Vec<f64> {
    let totals: Vec<f64> = simulated.iter().map(|p| p.iter().sum()).collect();
    let mut order: Vec<usize> = (0..simulated.len()).collect();
    order.sort_by(|a, b| totals[*a].total_cmp(&totals[*b]));
    let mut means = vec![0.0; n_positions];
    for (rank, weight) in weighted_tail(order.len(), share) {
        let path = &simulated[order[rank]];
        means
            .iter_mut()
            .zip(path)
            .for_each(|(m, p)| *m += weight * p);
    }
    means
}
