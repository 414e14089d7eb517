//! Portfolios that are the best by mean and variance (Markowitz 1952), within limits.

use super::limits::Limits;
use super::matrix::{Matrix, deviations, dot, scaled};
use super::program::{Optimum, Program, Unsolved};

/// Steps of the search for a risk; the frontier is piecewise quadratic, so few are needed.
const MAX_STEPS: usize = 100;
/// Relative error of the variance at which the search ends.
const RISK_TOLERANCE: f64 = 1e-14;
/// Aversion to variance that decides between portfolios of one return, in units of the largest
/// return per variance.
const TIE_BREAKER: f64 = 1e-6;

/// Expected returns and covariances over one period, usually a year.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Expected return of each symbol.
    pub mean: Vec<f64>,
    /// Their covariances.
    pub covariance: Matrix,
}

/// The weights with the smallest variance.
///
/// # Errors
/// When no weights satisfy the limits.
pub fn min_variance(covariance: &Matrix, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let mut program = limits.program();
    program.add_variance(covariance);
    Ok(limits.weights(&program.solve()?.x))
}

/// The weights with the largest `mean'w - risk_aversion / 2 * w'Cw`.
///
/// # Errors
/// When no weights satisfy the limits.
pub fn mean_variance(
    moments: &Moments,
    risk_aversion: f64,
    limits: &Limits,
) -> Result<Vec<f64>, Unsolved> {
    let mut program = limits.program();
    program.add_variance(&scaled(&moments.covariance, risk_aversion));
    add_returns(&mut program, &moments.mean);
    Ok(limits.weights(&program.solve()?.x))
}

/// The weights with the largest expected return; of several that differ by less than a millionth,
/// those with the smallest variance.
///
/// # Errors
/// When no weights satisfy the limits.
pub fn max_return(moments: &Moments, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let largest = |values: &[f64]| values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    let variance = largest(&moments.covariance.diagonal());
    let aversion = match variance > 0.0 {
        true => TIE_BREAKER * largest(&moments.mean) / variance,
        false => 0.0,
    };
    mean_variance(moments, aversion, limits)
}

/// The largest expected return within the limits.
///
/// # Errors
/// When no weights satisfy the limits.
pub fn highest_return(moments: &Moments, limits: &Limits) -> Result<f64, Unsolved> {
    let mut program = limits.program();
    add_returns(&mut program, &moments.mean);
    Ok(dot(&limits.weights(&program.solve()?.x), &moments.mean))
}

/// The weights with the smallest variance among those that earn at least `target`.
///
/// # Errors
/// When no weights satisfy the limits and earn that much.
pub fn efficient_return(
    moments: &Moments,
    target: f64,
    limits: &Limits,
) -> Result<Vec<f64>, Unsolved> {
    Ok(limits.weights(&at_least(moments, target, limits)?.x))
}

/// The weights with the largest expected return among those with at most this volatility.
///
/// The smallest variance for a return is a convex function of it, whose slope is twice the
/// multiplier of the return: Newton's steps within a shrinking interval find the return at which
/// it is the one wanted.
///
/// # Errors
/// [`Unsolved::Infeasible`] when the volatility is below the smallest one possible.
pub fn efficient_risk(
    moments: &Moments,
    target: f64,
    limits: &Limits,
) -> Result<Vec<f64>, Unsolved> {
    let wanted = target * target;
    let excess = |w: &[f64]| moments.covariance.quadratic(w) - wanted;
    let earned = |w: &[f64]| dot(w, &moments.mean);
    let mut weights = min_variance(&moments.covariance, limits)?;
    if excess(&weights) > RISK_TOLERANCE * wanted {
        return Err(Unsolved::Infeasible);
    }
    let dearest = max_return(moments, limits)?;
    if excess(&dearest) <= 0.0 {
        return Ok(dearest);
    }
    let (mut low, mut high) = (earned(&weights), earned(&dearest));
    // The chord meets the target left of the convex curve.
    let rise = (excess(&dearest) - excess(&weights)) / (high - low);
    let mut next = low - excess(&weights) / rise;
    for _ in 0..MAX_STEPS {
        if !(next > low && next < high) {
            next = 0.5 * (low + high);
        }
        if !(next > low && next < high) {
            break;
        }
        let optimum = at_least(moments, next, limits)?;
        weights = limits.weights(&optimum.x);
        let missed = excess(&weights);
        if missed.abs() <= RISK_TOLERANCE * wanted {
            break;
        }
        if missed < 0.0 {
            low = next;
        } else {
            high = next;
        }
        let slope = 2.0 * optimum.inequality_duals.last().copied().unwrap_or(0.0);
        next -= missed / slope;
    }
    Ok(weights)
}

/// The weights with the largest `(mean'w - risk_free) / volatility`.
///
/// # Errors
/// [`Unsolved::Infeasible`] when no weights within the limits earn more than `risk_free`.
pub fn max_sharpe(
    moments: &Moments,
    risk_free: f64,
    limits: &Limits,
) -> Result<Vec<f64>, Unsolved> {
    let best = highest_return(moments, limits)?;
    if best <= risk_free {
        return Err(Unsolved::Infeasible);
    }
    let (mut program, scale) = limits.scaled_program();
    program.add_variance(&moments.covariance);
    // The scale is free; in units of the best excess return it is near 1.
    let excess = best - risk_free;
    let mut terms: Vec<_> = moments
        .mean
        .iter()
        .map(|m| m / excess)
        .enumerate()
        .collect();
    terms.push((scale, -risk_free / excess));
    program.add_equality(terms, 1.0);
    unscaled(&program, scale, limits)
}

/// The weights with the largest ratio of average volatility to volatility of the portfolio
/// (Choueifaty and Coignard 2008).
///
/// # Errors
/// When no weights satisfy the limits.
pub fn max_diversification(covariance: &Matrix, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let deviations = deviations(covariance);
    let mean = deviations.iter().sum::<f64>() / deviations.len().max(1) as f64;
    let (mut program, scale) = limits.scaled_program();
    program.add_variance(covariance);
    let terms = deviations.iter().map(|d| d / mean).enumerate().collect();
    program.add_equality(terms, 1.0);
    unscaled(&program, scale, limits)
}

fn unscaled(program: &Program, scale: usize, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let x = program.solve()?.x;
    let scale = x[scale];
    if scale <= 0.0 {
        return Err(Unsolved::Unbounded);
    }
    let weights: Vec<f64> = x.iter().take(limits.n()).map(|v| v / scale).collect();
    Ok(limits.weights(&weights))
}

/// The smallest variance among weights that earn at least `target`; the multiplier of that row
/// is the last one.
fn at_least(moments: &Moments, target: f64, limits: &Limits) -> Result<Optimum, Unsolved> {
    let mut program = limits.program();
    program.add_variance(&moments.covariance);
    let earned = moments.mean.iter().map(|m| -m).enumerate().collect();
    program.add_inequality(earned, -target);
    program.solve()
}

fn add_returns(program: &mut Program, mean: &[f64]) {
    for (i, m) in mean.iter().enumerate() {
        program.add_cost(i, -m);
    }
}
