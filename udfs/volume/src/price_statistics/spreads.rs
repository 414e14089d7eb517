//! The spread of two series, as a trade.

use crate::describe::{record, spec, with_example};
use crate::kernel::{over_windows, write_row};
use crate::moments::{Moments, PairMoments};
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Function, FunctionSpec, ParamSpec, QlError};
use quantlake_indicators::machine::{number, period_from};
use std::sync::Arc;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        pair_spread_zscore(),
        beta_neutral_spread(),
        spread_bollinger_bands(),
        spread_ar1_coefficient(),
    ]
}

fn pair(name: &str, constants: Vec<ParamSpec>, summary: &str) -> FunctionSpec {
    spec("statistic", name, &["a", "b"], constants, summary).with_lookback("period - 1")
}

fn pair_spread_zscore() -> Function {
    let spec = pair(
        "pair_spread_zscore",
        vec![
            period_from("beta_period", 2, 60, "Rows of the hedge ratio's regression"),
            period_from("z_period", 2, 20, "Rows of the spread's mean and deviation"),
        ],
        "Distance of the log spread of two prices from its mean, in standard deviations, hedged \
         by the rolling slope; NULL where b or the spread is flat or a price is not positive",
    )
    .with_lookback("beta_period + z_period - 2")
    .with_source(
        "s = ln(a) - slope of ln(a) on ln(b) * ln(b); (s - mean(s)) / sd(s), population; \
         G. Vidyamurthy, Pairs Trading (2004)",
    );
    series_function(
        with_example(spec, 8, "3, 3"),
        Arc::new(|args| {
            Ok(Box::new(SpreadZScore {
                beta_period: args.count("beta_period")?,
                z_period: args.count("z_period")?,
            }))
        }),
    )
}

struct SpreadZScore {
    beta_period: usize,
    z_period: usize,
}

impl SeriesKernel for SpreadZScore {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let [a, b] = inputs else {
            return Err(QlError::internal("pair_spread_zscore: two series"));
        };
        let (log_a, log_b) = (logarithms(a), logarithms(b));
        let windows = log_a
            .windows(self.beta_period)
            .zip(log_b.windows(self.beta_period));
        let spreads: Vec<f64> = windows.map(|(a, b)| hedged_spread(a, b)).collect();
        let first_row = self.beta_period + self.z_period - 2;
        for (row, window) in (first_row..).zip(spreads.windows(self.z_period)) {
            let moments = Moments::of(window);
            let last = window.last().copied().unwrap_or(f64::NAN);
            let score = (last - moments.mean) / moments.variance.sqrt();
            write_row(outputs, row, [score]);
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.beta_period + self.z_period - 2)
    }
}

fn logarithms(prices: &[f64]) -> Vec<f64> {
    let positive = |price: &f64| match *price > 0.0 {
        true => price.ln(),
        false => f64::NAN,
    };
    prices.iter().map(positive).collect()
}

fn hedged_spread(log_a: &[f64], log_b: &[f64]) -> f64 {
    match (log_a.last(), log_b.last()) {
        (Some(a), Some(b)) => a - PairMoments::of(log_b, log_a).slope() * b,
        _ => f64::NAN,
    }
}

fn beta_neutral_spread() -> Function {
    let spec = pair(
        "beta_neutral_spread",
        vec![period_from("period", 2, 60, "Rows of the regression")],
        "Residual of the last row in the least-squares regression of a on b, in units of a; NULL \
         where b is flat",
    )
    .with_source("a - (intercept + slope * b), fitted over the period");
    over_windows(with_example(spec, 8, "4"), |args| {
        let residual = |[a, b]: [&[f64]; 2]| {
            let moments = PairMoments::of(b, a);
            [moments.last_y - moments.slope() * moments.last_x]
        };
        Ok((args.count("period")?, residual))
    })
}

fn spread_bollinger_bands() -> Function {
    let spec = pair(
        "spread_bollinger_bands",
        vec![
            period_from("period", 2, 20, "Rows of the window"),
            number(
                "multiplier",
                2.0,
                1e-6,
                1e6,
                "Half width in standard deviations",
            ),
        ],
        "Bollinger's bands around the spread a - b, in its units; percent_b is NULL where the \
         spread is flat",
    )
    .with_output(record(&[
        ("upper", "Mean plus multiplier standard deviations"),
        ("middle", "Mean of the spread"),
        ("lower", "Mean less multiplier standard deviations"),
        (
            "percent_b",
            "Place of the spread: 0 at the lower, 1 at the upper band",
        ),
    ]))
    .with_source(
        "mean(a - b) +- multiplier * sd(a - b), population; J. Bollinger's bands of a spread",
    );
    over_windows(with_example(spec, 8, "4, 2"), |args| {
        let multiplier = args.number("multiplier")?;
        let mut spread = Vec::new();
        let bands = move |[a, b]: [&[f64]; 2]| {
            differences(&mut spread, a, b);
            let moments = Moments::of(&spread);
            let width = multiplier * moments.variance.sqrt();
            let (upper, lower) = (moments.mean + width, moments.mean - width);
            let last = spread.last().copied().unwrap_or(f64::NAN);
            [upper, moments.mean, lower, (last - lower) / (upper - lower)]
        };
        Ok((args.count("period")?, bands))
    })
}

fn spread_ar1_coefficient() -> Function {
    let spec = pair(
        "spread_ar1_coefficient",
        vec![period_from("period", 3, 60, "Rows of the window")],
        "Slope of the spread a - b on its value one row before: near 0 it reverts at once, near 1 \
         it wanders, without unit; NULL where it is flat",
    )
    .with_source("cov(s one row before, s) / var(s one row before), s = a - b, least squares");
    over_windows(with_example(spec, 8, "4"), |args| {
        let mut spread = Vec::new();
        let coefficient = move |[a, b]: [&[f64]; 2]| {
            differences(&mut spread, a, b);
            let (Some((_, now)), Some((_, before))) = (spread.split_first(), spread.split_last())
            else {
                return [f64::NAN];
            };
            [PairMoments::of(before, now).slope()]
        };
        Ok((args.count("period")?, coefficient))
    })
}

fn differences(out: &mut Vec<f64>, a: &[f64], b: &[f64]) {
    out.clear();
    out.extend(a.iter().zip(b).map(|(a, b)| a - b));
}
