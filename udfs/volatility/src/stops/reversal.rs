//! Stops from other measures of noise: deviations of ranges, penetrations, averages.

use super::FAMILY;
use crate::params::{bar, multiplier, period, positive, price, spec, stop_and_side, told};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::{
    Candle, ElderSafeZone, KaseDevStop, ModifiedMaStop, Nrtr,
};
use quantlake_indicators::machine::{fields, number, over_bars, over_rows};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        kase_dev_stop(),
        elder_safezone(),
        smma_trailing_stop(),
        nrtr(),
    ]
}

fn described(
    name: &str,
    summary: &str,
    params: Vec<ParamSpec>,
    lookback: &str,
    source: &str,
) -> FunctionSpec {
    let spec = spec(name, FAMILY, summary, params, stop_and_side());
    told(spec, lookback, Stability::PathDependent, source)
}

fn kase_dev_stop() -> Function {
    let options = vec![
        period(2, 30),
        multiplier(
            2.2,
            "standard deviations added to the mean range: Kase draws 0, 1, 2.2 and 3.6",
        ),
    ];
    let spec = described(
        "kase_dev_stop",
        "Kase's DevStop: a stop behind the extreme since the last reversal by the mean range of two bars plus some of its standard deviations, moving only towards the price; starts long",
        [bar(&["high", "low", "close"]), options].concat(),
        "period",
        "range = max(high, high[t-1]) - min(low, low[t-1]); extreme -+ (mean(range, period) + multiplier * std(range, period)), std with n - 1; reversal where the close crosses; Kase, Trading with the Odds, 1996",
    );
    let make = |a: &Args| {
        Ok(KaseDevStop::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_bars(spec, make, |o, out| fields([o.value, o.direction], out))
}

fn elder_safezone() -> Function {
    let options = vec![
        period(1, 10),
        positive(
            "multiplier",
            2.0,
            "mean penetrations between the extreme of the bar and the stop",
        ),
    ];
    let spec = described(
        "elder_safezone",
        "Elder's SafeZone: a stop below the low by a multiple of the mean depth of those of the last `period` bars that went below the low before them (above the high for shorts), moving only towards the price, reversing when a close crosses it; starts long",
        [bar(&["high", "low", "close"]), options].concat(),
        "period",
        "low - multiplier * mean(low[t-1] - low where positive), high + multiplier * mean(high - high[t-1] where positive), 0 where no bar penetrates; Elder, Come into My Trading Room, 2002",
    );
    let make = |a: &Args| {
        Ok(ElderSafeZone::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_bars(spec, make, |o, out| fields([o.value, o.direction], out))
}

/// A bar of one price, for machines that look at closes only.
fn flat_bar(row: &[f64]) -> Option<Candle> {
    let price = *row.first()?;
    Candle::new(price, price, price, price, 0.0, 0).ok()
}

fn smma_trailing_stop() -> Function {
    let spec = described(
        "smma_trailing_stop",
        "Trailing stop on a smoothed moving average: Wilder's average of the price, moving only towards the price, started anew on the other side when the price crosses it",
        vec![price(), period(1, 14)],
        "period - 1",
        "max(stop[t-1], rma) while long, min(stop[t-1], rma) while short, rma at a reversal; rma seeded with the mean of the first `period` rows; `ModifiedMaStop` of wickra-core",
    );
    let make = |a: &Args| Ok(ModifiedMaStop::new(a.count("period")?));
    over_rows(spec, flat_bar, make, |o, out| {
        fields([o.value, o.direction], out)
    })
}

fn nrtr() -> Function {
    let percent = number(
        "percent",
        2.0,
        1e-6,
        99.999,
        "distance of the line from the extreme, in percent of it",
    );
    let spec = described(
        "nrtr",
        "NRTR (Nick Rypock trailing reverse): a line a fixed percentage behind the most favourable price since the last reversal, reversing when the price crosses it; starts long",
        vec![price(), percent],
        "0",
        "max(x since reversal) * (1 - percent / 100) while long, min(x since reversal) * (1 + percent / 100) while short; Konstantin Kopyrkin, 2001",
    );
    let make = |a: &Args| Ok(Nrtr::new(a.number("percent")?));
    over_rows(spec, flat_bar, make, |o, out| {
        fields([o.value, o.direction], out)
    })
}
