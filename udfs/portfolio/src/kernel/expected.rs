//! Expected returns per period from past returns; one slice per symbol, complete rows.

use super::matrix::dot;
use quantlake_risk::portfolio_risk::covariance::ewma_weights;

/// The arithmetic means.
pub fn mean(returns: &[&[f64]]) -> Vec<f64> {
    returns.iter().map(|r| average(r)).collect()
}

/// Means with weights that fall by the factor `lambda` with every row into the past.
pub fn ewma(returns: &[&[f64]], lambda: f64) -> Vec<f64> {
    let n_rows = returns.first().map_or(0, |r| r.len());
    let weights = ewma_weights(n_rows, lambda);
    returns.iter().map(|r| dot(r, &weights)).collect()
}

/// What the capital asset pricing model expects: `risk_free + beta (market - risk_free)`, with the
/// equally weighted symbols as the market (Sharpe 1964; as PyPortfolioOpt's `capm_return`).
///
/// NaN where the market has no variance.
pub fn capm(returns: &[&[f64]], risk_free: f64) -> Vec<f64> {
    let n_rows = returns.first().map_or(0, |r| r.len());
    let market: Vec<f64> = (0..n_rows)
        .map(|t| returns.iter().map(|r| r[t]).sum::<f64>() / returns.len() as f64)
        .collect();
    let premium = average(&market) - risk_free;
    let variance = comoment(&market, &market);
    returns
        .iter()
        .map(|r| risk_free + comoment(r, &market) / variance * premium)
        .collect()
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn comoment(a: &[f64], b: &[f64]) -> f64 {
    let (mean_a, mean_b) = (average(a), average(b));
    a.iter()
        .zip(b)
        .map(|(x, y)| (x - mean_a) * (y - mean_b))
        .sum()
}
