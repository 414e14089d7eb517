//! `mutual_information`: how many nats one series tells about the other, over equal-width bins.
//!
//! `I = H(x) + H(y) - H(x, y)` with the entropies of the counts in the bins of x, of y and of both.

use crate::histogram::{Bins, entropy};
use crate::params::bins;
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::Function;

struct MutualInformation {
    n_bins: usize,
}

impl Statistic for MutualInformation {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        if let [x, y] = columns {
            fill(out, [information(x, y, self.n_bins).unwrap_or(f64::NAN)]);
        }
    }
}

fn information(x: &[f64], y: &[f64], n_bins: usize) -> Option<f64> {
    let (bins_x, bins_y) = (Bins::over(x, n_bins)?, Bins::over(y, n_bins)?);
    let mut counts_x = vec![0; bins_x.len()];
    let mut counts_y = vec![0; bins_y.len()];
    let mut counts_both = vec![0; bins_x.len() * bins_y.len()];
    for (a, b) in x.iter().zip(y) {
        let (i, j) = (bins_x.of(*a), bins_y.of(*b));
        counts_x[i] += 1;
        counts_y[j] += 1;
        counts_both[i * bins_y.len() + j] += 1;
    }
    let shared = entropy(&counts_x) + entropy(&counts_y) - entropy(&counts_both);
    Some(shared.max(0.0))
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        options: vec![bins()],
        min_rows: 1,
        source: "Cover and Thomas, Elements of Information Theory, 2.28; sklearn.metrics.mutual_info_score on numpy.histogram bins",
        ..Sample::of_two(
            "mutual_information",
            "Mutual information of x and y in nats, from counts in equal-width bins; 0 where one does not vary",
            |args| {
                let n_bins = args.count("bins")?;
                Ok(Box::new(MutualInformation { n_bins }))
            },
        )
    }
    .functions()
}
