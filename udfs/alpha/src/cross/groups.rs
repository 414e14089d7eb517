//! `cs_neutralize`, `cs_group_rank`, `cs_group_zscore`: within the groups of a partition, such as
//! the sectors of one day.

use super::rank::rank;
use super::scale::{demean, zscore};
use crate::arguments::{ddof, flag};
use crate::describe::{cross_spec, x};
use crate::kernel::two;
use quantlake_core::series::series_function;
use quantlake_core::{Args, Function, FunctionSpec, ParamKind, ParamSpec, QlError};
use std::sync::Arc;

/// Runs a kernel on the rows of each group alone.
pub fn by_group(x: &[f64], group: &[f64], kernel: impl Fn(&[f64], &mut [f64]), out: &mut [f64]) {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_unstable_by(|a, b| group[*a].total_cmp(&group[*b]));
    for rows in order.chunk_by(|a, b| group[*a] == group[*b]) {
        let members: Vec<f64> = rows.iter().map(|row| x[*row]).collect();
        let mut results = vec![f64::NAN; members.len()];
        kernel(&members, &mut results);
        for (row, result) in rows.iter().zip(results) {
            out[*row] = result;
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    let group = || {
        ParamSpec::required(
            "group",
            ParamKind::Groups,
            "What the rows of a group have in common, such as the sector; a row without it is missing.",
        )
    };
    let neutralize = cross_spec(
        "cs_neutralize",
        "Distance from the mean of the row's group within the partition, in the unit of `x`.",
        "x - mean(x of the group); indneutralize of Kakushadze, 101 Formulaic Alphas (2016)",
        "cs_neutralize(x, sector)",
        vec![x(), group()],
    );
    let pct = flag(
        "pct",
        true,
        "Whether the rank is a fraction in (0, 1]; otherwise it is between 1 and the number of rows of the group.",
    );
    let ranked = cross_spec(
        "cs_group_rank",
        "Rank within the row's group in the partition, by default as a fraction in (0, 1]; ties share their mean rank.",
        "average rank in the group over its number of rows; pandas groupby.rank(pct=True)",
        "cs_group_rank(x, sector)",
        vec![x(), group(), pct],
    );
    let scored = cross_spec(
        "cs_group_zscore",
        "Distance from the mean of the row's group within the partition, in standard deviations of the group; NULL where all its rows are equal.",
        "(x - mean) / standard deviation within the group; scipy.stats.zscore, whose ddof is 0 by default",
        "cs_group_zscore(x, sector)",
        vec![x(), group(), ddof()],
    );
    vec![
        grouped(neutralize, |_| Ok(demean)),
        grouped(ranked, |args| {
            let as_fraction = args.flag("pct")?;
            Ok(move |x: &[f64], out: &mut [f64]| rank(x, as_fraction, out))
        }),
        grouped(scored, |args| {
            let ddof = args.count("ddof")?;
            Ok(move |x: &[f64], out: &mut [f64]| zscore(x, ddof, out))
        }),
    ]
}

fn grouped<F>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: Fn(&[f64], &mut [f64]) + Send + Sync + 'static,
{
    let make = move |args: &Args| {
        let kernel = make(args)?;
        Ok(two(
            None,
            move |x: &[f64], group: &[f64], out: &mut [f64]| {
                by_group(x, group, &kernel, out);
            },
        ))
    };
    series_function(spec, Arc::new(make))
}
