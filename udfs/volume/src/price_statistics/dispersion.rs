//! How one series spreads, how straight it runs, and where its last value lies in its window.

use crate::describe::{integer, spec, with_example};
use crate::kernel::over_windows;
use crate::moments::{Moments, Trend};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError};
use quantlake_indicators::machine::period_from;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        coefficient_of_variation(),
        linearreg_r_squared(),
        linearreg_standard_error(),
        detrended_stddev(),
        median_absolute_deviation(),
        rolling_iqr(),
        min_max_scale(),
        percentile_of_score(),
    ]
}

fn one_series(name: &str, constants: Vec<ParamSpec>, summary: &str) -> FunctionSpec {
    spec("statistic", name, &["x"], constants, summary).with_lookback("period - 1")
}

fn window(min: i64, default: i64) -> ParamSpec {
    period_from("period", min, default, "Rows of the window")
}

fn length(args: &Args) -> Result<usize, QlError> {
    args.count("period")
}

fn coefficient_of_variation() -> Function {
    let ddof = integer(
        "ddof",
        0,
        0,
        1,
        "Subtracted from the rows in the divisor: 1 for a sample",
    );
    let spec = one_series(
        "coefficient_of_variation",
        vec![window(2, 20), ddof],
        "Standard deviation of the window divided by its mean, without unit; NULL where the mean \
         is 0",
    )
    .with_source("sqrt(sum((x - mean)^2) / (period - ddof)) / mean");
    over_windows(with_example(spec, 6, "3"), |args| {
        let n = length(args)?;
        let correction = n as f64 / (n as f64 - args.count("ddof")? as f64);
        let ratio = move |[x]: [&[f64]; 1]| {
            let moments = Moments::of(x);
            [(moments.variance * correction).sqrt() / moments.mean]
        };
        Ok((n, ratio))
    })
}

fn linearreg_r_squared() -> Function {
    let spec = one_series(
        "linearreg_r_squared",
        vec![window(3, 14)],
        "Share of the window's variance that its least-squares line over the rows explains, from \
         0 to 1; NULL for a flat window",
    )
    .with_aliases(vec!["r_squared".into()])
    .with_source("1 - residual sum of squares / total sum of squares of x on the row number");
    over_windows(with_example(spec, 6, "4"), |args| {
        let share = |[x]: [&[f64]; 1]| {
            let trend = Trend::of(x);
            [1.0 - trend.residual / trend.total]
        };
        Ok((length(args)?, share))
    })
}

fn linearreg_standard_error() -> Function {
    let spec = one_series(
        "linearreg_standard_error",
        vec![window(3, 14)],
        "Standard error of estimate of the window's least-squares line over the rows, in units of \
         x",
    )
    .with_aliases(vec!["standard_error".into()])
    .with_source("sqrt(residual sum of squares / (period - 2)) of x on the row number");
    over_windows(with_example(spec, 6, "4"), |args| {
        let n = length(args)?;
        let error = move |[x]: [&[f64]; 1]| [(Trend::of(x).residual / (n as f64 - 2.0)).sqrt()];
        Ok((n, error))
    })
}

fn detrended_stddev() -> Function {
    let spec = one_series(
        "detrended_stddev",
        vec![window(3, 14)],
        "Standard deviation around the window's least-squares line over the rows, in units of x",
    )
    .with_source("sqrt(residual sum of squares / period) of x on the row number");
    over_windows(with_example(spec, 6, "4"), |args| {
        let n = length(args)?;
        let deviation = move |[x]: [&[f64]; 1]| [(Trend::of(x).residual / n as f64).sqrt()];
        Ok((n, deviation))
    })
}

fn median_absolute_deviation() -> Function {
    let spec = one_series(
        "median_absolute_deviation",
        vec![window(1, 20)],
        "Median distance of the window's values from their median, in units of x; times 1.4826 it \
         estimates the standard deviation of normal data",
    )
    .with_source("median(|x - median(x)|); F. R. Hampel, JASA 69 (1974)");
    over_windows(with_example(spec, 6, "3"), |args| {
        let mut values = Vec::new();
        let deviation = move |[x]: [&[f64]; 1]| {
            copy_to(&mut values, x);
            let median = quantile(&mut values, 0.5);
            for v in &mut values {
                *v = (*v - median).abs();
            }
            [quantile(&mut values, 0.5)]
        };
        Ok((length(args)?, deviation))
    })
}

fn rolling_iqr() -> Function {
    let spec = one_series(
        "rolling_iqr",
        vec![window(1, 20)],
        "Third less first quartile of the window, in units of x; quartiles lie on the straight \
         line between neighbours in order",
    )
    .with_source("quantile(0.75) - quantile(0.25), type 7 of R. Hyndman and Y. Fan (1996)");
    over_windows(with_example(spec, 6, "4"), |args| {
        let mut values = Vec::new();
        let range = move |[x]: [&[f64]; 1]| {
            copy_to(&mut values, x);
            let first = quantile(&mut values, 0.25);
            [quantile(&mut values, 0.75) - first]
        };
        Ok((length(args)?, range))
    })
}

fn copy_to(values: &mut Vec<f64>, window: &[f64]) {
    values.clear();
    values.extend_from_slice(window);
}

/// The quantile between neighbours in order, by selection, which reorders the values.
fn quantile(values: &mut [f64], q: f64) -> f64 {
    let position = q * values.len().saturating_sub(1) as f64;
    let below = position.floor() as usize;
    if below >= values.len() {
        return f64::NAN;
    }
    let (_, lower, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let lower = *lower;
    let weight = position - below as f64;
    match weight > 0.0 {
        true => lower + weight * (above.iter().copied().fold(f64::INFINITY, f64::min) - lower),
        false => lower,
    }
}

fn min_max_scale() -> Function {
    let spec = one_series(
        "min_max_scale",
        vec![window(2, 20)],
        "Place of the last value between the window's lowest and highest, from 0 to 1; NULL for a \
         flat window",
    )
    .with_source("(x - min) / (max - min) over the period");
    over_windows(with_example(spec, 6, "3"), |args| {
        let place = |[x]: [&[f64]; 1]| {
            let lowest = x.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            [x.last()
                .map_or(f64::NAN, |last| (last - lowest) / (highest - lowest))]
        };
        Ok((length(args)?, place))
    })
}

fn percentile_of_score() -> Function {
    let spec = one_series(
        "percentile_of_score",
        vec![window(1, 100)],
        "Percentile of the last value within the window, itself included, ties counted by half, \
         from 0 to 100; `percentrank` counts the rows before it only",
    )
    .with_source("100 * (number below + number equal / 2) / period, the mean rank");
    over_windows(with_example(spec, 6, "4"), |args| {
        let percentile = |[x]: [&[f64]; 1]| {
            let Some(last) = x.last() else {
                return [f64::NAN];
            };
            let below = x.iter().filter(|v| *v < last).count() as f64;
            let equal = x.iter().filter(|v| *v == last).count() as f64;
            [100.0 * (below + equal / 2.0) / x.len() as f64]
        };
        Ok((length(args)?, percentile))
    })
}
