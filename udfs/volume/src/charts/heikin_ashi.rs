//! Variants of the averaged candle.

use crate::describe::{record, spec, with_example};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::wickra_core::{HeikinAshiOscillator, SmoothedHeikinAshi};
use quantlake_indicators::machine::{fields, one, over_bars, period};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![heikin_ashi_oscillator(), smoothed_heikin_ashi()]
}

const BAR: [&str; 4] = ["open", "high", "low", "close"];

fn heikin_ashi_oscillator() -> Function {
    let spec = spec(
        "charts",
        "heikin_ashi_oscillator",
        &BAR,
        vec![period(
            "period",
            5,
            "Rows of the exponential average; 1 for the body itself",
        )],
        "Exponential average of the Heikin-Ashi candle's close less its open, in price units",
    )
    .with_lookback("period - 1")
    .with_stability(Stability::Converging)
    .with_source(
        "ema(close - open, period) of the `ha` candle, whose first open is the middle of the \
         bar's open and close; the average is seeded by the mean of the first period",
    );
    over_bars(
        with_example(spec, 8, "3"),
        |args| Ok(HeikinAshiOscillator::new(args.count("period")?)),
        one,
    )
}

fn smoothed_heikin_ashi() -> Function {
    let spec = spec(
        "charts",
        "smoothed_heikin_ashi",
        &BAR,
        vec![period("period", 10, "Rows of the exponential averages")],
        "Heikin-Ashi candle of exponentially averaged prices, in price units",
    )
    .with_output(record(&[
        (
            "open",
            "Middle of the candle before; first the middle of averaged open and close",
        ),
        (
            "high",
            "Highest of averaged high, open and close of the candle",
        ),
        (
            "low",
            "Lowest of averaged low, open and close of the candle",
        ),
        ("close", "Mean of the four averaged prices"),
    ]))
    .with_lookback("period - 1")
    .with_stability(Stability::Converging)
    .with_source(
        "the `ha` candle of ema(open), ema(high), ema(low), ema(close), each seeded by the mean \
         of the first period; D. Valcu, Stocks & Commodities 22:2 (2004), on averaged prices",
    );
    over_bars(
        with_example(spec, 8, "3"),
        |args| Ok(SmoothedHeikinAshi::new(args.count("period")?)),
        |o, out| fields([o.open, o.high, o.low, o.close], out),
    )
}
