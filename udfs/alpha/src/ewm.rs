//! `ewm_mean`, `ewm_var`, `ewm_std`, `ewm_cov`, `ewm_corr`: exponentially weighted moments.
//!
//! The conventions are those of pandas' `ewm` with `ignore_na=True`, as missing rows are taken
//! out before. Values are measured from the first row of the partition, so that a level far from
//! 0 costs no digits.

use crate::arguments::{MAX_PERIOD, flag};
use crate::describe::{series_spec, x, y};
use crate::kernel::{one, two};
use crate::pairs::correlation;
use crate::weights::{Decay, decay_params};
use quantlake_core::series::series_function;
use quantlake_core::{
    Args, Function, FunctionSpec, ParamKind, ParamSpec, ParamValue, QlError, Stability,
};
use std::sync::Arc;

/// Exponentially weighted means, in the unit of `x`.
pub fn ewm_mean(x: &[f64], decay: Decay, out: &mut [f64]) {
    let mut weights = decay.weights();
    let Some(first) = x.first() else { return };
    let mut mean = 0.0;
    for (value, slot) in x.iter().zip(out) {
        mean += weights.add() * (value - first - mean);
        *slot = first + mean;
    }
}

/// Weighted means, variances and covariance of two series so far.
#[derive(Debug, Clone, Copy, Default)]
struct Moments {
    mean: [f64; 2],
    variance: [f64; 2],
    covariance: f64,
}

impl Moments {
    fn add(&mut self, row: [f64; 2], share: f64) {
        let gap = [0, 1].map(|i| row[i] - self.mean[i]);
        let join = |before: f64, product: f64| (1.0 - share) * (before + share * product);
        self.variance = [0, 1].map(|i| join(self.variance[i], gap[i] * gap[i]));
        self.covariance = join(self.covariance, gap[0] * gap[1]);
        self.mean = [0, 1].map(|i| self.mean[i] + share * gap[i]);
    }
}

/// Writes `value(moments, correction for bias)` for each row.
fn over_moments(
    x: &[f64],
    y: &[f64],
    decay: Decay,
    value: impl Fn(&Moments, f64) -> f64,
    out: &mut [f64],
) {
    let mut weights = decay.weights();
    let mut moments = Moments::default();
    let (Some(first_x), Some(first_y)) = (x.first(), y.first()) else {
        return;
    };
    for ((x, y), slot) in x.iter().zip(y).zip(out) {
        moments.add([x - first_x, y - first_y], weights.add());
        *slot = value(&moments, weights.correction());
    }
}

/// Exponentially weighted covariances, in the product of the units; without `bias` they are
/// estimates from a sample, which need two rows.
pub fn ewm_cov(x: &[f64], y: &[f64], decay: Decay, bias: bool, out: &mut [f64]) {
    let value = |moments: &Moments, correction: f64| {
        moments.covariance * if bias { 1.0 } else { correction }
    };
    over_moments(x, y, decay, value, out);
}

/// Exponentially weighted variances, in the square of the unit of `x`.
pub fn ewm_var(x: &[f64], decay: Decay, bias: bool, out: &mut [f64]) {
    ewm_cov(x, x, decay, bias, out);
}

/// Exponentially weighted standard deviations, in the unit of `x`.
pub fn ewm_std(x: &[f64], decay: Decay, bias: bool, out: &mut [f64]) {
    ewm_var(x, decay, bias, out);
    out.iter_mut().for_each(|v| *v = v.sqrt());
}

/// Exponentially weighted correlations; NaN where one series has not moved.
pub fn ewm_corr(x: &[f64], y: &[f64], decay: Decay, out: &mut [f64]) {
    let value = |moments: &Moments, _| correlation(moments.covariance, moments.variance);
    over_moments(x, y, decay, value, out);
}

pub(crate) fn functions() -> Vec<Function> {
    let mean = Description {
        name: "ewm_mean",
        summary: "Exponentially weighted mean of all rows so far, in the unit of `x`.",
        source: "sum((1 - alpha)^age x[t - age]) / sum((1 - alpha)^age), or y = (1 - alpha) y + alpha x without adjust; pandas ewm.mean",
    };
    let variance = Description {
        name: "ewm_var",
        summary: "Exponentially weighted variance of all rows so far, in the square of the unit of `x`.",
        source: "sum(w (x - mean)^2) / sum(w), times sum(w)^2 / (sum(w)^2 - sum(w^2)) without bias; pandas ewm.var",
    };
    let deviation = Description {
        name: "ewm_std",
        summary: "Exponentially weighted standard deviation of all rows so far, in the unit of `x`.",
        source: "root of ewm_var; pandas ewm.std",
    };
    let cov = Description {
        name: "ewm_cov",
        summary: "Exponentially weighted covariance of two series over all rows so far, in the product of their units.",
        source: "sum(w (x - mean x)(y - mean y)) / sum(w), corrected like ewm_var; pandas ewm.cov",
    };
    let corr = Description {
        name: "ewm_corr",
        summary: "Exponentially weighted correlation of two series over all rows so far, between -1 and 1; NULL where one has not moved.",
        source: "ewm_cov over the root of the product of the variances; pandas ewm.corr",
    };
    vec![
        mean.of_x(false, |x, decay, _, out| ewm_mean(x, decay, out)),
        variance.of_x(true, ewm_var),
        deviation.of_x(true, ewm_std),
        cov.of_pair(true, ewm_cov),
        corr.of_pair(false, |x, y, decay, _, out| ewm_corr(x, y, decay, out)),
    ]
}

/// The words of one function.
struct Description {
    name: &'static str,
    summary: &'static str,
    source: &'static str,
}

impl Description {
    fn of_x(self, has_bias: bool, kernel: fn(&[f64], Decay, bool, &mut [f64])) -> Function {
        let name = self.name;
        let make = move |args: &Args| {
            let options = Options::of(name, has_bias, args)?;
            Ok(one(None, move |x: &[f64], out: &mut [f64]| {
                kernel(x, options.decay, options.bias, out);
                options.blank(out);
            }))
        };
        series_function(self.spec(vec![x()], has_bias, "x"), Arc::new(make))
    }

    fn of_pair(
        self,
        has_bias: bool,
        kernel: fn(&[f64], &[f64], Decay, bool, &mut [f64]),
    ) -> Function {
        let name = self.name;
        let make = move |args: &Args| {
            let options = Options::of(name, has_bias, args)?;
            Ok(two(None, move |x: &[f64], y: &[f64], out: &mut [f64]| {
                kernel(x, y, options.decay, options.bias, out);
                options.blank(out);
            }))
        };
        series_function(self.spec(vec![x(), y()], has_bias, "x, y"), Arc::new(make))
    }

    fn spec(&self, inputs: Vec<ParamSpec>, has_bias: bool, names: &str) -> FunctionSpec {
        let adjust = flag(
            "adjust",
            true,
            "Whether the weights of the rows so far are divided by their sum; otherwise the first row stands for all before it.",
        );
        let bias = has_bias.then(|| {
            flag(
                "bias",
                false,
                "Whether the variance is that of the rows themselves; otherwise it estimates from a sample and needs two rows.",
            )
        });
        let least = ParamSpec::optional(
            "min_periods",
            ParamKind::Integer {
                min: 0,
                max: MAX_PERIOD,
            },
            ParamValue::Integer(0),
            "Rows from which on there is a value.",
        );
        let mut params = [inputs, decay_params(), vec![adjust]].concat();
        params.extend(bias);
        params.push(least);
        let call = format!("{}({names}, span => 3)", self.name);
        series_spec(self.name, "ewm", self.summary, self.source, &call)
            .with_params(params)
            .with_lookback(
                "min_periods - 1, at least 0; one more row where a single one has no value",
            )
            .with_stability(Stability::Converging)
    }
}

/// The checked constants of a call.
#[derive(Clone, Copy)]
struct Options {
    decay: Decay,
    bias: bool,
    min_periods: usize,
}

impl Options {
    fn of(function: &str, has_bias: bool, args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            decay: Decay::of(function, args)?,
            bias: has_bias && args.flag("bias")?,
            min_periods: args.count("min_periods")?,
        })
    }

    /// Takes back the values of the rows before `min_periods`.
    fn blank(&self, out: &mut [f64]) {
        let n_early = self.min_periods.saturating_sub(1);
        out.iter_mut().take(n_early).for_each(|v| *v = f64::NAN);
    }
}
