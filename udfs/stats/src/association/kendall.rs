//! `kendall`: tau-b, the surplus of pairs that agree in order.
//!
//! With c concordant and d discordant pairs, `tau_b = (c - d) / sqrt((n0 - tx) (n0 - ty))`, where
//! n0 counts all pairs and tx, ty those that are equal in x and y.
//!
//! Source: Knight, "A computer method for calculating Kendall's tau with ungrouped data", JASA 61
//! (1966), pp. 436-439: sort by x, and count the exchanges that sorting by y then takes.

use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;

struct Kendall;

impl Statistic for Kendall {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let [x, y] = columns {
            fill(out, [tau_b(x, y)]);
        }
    }
}

fn tau_b(x: &[f64], y: &[f64]) -> f64 {
    let mut pairs: Vec<(f64, f64)> = x.iter().zip(y).map(|(a, b)| (a + 0.0, b + 0.0)).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let tied_x = tied_pairs(&pairs, |p| p.0);
    let tied_both = joint_ties(&pairs);
    let mut ys: Vec<f64> = pairs.iter().map(|p| p.1).collect();
    let discordant = sort_and_count(&mut ys);
    let tied_y = tied_pairs(&ys, |v| *v);
    let all = pairs_of(x.len());
    let surplus = all - tied_x - tied_y + tied_both - 2.0 * discordant;
    let tau = surplus / (all - tied_x).sqrt() / (all - tied_y).sqrt();
    tau.clamp(-1.0, 1.0)
}

fn pairs_of(n: usize) -> f64 {
    let n = n as f64;
    n * (n - 1.0) / 2.0
}

fn tied_pairs<T>(sorted: &[T], key: impl Fn(&T) -> f64) -> f64 {
    sorted
        .chunk_by(|a, b| key(a) == key(b))
        .map(|tied| pairs_of(tied.len()))
        .sum()
}

fn joint_ties(sorted: &[(f64, f64)]) -> f64 {
    sorted
        .chunk_by(|a, b| a == b)
        .map(|tied| pairs_of(tied.len()))
        .sum()
}

/// Sorts by merging and counts the pairs that stood in the wrong order.
fn sort_and_count(values: &mut [f64]) -> f64 {
    if values.len() < 2 {
        return 0.0;
    }
    let (left, right) = values.split_at_mut(values.len() / 2);
    let inside = sort_and_count(left) + sort_and_count(right);
    let mut merged = Vec::with_capacity(left.len() + right.len());
    let (mut l, mut r, mut across) = (0, 0, 0.0);
    while let (Some(a), Some(b)) = (left.get(l), right.get(r)) {
        if b < a {
            across += (left.len() - l) as f64;
            merged.push(*b);
            r += 1;
        } else {
            merged.push(*a);
            l += 1;
        }
    }
    merged.extend_from_slice(&left[l..]);
    merged.extend_from_slice(&right[r..]);
    values.copy_from_slice(&merged);
    inside + across
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        source: "Kendall 1945 (tau-b), algorithm of Knight 1966; scipy.stats.kendalltau",
        ..Sample::of_two(
            "kendall",
            "Kendall's tau-b of x and y: the surplus of pairs of rows that agree in order, from -1 to 1; NULL where one of them does not vary",
            |_| Ok(Box::new(Kendall)),
        )
    }
    .functions()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn by_definition(x: &[f64], y: &[f64]) -> f64 {
        let (mut surplus, mut differ_x, mut differ_y) = (0.0, 0.0, 0.0);
        let sign = |v: f64| if v == 0.0 { 0.0 } else { v.signum() };
        for i in 0..x.len() {
            for j in 0..i {
                let (dx, dy) = (sign(x[i] - x[j]), sign(y[i] - y[j]));
                surplus += dx * dy;
                differ_x += dx.abs();
                differ_y += dy.abs();
            }
        }
        surplus / (differ_x * differ_y).sqrt()
    }

    proptest! {
        #[test]
        fn counting_exchanges_equals_looking_at_all_pairs(
            rows in prop::collection::vec((-3..4i8, -3..4i8), 0..40),
        ) {
            let x: Vec<f64> = rows.iter().map(|r| f64::from(r.0)).collect();
            let y: Vec<f64> = rows.iter().map(|r| f64::from(r.1)).collect();
            let (found, expected) = (tau_b(&x, &y), by_definition(&x, &y));
            prop_assert!((found - expected).abs() < 1e-12 || (found.is_nan() && expected.is_nan()));
        }
    }
}
