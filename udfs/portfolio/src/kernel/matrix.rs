//! What the optimisers need of covariance matrices beyond the estimators' own type.

pub use quantlake_risk::portfolio_risk::covariance::Matrix;

/// The inner product.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The square roots of the diagonal: volatilities.
pub fn deviations(covariance: &Matrix) -> Vec<f64> {
    let variances = covariance.diagonal();
    variances.iter().map(|v| v.max(0.0).sqrt()).collect()
}

/// The matrix times a number.
pub fn scaled(matrix: &Matrix, factor: f64) -> Matrix {
    Matrix::from_fn(matrix.n, |i, j| matrix.get(i, j) * factor)
}

/// The sum of two matrices of one size.
pub fn sum(a: &Matrix, b: &Matrix) -> Matrix {
    Matrix::from_fn(a.n, |i, j| a.get(i, j) + b.get(i, j))
}

/// The rows and columns of these members.
pub fn part(matrix: &Matrix, members: &[usize]) -> Matrix {
    Matrix::from_fn(members.len(), |i, j| matrix.get(members[i], members[j]))
}

/// The x with `M x = right` for a symmetric M, by Cholesky; none where M is not positive
/// definite.
pub fn solve(matrix: &Matrix, right: &[f64]) -> Option<Vec<f64>> {
    let n = matrix.n;
    let factor = cholesky(matrix)?;
    let mut x = right.to_vec();
    for i in 0..n {
        let known = dot(&factor[i * n..i * n + i], &x[..i]);
        x[i] = (x[i] - known) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        let known: f64 = (i + 1..n).map(|k| factor[k * n + i] * x[k]).sum();
        x[i] = (x[i] - known) / factor[i * n + i];
    }
    Some(x)
}

/// The lower triangle L with `L L' = M`, row by row.
fn cholesky(matrix: &Matrix) -> Option<Vec<f64>> {
    let n = matrix.n;
    let mut factor = vec![0.0; n * n];
    for i in 0..n {
        for j in 0..=i {
            let known = dot(&factor[i * n..i * n + j], &factor[j * n..j * n + j]);
            let rest = matrix.get(i, j) - known;
            factor[i * n + j] = match i == j {
                true if rest > 0.0 => rest.sqrt(),
                true => return None,
                false => rest / factor[j * n + j],
            };
        }
    }
    Some(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(n: usize, data: &[f64]) -> Matrix {
        Matrix {
            n,
            data: data.to_vec(),
        }
    }

    #[test]
    fn the_solution_of_a_system_satisfies_it() {
        let m = matrix(3, &[4.0, 1.0, 0.5, 1.0, 3.0, -1.0, 0.5, -1.0, 2.0]);
        let x = solve(&m, &[1.0, 2.0, 3.0]).unwrap();
        for (found, wanted) in m.times(&x).iter().zip([1.0, 2.0, 3.0]) {
            assert!((found - wanted).abs() < 1e-14);
        }
    }

    #[test]
    fn a_singular_matrix_has_no_solution() {
        assert_eq!(solve(&matrix(2, &[1.0, 1.0, 1.0, 1.0]), &[1.0, 1.0]), None);
    }
}
