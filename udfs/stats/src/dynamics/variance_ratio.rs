//! `variance_ratio`: does the variance of a random walk grow with the horizon?
//!
//! The variance of q-step changes over q times that of one-step changes is 1 for a random walk,
//! above 1 for trends and below 1 for reversion. Overlapping changes, with the drift taken out.
//!
//! Source: Lo and MacKinlay, Review of Financial Studies 1 (1988), pp. 41-66; formulas 2.4.39 and
//! 2.4.43 of Campbell, Lo and MacKinlay, The Econometrics of Financial Markets (1997).

use crate::center::{differences, dot, is_rounding};
use crate::distribution::normal_two_sided;
use crate::params::{count, flag, float};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output};

struct VarianceRatio {
    q: usize,
    robust: bool,
    debiased: bool,
}

impl Statistic for VarianceRatio {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(x) = columns.first().filter(|x| x.len() > self.q + 1) else {
            return;
        };
        let changes = differences(x);
        let n = changes.len() as f64;
        let drift = (x[x.len() - 1] - x[0]) / n;
        let squares: Vec<f64> = changes.iter().map(|c| (c - drift) * (c - drift)).collect();
        if is_rounding(squares.iter().sum(), x) {
            return;
        }
        let ratio = self.ratio(x, drift, squares.iter().sum::<f64>() / n);
        let statistic = n.sqrt() * (ratio - 1.0) / self.variance(&squares).sqrt();
        fill(out, [ratio, statistic, normal_two_sided(statistic)]);
    }
}

impl VarianceRatio {
    fn ratio(&self, x: &[f64], drift: f64, one_step: f64) -> f64 {
        let (n, q) = (x.len() as f64 - 1.0, self.q as f64);
        let long = x.iter().zip(&x[self.q..]).map(|(a, b)| b - a - q * drift);
        let sum: f64 = long.map(|c| c * c).sum();
        if self.debiased {
            let m = q * (n - q + 1.0) * (1.0 - q / n);
            (sum / m) / (one_step * n / (n - 1.0))
        } else {
            sum / (n * q) / one_step
        }
    }

    /// The asymptotic variance of `sqrt(n) * (ratio - 1)`.
    fn variance(&self, squares: &[f64]) -> f64 {
        let q = self.q as f64;
        if !self.robust {
            return 2.0 * (2.0 * q - 1.0) * (q - 1.0) / (3.0 * q);
        }
        let total: f64 = squares.iter().sum();
        let weighted = |k: usize| {
            let delta = squares.len() as f64 * dot(&squares[k..], squares) / (total * total);
            4.0 * (1.0 - k as f64 / q) * (1.0 - k as f64 / q) * delta
        };
        (1..self.q).map(weighted).sum()
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![crate::params::x("levels, such as the logarithm of a price")],
        options: vec![
            count("lags", 2, 2, "rows of the longer change, q"),
            flag(
                "robust",
                true,
                "whether the statistic allows for variance that changes over time",
            ),
            flag("debiased", true, "whether the variances are corrected for the size of the sample"),
        ],
        output: Output::Struct(vec![
            float("ratio", "variance over `lags` rows per row, over the variance of one row"),
            float("statistic", "standard normal for a random walk"),
            float("p_value", "probability of a statistic at least as far from 0 for a random walk"),
        ]),
        order: RowOrder::Significant,
        min_rows: 4,
        example_rows: 12,
        source: "Lo and MacKinlay 1988; arch.unitroot.VarianceRatio",
        ..Sample::of_one(
            "variance_ratio",
            "Test for a random walk: above 1 the changes of x trend, below 1 they revert; NULL where the changes do not vary",
            |args| {
                Ok(Box::new(VarianceRatio {
                    q: args.count("lags")?,
                    robust: args.flag("robust")?,
                    debiased: args.flag("debiased")?,
                }))
            },
        )
    }
    .functions()
}
