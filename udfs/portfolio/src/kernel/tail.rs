//! Portfolios with the smallest tail: expected shortfall and drawdown at risk, as linear programs.

use super::limits::Limits;
use super::program::{Program, Unsolved};

/// The weights with the smallest expected shortfall at this confidence level.
///
/// `min a + sum(max(loss_t - a, 0)) / ((1 - level) T)` over weights and the threshold a, which is
/// the value at risk (Rockafellar and Uryasev 2000). `returns` holds one slice per symbol.
///
/// # Errors
/// When no weights satisfy the limits.
pub fn min_cvar(returns: &[&[f64]], level: f64, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let n_rows = n_rows(returns);
    let mut program = limits.program();
    let (threshold, excess) = add_tail(&mut program, n_rows, level);
    for t in 0..n_rows {
        let mut terms = losses(returns, t);
        terms.extend([(threshold, -1.0), (excess + t, -1.0)]);
        program.add_inequality(terms, 0.0);
    }
    Ok(limits.weights(&program.solve()?.x))
}

/// The weights with the smallest conditional drawdown at risk at this confidence level.
///
/// Drawdowns are of the sum of returns (not compounded), from the highest sum so far, 0 at the
/// start (Chekhlov, Uryasev and Zabarankin 2005).
///
/// # Errors
/// When no weights satisfy the limits.
pub fn min_cdar(returns: &[&[f64]], level: f64, limits: &Limits) -> Result<Vec<f64>, Unsolved> {
    let n_rows = n_rows(returns);
    let mut program = limits.program();
    let (threshold, excess) = add_tail(&mut program, n_rows, level);
    let drawdown = program.add_variables(n_rows);
    for t in 0..n_rows {
        program.add_inequality(vec![(drawdown + t, -1.0)], 0.0);
        let mut deeper = losses(returns, t);
        deeper.push((drawdown + t, -1.0));
        if t > 0 {
            deeper.push((drawdown + t - 1, 1.0));
        }
        program.add_inequality(deeper, 0.0);
        let tail = vec![(drawdown + t, 1.0), (threshold, -1.0), (excess + t, -1.0)];
        program.add_inequality(tail, 0.0);
    }
    Ok(limits.weights(&program.solve()?.x))
}

/// Adds the threshold and what lies beyond it at each row; gives the index of each.
fn add_tail(program: &mut Program, n_rows: usize, level: f64) -> (usize, usize) {
    let threshold = program.add_variables(1);
    let excess = program.add_variables(n_rows);
    program.add_cost(threshold, 1.0);
    let share = 1.0 / ((1.0 - level) * n_rows as f64);
    for t in excess..excess + n_rows {
        program.add_cost(t, share);
        program.add_inequality(vec![(t, -1.0)], 0.0);
    }
    (threshold, excess)
}

fn losses(returns: &[&[f64]], t: usize) -> Vec<(usize, f64)> {
    returns.iter().map(|r| -r[t]).enumerate().collect()
}

fn n_rows(returns: &[&[f64]]) -> usize {
    returns.first().map_or(0, |r| r.len())
}
