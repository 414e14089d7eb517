//! Bars as wide as their volume.

use crate::describe::{record, spec, with_example};
use crate::kernel::over_windows;
use quantlake_core::{Function, FunctionSpec, ParamSpec};
use quantlake_indicators::machine::period;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![equivolume(), candle_volume()]
}

const WIDTH: (&str, &str) = (
    "width",
    "Volume relative to its mean over the period: 1 is average",
);

fn of_volume(name: &str, series: &[&str], summary: &str) -> FunctionSpec {
    let constants: Vec<ParamSpec> = vec![period("period", 14, "Rows of the mean volume")];
    spec("charts", name, series, constants, summary).with_lookback("period - 1")
}

/// The last bar's volume relative to the mean; NaN where nothing was traded.
fn width(volume: &[f64]) -> f64 {
    let mean = volume.iter().sum::<f64>() / volume.len() as f64;
    volume.last().map_or(f64::NAN, |last| last / mean)
}

/// The last of one price less the last of another.
fn difference(from: &[f64], to: &[f64]) -> f64 {
    match (from.last(), to.last()) {
        (Some(from), Some(to)) => to - from,
        _ => f64::NAN,
    }
}

fn equivolume() -> Function {
    let spec = of_volume(
        "equivolume",
        &["high", "low", "volume"],
        "Arms' box of the bar: as high as its range, in price units, as wide as its relative \
         volume",
    )
    .with_output(record(&[
        ("height", "High less low, in price units"),
        WIDTH,
    ]))
    .with_source("high - low, volume / sma(volume, period); R. Arms, Volume Cycles (1983)");
    over_windows(with_example(spec, 6, "3"), |args| {
        let shape = |[high, low, volume]: [&[f64]; 3]| [difference(low, high), width(volume)];
        Ok((args.count("period")?, shape))
    })
}

fn candle_volume() -> Function {
    let spec = of_volume(
        "candle_volume",
        &["open", "close", "volume"],
        "Candle of the bar as wide as its relative volume: its signed body, in price units, and \
         its width",
    )
    .with_output(record(&[
        ("body", "Close less open, in price units"),
        WIDTH,
    ]))
    .with_source("close - open, volume / sma(volume, period); the candle-volume chart");
    over_windows(with_example(spec, 6, "3"), |args| {
        let shape = |[open, close, volume]: [&[f64]; 3]| [difference(open, close), width(volume)];
        Ok((args.count("period")?, shape))
    })
}
