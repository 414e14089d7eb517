//! Stops some average true ranges away from the price.

use super::FAMILY;
use crate::params::{
    atr_period, bar, multiplier, period, positive, record, spec, stop_and_side, told, value,
};
use quantlake_core::{Args, Function, FunctionSpec, Output, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::{
    AtrRatchet, AtrTrailingStop, ChandelierExit, VoltyStop,
};
use quantlake_indicators::machine::{fields, one, over_bars};

/// What ATR means in these functions: a seed that TA-Lib's `atr` does not have.
const ATR: &str = "ATR is Wilder's average seeded with the mean of the first `period` true ranges, the first being high - low as on TradingView";

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        chandelier_exit(),
        atr_trailing_stop(),
        volatility_stop(),
        atr_ratchet(),
    ]
}

fn described(
    name: &str,
    summary: &str,
    options: Vec<ParamSpec>,
    output: Output,
    stability: Stability,
    source: &str,
) -> FunctionSpec {
    let params = [bar(&["high", "low", "close"]), options].concat();
    let spec = spec(name, FAMILY, summary, params, output);
    told(spec, "period - 1", stability, &format!("{source}; {ATR}"))
}

fn chandelier_exit() -> Function {
    let spec = described(
        "chandelier_exit",
        "Chandelier exit: stops that hang some average true ranges below the highest high and above the lowest low of the last `period` bars",
        vec![
            period(1, 22),
            multiplier(3.0, "average true ranges between the extreme and the stop"),
        ],
        record(&[
            (
                "long_stop",
                "stop of a long position, in units of the price",
            ),
            (
                "short_stop",
                "stop of a short position, in units of the price",
            ),
        ]),
        Stability::Converging,
        "max(high, period) - multiplier * ATR(period), min(low, period) + multiplier * ATR(period); LeBeau, in Elder, Come into My Trading Room, 2002",
    );
    let make = |a: &Args| {
        Ok(ChandelierExit::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_bars(spec, make, |o, out| {
        fields([o.long_stop, o.short_stop], out)
    })
}

fn atr_trailing_stop() -> Function {
    let spec = described(
        "atr_trailing_stop",
        "ATR trailing stop: some average true ranges behind the close, moving only towards it, and changing sides when a close crosses it, in units of the price; starts long",
        vec![
            atr_period("period", 14),
            multiplier(3.0, "average true ranges between the close and the stop"),
        ],
        value(),
        Stability::PathDependent,
        "d = multiplier * ATR; max(stop[t-1], close - d) while close and close[t-1] are above stop[t-1], min(stop[t-1], close + d) while both are below, else close - d above and close + d below; the stop of the UT Bot",
    );
    let make = |a: &Args| {
        Ok(AtrTrailingStop::new(
            a.count("period")?,
            a.number("multiplier")?,
        ))
    };
    over_bars(spec, make, one)
}

fn volatility_stop() -> Function {
    let spec = described(
        "volatility_stop",
        "Wilder's volatility system: a stop some average true ranges behind the most favourable close since the last reversal, reversing when a close crosses it, in units of the price; starts long",
        vec![
            atr_period("period", 7),
            multiplier(
                3.0,
                "average true ranges between the significant close and the stop",
            ),
        ],
        value(),
        Stability::PathDependent,
        "significant close -+ multiplier * ATR, reversal where the close is beyond the significant close of the row before -+ multiplier * ATR of this row; Wilder, New Concepts in Technical Trading Systems, 1978",
    );
    let make = |a: &Args| Ok(VoltyStop::new(a.count("period")?, a.number("multiplier")?));
    over_bars(spec, make, one)
}

fn atr_ratchet() -> Function {
    let spec = described(
        "atr_ratchet",
        "ATR ratchet: a stop that starts some average true ranges behind the close and comes closer by a share of one with every bar, reversing when a close crosses it; starts long",
        vec![
            atr_period("period", 14),
            positive(
                "start",
                3.0,
                "average true ranges between close and stop at the start",
            ),
            positive(
                "increment",
                0.05,
                "average true ranges by which the stop moves with every bar",
            ),
        ],
        stop_and_side(),
        Stability::PathDependent,
        "close -+ start * ATR at a reversal, then stop +- increment * ATR; after the ATR ratchet of LeBeau, Technical Traders Bulletin, without its profit threshold",
    );
    let make = |a: &Args| {
        let (start, increment) = (a.number("start")?, a.number("increment")?);
        Ok(AtrRatchet::new(a.count("period")?, start, increment))
    };
    over_bars(spec, make, |o, out| fields([o.value, o.direction], out))
}
