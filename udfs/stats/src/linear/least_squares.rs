//! Least squares by Householder reflections.
//!
//! One reduction of a design answers for all designs made of its first k columns, which is what a
//! search for the number of lags needs.

use crate::center::dot;

/// A design turned into an upper triangle, with the target turned along.
#[derive(Debug)]
pub(crate) struct Reduced {
    columns: Vec<Vec<f64>>,
    target: Vec<f64>,
    /// Lengths of the columns before the reduction.
    lengths: Vec<f64>,
}

/// A reflection that leaves nothing of a column but its first entry.
struct Mirror {
    normal: Vec<f64>,
    factor: f64,
}

impl Mirror {
    /// Reflects the column itself; `None` when it is zero already.
    fn of(column: &mut [f64]) -> Option<Self> {
        let length = dot(column, column).sqrt();
        if length == 0.0 {
            return None;
        }
        let mut normal = column.to_vec();
        let first = normal.first_mut()?;
        let image = if *first > 0.0 { -length } else { length };
        *first -= image;
        let factor = 2.0 / dot(&normal, &normal);
        column.fill(0.0);
        *column.first_mut()? = image;
        Some(Self { normal, factor })
    }

    fn apply(&self, column: &mut [f64]) {
        let share = self.factor * dot(&self.normal, column);
        for (value, normal) in column.iter_mut().zip(&self.normal) {
            *value -= share * normal;
        }
    }
}

impl Reduced {
    /// Reduces columns of the target's length.
    pub(crate) fn new(mut columns: Vec<Vec<f64>>, mut target: Vec<f64>) -> Self {
        let lengths = columns.iter().map(|c| dot(c, c).sqrt()).collect();
        for j in 0..columns.len().min(target.len()) {
            let (done, rest) = columns.split_at_mut(j + 1);
            let Some(mirror) = done
                .last_mut()
                .and_then(|pivot| Mirror::of(&mut pivot[j..]))
            else {
                continue;
            };
            rest.iter_mut().for_each(|c| mirror.apply(&mut c[j..]));
            mirror.apply(&mut target[j..]);
        }
        Self {
            columns,
            target,
            lengths,
        }
    }

    /// Rows of the design.
    pub(crate) fn n_rows(&self) -> usize {
        self.target.len()
    }

    /// Columns of the design.
    pub(crate) fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// Whether the first k columns are independent, up to rounding.
    pub(crate) fn is_independent(&self, k: usize) -> bool {
        let rounding = self.n_rows() as f64 * f64::EPSILON;
        k <= self.n_rows().min(self.n_columns())
            && (0..k).all(|j| self.columns[j][j].abs() > rounding * self.lengths[j])
    }

    /// The sum of squared residuals of a fit with the first k columns.
    pub(crate) fn residual_squares(&self, k: usize) -> f64 {
        self.target.iter().skip(k).map(|v| v * v).sum()
    }

    /// The coefficients of the first k columns; `None` where they depend on each other.
    pub(crate) fn coefficients(&self, k: usize) -> Option<Vec<f64>> {
        if !self.is_independent(k) {
            return None;
        }
        let mut solution: Vec<f64> = self.target[..k].to_vec();
        for j in (0..k).rev() {
            let (earlier, rest) = solution.split_at_mut(j);
            let value = rest.first_mut()?;
            *value /= self.columns[j][j];
            for (e, r) in earlier.iter_mut().zip(&self.columns[j]) {
                *e -= *value * r;
            }
        }
        Some(solution)
    }

    /// The coefficient of column k - 1 and its standard error in a fit with the first k columns;
    /// `None` without degrees of freedom.
    pub(crate) fn last(&self, k: usize) -> Option<(f64, f64)> {
        if k == 0 || k >= self.n_rows() || !self.is_independent(k) {
            return None;
        }
        let pivot = self.columns[k - 1][k - 1];
        let sigma = (self.residual_squares(k) / (self.n_rows() - k) as f64).sqrt();
        Some((self.target[k - 1] / pivot, sigma / pivot.abs()))
    }
}

/// The target less its fit; `None` where the columns depend on each other.
pub(crate) fn residuals(columns: &[Vec<f64>], target: &[f64]) -> Option<Vec<f64>> {
    let reduced = Reduced::new(columns.to_vec(), target.to_vec());
    let coefficients = reduced.coefficients(columns.len())?;
    let mut rest = target.to_vec();
    for (column, coefficient) in columns.iter().zip(coefficients) {
        for (value, entry) in rest.iter_mut().zip(column) {
            *value -= coefficient * entry;
        }
    }
    Some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Reduced {
        let columns = vec![vec![1.0; 4], vec![1.0, 2.0, 3.0, 4.0]];
        Reduced::new(columns, vec![1.0, 3.0, 2.0, 5.0])
    }

    #[test]
    fn a_line_through_four_points_by_hand() {
        let fit = line().coefficients(2).expect("independent columns");
        assert!((fit[0] - 0.0).abs() < 1e-14 && (fit[1] - 1.1).abs() < 1e-14);
        assert!((line().residual_squares(2) - 2.7).abs() < 1e-14);
        let (slope, error) = line().last(2).expect("two degrees of freedom");
        assert!((slope - 1.1).abs() < 1e-14);
        assert!((error - (1.35_f64 / 5.0).sqrt()).abs() < 1e-14);
    }

    #[test]
    fn fewer_columns_are_answered_by_the_same_reduction() {
        let fit = line().coefficients(1).expect("one column");
        assert!((fit[0] - 2.75).abs() < 1e-14);
        assert!((line().residual_squares(1) - 8.75).abs() < 1e-14);
    }

    #[test]
    fn dependent_columns_and_too_few_rows_give_nothing() {
        let twice = vec![vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]];
        assert!(residuals(&twice, &[1.0, 0.0, 1.0]).is_none());
        let wide = Reduced::new(vec![vec![1.0], vec![2.0]], vec![3.0]);
        assert!(wide.coefficients(2).is_none() && wide.last(1).is_none());
    }
}
