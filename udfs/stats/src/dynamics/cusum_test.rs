//! `cusum_test`: did the mean change somewhere in the sample?
//!
//! The running sum of deviations from the mean over `sqrt(sum of squared deviations)` stays near 0
//! for a constant mean and drifts away where the mean breaks; its largest distance from 0 follows
//! Kolmogorov's distribution in the limit.
//!
//! Source: Ploberger and Kraemer, Econometrica 60 (1992), pp. 271-285, for the residuals of a
//! constant.

use crate::center::{deviations, dot, is_constant};
use crate::distribution::kolmogorov_sf;
use crate::params::{float, integer};
use crate::sample::{Sample, Statistic, fill};
use quantlake_core::metric::RowOrder;
use quantlake_core::{Function, Output};

struct CusumTest;

impl Statistic for CusumTest {
    fn describe(&self, columns: &[&[f64]], out: &mut [f64]) {
        let Some(x) = columns.first().filter(|x| !is_constant(x)) else {
            return;
        };
        let centred = deviations(x);
        let scale = dot(&centred, &centred).sqrt();
        let (mut sum, mut farthest, mut at) = (0.0_f64, 0.0, 0);
        for (row, value) in centred.iter().enumerate() {
            sum += value / scale;
            if sum.abs() > farthest {
                (farthest, at) = (sum.abs(), row + 1);
            }
        }
        fill(out, [farthest, kolmogorov_sf(farthest), at as f64]);
    }
}

pub(crate) fn functions() -> Vec<Function> {
    Sample {
        output: Output::Struct(vec![
            float("statistic", "largest distance of the scaled running sum from 0"),
            float("p_value", "probability of a distance at least as large without a break"),
            integer("break_after", "rows of the sample up to the likeliest break, that row included"),
        ]),
        order: RowOrder::Significant,
        source: "Ploberger and Kraemer 1992; statsmodels breaks_cusumolsresid",
        ..Sample::of_one(
            "cusum_test",
            "Test for a break in the mean of x; a small p_value speaks for one; NULL without dispersion",
            |_| Ok(Box::new(CusumTest)),
        )
    }
    .functions()
}
