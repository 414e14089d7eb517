//! The model of Black and Litterman (1992): the market's own expectations, bent by views.
//!
//! The prior is what makes the market portfolio optimal, `risk_aversion * C w_market + risk_free`.
//! A view says that a portfolio p earns q a year; its uncertainty is `tau p'Cp` (He and Litterman
//! 1999), or that times `(1 - confidence) / confidence` (Idzorek 2005, closed form of Walters
//! 2014). Posterior mean and covariance are the conjugate Bayesian update.

use super::matrix::{Matrix, dot, scaled, solve, sum};
use super::optimise::Moments;

/// A portfolio and what it is expected to earn.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// Weight of each symbol in the view: 1 for an absolute view, 1 and -1 for a relative one.
    pub portfolio: Vec<f64>,
    /// Return per year.
    pub earns: f64,
    /// Between 0 (ignored) and 1 (certain); none for the default uncertainty.
    pub confidence: Option<f64>,
}

/// The expected returns that make these market weights optimal.
pub fn implied_returns(
    covariance: &Matrix,
    market: &[f64],
    risk_aversion: f64,
    risk_free: f64,
) -> Vec<f64> {
    let products = covariance.times(market);
    products
        .iter()
        .map(|p| risk_aversion * p + risk_free)
        .collect()
}

/// Expected returns and covariances after the views.
///
/// A view with confidence 0 changes nothing. None when views contradict each other with
/// certainty.
pub fn posterior(prior: &[f64], covariance: &Matrix, views: &[View], tau: f64) -> Option<Moments> {
    let views: Vec<&View> = views.iter().filter(|v| v.confidence != Some(0.0)).collect();
    let uncertain = scaled(covariance, tau);
    // One column of tau C P' per view.
    let spread: Vec<Vec<f64>> = views
        .iter()
        .map(|v| uncertain.times(&v.portfolio))
        .collect();
    let system = Matrix::from_fn(views.len(), |i, j| {
        let shared = dot(&views[i].portfolio, &spread[j]);
        shared
            + if i == j {
                uncertainty(views[i], &uncertain)
            } else {
                0.0
            }
    });
    let surprise: Vec<f64> = views
        .iter()
        .map(|v| v.earns - dot(&v.portfolio, prior))
        .collect();
    let pull = solve(&system, &surprise)?;
    let mean = combine(prior, &spread, &pull);
    let mut learned = Vec::with_capacity(prior.len());
    for j in 0..prior.len() {
        let column: Vec<f64> = spread.iter().map(|s| s[j]).collect();
        learned.push(solve(&system, &column)?);
    }
    let reduction = Matrix::from_fn(prior.len(), |i, j| {
        spread.iter().zip(&learned[j]).map(|(s, l)| s[i] * l).sum()
    });
    let left = sum(&uncertain, &scaled(&reduction, -1.0));
    Some(Moments {
        mean,
        covariance: symmetrised(&sum(covariance, &left)),
    })
}

fn uncertainty(view: &View, uncertain: &Matrix) -> f64 {
    let default = uncertain.quadratic(&view.portfolio);
    match view.confidence {
        None => default,
        Some(confidence) => default * (1.0 - confidence) / confidence,
    }
}

fn combine(prior: &[f64], spread: &[Vec<f64>], pull: &[f64]) -> Vec<f64> {
    let mut mean = prior.to_vec();
    for (column, weight) in spread.iter().zip(pull) {
        mean.iter_mut()
            .zip(column)
            .for_each(|(m, c)| *m += weight * c);
    }
    mean
}

/// Takes out what rounding has put between (i, j) and (j, i).
fn symmetrised(matrix: &Matrix) -> Matrix {
    Matrix::from_fn(matrix.n, |i, j| 0.5 * (matrix.get(i, j) + matrix.get(j, i)))
}
