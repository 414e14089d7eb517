//! `pearson` and `spearman`: correlation of values and of ranks.

use crate::center::Joint;
use crate::ranks::average_ranks;
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;

/// Pearson's correlation; NaN where a series does not vary.
pub(crate) fn correlation(x: &[f64], y: &[f64]) -> f64 {
    let joint = Joint::of(x, y);
    (joint.xy / (joint.xx.sqrt() * joint.yy.sqrt())).clamp(-1.0, 1.0)
}

struct Pearson;

impl Statistic for Pearson {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let [x, y] = columns {
            fill(out, [correlation(x, y)]);
        }
    }
}

struct Spearman;

impl Statistic for Spearman {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let [x, y] = columns {
            fill(out, [correlation(&average_ranks(x), &average_ranks(y))]);
        }
    }
}

pub(crate) fn pearson() -> Vec<Function> {
    Sample {
        rolling_aliases: &["rolling_correlation"],
        source: "Pearson 1895; scipy.stats.pearsonr",
        ..Sample::of_two(
            "pearson",
            "Linear correlation of x and y, from -1 to 1; NULL where one of them does not vary",
            |_| Ok(Box::new(Pearson)),
        )
    }
    .functions()
}

pub(crate) fn spearman() -> Vec<Function> {
    Sample {
        source: "Spearman 1904, equal values share the mean of their ranks; scipy.stats.spearmanr",
        ..Sample::of_two(
            "spearman",
            "Correlation of the ranks of x and y, from -1 to 1; NULL where one of them does not vary",
            |_| Ok(Box::new(Spearman)),
        )
    }
    .functions()
}
