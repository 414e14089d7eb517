//! `regression`: the line of y on x by least squares.
//!
//! `slope = Sxy / Sxx`, `intercept = mean(y) - slope * mean(x)`, `r2 = 1 - SSE / Syy`, and
//! `stderr = sqrt(SSE / (n - 2) / Sxx)` is the slope's. The residual is that of the last row, which
//! for a pair is the spread now.

use crate::center::Joint;
use crate::params::{float, x, y};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output};

struct Regression;

impl Statistic for Regression {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let [y, x] = columns else {
            return;
        };
        let joint = Joint::of(x, y);
        if joint.xx.is_nan() || joint.xx <= 0.0 {
            return;
        }
        let slope = joint.slope();
        let residual = |(a, b): (&f64, &f64)| (b - joint.mean_y) - slope * (a - joint.mean_x);
        let error: f64 = x.iter().zip(*y).map(residual).map(|r| r * r).sum();
        let stderr = (error / (x.len() as f64 - 2.0) / joint.xx).sqrt();
        let last = x.last().zip(y.last()).map_or(f64::NAN, residual);
        fill(
            out,
            [
                slope,
                joint.mean_y - slope * joint.mean_x,
                1.0 - error / joint.yy,
                last,
                stderr,
                slope / stderr,
            ],
        );
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        series: vec![
            y("the series that is explained"),
            x("the series that explains"),
        ],
        output: Output::Struct(vec![
            float("slope", "change of y per unit of x"),
            float("intercept", "y at x = 0"),
            float("r2", "share of y's variance that the line explains, 0 to 1"),
            float("residual", "y less the line at the last row, in units of y"),
            float("stderr", "standard error of the slope"),
            float("tstat", "slope over its standard error"),
        ]),
        order: RowOrder::Significant,
        source: "ordinary least squares; statsmodels OLS, scipy.stats.linregress",
        ..Sample::of_two(
            "regression",
            "Line of y on x by least squares, with the residual of the last row; NULL where x does not vary",
            |_| Ok(Box::new(Regression)),
        )
    }
    .functions()
}
