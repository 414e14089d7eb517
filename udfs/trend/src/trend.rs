//! Direction and strength of trends that TA-Lib does not measure.
//!
//! Left to TA-Lib, which computes the same: MACD and its forms, ADX, ADXR, DX, DI, DM, Aroon, TRIX,
//! vortex, WaveTrend, mass index (`massi`), choppiness (`chop`), vertical horizontal filter
//! (`vhf`), QStick; Kase's permission stochastic, which in the library is `stoch` with exponential
//! averages.
//!
//! Left out: the library's peak momentum (WavePM), which it made up itself.
//!
//! Written out here: the random walk index, whose distance and average true range the library
//! shortens by a row, and which costs it the square of `period` a row; the gator of the displaced
//! alligator; the trend intensity index and the TTM trend, which on prices that stand still would
//! follow the rounding of an average.

use crate::describe::{Describe, spec, whole};
use crate::moving_averages::{alligator_constants, alligator_lines};
use crate::steps::{Step, Window, not_decreasing, over_steps, wickra_core};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::{one, over_values, period, period_from};
use wickra_core::{PolarizedFractalEfficiency, TrendLabel, TrendStrengthIndex};

const FAMILY: &str = "trend";

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        rwi(),
        tii(),
        trend_label(),
        trend_r2(),
        ttm_trend(),
        pfe(),
        gator(),
    ]
}

fn rwi() -> Function {
    let constants = vec![
        whole("min_period", 1, 10_000, 2, "shortest distance, in rows"),
        whole("max_period", 1, 10_000, 7, "longest distance, in rows"),
    ];
    let summary = "Random walk index: the largest move over several distances, in moves of a random \
                   walk; above 1 is a trend";
    let spec = spec("rwi", FAMILY, summary, &["high", "low", "close"], constants)
        .gives(&[("high", "strength of the rise"), ("low", "strength of the fall")])
        .known(
            "max_period + 1",
            Stability::Exact,
            "E. Michael Poulos, TASC (1990-1992): the largest over n of (high - low[n rows ago]) / \
             (ATR sqrt(n)) and of (high[n rows ago] - low) / (ATR sqrt(n)), ATR the mean true range \
             of the n rows before this one",
        );
    over_steps(spec, |args| {
        let [shortest, longest] = not_decreasing("rwi", args, ["min_period", "max_period"])?;
        Ok(Ok(rwi_step(shortest, longest)))
    })
}

fn rwi_step(shortest: usize, longest: usize) -> impl Step<3, 2> {
    let mut highs = Window::new(longest);
    let mut lows = Window::new(longest);
    let mut ranges = Window::new(longest);
    let mut previous_close = None;
    move |[high, low, close]: [f64; 3]| {
        let strengths = ranges
            .is_full()
            .then(|| strongest(shortest, [high, low], [&highs, &lows, &ranges]));
        highs.push(high);
        lows.push(low);
        if let Some(before) = previous_close.replace(close) {
            ranges.push(high.max(before) - low.min(before));
        }
        strengths
    }
}

/// The largest rise and fall to this bar from the bars before it, newest first.
fn strongest(shortest: usize, [high, low]: [f64; 2], past: [&Window; 3]) -> [f64; 2] {
    let [highs, lows, ranges] = past;
    let mut strengths = [f64::NAN; 2];
    let mut total_range = 0.0;
    let bars = highs
        .newest_first()
        .zip(lows.newest_first())
        .zip(ranges.newest_first());
    for (i, ((past_high, past_low), range)) in bars.enumerate() {
        total_range += range;
        let n = (i + 1) as f64;
        if i + 1 < shortest || total_range <= 0.0 {
            continue;
        }
        let random_move = total_range / n * n.sqrt();
        let [rise, fall] = &mut strengths;
        *rise = rise.max((high - past_low) / random_move);
        *fall = fall.max((past_high - low) / random_move);
    }
    strengths
}

fn tii() -> Function {
    let constants = vec![
        period("period", 60, "length of the average, in rows"),
        period("deviation_period", 30, "rows whose deviations are summed"),
    ];
    let summary =
        "Trend intensity index, 0 to 100: the share of upward deviations from the average";
    let spec = spec("tii", FAMILY, summary, &["x"], constants).known(
        "period + deviation_period - 2",
        Stability::Exact,
        "M. H. Pee, Trend intensity index, TASC (June 2002): 100 P / (P + N), P and N the sums of \
         positive and negative x - SMA(x); 50 where x did not move",
    );
    over_steps(spec, |args| {
        Ok(Ok(tii_step(
            args.count("period")?,
            args.count("deviation_period")?,
        )))
    })
}

fn tii_step(period: usize, deviation_period: usize) -> impl Step<1, 1> {
    let mut values = Window::new(period);
    let mut deviations = Window::new(deviation_period);
    move |[x]: [f64; 1]| {
        values.push(x);
        if !values.is_full() {
            return None;
        }
        deviations.push(distance_from_mean(x, &values));
        if !deviations.is_full() {
            return None;
        }
        let up: f64 = deviations.newest_first().map(|d| d.max(0.0)).sum();
        let all: f64 = deviations.newest_first().map(f64::abs).sum();
        Some([if all == 0.0 { 50.0 } else { 100.0 * (up / all) }])
    }
}

/// How far x is above the mean; unlike x minus a rounded mean, exactly 0 where nothing moves.
fn distance_from_mean(x: f64, values: &Window) -> f64 {
    let distances = values.newest_first().map(|v| x - v);
    distances.sum::<f64>() / values.newest_first().count() as f64
}

fn trend_label() -> Function {
    let summary = "Direction of the regression line through the last rows: 1, 0 or -1";
    let constants = vec![period_from("period", 2, 10, "rows of the regression")];
    let spec = spec("trend_label", FAMILY, summary, &["x"], constants)
        .gives_integer()
        .known(
            "period - 1",
            Stability::Exact,
            "Sign of the least-squares slope of x over the row number",
        );
    over_values(spec, |args| Ok(TrendLabel::new(args.count("period")?)), one)
}

fn trend_r2() -> Function {
    let summary = "Share of the variance that a straight line explains, -1 to 1 with the sign of its \
                   slope; 0 where x did not move";
    let constants = vec![period_from("period", 2, 20, "rows of the regression")];
    let spec = spec("trend_r2", FAMILY, summary, &["x"], constants).known(
        "period - 1",
        Stability::Exact,
        "sign(r) r^2 with r the correlation of x and the row number; `cti` gives r itself",
    );
    over_values(
        spec,
        |args| Ok(TrendStrengthIndex::new(args.count("period")?)),
        one,
    )
}

fn ttm_trend() -> Function {
    let summary =
        "TTM trend: 1 where the close is above the mean of the last median prices, else -1";
    let constants = vec![period("period", 6, "median prices in the mean, in rows")];
    let spec = spec(
        "ttm_trend",
        FAMILY,
        summary,
        &["high", "low", "close"],
        constants,
    )
    .gives_integer()
    .known(
        "period - 1",
        Stability::Exact,
        "John Carter, Mastering the Trade (2005): close against SMA((high + low) / 2)",
    );
    over_steps(spec, |args| Ok(Ok(ttm_step(args.count("period")?))))
}

fn ttm_step(period: usize) -> impl Step<3, 1> {
    let mut medians = Window::new(period);
    move |[high, low, close]: [f64; 3]| {
        medians.push(f64::midpoint(high, low));
        let is_above = || distance_from_mean(close, &medians) > 0.0;
        medians
            .is_full()
            .then(|| [if is_above() { 1.0 } else { -1.0 }])
    }
}

fn pfe() -> Function {
    let constants = vec![
        period("period", 10, "rows from the first to the last price"),
        period("smoothing", 5, "length of the exponential average, in rows"),
    ];
    let summary = "Polarized fractal efficiency, -100 to 100: the straight line over the path \
                   travelled, with the sign of the move";
    let spec = spec("pfe", FAMILY, summary, &["x"], constants).known(
        "period + smoothing - 1",
        Stability::Converging,
        "Hans Hannula, Polarized fractal efficiency, TASC (January 1994): \
         100 sqrt(move^2 + period^2) / sum sqrt(change^2 + 1), EMA over `smoothing` rows",
    );
    over_values(
        spec,
        |args| {
            let smoothing = args.count("smoothing")?;
            Ok(PolarizedFractalEfficiency::new(
                args.count("period")?,
                smoothing,
            ))
        },
        one,
    )
}

fn gator() -> Function {
    let summary = "Gator oscillator: how far the alligator's mouth is open, in prices";
    let spec = spec(
        "gator",
        FAMILY,
        summary,
        &["high", "low"],
        alligator_constants(),
    )
    .gives(&[
        ("upper", "distance of jaw and teeth, at least 0"),
        (
            "lower",
            "distance of teeth and lips with a minus, at most 0",
        ),
    ])
    .known(
        "for each bar: that of the slower of its two `alligator` lines",
        Stability::Converging,
        "Bill Williams, New Trading Dimensions (1998): |jaw - teeth| and -|teeth - lips| of the \
             displaced lines",
    );
    over_steps(spec, |args| {
        Ok(alligator_lines(args)?.map(|mut lines| {
            move |[high, low]: [f64; 2]| {
                let [jaw, teeth, lips] = lines(f64::midpoint(high, low));
                Some([(jaw - teeth).abs(), -(teeth - lips).abs()])
            }
        }))
    })
}
