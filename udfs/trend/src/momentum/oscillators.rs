//! Momentum oscillators other than the RSI's relatives.
//!
//! Written out here: the relative vigor index with its signal line, NULL where bars have no range
//! (the library repeats the value before), the disparity index, NULL at an average of 0, and the
//! CCI on Kaufman's average, NULL where prices stand still.

use super::FAMILY;
use crate::describe::{Describe, spec};
use crate::steps::{Step, Window, or_unknown, over_steps, wickra_core};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::{one, over_bars, period, period_from};
use wickra_core::{Ema, Indicator, Inertia, Pgo, Pmo, Sma, StochasticCci};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        pmo(),
        rvgi(),
        pgo(),
        inertia(),
        disparity_index(),
        stoch_cci(),
        efficiency_cci(),
    ]
}

fn pmo() -> Function {
    let constants = vec![
        period_from(
            "first_period",
            2,
            35,
            "length of the first smoothing, in rows",
        ),
        period_from(
            "second_period",
            2,
            20,
            "length of the second smoothing, in rows",
        ),
        period("signal", 10, "length of the signal line, in rows"),
    ];
    let summary = "DecisionPoint price momentum oscillator: the one-row change in percent, smoothed \
                   twice, times 10";
    let spec = spec("pmo", FAMILY, summary, &["x"], constants)
        .gives(&[
            ("pmo", "the oscillator"),
            ("signal", "exponential average of the oscillator"),
        ])
        .known(
            "1; signal: signal",
            Stability::Converging,
            "Carl Swenlin, DecisionPoint: both smoothings have the factor 2 / period and start at \
             their first value; the signal line is a common EMA",
        );
    over_steps(spec, |args| {
        let smoothings = [args.count("first_period")?, args.count("second_period")?];
        Ok(pmo_step(smoothings, args.count("signal")?))
    })
}

fn pmo_step([first, second]: [usize; 2], signal: usize) -> wickra_core::Result<impl Step<1, 2>> {
    let mut oscillator = Pmo::new(first, second)?;
    let mut average = Ema::new(signal)?;
    Ok(move |[x]: [f64; 1]| {
        let value = oscillator.update(x)?;
        Some([value, or_unknown(average.update(value))])
    })
}

fn rvgi() -> Function {
    let summary = "Relative vigor index: where bars close within their range, -1 to 1, with its \
                   signal line";
    let constants = vec![period("period", 10, "rows that are summed")];
    let spec = spec(
        "rvgi",
        FAMILY,
        summary,
        &["open", "high", "low", "close"],
        constants,
    )
    .gives(&[
        ("rvgi", "the index"),
        ("signal", "the index weighted 1, 2, 2, 1 over four rows"),
    ])
    .known(
        "period + 2; signal: period + 5",
        Stability::Exact,
        "John F. Ehlers, Relative vigor index, TASC (January 2002): sum of close - open over \
             sum of high - low, each weighted 1, 2, 2, 1 over four rows first",
    );
    over_steps(spec, |args| Ok(Ok(rvgi_step(args.count("period")?))))
}

fn rvgi_step(period: usize) -> impl Step<4, 2> {
    let mut bodies = Window::new(4);
    let mut ranges = Window::new(4);
    let mut smooth_bodies = Window::new(period);
    let mut smooth_ranges = Window::new(period);
    let mut past = Window::new(4);
    move |[open, high, low, close]: [f64; 4]| {
        bodies.push(close - open);
        ranges.push(high - low);
        smooth_bodies.push(symmetric(&bodies)?);
        smooth_ranges.push(symmetric(&ranges)?);
        if !smooth_bodies.is_full() {
            return None;
        }
        let body: f64 = smooth_bodies.newest_first().sum();
        let range: f64 = smooth_ranges.newest_first().sum();
        past.push(body / range);
        Some([body / range, or_unknown(symmetric(&past))])
    }
}

/// Ehlers' symmetric weighting 1, 2, 2, 1 of the last four values.
pub(crate) fn symmetric(window: &Window) -> Option<f64> {
    let ago = |n| window.ago(n);
    Some((ago(0)? + 2.0 * ago(1)? + 2.0 * ago(2)? + ago(3)?) / 6.0)
}

fn pgo() -> Function {
    let summary =
        "Pretty good oscillator: the close's distance from its mean in average true ranges";
    let constants = vec![period("period", 14, "length of both averages, in rows")];
    let spec = spec("pgo", FAMILY, summary, &["high", "low", "close"], constants).known(
        "period - 1",
        Stability::Converging,
        "Mark Johnson: (close - SMA(close)) / EMA(true range); the first row's true range is \
         high - low",
    );
    over_bars(spec, |args| Ok(Pgo::new(args.count("period")?)), one)
}

fn inertia() -> Function {
    let constants = vec![
        period_from(
            "rvi_period",
            2,
            14,
            "length of the relative volatility index, in rows",
        ),
        period_from("period", 2, 20, "rows of the regression"),
    ];
    let summary = "Dorsey's inertia: the end of a regression line through the relative volatility \
                   index, 0 to 100";
    let spec = spec("inertia", FAMILY, summary, &["close"], constants).known(
        "2 rvi_period + period - 3",
        Stability::Converging,
        "Donald Dorsey, TASC (1995): linear regression of 100 U / (U + D), U and D Wilder's averages \
         of the population standard deviation on rising and falling rows, both over rvi_period rows",
    );
    over_bars(
        spec,
        |args| {
            Ok(Inertia::new(
                args.count("rvi_period")?,
                args.count("period")?,
            ))
        },
        one,
    )
}

fn disparity_index() -> Function {
    let summary = "Disparity index: distance of the price from its simple average, in percent of the \
                   average";
    let constants = vec![period("period", 14, "length of the average, in rows")];
    let spec = spec("disparity_index", FAMILY, summary, &["x"], constants).known(
        "period - 1",
        Stability::Exact,
        "Steve Nison, Beyond Candlesticks (1994): 100 (x - SMA(x)) / SMA(x)",
    );
    over_steps(spec, |args| Ok(disparity_step(args.count("period")?)))
}

fn disparity_step(period: usize) -> wickra_core::Result<impl Step<1, 1>> {
    let mut average = Sma::new(period)?;
    Ok(move |[x]: [f64; 1]| {
        let mean = average.update(x)?;
        Some([100.0 * (x - mean) / mean])
    })
}

fn stoch_cci() -> Function {
    let summary = "Stochastic of the CCI: where it stands in its own range, 0 to 100";
    let constants = vec![period(
        "period",
        14,
        "length of the CCI and of the range, in rows",
    )];
    let spec = spec(
        "stoch_cci",
        FAMILY,
        summary,
        &["high", "low", "close"],
        constants,
    )
    .known(
        "2 (period - 1)",
        Stability::Exact,
        "100 (CCI - lowest) / (highest - lowest) over `period` rows; 50 where the range is 0",
    );
    over_bars(
        spec,
        |args| Ok(StochasticCci::new(args.count("period")?)),
        one,
    )
}

fn efficiency_cci() -> Function {
    let summary = "CCI around Kaufman's adaptive average, in units of 0.015 mean deviations";
    let constants = vec![period_from(
        "period",
        2,
        20,
        "rows of the efficiency ratio and deviation",
    )];
    let spec = spec("efficiency_cci", FAMILY, summary, &["high", "low", "close"], constants).known(
        "period - 1",
        Stability::Converging,
        "(p - m) / (0.015 mean|p - m|) with p = (high + low + close) / 3 and m smoothed by Kaufman's \
         constant (e (2/3 - 2/31) + 2/31)^2, e the efficiency ratio of the window; m starts at the \
         first window's mean",
    );
    over_steps(spec, |args| {
        Ok(Ok(efficiency_cci_step(args.count("period")?)))
    })
}

fn efficiency_cci_step(period: usize) -> impl Step<3, 1> {
    let mut prices = Window::new(period);
    let mut centre = None;
    move |[high, low, close]: [f64; 3]| {
        let price = (high + low + close) / 3.0;
        prices.push(price);
        if !prices.is_full() {
            return None;
        }
        let n = period as f64;
        let mean = match centre {
            None => prices.newest_first().sum::<f64>() / n,
            Some(before) => before + kaufman_constant(&prices) * (price - before),
        };
        centre = Some(mean);
        // Prices that stand still deviate from their average by its rounding only.
        let (lowest, highest) = prices.range();
        if lowest == highest {
            return None;
        }
        let deviation: f64 = prices.newest_first().map(|p| (p - mean).abs()).sum();
        Some([(price - mean) / (0.015 * deviation / n)])
    }
}

/// Kaufman's smoothing constant: fast where the window's path is straight, 0.004 where it is not.
fn kaufman_constant(window: &Window) -> f64 {
    let newest = window.newest_first();
    let steps = newest.zip(window.newest_first().skip(1));
    let (path, total) = steps.fold((0.0, 0.0), |(path, sum): (f64, f64), (now, before)| {
        (path + (now - before).abs(), sum + (now - before))
    });
    let efficiency = if path > 0.0 { total.abs() / path } else { 0.0 };
    (efficiency * (2.0 / 3.0 - 2.0 / 31.0) + 2.0 / 31.0).powi(2)
}
