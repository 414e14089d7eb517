//! `hampel`: outliers against the median of the last rows.
//!
//! With the median m of the window and `sigma = 1.4826 * median(|x - m|)`, a value is an outlier
//! when it lies more than `n_sigmas * sigma` from m. The factor makes sigma the standard deviation
//! of normal values. The window ends at the row itself, so nothing is known too early; the filter of
//! signal processing centres it.
//!
//! Source: Hampel, JASA 69 (1974), pp. 383-393.

use super::window_spec;
use crate::params::{float, number, period, x};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Function, Output, OutputField, OutputType, QlError};
use std::sync::Arc;

/// 1 over the 75 % quantile of the standard normal distribution.
const NORMAL: f64 = 1.482602218505602;

struct Hampel {
    period: usize,
    n_sigmas: f64,
}

/// The median of values that may be put into another order; the mean of the middle two.
fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    let (below, middle, _) = values.select_nth_unstable_by(n / 2, f64::total_cmp);
    let high = *middle;
    if n % 2 == 1 {
        return high;
    }
    let low = below.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    low + (high - low) / 2.0
}

impl SeriesKernel for Hampel {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let ([x], [center, spread, z, is_outlier, filtered]) = (inputs, outputs) else {
            return Err(QlError::internal("hampel has 1 input and 5 outputs"));
        };
        let mut scratch = Vec::with_capacity(self.period);
        for (i, rows) in x.windows(self.period).enumerate() {
            let t = i + self.period - 1;
            scratch.clear();
            scratch.extend_from_slice(rows);
            let middle = median(&mut scratch);
            scratch.iter_mut().for_each(|v| *v = (*v - middle).abs());
            let sigma = NORMAL * median(&mut scratch);
            let distance = x[t] - middle;
            let is_far = distance.abs() > self.n_sigmas * sigma;
            center[t] = middle;
            spread[t] = sigma;
            z[t] = distance / sigma;
            is_outlier[t] = f64::from(u8::from(is_far));
            filtered[t] = if is_far { middle } else { x[t] };
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.period - 1)
    }
}

pub(crate) fn function() -> Function {
    let spec = window_spec(
        "hampel",
        "Outliers of x against the median and the median deviation of the last `period` rows",
    )
    .with_params(vec![
        x("the values"),
        period(3),
        number(
            "n_sigmas",
            0.0,
            1e6,
            3.0,
            "distance from the median beyond which a value is an outlier, in robust standard deviations",
        ),
    ])
    .with_output(Output::Struct(vec![
        float("median", "median of the window"),
        float("sigma", "1.4826 times the median distance from the median, in units of x"),
        float("z", "distance of x from the median in sigmas; NULL where sigma is 0"),
        OutputField::new("is_outlier", OutputType::Flag, "whether x is an outlier"),
        float("filtered", "x, or the median in its place where x is an outlier"),
    ]))
    .with_lookback("period - 1")
    .with_source("Hampel 1974; scipy.stats.median_abs_deviation over the window")
    .with_example(
        "SELECT t, (hampel(x, 5) OVER (ORDER BY t))['is_outlier'] AS is_outlier FROM (VALUES (1, 1.0), (2, 2.0), \
         (3, 1.5), (4, 2.5), (5, 9.0), (6, 2.0), (7, 1.0)) AS v(t, x) ORDER BY t",
        "",
    );
    series_function(
        spec,
        Arc::new(|args| {
            Ok(Box::new(Hampel {
                period: args.count("period")?,
                n_sigmas: args.number("n_sigmas")?,
            }))
        }),
    )
}
