//! Least squares with an intercept, by orthogonal columns.

use super::covariance::dot;
use std::iter::once;

/// A line, plane, ... through returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Regression {
    /// Value where all factors are 0.
    pub alpha: f64,
    /// One coefficient for each factor.
    pub exposures: Vec<f64>,
    /// Their standard errors under equal, uncorrelated residuals.
    pub standard_errors: Vec<f64>,
    /// Share of the variance that the factors explain.
    pub r_squared: f64,
    /// Each factor's part of that share; they add up to `r_squared`.
    pub variance_shares: Vec<f64>,
}

/// A factor whose part that the others do not explain is below this share of it is a combination
/// of the others, up to rounding.
const COLLINEAR: f64 = 1e-10;

/// Regresses `y` on the factors, all of one length. `None` where there are fewer rows than
/// coefficients plus one, or a factor is constant or a combination of others.
pub fn regress(y: &[f64], factors: &[&[f64]]) -> Option<Regression> {
    let n_rows = y.len();
    let n = n_rows as f64;
    if n_rows < factors.len() + 2 {
        return None;
    }
    let mean = |v: &[f64]| v.iter().sum::<f64>() / n;
    let centre = |v: &[f64]| -> Vec<f64> {
        let mean = mean(v);
        v.iter().map(|x| x - mean).collect()
    };
    let centred: Vec<Vec<f64>> = factors.iter().map(|f| centre(f)).collect();
    let target = centre(y);
    let basis = Basis::new(factors, &centred)?;
    let (exposures, residual) = basis.solve(&target);
    let total = dot(&target, &target);
    let unexplained = dot(&residual, &residual);
    let error = (unexplained / (n - 1.0 - factors.len() as f64)).sqrt();
    let share = |(f, e): (&Vec<f64>, &f64)| e * dot(f, &target) / total;
    let means = exposures.iter().zip(factors).map(|(e, f)| e * mean(f));
    Some(Regression {
        alpha: mean(y) - means.sum::<f64>(),
        standard_errors: basis.inverse_norms().iter().map(|v| v * error).collect(),
        r_squared: 1.0 - unexplained / total,
        variance_shares: centred.iter().zip(&exposures).map(share).collect(),
        exposures,
    })
}

/// Orthonormal columns with the triangular matrix that leads back to the factors (modified
/// Gram-Schmidt).
struct Basis {
    columns: Vec<Vec<f64>>,
    /// Column j holds what the j-th factor has of each orthonormal column up to the j-th.
    triangle: Vec<Vec<f64>>,
}

impl Basis {
    /// `None` where a centred factor is nothing but the rounding of the factor as given, or of a
    /// combination of those before it.
    fn new(given: &[&[f64]], factors: &[Vec<f64>]) -> Option<Self> {
        let mut basis = Self {
            columns: vec![],
            triangle: vec![],
        };
        for (given, factor) in given.iter().zip(factors) {
            let size = dot(given, given).sqrt();
            let (shares, rest) = basis.project(factor);
            let length = dot(&rest, &rest).sqrt();
            if length.is_nan() || length <= COLLINEAR * size {
                return None;
            }
            let diagonal = once(length);
            basis
                .triangle
                .push(shares.into_iter().chain(diagonal).collect());
            basis
                .columns
                .push(rest.iter().map(|v| v / length).collect());
        }
        Some(basis)
    }

    /// The share of each column in a vector, and what is left of the vector.
    fn project(&self, vector: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut rest = vector.to_vec();
        let mut shares = Vec::with_capacity(self.columns.len());
        for column in &self.columns {
            let share = dot(column, &rest);
            rest.iter_mut()
                .zip(column)
                .for_each(|(r, c)| *r -= share * c);
            shares.push(share);
        }
        (shares, rest)
    }

    /// The coefficients of the factors in a vector, and the residual.
    fn solve(&self, vector: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (shares, residual) = self.project(vector);
        (self.back_substitute(shares), residual)
    }

    fn back_substitute(&self, mut right: Vec<f64>) -> Vec<f64> {
        for j in (0..right.len()).rev() {
            right[j] /= self.triangle[j][j];
            for i in 0..j {
                right[i] -= self.triangle[j][i] * right[j];
            }
        }
        right
    }

    /// The lengths of the rows of the inverse triangle: standard errors in units of the residual.
    fn inverse_norms(&self) -> Vec<f64> {
        let n = self.columns.len();
        let mut squares = vec![0.0; n];
        for k in 0..n {
            let unit = (0..n).map(|i| if i == k { 1.0 } else { 0.0 }).collect();
            let column = self.back_substitute(unit);
            squares
                .iter_mut()
                .zip(column)
                .for_each(|(s, c)| *s += c * c);
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}
