//! Portfolio methods by name: one door to all of them.

use super::hierarchical::{herc, hrp};
use super::limits::Limits;
use super::linkage::Linkage;
use super::matrix::dot;
use super::optimise::{
    Moments, efficient_return, efficient_risk, max_diversification, max_return, max_sharpe,
    mean_variance, min_variance,
};
use super::program::Unsolved;
use super::risk_parity::risk_parity;
use super::simple::{equal, inverse_risk};
use super::tail::{min_cdar, min_cvar};

/// How weights are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// The same weight for all.
    Equal,
    /// In inverse proportion to volatility.
    InverseVolatility,
    /// In inverse proportion to variance.
    InverseVariance,
    /// Equal (or budgeted) contributions to the variance.
    RiskParity,
    /// Hierarchical risk parity.
    Hrp(Linkage),
    /// Hierarchical equal risk contribution, with the number of clusters.
    Herc(Linkage, Option<usize>),
    /// Smallest variance.
    MinVariance,
    /// Largest utility with this risk aversion.
    MeanVariance(f64),
    /// Largest return per risk over this risk-free rate.
    MaxSharpe(f64),
    /// Largest return.
    MaxReturn,
    /// Largest return with at most this volatility.
    EfficientRisk(f64),
    /// Smallest variance with at least this return.
    EfficientReturn(f64),
    /// Largest diversification ratio.
    MaxDiversification,
    /// Smallest expected shortfall at this level.
    MinCvar(f64),
    /// Smallest conditional drawdown at this level.
    MinCdar(f64),
}

/// What a method reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Expected returns and covariances.
    pub moments: &'a Moments,
    /// Returns by symbol, complete rows.
    pub returns: &'a [&'a [f64]],
    /// Shares of the risk, positive, with sum 1.
    pub budget: &'a [f64],
    /// What weights may be.
    pub limits: &'a Limits,
}

/// Why there are no weights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The optimiser has no answer.
    Unsolved(Unsolved),
    /// A symbol has no variance, and the method divides by it.
    NoVariance,
}

impl From<Unsolved> for Fault {
    fn from(unsolved: Unsolved) -> Self {
        Self::Unsolved(unsolved)
    }
}

impl Method {
    /// Whether the method obeys bounds, group, gross and turnover limits; those that do not are
    /// long only and scaled to the net exposure.
    pub fn obeys_limits(self) -> bool {
        !matches!(
            self,
            Self::Equal
                | Self::InverseVolatility
                | Self::InverseVariance
                | Self::RiskParity
                | Self::Hrp(_)
                | Self::Herc(..)
        )
    }

    /// The weights.
    ///
    /// # Errors
    /// When the limits or the data have no answer.
    pub fn weights(self, input: &Input<'_>) -> Result<Vec<f64>, Fault> {
        if !self.obeys_limits() {
            let shares = self.shares(input).ok_or(Fault::NoVariance)?;
            return Ok(shares.iter().map(|w| w * input.limits.net).collect());
        }
        let Input {
            moments,
            returns,
            limits,
            ..
        } = *input;
        let covariance = &moments.covariance;
        Ok(match self {
            Self::MeanVariance(aversion) => mean_variance(moments, aversion, limits)?,
            Self::MaxSharpe(risk_free) => max_sharpe(moments, risk_free, limits)?,
            Self::MaxReturn => max_return(moments, limits)?,
            Self::EfficientRisk(target) => efficient_risk(moments, target, limits)?,
            Self::EfficientReturn(target) => efficient_return(moments, target, limits)?,
            Self::MaxDiversification if covariance.diagonal().iter().any(|v| *v <= 0.0) => {
                return Err(Fault::NoVariance);
            }
            Self::MaxDiversification => max_diversification(covariance, limits)?,
            Self::MinCvar(level) => min_cvar(returns, level, limits)?,
            Self::MinCdar(level) => min_cdar(returns, level, limits)?,
            _ => min_variance(covariance, limits)?,
        })
    }

    /// Long-only weights with sum 1, of methods that know no limits.
    fn shares(self, input: &Input<'_>) -> Option<Vec<f64>> {
        let covariance = &input.moments.covariance;
        match self {
            Self::InverseVolatility => inverse_risk(covariance, 1),
            Self::InverseVariance => inverse_risk(covariance, 2),
            Self::RiskParity => risk_parity(covariance, input.budget),
            // A single symbol has nothing to be clustered with.
            Self::Hrp(linkage) if covariance.n > 1 => hrp(covariance, linkage),
            Self::Herc(linkage, clusters) if covariance.n > 1 => {
                herc(covariance, linkage, clusters)
            }
            _ => Some(equal(covariance.n)),
        }
    }
}

/// The derivative of the portfolio's volatility by each weight; 0 where there is no volatility.
pub fn marginal_risk(moments: &Moments, weights: &[f64]) -> Vec<f64> {
    let products = moments.covariance.times(weights);
    let volatility = dot(&products, weights).max(0.0).sqrt();
    products
        .iter()
        .map(|p| {
            if volatility > 0.0 {
                p / volatility
            } else {
                0.0
            }
        })
        .collect()
}
