//! Weights whose contributions to the risk have given shares (equal: equal risk contribution).
//!
//! They minimise `x'Cx / 2 - sum(b_i ln x_i)` up to their scale (Spinu 2013, "An Algorithm for
//! Computing Risk Parity Weights"). The function is self-concordant, so damped Newton steps
//! converge from any start, and quadratically near the end.

use super::matrix::{Matrix, deviations, dot, solve};

const MAX_STEPS: usize = 500;
/// The Newton decrement at which rounding takes over.
const CONVERGED: f64 = 1e-15;
/// Below this decrement full steps are safe.
const NEAR: f64 = 0.25;

/// Long-only weights that sum to 1, in which symbol i carries the share `budget[i]` of the
/// variance; budgets are positive and sum to 1. None when the covariances are not those of
/// anything: a negative variance on the way, or a variance of 0.
pub fn risk_parity(covariance: &Matrix, budget: &[f64]) -> Option<Vec<f64>> {
    let deviations = deviations(covariance);
    if deviations.iter().any(|d| *d <= 0.0) {
        return None;
    }
    // Correlations instead of covariances: the same problem, with unknowns near 1.
    let correlations = covariance.correlation();
    let mut x: Vec<f64> = budget.iter().map(|b| b.sqrt()).collect();
    for _ in 0..MAX_STEPS {
        let step = newton_step(&correlations, budget, &x)?;
        let damping = if step.decrement < NEAR {
            1.0
        } else {
            1.0 / (1.0 + step.decrement)
        };
        for (x, d) in x.iter_mut().zip(&step.direction) {
            *x -= damping * d;
        }
        if step.decrement <= CONVERGED.sqrt() {
            break;
        }
    }
    let raw: Vec<f64> = x.iter().zip(&deviations).map(|(x, d)| x / d).collect();
    let sum: f64 = raw.iter().sum();
    let weights: Vec<f64> = raw.iter().map(|w| w / sum).collect();
    weights
        .iter()
        .all(|w| w.is_finite() && *w > 0.0)
        .then_some(weights)
}

struct Step {
    direction: Vec<f64>,
    /// The length of the step in the metric of the curvature, relative to the smallest budget.
    decrement: f64,
}

fn newton_step(correlations: &Matrix, budget: &[f64], x: &[f64]) -> Option<Step> {
    let gradient: Vec<f64> = correlations
        .times(x)
        .iter()
        .zip(budget.iter().zip(x))
        .map(|(m, (b, x))| m - b / x)
        .collect();
    let curvature = Matrix::from_fn(x.len(), |i, j| {
        let barrier = if i == j {
            budget[i] / (x[i] * x[i])
        } else {
            0.0
        };
        correlations.get(i, j) + barrier
    });
    let direction = solve(&curvature, &gradient)?;
    // The barrier is b times a standard one, so self-concordance scales with its root.
    let smallest = budget.iter().copied().fold(f64::INFINITY, f64::min);
    let decrement = (dot(&direction, &gradient).max(0.0) / smallest).sqrt();
    Some(Step {
        direction,
        decrement,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Covariances of random factors plus noise: positive definite.
    fn covariance(numbers: &[f64], n: usize) -> Matrix {
        Matrix::from_fn(n, |i, j| {
            let product = dot(&numbers[i * n..(i + 1) * n], &numbers[j * n..(j + 1) * n]);
            product + if i == j { 0.01 } else { 0.0 }
        })
    }

    proptest! {
        #[test]
        fn every_symbol_carries_its_budget(numbers in proptest::collection::vec(-1.0..1.0_f64, 36), tilt in 0.1..5.0_f64) {
            let covariance = covariance(&numbers, 6);
            let total = 5.0 + tilt;
            let budget: Vec<f64> = [tilt, 1.0, 1.0, 1.0, 1.0, 1.0].iter().map(|b| b / total).collect();
            let weights = risk_parity(&covariance, &budget).unwrap();
            let marginal = covariance.times(&weights);
            let variance = covariance.quadratic(&weights);
            for i in 0..6 {
                prop_assert!((weights[i] * marginal[i] / variance - budget[i]).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn without_variance_there_is_no_parity() {
        let covariance = Matrix {
            n: 2,
            data: vec![0.0, 0.0, 0.0, 1.0],
        };
        assert_eq!(risk_parity(&covariance, &[0.5, 0.5]), None);
    }
}
