//! `decay_linear`, `decay_exp`: means of a window in which newer rows weigh more.

use crate::arguments::Window;
use crate::describe::Rolling;
use crate::kernel::over_window;
use crate::windows::{Summary, roll};
use quantlake_core::{Function, ParamKind, ParamSpec};

/// The sum, and the sum weighted 1 (oldest), 2, ....
struct Ramp;

impl Summary for Ramp {
    type Run = (f64, f64);

    fn join(&self, n_older: usize, _: usize) -> impl Fn(Self::Run, Self::Run) -> Self::Run {
        let lift = n_older as f64;
        // Every newer row weighs as much more as there are older ones.
        move |older, newer| (older.0 + newer.0, older.1 + newer.1 + lift * newer.0)
    }
}

/// The sum weighted `factor` to the power of the rows since.
struct Fading {
    factor: f64,
}

impl Summary for Fading {
    type Run = f64;

    fn join(&self, _: usize, n_newer: usize) -> impl Fn(f64, f64) -> f64 {
        let faded = self.factor.powf(n_newer as f64);
        move |older, newer| newer + faded * older
    }
}

/// Means of windows with the weights 1 (oldest) to n (newest), in the unit of `x`.
pub fn rolling_linear(x: &[f64], window: Window, out: &mut [f64]) {
    let value = |(_, weighted): (f64, f64), n: usize| weighted / (n * (n + 1) / 2) as f64;
    roll(&Ramp, window, |t| (x[t], x[t]), value, out);
}

/// Means of windows with the weights 1 (newest), factor, factor^2, ..., in the unit of `x`.
pub fn rolling_exponential(x: &[f64], window: Window, factor: f64, out: &mut [f64]) {
    // The weights of a full window and of shorter ones, summed once.
    let totals: Vec<f64> = (0..window.period)
        .scan((0.0, 1.0), |(total, weight), _| {
            *total += *weight;
            *weight *= factor;
            Some(*total)
        })
        .collect();
    let value = |sum: f64, n: usize| sum / totals[n - 1];
    roll(&Fading { factor }, window, |t| x[t], value, out);
}

pub(crate) fn functions() -> Vec<Function> {
    vec![linear(), exponential()]
}

fn linear() -> Function {
    let description = Rolling::of_x(
        "decay_linear",
        "Mean of a window with linearly falling weights, `period` for the newest row and 1 for the oldest, in the unit of `x`.",
        "sum((period - age) x[t - age]) / (period (period + 1) / 2); decay_linear of Kakushadze, 101 Formulaic Alphas (2016)",
    );
    over_window(description.spec(), |_, window| {
        Ok(move |x: &[f64], out: &mut [f64]| rolling_linear(x, window, out))
    })
}

fn exponential() -> Function {
    let factor = ParamSpec::required(
        "factor",
        ParamKind::Number { min: 0.0, max: 1.0 },
        "Weight of a row over the weight of the row after it.",
    );
    let description = Rolling {
        more: vec![factor],
        example: "3, 0.5",
        ..Rolling::of_x(
            "decay_exp",
            "Mean of a window with exponentially falling weights, 1 for the newest row, in the unit of `x`.",
            "sum(factor^age x[t - age]) / sum(factor^age), age 0 .. period - 1; ts_decay_exp_window of WorldQuant BRAIN and polars_ta",
        )
    };
    over_window(description.spec(), |args, window| {
        let factor = args.number("factor")?;
        Ok(move |x: &[f64], out: &mut [f64]| rolling_exponential(x, window, factor, out))
    })
}
