//! `ewm_mean`, `ewm_var`, `ewm_std`, `ewm_cov`, `ewm_corr`: exponentially weighted moments.
//!
//! The conventions are those of pandas' `ewm` with `ignore_na=True`, as missing rows are taken
//! out before. Values are measured from the first row of the partition, so that a level far from
//! 0 costs no digits.

use crate::arguments::{MAX_PERIOD, flag};
use crate::describe::{series_spec, x, y};
use crate::pairs::correlation;
use crate::weights::{Decay, Weights, decay_params};
use quantlake_core::recurrence::{Recurrence, over_rows};
use quantlake_core::{
    Args, Function, FunctionSpec, ParamKind, ParamSpec, ParamValue, QlError, Stability,
};

/// The exponentially weighted mean, in the unit of `x`.
#[derive(Debug, Clone, Copy)]
struct Mean {
    weights: Weights,
    first: Option<f64>,
    /// Measured from the first row.
    mean: f64,
}

impl Recurrence<1> for Mean {
    fn next(&mut self, [value]: [f64; 1]) -> [f64; 1] {
        let first = *self.first.get_or_insert(value);
        self.mean += self.weights.add() * (value - first - self.mean);
        [first + self.mean]
    }
}

/// The mean of `x`, in its unit.
pub fn mean(decay: Decay) -> impl Recurrence<1> {
    Mean {
        weights: decay.weights(),
        first: None,
        mean: 0.0,
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

/// A number made of the moments so far and of the correction for bias.
#[derive(Clone, Copy)]
struct OfMoments<V> {
    weights: Weights,
    first: Option<[f64; 2]>,
    moments: Moments,
    value: V,
}

impl<V> Recurrence<2> for OfMoments<V>
where
    V: Fn(&Moments, f64) -> f64 + Copy + Send + Sync + 'static,
{
    fn next(&mut self, [x, y]: [f64; 2]) -> [f64; 1] {
        let [first_x, first_y] = *self.first.get_or_insert([x, y]);
        let share = self.weights.add();
        self.moments.add([x - first_x, y - first_y], share);
        [(self.value)(&self.moments, self.weights.correction())]
    }
}

fn of_moments(
    decay: Decay,
    value: impl Fn(&Moments, f64) -> f64 + Copy + Send + Sync + 'static,
) -> impl Recurrence<2> {
    OfMoments {
        weights: decay.weights(),
        first: None,
        moments: Moments::default(),
        value,
    }
}

/// A recurrence of two series that are one.
#[derive(Debug, Clone, Copy)]
struct OfOne<R>(R);

impl<R: Recurrence<2>> Recurrence<1> for OfOne<R> {
    fn next(&mut self, [x]: [f64; 1]) -> [f64; 1] {
        self.0.next([x, x])
    }
}

fn covariance(moments: &Moments, correction: f64, bias: bool) -> f64 {
    moments.covariance * if bias { 1.0 } else { correction }
}

/// The covariance of two series, in the product of their units; without `bias` it is an estimate
/// from a sample, which needs two rows.
pub fn cov(decay: Decay, bias: bool) -> impl Recurrence<2> {
    of_moments(decay, move |moments, correction| {
        covariance(moments, correction, bias)
    })
}

/// The variance of `x`, in the square of its unit.
pub fn var(decay: Decay, bias: bool) -> impl Recurrence<1> {
    OfOne(cov(decay, bias))
}

/// The standard deviation of `x`, in its unit.
pub fn std(decay: Decay, bias: bool) -> impl Recurrence<1> {
    OfOne(of_moments(decay, move |moments, correction| {
        covariance(moments, correction, bias).sqrt()
    }))
}

/// The correlation of two series; NaN where one has not moved.
pub fn corr(decay: Decay) -> impl Recurrence<2> {
    of_moments(decay, |moments, _| {
        correlation(moments.covariance, moments.variance)
    })
}

pub(crate) fn functions() -> Vec<Function> {
    let average = Description {
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
    let covariance = Description {
        name: "ewm_cov",
        summary: "Exponentially weighted covariance of two series over all rows so far, in the product of their units.",
        source: "sum(w (x - mean x)(y - mean y)) / sum(w), corrected like ewm_var; pandas ewm.cov",
    };
    let correlation = Description {
        name: "ewm_corr",
        summary: "Exponentially weighted correlation of two series over all rows so far, between -1 and 1; NULL where one has not moved.",
        source: "ewm_cov over the root of the product of the variances; pandas ewm.corr",
    };
    vec![
        average.of_x(false, |options| mean(options.decay)),
        variance.of_x(true, |options| var(options.decay, options.bias)),
        deviation.of_x(true, |options| std(options.decay, options.bias)),
        covariance.of_pair(true, |options| cov(options.decay, options.bias)),
        correlation.of_pair(false, |options| corr(options.decay)),
    ]
}

/// The words of one function.
#[derive(Clone, Copy)]
struct Description {
    name: &'static str,
    summary: &'static str,
    source: &'static str,
}

impl Description {
    fn of_x<R: Recurrence<1>>(self, has_bias: bool, start: fn(Options) -> R) -> Function {
        let spec = self.spec(vec![x()], has_bias, "x");
        self.bind(spec, has_bias, start)
    }

    fn of_pair<R: Recurrence<2>>(self, has_bias: bool, start: fn(Options) -> R) -> Function {
        let spec = self.spec(vec![x(), y()], has_bias, "x, y");
        self.bind(spec, has_bias, start)
    }

    fn bind<const K: usize, R: Recurrence<K>>(
        self,
        spec: FunctionSpec,
        has_bias: bool,
        start: fn(Options) -> R,
    ) -> Function {
        over_rows(spec, move |args| {
            let options = Options::of(self.name, has_bias, args)?;
            Ok(Late {
                n_early: options.min_periods.saturating_sub(1),
                inner: start(options),
            })
        })
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
}

/// A recurrence whose first results are held back.
#[derive(Debug, Clone, Copy)]
struct Late<R> {
    n_early: usize,
    inner: R,
}

impl<const K: usize, R: Recurrence<K>> Recurrence<K> for Late<R> {
    fn next(&mut self, row: [f64; K]) -> [f64; 1] {
        let value = self.inner.next(row);
        if self.n_early == 0 {
            return value;
        }
        self.n_early -= 1;
        [f64::NAN]
    }
}
