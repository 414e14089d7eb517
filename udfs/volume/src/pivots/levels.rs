//! Support and resistance from a window of bars.

use crate::describe::{record, spec, with_example};
use crate::kernel::over_windows;
use quantlake_core::Function;
use quantlake_indicators::machine::period;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![murrey_eighths(), volume_weighted_support_resistance()]
}

fn murrey_eighths() -> Function {
    let spec = spec(
        "pivots",
        "murrey_eighths",
        &["high", "low"],
        vec![period("period", 64, "Rows of the window")],
        "Murrey's nine lines as eighths of the window's range, without his rounding of the range \
         to octaves, in price units",
    )
    .with_output(record(&[
        ("mm0_8", "Lowest low: ultimate support"),
        ("mm1_8", "One eighth: weak, stall and reverse"),
        ("mm2_8", "Two eighths: pivot"),
        ("mm3_8", "Three eighths: bottom of the trading range"),
        ("mm4_8", "Half: major support and resistance"),
        ("mm5_8", "Five eighths: top of the trading range"),
        ("mm6_8", "Six eighths: pivot"),
        ("mm7_8", "Seven eighths: weak, stall and reverse"),
        ("mm8_8", "Highest high: ultimate resistance"),
    ]))
    .with_lookback("period - 1")
    .with_source("low + i / 8 * (high - low) of the window; after T. H. Murrey (1995)");
    over_windows(with_example(spec, 6, "3"), |args| {
        let lines = |[high, low]: [&[f64]; 2]| {
            let top = high.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let bottom = low.iter().copied().fold(f64::INFINITY, f64::min);
            let step = (top - bottom) / 8.0;
            std::array::from_fn::<f64, 9, _>(|i| bottom + i as f64 * step)
        };
        Ok((args.count("period")?, lines))
    })
}

fn volume_weighted_support_resistance() -> Function {
    let spec = spec(
        "pivots",
        "volume_weighted_support_resistance",
        &["high", "low", "volume"],
        vec![period("period", 20, "Rows of the window")],
        "Means of the lows and of the highs of the window, weighted by volume, in price units; \
         NULL where nothing was traded",
    )
    .with_output(record(&[
        ("support", "Volume-weighted mean of the lows"),
        ("resistance", "Volume-weighted mean of the highs"),
    ]))
    .with_lookback("period - 1")
    .with_source("sum(low * volume) / sum(volume), sum(high * volume) / sum(volume)");
    over_windows(with_example(spec, 6, "3"), |args| {
        let means = |[high, low, volume]: [&[f64]; 3]| {
            let total: f64 = volume.iter().sum();
            let weighted = |prices: &[f64]| -> f64 {
                prices.iter().zip(volume).map(|(price, v)| price * v).sum()
            };
            [weighted(low) / total, weighted(high) / total]
        };
        Ok((args.count("period")?, means))
    })
}
