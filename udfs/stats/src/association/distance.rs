//! `distance_correlation`: 0 in the limit only for independent series, whatever the form of the
//! dependence.
//!
//! With the distances a_ij = |x_i - x_j| and b_ij of y, the squared covariance (V-statistic) is
//! `mean(a b) - 2 / n^3 * sum_i a_i. b_i. + mean(a) mean(b)`, and the correlation is
//! `dcov / sqrt(dvar_x dvar_y)`. The sum of products of distances over all pairs is collected in
//! O(n log n) with prefix sums over the ranks of y, so n^2 distances are never made.
//!
//! Source: Szekely, Rizzo, Bakirov, "Measuring and testing dependence by correlation of distances",
//! Annals of Statistics 35 (2007), pp. 2769-2794; fast sums after Huo and Szekely,
//! Technometrics 58 (2016), pp. 435-447.

use crate::center::{deviations, is_constant};
use crate::ranks::ascending;
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;

struct DistanceCorrelation;

impl Statistic for DistanceCorrelation {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let [x, y] = columns else {
            return;
        };
        if is_constant(x) || is_constant(y) {
            return;
        }
        let (x, y) = (deviations(x), deviations(y));
        let variances = covariance(&x, &x).sqrt() * covariance(&y, &y).sqrt();
        let squared = covariance(&x, &y) / variances;
        fill(out, [squared.max(0.0).sqrt().min(1.0)]);
    }
}

/// The squared distance covariance of centred series.
fn covariance(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (rows_x, rows_y) = (row_sums(x), row_sums(y));
    let total = |rows: &[f64]| rows.iter().sum::<f64>() / n / n;
    let rows: f64 = rows_x.iter().zip(&rows_y).map(|(a, b)| a / n * b / n).sum();
    sum_of_products(x, y) / n / n - 2.0 * rows / n + total(&rows_x) * total(&rows_y)
}

/// The sum of distances from each value to all values.
fn row_sums(values: &[f64]) -> Vec<f64> {
    let order = ascending(values);
    let total: f64 = values.iter().sum();
    let mut sums = vec![0.0; values.len()];
    let mut below = 0.0;
    for (n_below, &i) in order.iter().enumerate() {
        let n_above = (values.len() - n_below) as f64;
        let value = values[i];
        sums[i] = n_below as f64 * value - below + (total - below) - n_above * value;
        below += value;
    }
    sums
}

/// What the rows seen so far add up to: their number, and sums of x, y and x y.
#[derive(Debug, Clone, Copy, Default)]
struct Sums([f64; 4]);

impl Sums {
    fn add(&mut self, other: &Self) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }

    /// The sum of (x - x_i)(y - y_i) over the rows i.
    fn products(&self, x: f64, y: f64) -> f64 {
        let [count, sum_x, sum_y, sum_xy] = self.0;
        count * x * y - x * sum_y - y * sum_x + sum_xy
    }
}

/// Prefix sums over ranks that can be added to (Fenwick 1994).
struct PrefixSums(Vec<Sums>);

impl PrefixSums {
    fn add(&mut self, rank: usize, sums: &Sums) {
        let mut i = rank + 1;
        while let Some(slot) = self.0.get_mut(i) {
            slot.add(sums);
            i += i & i.wrapping_neg();
        }
    }

    fn up_to(&self, rank: usize) -> Sums {
        let mut total = Sums::default();
        let mut i = rank + 1;
        while i > 0 {
            total.add(&self.0[i]);
            i &= i - 1;
        }
        total
    }
}

/// The sum of |x_i - x_j| |y_i - y_j| over all ordered pairs.
///
/// In ascending order of x, the distance in x needs no sign; a pair's product of differences is
/// positive where y rises too, and counts with the other sign where y falls.
fn sum_of_products(x: &[f64], y: &[f64]) -> f64 {
    let mut rank_of = vec![0; y.len()];
    for (rank, i) in ascending(y).into_iter().enumerate() {
        rank_of[i] = rank;
    }
    let mut seen = PrefixSums(vec![Sums::default(); y.len() + 1]);
    let mut all = Sums::default();
    let mut sum = 0.0;
    for i in ascending(x) {
        let (a, b) = (x[i], y[i]);
        let rising = seen.up_to(rank_of[i]).products(a, b);
        sum += 2.0 * rising - all.products(a, b);
        let row = Sums([1.0, a, b, a * b]);
        seen.add(rank_of[i], &row);
        all.add(&row);
    }
    2.0 * sum
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        source: "Szekely, Rizzo, Bakirov 2007 (V-statistic); statsmodels distance_statistics",
        ..Sample::of_two(
            "distance_correlation",
            "Distance correlation of x and y, from 0 to 1, which also sees dependence that is not linear; NULL where one of them does not vary",
            |_| Ok(Box::new(DistanceCorrelation)),
        )
    }
    .functions()
}
