//! `cs_quantile_bucket`: quintiles, deciles and other equal parts of a partition.

use super::order::{between, sorted};
use crate::describe::{cross_spec, x};
use crate::kernel::over_partition;
use quantlake_core::{Function, Output, OutputType, ParamKind, ParamSpec, ParamValue};

/// Buckets of all rows, 1 for the smallest: bucket b holds what is above the quantile
/// (b - 1) / n and not above b / n.
pub fn quantile_buckets(x: &[f64], n_buckets: usize, out: &mut [f64]) {
    let rows = sorted(x);
    let n_gaps = rows.len().saturating_sub(1);
    // Whole-number division finds edges that are rows exactly; a rounded position would not.
    let edge = |i: usize| {
        let (below, rest) = (n_gaps * i / n_buckets, n_gaps * i % n_buckets);
        between(&rows, below, rest as f64 / n_buckets as f64)
    };
    let edges: Vec<f64> = (1..n_buckets).map(edge).collect();
    for (v, slot) in x.iter().zip(out) {
        *slot = (1 + edges.partition_point(|e| e < v)) as f64;
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let buckets = ParamSpec::optional(
        "buckets",
        ParamKind::Integer { min: 2, max: 1000 },
        ParamValue::Integer(5),
        "How many parts of as nearly as possible the same size.",
    );
    let spec = cross_spec(
        "cs_quantile_bucket",
        "Which part of the partition the row belongs to, from 1 for the smallest values to `buckets`; equal values share a part.",
        "1 + number of inner quantiles (linear interpolation) below x; pandas.qcut(x, buckets, labels=False) + 1",
        "cs_quantile_bucket(x, 2)",
        vec![x(), buckets],
    )
    .with_output(Output::Value(OutputType::Integer));
    vec![over_partition(spec, |args| {
        let n_buckets = args.count("buckets")?;
        Ok(move |x: &[f64], out: &mut [f64]| quantile_buckets(x, n_buckets, out))
    })]
}
