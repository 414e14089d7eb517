//! Quadratic and linear programs: `min x'Px / 2 + q'x` with linear equalities and inequalities.
//!
//! Clarabel's interior-point method finds the optimum and which inequalities bind there. Those
//! are then solved as equalities, so that a weight at its bound is at its bound and the
//! optimality conditions hold to rounding, not to the tolerance of an iteration.

use super::matrix::{Matrix, dot};
use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, ZeroConeT,
};

/// Where the interior-point method stops: gap and residuals, absolute and relative.
const TOLERANCE: f64 = 1e-12;
/// Violation of the optimality conditions up to which a point counts where the method stalled.
const STALLED_TOLERANCE: f64 = 1e-7;
/// What it may stop at when rounding keeps it from that.
const REDUCED_TOLERANCE: f64 = 1e-9;
/// Slack and multiplier below this, relative to the size of their numbers, are 0.
const ZERO: f64 = 1e-11;
/// Changes of the set of binding inequalities before the interior solution is taken as it is.
const MAX_EXCHANGES: usize = 30;

/// A linear form with its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Variables with their coefficients.
    pub terms: Vec<(usize, f64)>,
    /// The right-hand side.
    pub bound: f64,
}

impl Row {
    fn value(&self, x: &[f64]) -> f64 {
        self.terms.iter().map(|(i, c)| c * x[*i]).sum()
    }

    fn slack(&self, x: &[f64]) -> f64 {
        self.bound - self.value(x)
    }
}

/// Why there is no solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unsolved {
    /// No point satisfies all rows.
    Infeasible,
    /// The objective falls without end.
    Unbounded,
    /// The numbers are too badly scaled for the solver.
    Failed,
}

/// An optimum with the multipliers of its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Optimum {
    /// The variables.
    pub x: Vec<f64>,
    /// One per equality.
    pub equality_duals: Vec<f64>,
    /// One per inequality, not negative.
    pub inequality_duals: Vec<f64>,
}

/// A program; rows of `inequalities` mean `terms <= bound`.
#[derive(Debug, Clone, Default)]
pub struct Program {
    n: usize,
    /// The upper triangle of P.
    quadratic: Vec<(usize, usize, f64)>,
    linear: Vec<f64>,
    equalities: Vec<Row>,
    inequalities: Vec<Row>,
}

impl Program {
    /// Adds variables without bounds and objective; gives the index of the first.
    pub fn add_variables(&mut self, count: usize) -> usize {
        let first = self.n;
        self.n += count;
        self.linear.resize(self.n, 0.0);
        first
    }

    /// Adds `w' M w / 2` over the first variables to the objective.
    pub fn add_variance(&mut self, matrix: &Matrix) {
        for i in 0..matrix.n {
            let upper = (i..matrix.n).map(|j| (i, j, matrix.get(i, j)));
            self.quadratic.extend(upper);
        }
    }

    /// Adds `coefficient * variable` to the objective.
    pub fn add_cost(&mut self, variable: usize, coefficient: f64) {
        self.linear[variable] += coefficient;
    }

    /// Demands `terms = bound`.
    pub fn add_equality(&mut self, terms: Vec<(usize, f64)>, bound: f64) {
        self.equalities.push(Row { terms, bound });
    }

    /// Demands `terms <= bound`.
    pub fn add_inequality(&mut self, terms: Vec<(usize, f64)>, bound: f64) {
        self.inequalities.push(Row { terms, bound });
    }

    /// The optimum.
    ///
    /// # Errors
    /// When there is none, or rounding hides it.
    pub fn solve(&self) -> Result<Optimum, Unsolved> {
        let equalities: Vec<&Row> = self.equalities.iter().collect();
        let inequalities: Vec<&Row> = self.inequalities.iter().collect();
        let (interior, is_certain) = self.interior(&equalities, &inequalities)?;
        let optimum = self.polished(&interior).unwrap_or(interior);
        if is_certain || self.residual(&optimum) <= STALLED_TOLERANCE {
            Ok(optimum)
        } else {
            Err(Unsolved::Failed)
        }
    }

    /// The largest violation of the optimality conditions: stationarity, feasibility, signs of
    /// multipliers, complementary slackness.
    pub fn residual(&self, optimum: &Optimum) -> f64 {
        let mut gradient = self.gradient(&optimum.x);
        let mut worst = 0.0_f64;
        for (row, dual) in self.equalities.iter().zip(&optimum.equality_duals) {
            row.terms.iter().for_each(|(i, c)| gradient[*i] += dual * c);
            worst = worst.max(row.slack(&optimum.x).abs());
        }
        for (row, dual) in self.inequalities.iter().zip(&optimum.inequality_duals) {
            row.terms.iter().for_each(|(i, c)| gradient[*i] += dual * c);
            let slack = row.slack(&optimum.x);
            worst = worst.max(-slack).max(-dual).max((slack * dual).abs());
        }
        gradient.iter().fold(worst, |w, g| w.max(g.abs()))
    }

    /// The value of the objective.
    pub fn objective(&self, x: &[f64]) -> f64 {
        let squares: f64 = self
            .quadratic
            .iter()
            .map(|(i, j, v)| match i == j {
                true => 0.5 * v * x[*i] * x[*i],
                false => v * x[*i] * x[*j],
            })
            .sum();
        squares + dot(&self.linear, x)
    }

    fn gradient(&self, x: &[f64]) -> Vec<f64> {
        let mut gradient = self.linear.clone();
        for (i, j, v) in &self.quadratic {
            gradient[*i] += v * x[*j];
            if i != j {
                gradient[*j] += v * x[*i];
            }
        }
        gradient
    }

    /// Where the interior-point method ended, and whether it says that this is the optimum.
    fn interior(
        &self,
        equalities: &[&Row],
        inequalities: &[&Row],
    ) -> Result<(Optimum, bool), Unsolved> {
        let rows: Vec<&Row> = equalities.iter().chain(inequalities).copied().collect();
        let bounds: Vec<f64> = rows.iter().map(|r| r.bound).collect();
        let cones = [
            ZeroConeT(equalities.len()),
            NonnegativeConeT(inequalities.len()),
        ];
        let mut solver = DefaultSolver::new(
            &self.quadratic_matrix(),
            &self.linear,
            &constraint_matrix(&rows, self.n),
            &bounds,
            &cones,
            settings(),
        );
        solver.solve();
        let is_certain = check(solver.solution.status)?;
        let duals = &solver.solution.z;
        let is_finite = solver.solution.x.iter().chain(duals).all(|v| v.is_finite());
        let (equality_duals, inequality_duals) = duals.split_at(equalities.len());
        let optimum = Optimum {
            x: solver.solution.x.clone(),
            equality_duals: equality_duals.to_vec(),
            inequality_duals: inequality_duals.to_vec(),
        };
        is_finite
            .then_some((optimum, is_certain))
            .ok_or(Unsolved::Failed)
    }

    /// The optimum as the solution of a linear system: the inequalities that bind taken as
    /// equalities. None where no set of them is found that satisfies the rest.
    fn polished(&self, interior: &Optimum) -> Option<Optimum> {
        let mut binds: Vec<bool> = self
            .inequalities
            .iter()
            .zip(&interior.inequality_duals)
            .map(|(row, dual)| row.slack(&interior.x) < *dual)
            .collect();
        for _ in 0..MAX_EXCHANGES {
            let candidate = self.with_binding(&binds)?;
            if !self.exchange(&candidate, &mut binds) {
                let is_better = self.residual(&candidate) <= self.residual(interior);
                return is_better.then_some(candidate);
            }
        }
        None
    }

    fn with_binding(&self, binds: &[bool]) -> Option<Optimum> {
        let active = self.inequalities.iter().zip(binds).filter(|(_, b)| **b);
        let rows: Vec<&Row> = self
            .equalities
            .iter()
            .chain(active.map(|(r, _)| r))
            .collect();
        let (solved, _) = self.interior(&rows, &[]).ok()?;
        let (equality_duals, active_duals) = solved.equality_duals.split_at(self.equalities.len());
        let mut active_duals = active_duals.iter().copied();
        let inequality_duals = binds
            .iter()
            .map(|b| b.then(|| active_duals.next()).flatten().unwrap_or(0.0))
            .collect();
        Some(Optimum {
            x: solved.x,
            equality_duals: equality_duals.to_vec(),
            inequality_duals,
        })
    }

    /// Lets go of rows that push the wrong way and takes up rows that are violated; false when
    /// there are none.
    fn exchange(&self, candidate: &Optimum, binds: &mut [bool]) -> bool {
        let scale = self
            .gradient(&candidate.x)
            .iter()
            .fold(0.0_f64, |m, g| m.max(g.abs()));
        let mut is_changed = false;
        let rows = self.inequalities.iter().zip(&candidate.inequality_duals);
        for ((row, dual), binds) in rows.zip(binds) {
            let is_wrong = match *binds {
                true => *dual < -ZERO * scale,
                false => row.slack(&candidate.x) < -ZERO * (1.0 + row.bound.abs()),
            };
            *binds ^= is_wrong;
            is_changed |= is_wrong;
        }
        is_changed
    }

    fn quadratic_matrix(&self) -> CscMatrix<f64> {
        let entries = || self.quadratic.iter().filter(|(_, _, v)| *v != 0.0);
        CscMatrix::new_from_triplets(
            self.n,
            self.n,
            entries().map(|(i, _, _)| *i).collect(),
            entries().map(|(_, j, _)| *j).collect(),
            entries().map(|(_, _, v)| *v).collect(),
        )
    }
}

fn constraint_matrix(rows: &[&Row], n: usize) -> CscMatrix<f64> {
    let (mut row_of, mut column_of, mut values) = (Vec::new(), Vec::new(), Vec::new());
    for (i, row) in rows.iter().enumerate() {
        for (j, value) in row.terms.iter().filter(|(_, v)| *v != 0.0) {
            row_of.push(i);
            column_of.push(*j);
            values.push(*value);
        }
    }
    CscMatrix::new_from_triplets(rows.len(), n, row_of, column_of, values)
}

fn settings() -> DefaultSettings<f64> {
    DefaultSettings {
        verbose: false,
        max_threads: 1,
        tol_gap_abs: TOLERANCE,
        tol_gap_rel: TOLERANCE,
        tol_feas: TOLERANCE,
        reduced_tol_gap_abs: REDUCED_TOLERANCE,
        reduced_tol_gap_rel: REDUCED_TOLERANCE,
        reduced_tol_feas: REDUCED_TOLERANCE,
        ..DefaultSettings::default()
    }
}

/// Whether the status is that of an optimum; a method that stalled may have come near enough.
fn check(status: SolverStatus) -> Result<bool, Unsolved> {
    match status {
        SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
            Err(Unsolved::Infeasible)
        }
        SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible => {
            Err(Unsolved::Unbounded)
        }
        SolverStatus::Solved | SolverStatus::AlmostSolved => Ok(true),
        _ => Ok(false),
    }
}
