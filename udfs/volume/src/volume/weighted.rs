//! Prices and averages weighted by volume.

use crate::describe::{record, spec, with_example};
use crate::kernel::{over_states_with_gaps, over_windows};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::wickra_core::VolumeWeightedMacd;
use quantlake_indicators::machine::{fields, over_bars, period};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![rolling_vwap(), anchored_vwap(), volume_weighted_macd()]
}

fn rolling_vwap() -> Function {
    let spec = spec(
        "volume",
        "rolling_vwap",
        &["high", "low", "close", "volume"],
        vec![period("period", 20, "Rows of the window")],
        "Mean of the typical price over the period, weighted by volume, in price units; NULL where \
         nothing was traded",
    )
    .with_lookback("period - 1")
    .with_source("sum((high + low + close) / 3 * volume) / sum(volume) over the period");
    over_windows(with_example(spec, 6, "3"), |args| {
        let average = |[high, low, close, volume]: [&[f64]; 4]| {
            let bars = high.iter().zip(low).zip(close).zip(volume);
            let money: f64 = bars.map(|(((h, l), c), v)| typical(*h, *l, *c) * v).sum();
            [money / volume.iter().sum::<f64>()]
        };
        Ok((args.count("period")?, average))
    })
}

fn typical(high: f64, low: f64, close: f64) -> f64 {
    (high + low + close) / 3.0
}

fn anchored_vwap() -> Function {
    let spec = spec(
        "volume",
        "anchored_vwap",
        &["high", "low", "close", "volume", "anchor"],
        vec![],
        "Mean of the typical price since the last anchored row, that row included, weighted by \
         volume, in price units; NULL before the first anchor, and a missing anchor is none",
    )
    .with_lookback("rows since the last anchor")
    .with_stability(Stability::PathDependent)
    .with_source(
        "sum((high + low + close) / 3 * volume) / sum(volume) from the anchor on; B. Shannon, \
         Maximum Trading Gains with Anchored VWAP (2023)",
    );
    over_states_with_gaps(
        with_example(spec, 8, ""),
        |input| input != ANCHOR,
        |_| {
            // Until the first anchor the sums are NaN, and so is whatever is added to them.
            let (mut money, mut traded) = (f64::NAN, f64::NAN);
            let step = move |[high, low, close, volume, anchor]: [f64; 5]| {
                if is_set(anchor) {
                    (money, traded) = (0.0, 0.0);
                }
                money += typical(high, low, close) * volume;
                traded += volume;
                [money / traded]
            };
            Ok((0, step))
        },
    )
}

/// The position of the anchor among the inputs.
const ANCHOR: usize = 4;

/// Whether a flag is known and true.
fn is_set(flag: f64) -> bool {
    flag.abs() > 0.0
}

fn volume_weighted_macd() -> Function {
    let spec = spec(
        "volume",
        "volume_weighted_macd",
        &["close", "volume"],
        vec![
            period("fast", 12, "Rows of the fast average, fewer than slow"),
            period("slow", 26, "Rows of the slow average"),
            period("signal", 9, "Rows of the signal line"),
        ],
        "Fast less slow volume-weighted moving average of the close with its exponential signal \
         line, in price units; a window without volume takes the plain mean",
    )
    .with_output(record(&[
        ("macd", "Fast less slow average, in price units"),
        ("signal", "Exponential average of macd, in price units"),
        ("hist", "macd less signal, in price units"),
    ]))
    .with_lookback("slow + signal - 2")
    .with_stability(Stability::Converging)
    .with_source(
        "vwma(close, volume, fast) - vwma(close, volume, slow), signal by ema seeded with the \
         mean; B. Dormeier, Investing with Volume Analysis (2011)",
    );
    over_bars(
        with_example(spec, 10, "2, 4, 2"),
        |args| {
            let [fast, slow, signal] = ["fast", "slow", "signal"].map(|name| args.count(name));
            Ok(VolumeWeightedMacd::new(fast?, slow?, signal?))
        },
        |o, out| fields([o.macd, o.signal, o.histogram], out),
    )
}
