//! Eigenvalues and eigenvectors of a symmetric matrix.
//!
//! Householder reflections make the matrix tridiagonal, implicit QL steps make it diagonal
//! (Golub and Van Loan, Matrix Computations, 4th ed., sections 8.3.1 and 8.3.3).

use super::cholesky::Matrix;
use crate::center::dot;

/// Steps for one eigenvalue; two or three are usual.
const MAX_STEPS: usize = 60;

/// An eigenvalue with its eigenvector of length 1.
#[derive(Debug, Clone)]
pub(crate) struct Eigen {
    pub(crate) value: f64,
    pub(crate) vector: Vec<f64>,
}

/// The eigenpairs of a symmetric matrix, largest value first; `None` when the steps do not end,
/// which finite matrices never showed.
pub(crate) fn symmetric_eigen(matrix: Matrix) -> Option<Vec<Eigen>> {
    let mut tridiagonal = Tridiagonal::of(matrix);
    tridiagonal.diagonalise()?;
    let mut pairs: Vec<Eigen> = tridiagonal
        .diagonal
        .into_iter()
        .zip(tridiagonal.vectors)
        .map(|(value, vector)| Eigen { value, vector })
        .collect();
    pairs.sort_by(|a, b| b.value.total_cmp(&a.value));
    Some(pairs)
}

struct Tridiagonal {
    diagonal: Vec<f64>,
    /// Entries beside the diagonal, and a 0 at the end.
    beside: Vec<f64>,
    /// Rows that turn into the eigenvectors.
    vectors: Matrix,
}

impl Tridiagonal {
    fn of(mut a: Matrix) -> Self {
        let n = a.len();
        let mut vectors: Matrix = (0..n)
            .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
            .collect();
        for k in 0..n.saturating_sub(2) {
            reflect(&mut a, &mut vectors, k);
        }
        let beside = (0..n)
            .map(|i| a.get(i + 1).map_or(0.0, |row| row[i]))
            .collect();
        Self {
            diagonal: (0..n).map(|i| a[i][i]).collect(),
            beside,
            vectors,
        }
    }

    fn diagonalise(&mut self) -> Option<()> {
        for l in 0..self.diagonal.len() {
            let mut n_steps = 0;
            while let Some(m) = self.block_end(l) {
                n_steps += 1;
                if n_steps > MAX_STEPS {
                    return None;
                }
                self.step(l, m);
            }
        }
        Some(())
    }

    /// The end of the block that starts at l and still hangs together; `None` for one value alone.
    fn block_end(&self, l: usize) -> Option<usize> {
        let n = self.diagonal.len();
        let is_negligible = |i: usize| {
            let size = self.diagonal[i].abs() + self.diagonal[i + 1].abs();
            self.beside[i].abs() <= f64::EPSILON * size
        };
        let end = (l..n.saturating_sub(1))
            .find(|&i| is_negligible(i))
            .unwrap_or(n - 1);
        (end > l).then_some(end)
    }

    /// One QL step with Wilkinson's shift on the block from l to m.
    fn step(&mut self, l: usize, m: usize) {
        let (d, e) = (&mut self.diagonal, &mut self.beside);
        let slope = (d[l + 1] - d[l]) / (2.0 * e[l]);
        let root = slope.hypot(1.0).copysign(slope);
        let mut g = d[m] - d[l] + e[l] / (slope + root);
        let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
        for i in (l..m).rev() {
            let (f, b) = (sine * e[i], cosine * e[i]);
            let r = f.hypot(g);
            e[i + 1] = r;
            if r == 0.0 {
                d[i + 1] -= shift;
                e[m] = 0.0;
                return;
            }
            (sine, cosine) = (f / r, g / r);
            g = d[i + 1] - shift;
            let turned = (d[i] - g) * sine + 2.0 * cosine * b;
            shift = sine * turned;
            d[i + 1] = g + shift;
            g = cosine * turned - b;
            rotate(&mut self.vectors, i, sine, cosine);
        }
        d[l] -= shift;
        e[l] = g;
        e[m] = 0.0;
    }
}

fn rotate(vectors: &mut Matrix, i: usize, sine: f64, cosine: f64) {
    let (upper, lower) = vectors.split_at_mut(i + 1);
    if let (Some(low), Some(high)) = (upper.last_mut(), lower.first_mut()) {
        for (a, b) in low.iter_mut().zip(high) {
            (*a, *b) = (cosine * *a - sine * *b, sine * *a + cosine * *b);
        }
    }
}

/// Clears column k below the diagonal's neighbour, from both sides, and turns the vectors along.
fn reflect(a: &mut Matrix, vectors: &mut Matrix, k: usize) {
    let n = a.len();
    let mut normal: Vec<f64> = (0..n).map(|i| if i > k { a[i][k] } else { 0.0 }).collect();
    let length = dot(&normal, &normal).sqrt();
    if length == 0.0 {
        return;
    }
    normal[k + 1] += length.copysign(normal[k + 1]);
    let factor = 2.0 / dot(&normal, &normal);
    let image: Vec<f64> = a.iter().map(|row| factor * dot(row, &normal)).collect();
    let half = factor / 2.0 * dot(&image, &normal);
    let mix: Vec<f64> = image
        .iter()
        .zip(&normal)
        .map(|(p, v)| p - half * v)
        .collect();
    for (i, row) in a.iter_mut().enumerate() {
        for (j, entry) in row.iter_mut().enumerate() {
            *entry -= normal[i] * mix[j] + mix[i] * normal[j];
        }
    }
    // Rows i of `vectors` are combined, because they hold the vectors transposed.
    let share: Vec<f64> = (0..n)
        .map(|j| factor * (k + 1..n).map(|i| normal[i] * vectors[i][j]).sum::<f64>())
        .collect();
    for (row, weight) in vectors.iter_mut().zip(&normal).skip(k + 1) {
        for (entry, s) in row.iter_mut().zip(&share) {
            *entry -= weight * s;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_by_two_by_hand() {
        let pairs = symmetric_eigen(vec![vec![2.0, 1.0], vec![1.0, 2.0]]).expect("converges");
        assert!((pairs[0].value - 3.0).abs() < 1e-15 && (pairs[1].value - 1.0).abs() < 1e-15);
        assert!((pairs[0].vector[0] - pairs[0].vector[1]).abs() < 1e-15);
    }

    #[test]
    fn no_matrix_and_one_number() {
        assert!(symmetric_eigen(vec![]).expect("nothing to do").is_empty());
        assert_eq!(
            symmetric_eigen(vec![vec![5.0]]).expect("done")[0].value,
            5.0
        );
    }

    proptest! {
        #[test]
        fn vectors_turn_the_matrix_into_its_values(
            n in 1..9usize,
            entries in prop::collection::vec(-10.0..10.0f64, 81),
        ) {
            let entry = |i: usize, j: usize| entries[i.min(j) * 9 + i.max(j)];
            let matrix: Matrix = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
            let pairs = symmetric_eigen(matrix.clone()).expect("converges");
            for (p, pair) in pairs.iter().enumerate() {
                for (i, row) in matrix.iter().enumerate() {
                    let image = dot(row, &pair.vector);
                    prop_assert!((image - pair.value * pair.vector[i]).abs() < 1e-12 * 100.0);
                }
                for (q, other) in pairs.iter().enumerate() {
                    let product = dot(&pair.vector, &other.vector);
                    let expected = f64::from(u8::from(p == q));
                    prop_assert!((product - expected).abs() < 1e-12);
                }
            }
        }
    }
}
