//! The triangular root of a positive matrix.

/// A square matrix as rows.
pub(crate) type Matrix = Vec<Vec<f64>>;

/// The lower triangle L with L L' = A; `None` when A is not positive definite up to rounding.
pub(crate) fn cholesky(a: &Matrix) -> Option<Matrix> {
    let n = a.len();
    let mut lower = vec![vec![0.0; n]; n];
    for i in 0..n {
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| lower[i][k] * lower[j][k]).sum();
            let rest = a[i][j] - known;
            lower[i][j] = if i > j {
                rest / lower[j][j]
            } else if rest > a[i][i] * n as f64 * f64::EPSILON {
                rest.sqrt()
            } else {
                return None;
            };
        }
    }
    Some(lower)
}

/// Solves L x = b for a lower triangle.
pub(crate) fn solve_lower(lower: &Matrix, b: &[f64]) -> Vec<f64> {
    let mut x: Vec<f64> = Vec::with_capacity(b.len());
    for (row, value) in lower.iter().zip(b) {
        let known: f64 = row.iter().zip(&x).map(|(l, v)| l * v).sum();
        x.push((value - known) / row[x.len()]);
    }
    x
}

/// Solves L' x = b for a lower triangle.
pub(crate) fn solve_upper(lower: &Matrix, b: &[f64]) -> Vec<f64> {
    let mut x = b.to_vec();
    for i in (0..b.len()).rev() {
        let known: f64 = (i + 1..b.len()).map(|k| lower[k][i] * x[k]).sum();
        x[i] = (x[i] - known) / lower[i][i];
    }
    x
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_by_hand_solves_both_ways() {
        let lower = cholesky(&vec![vec![4.0, 2.0], vec![2.0, 10.0]]).expect("positive");
        assert_eq!(lower, vec![vec![2.0, 0.0], vec![1.0, 3.0]]);
        assert_eq!(solve_lower(&lower, &[2.0, 7.0]), vec![1.0, 2.0]);
        assert_eq!(solve_upper(&lower, &[4.0, 6.0]), vec![1.0, 2.0]);
    }

    #[test]
    fn a_singular_matrix_has_no_root() {
        assert!(cholesky(&vec![vec![1.0, 1.0], vec![1.0, 1.0]]).is_none());
        assert!(cholesky(&vec![vec![0.0]]).is_none());
    }
}
