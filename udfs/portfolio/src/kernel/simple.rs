//! Weights that need no optimiser; long only, with sum 1.

use super::matrix::{Matrix, deviations};

/// The same weight for each of `n` symbols.
pub fn equal(n: usize) -> Vec<f64> {
    vec![1.0 / n as f64; n]
}

/// Weights in proportion to `1 / deviation ^ power`: 1 for inverse volatility, 2 for inverse
/// variance. None when a symbol has no variance.
pub fn inverse_risk(covariance: &Matrix, power: i32) -> Option<Vec<f64>> {
    let deviations = deviations(covariance);
    if deviations.iter().any(|d| *d <= 0.0) {
        return None;
    }
    let inverse: Vec<f64> = deviations.iter().map(|d| d.powi(-power)).collect();
    let sum: f64 = inverse.iter().sum();
    Some(inverse.iter().map(|v| v / sum).collect())
}
