//! `shannon_entropy`: how evenly the values spread over bins of equal width.

use crate::histogram::{Bins, entropy};
use crate::params::{bins, choice};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;
use std::f64::consts::LN_2;

struct ShannonEntropy {
    n_bins: usize,
    /// One unit of the result in nats.
    unit: f64,
}

impl Statistic for ShannonEntropy {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(values) = columns.first() else {
            return;
        };
        if let Some(bins) = Bins::over(values, self.n_bins) {
            let mut counts = vec![0; bins.len()];
            values.iter().for_each(|v| counts[bins.of(*v)] += 1);
            fill(out, [entropy(&counts) / self.unit]);
        }
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        rolling_aliases: &["rolling_entropy"],
        options: vec![bins(), choice("unit", &["nats", "bits"], "unit of the result")],
        min_rows: 1,
        source: "Shannon 1948; scipy.stats.entropy on numpy.histogram counts",
        ..Sample::of_one(
            "shannon_entropy",
            "Entropy of the counts in equal-width bins: 0 where all values fall into one bin, the logarithm of `bins` where they spread evenly",
            |args| {
                Ok(Box::new(ShannonEntropy {
                    n_bins: args.count("bins")?,
                    unit: if args.integer("unit")? == 0 { 1.0 } else { LN_2 },
                }))
            },
        )
    }
    .functions()
}
