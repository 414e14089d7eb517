//! `cs_rank`: the place of a row among the rows of its partition.

use crate::arguments::flag;
use crate::describe::{cross_spec, x};
use crate::kernel::over_partition;
use quantlake_core::Function;

/// Ranks of all rows, 1 for the smallest; ties share the mean of the ranks that they take. With
/// `as_fraction` ranks are divided by the number of rows.
pub fn rank(x: &[f64], as_fraction: bool, out: &mut [f64]) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|a, b| x[*a].total_cmp(&x[*b]));
    let scale = if as_fraction { x.len() as f64 } else { 1.0 };
    let mut n_below = 0;
    for ties in order.chunk_by(|a, b| x[*a] == x[*b]) {
        let shared = n_below as f64 + (ties.len() + 1) as f64 / 2.0;
        for row in ties {
            out[*row] = shared / scale;
        }
        n_below += ties.len();
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let pct = flag(
        "pct",
        true,
        "Whether the rank is a fraction in (0, 1]; otherwise it is between 1 and the number of rows.",
    );
    let spec = cross_spec(
        "cs_rank",
        "Rank among the rows of the partition, by default as a fraction in (0, 1]; ties share their mean rank.",
        "average rank over the number of rows; pandas Series.rank(pct=True); rank of Kakushadze, 101 Formulaic Alphas (2016)",
        "cs_rank(x)",
        vec![x(), pct],
    );
    vec![over_partition(spec, |args| {
        let as_fraction = args.flag("pct")?;
        Ok(move |x: &[f64], out: &mut [f64]| rank(x, as_fraction, out))
    })]
}
