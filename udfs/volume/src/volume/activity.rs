//! How much is traded, and what comes of it.

use crate::describe::{spec, with_example};
use crate::kernel::over_windows;
use quantlake_core::{Function, Output, OutputType, Stability};
use quantlake_indicators::machine::wickra_core::Rsi;
use quantlake_indicators::machine::{one, over_values, period, period_from};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![volume_rsi(), better_volume()]
}

fn volume_rsi() -> Function {
    let spec = spec(
        "volume",
        "volume_rsi",
        &["volume"],
        vec![period("period", 14, "Rows of Wilder's averages")],
        "Relative strength index of the volume, from 0 to 100: above 50 volume grows; 50 where it \
         never changes",
    )
    .with_lookback("period")
    .with_stability(Stability::Converging)
    .with_source("J. W. Wilder, New Concepts in Technical Trading Systems (1978), on volume");
    over_values(
        with_example(spec, 8, "3"),
        |args| Ok(Rsi::new(args.count("period")?)),
        one,
    )
}

/// Codes of [`better_volume`].
const NEUTRAL: f64 = 0.0;
const LOW: f64 = 1.0;
const CHURN: f64 = 2.0;
const CLIMAX: f64 = 3.0;
const CLIMAX_CHURN: f64 = 4.0;

fn better_volume() -> Function {
    let spec = spec(
        "volume",
        "better_volume",
        &["open", "high", "low", "close", "volume"],
        vec![period_from(
            "period",
            2,
            20,
            "Rows that the bar is compared with, itself included",
        )],
        "Kind of the bar by volume and range: 1 lowest volume, 3 or -3 climax of a rising or \
         falling bar, 2 churn, 4 climax and churn, 0 none of them; the later in this list wins",
    )
    .with_output(Output::Value(OutputType::Integer))
    .with_lookback("period - 1")
    .with_source(
        "against the period - 1 bars before: volume below all is low, volume * range above all is \
         a climax, volume / range above all is churn; B. Taylor, Better Volume",
    );
    over_windows(with_example(spec, 8, "3"), |args| {
        Ok((args.count("period")?, kind_of_bar))
    })
}

/// A bar's volume, its effort (volume times range) and its churn (volume by range, NaN without a
/// range, which no comparison finds).
fn effort(high: f64, low: f64, volume: f64) -> [f64; 3] {
    let range = high - low;
    let churn = if range > 0.0 {
        volume / range
    } else {
        f64::NAN
    };
    [volume, volume * range, churn]
}

fn kind_of_bar([open, high, low, close, volume]: [&[f64]; 5]) -> [f64; 1] {
    let mut bars = high.iter().zip(low).zip(volume).rev();
    let (Some(((h, l), v)), Some(open), Some(close)) = (bars.next(), open.last(), close.last())
    else {
        return [f64::NAN];
    };
    let [volume, climax, churn] = effort(*h, *l, *v);
    let mut extremes = [f64::INFINITY, f64::NEG_INFINITY, f64::NEG_INFINITY];
    for ((h, l), v) in bars {
        let [lowest, highest, churning] = extremes;
        let [volume, climax, churn] = effort(*h, *l, *v);
        extremes = [lowest.min(volume), highest.max(climax), churning.max(churn)];
    }
    let [lowest, highest, churning] = extremes;
    let kind = match (climax > highest, churn > churning) {
        (true, true) => CLIMAX_CHURN,
        (false, true) => CHURN,
        (true, false) if close >= open => CLIMAX,
        (true, false) => -CLIMAX,
        (false, false) if volume < lowest => LOW,
        (false, false) => NEUTRAL,
    };
    [kind]
}
