//! Money flow: volume signed by where the bar closes or how the price moves.

use crate::describe::{spec, with_example};
use crate::kernel::{over_states, over_windows, per_row};
use quantlake_core::{Function, QlError, Stability};
use quantlake_indicators::machine::wickra_core::{
    DemandIndex, Ema, Indicator, Smma, TradeVolumeIndex,
};
use quantlake_indicators::machine::{number, one, over_bars, period, period_from};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        intraday_intensity(),
        time_segmented_volume(),
        williams_ad_oscillator(),
        volume_zone_oscillator(),
        twiggs_money_flow(),
        trade_volume_index(),
        demand_index(),
    ]
}

fn intraday_intensity() -> Function {
    let spec = spec(
        "volume",
        "intraday_intensity",
        &["high", "low", "close", "volume"],
        vec![],
        "Volume of the bar times where it closes in its range, in units of volume: all of it at \
         the high, minus all of it at the low, 0 for a bar without range",
    )
    .with_source("volume * (2 * close - high - low) / (high - low); D. Bostian's index of one bar");
    per_row(with_example(spec, 6, ""), |[high, low, close, volume]| {
        [volume * location(high, low, close)]
    })
}

/// Where the close lies in the range: 1 at the top, -1 at the bottom, 0 without a range.
fn location(high: f64, low: f64, close: f64) -> f64 {
    match high > low {
        true => (2.0 * close - high - low) / (high - low),
        false => 0.0,
    }
}

fn time_segmented_volume() -> Function {
    let spec = spec(
        "volume",
        "time_segmented_volume",
        &["close", "volume"],
        vec![period("period", 18, "Changes that are added up, in rows")],
        "Sum of volume times change of the close over the period, in price times volume",
    )
    .with_aliases(vec!["tsv".into()])
    .with_lookback("period")
    .with_source("sum over the period of volume * (close - close one row before); D. Worden, TSV");
    over_windows(with_example(spec, 8, "3"), |args| {
        let flow = |[close, volume]: [&[f64]; 2]| {
            let changes = close.windows(2).zip(volume.iter().skip(1));
            let flows = changes.filter_map(|(pair, v)| match pair {
                [before, now] => Some((now - before) * v),
                _ => None,
            });
            [flows.sum::<f64>()]
        };
        Ok((args.count("period")? + 1, flow))
    })
}

fn williams_ad_oscillator() -> Function {
    let spec = spec(
        "volume",
        "williams_ad_oscillator",
        &["high", "low", "close"],
        vec![period_from(
            "period",
            2,
            13,
            "Rows of the average that is subtracted",
        )],
        "Williams' accumulation/distribution line less its simple moving average, in price units",
    )
    .with_lookback("period - 1")
    .with_source("wad - sma(wad, period); L. Williams, How I Made One Million Dollars (1973)");
    over_windows(with_example(spec, 8, "3"), |args| {
        let period = args.count("period")?;
        Ok((period, line_above_its_mean))
    })
}

/// The line is only known up to where it starts, which the difference cancels: it starts at 0 in
/// every window.
fn line_above_its_mean([high, low, close]: [&[f64]; 3]) -> [f64; 1] {
    let mut line = 0.0;
    let mut sum = 0.0;
    let steps = close.windows(2).zip(high.iter().zip(low).skip(1));
    for (closes, (high, low)) in steps {
        let [before, now] = closes else { continue };
        line += accumulation(*before, *now, *high, *low);
        sum += line;
    }
    [line - sum / close.len() as f64]
}

/// How far the close is from the end of the true range that it moved away from.
fn accumulation(before: f64, now: f64, high: f64, low: f64) -> f64 {
    if now > before {
        now - low.min(before)
    } else if now < before {
        now - high.max(before)
    } else {
        0.0
    }
}

/// Numbers that two of the library's averages keep for each row of their warm-up, in buffers that
/// may have grown to twice that.
const KEPT_PER_ROW: usize = 4;

fn volume_zone_oscillator() -> Function {
    let spec = spec(
        "volume",
        "volume_zone_oscillator",
        &["close", "volume"],
        vec![period("period", 14, "Rows of the exponential averages")],
        "Share of volume on rising closes less that on falling ones, smoothed, from -100 to 100; \
         NULL while nothing has been traded",
    )
    .with_aliases(vec!["vzo".into()])
    .with_lookback("period")
    .with_stability(Stability::Converging)
    .with_source(
        "100 * ema(sign(change of close) * volume) / ema(volume), both seeded by the mean of the \
         first period; W. Khalil and D. Steckler, Stocks & Commodities 29:6 (2011)",
    );
    over_states(with_example(spec, 8, "3"), |args| {
        let period = args.count("period")?;
        let mut signed = made(Ema::new(period))?;
        let mut total = signed.clone();
        let mut before = None;
        let step = move |[close, volume]: [f64; 2]| {
            let Some(before) = before.replace(close) else {
                return [f64::NAN];
            };
            let averages = (
                signed.update(volume * direction(before, close)),
                total.update(volume),
            );
            [share(averages) * 100.0]
        };
        Ok((KEPT_PER_ROW * period, step))
    })
}

fn twiggs_money_flow() -> Function {
    let spec = spec(
        "volume",
        "twiggs_money_flow",
        &["high", "low", "close", "volume"],
        vec![period("period", 21, "Rows of Wilder's averages")],
        "Share of volume, weighted by where the close lies in the true range, smoothed by Wilder's \
         average, from -1 to 1; NULL while nothing has been traded",
    )
    .with_lookback("period")
    .with_stability(Stability::Converging)
    .with_source(
        "rma(volume * (2 * close - trh - trl) / (trh - trl)) / rma(volume), where trh and trl \
         include the close before, both seeded by the mean of the first period; C. Twiggs",
    );
    over_states(with_example(spec, 8, "3"), |args| {
        let period = args.count("period")?;
        let mut flow = made(Smma::new(period))?;
        let mut total = flow.clone();
        let mut before = None;
        let step = move |[high, low, close, volume]: [f64; 4]| {
            let Some(before) = before.replace(close) else {
                return [f64::NAN];
            };
            let place = location(high.max(before), low.min(before), close);
            let averages = (flow.update(volume * place), total.update(volume));
            [share(averages)]
        };
        Ok((KEPT_PER_ROW * period, step))
    })
}

/// The first average as a share of the second; NaN while either is unknown or there is no volume.
fn share(averages: (Option<f64>, Option<f64>)) -> f64 {
    match averages {
        (Some(part), Some(whole)) if whole != 0.0 => part / whole,
        _ => f64::NAN,
    }
}

/// 1 for a rise, -1 for a fall, 0 for neither.
fn direction(before: f64, now: f64) -> f64 {
    f64::from(now > before) - f64::from(now < before)
}

/// An average that the library refused although the spec's range allows the period.
fn made<T>(
    result: Result<T, quantlake_indicators::machine::wickra_core::Error>,
) -> Result<T, QlError> {
    result.map_err(|reason| QlError::internal(format!("a moving average: {reason}")))
}

fn trade_volume_index() -> Function {
    let spec = spec(
        "volume",
        "trade_volume_index",
        &["close", "volume"],
        vec![number(
            "min_tick",
            0.5,
            0.0,
            1e9,
            "Change of the close that turns the direction, in price units",
        )],
        "Running sum of volume, added after a rise and subtracted after a fall of more than \
         min_tick, in units of volume; smaller changes keep the last direction",
    )
    .with_lookback("1")
    .with_stability(Stability::PathDependent)
    .with_source("S. Achelis, Technical Analysis from A to Z, Trade Volume Index");
    over_bars(
        with_example(spec, 8, "0.5"),
        |args| Ok(TradeVolumeIndex::new(args.number("min_tick")?)),
        one,
    )
}

fn demand_index() -> Function {
    let spec = spec(
        "volume",
        "demand_index",
        &["high", "low", "close", "volume"],
        vec![period("period", 10, "Rows of all averages")],
        "Buying against selling pressure, from -100 to 100; a bar without range, volume or price \
         keeps the reading before it",
    )
    .with_lookback("period")
    .with_stability(Stability::Converging)
    .with_source(
        "J. Sibbet's Demand Index as TradeStation computes it: volume relative to its average \
         goes to the side of the weighted close's move, the other side gets it divided by \
         exp(3 * weighted close / average two-bar range * relative move); both are smoothed by \
         exponential averages seeded by the first value",
    );
    over_bars(
        with_example(spec, 8, "3"),
        |args| Ok(DemandIndex::new(args.count("period")?)),
        one,
    )
}
