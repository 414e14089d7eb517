//! DeMark's patterns of one to three bars, his projection of the next bar, and his averages.

use super::FAMILY;
use crate::bars::Bars;
use crate::bind::{Describe, each, each_from, over, over_bar_rules, sign_of};
use quantlake_core::{Function, FunctionSpec, Stability};
use quantlake_indicators::machine::wickra_core::{TdDifferential, TdRangeProjection};
use quantlake_indicators::machine::{fields, one, over_bars, period};

const PERL: &str =
    "Perl, DeMark Indicators (2008), chapter 1; DeMark, New Market Timing Techniques (1997)";

fn pattern(name: &str, inputs: &[&str], lookback: &str, summary: &str) -> FunctionSpec {
    over(name, FAMILY, inputs, summary)
        .integer()
        .facts(lookback, Stability::Exact, PERL)
        .shown("", "")
}

const OHLC: [&str; 4] = ["open", "high", "low", "close"];

fn td_camouflage() -> Function {
    let spec = pattern(
        "td_camouflage",
        &OHLC,
        "3",
        "TD Camouflage: +1 where a close below the one before is above its open and the low is below the true low of two bars before, -1 for the mirror image, else 0.",
    );
    over_bar_rules(spec, |_| {
        Ok(each(3, |bars, t| {
            let (open, close, before) = (bars.open[t], bars.close[t], bars.close[t - 1]);
            let is_buy = close < before && close > open && bars.low[t] < bars.true_low(t - 2);
            let is_sale = close > before && close < open && bars.high[t] > bars.true_high(t - 2);
            [sign_of(is_buy, is_sale)]
        }))
    })
}

/// Lower and upper end of a bar's body.
fn body(bars: &Bars, t: usize) -> (f64, f64) {
    (
        bars.open[t].min(bars.close[t]),
        bars.open[t].max(bars.close[t]),
    )
}

fn td_clop() -> Function {
    let spec = pattern(
        "td_clop",
        &OHLC,
        "1",
        "TD Clop: +1 where a bar opens below the open and the close of the bar before and trades above both, -1 where it opens above both and trades below both, else 0.",
    );
    over_bar_rules(spec, |_| {
        Ok(each(1, |bars, t| {
            let (bottom, top) = body(bars, t - 1);
            let open = bars.open[t];
            [sign_of(
                open < bottom && bars.high[t] > top,
                open > top && bars.low[t] < bottom,
            )]
        }))
    })
}

fn td_clopwin() -> Function {
    let spec = pattern(
        "td_clopwin",
        &["open", "close"],
        "1",
        "TD Clopwin: +1 where open and close lie within the body of the bar before and the close is above the close before, -1 where it is below, else 0.",
    );
    over_bar_rules(spec, |_| {
        Ok(each(1, |bars, t| {
            let (bottom, top) = body(bars, t - 1);
            let within = |price: f64| price >= bottom && price <= top;
            let is_inside = within(bars.open[t]) && within(bars.close[t]);
            let (close, before) = (bars.close[t], bars.close[t - 1]);
            [sign_of(
                is_inside && close > before,
                is_inside && close < before,
            )]
        }))
    })
}

fn td_trap() -> Function {
    let spec = pattern(
        "td_trap",
        &["open", "high", "low"],
        "1",
        "TD Trap: +1 where a bar opens within the range of the bar before and trades above it, -1 where it trades below it, 0 for neither or both.",
    );
    over_bar_rules(spec, |_| {
        Ok(each(1, |bars, t| {
            let (bottom, top) = (bars.low[t - 1], bars.high[t - 1]);
            let is_inside = bars.open[t] > bottom && bars.open[t] < top;
            let (above, below) = (bars.high[t] > top, bars.low[t] < bottom);
            [sign_of(is_inside && above, is_inside && below)]
        }))
    })
}

fn td_open() -> Function {
    let spec = pattern(
        "td_open",
        &["open", "high", "low"],
        "1",
        "TD Open: +1 where a bar opens below the low before and trades above it, -1 where it opens above the high before and trades below it, else 0.",
    );
    over_bar_rules(spec, |_| {
        Ok(each(1, |bars, t| {
            let (bottom, top) = (bars.low[t - 1], bars.high[t - 1]);
            let open = bars.open[t];
            [sign_of(
                open < bottom && bars.high[t] > bottom,
                open > top && bars.low[t] < top,
            )]
        }))
    })
}

fn td_differential() -> Function {
    let spec = pattern(
        "td_differential",
        &["high", "low", "close"],
        "2",
        "TD Differential: +1 at the second lower close in a row where the close is further above the true low and nearer to the true high than at the bar before, -1 for the mirror image, else 0.",
    );
    over_bars(spec, |_| Ok(Ok(TdDifferential::new())), one::<f64>)
}

fn td_range_projection() -> Function {
    let spec = over("td_range_projection", FAMILY, &OHLC, "TD Range Projection: high and low projected for the next bar from this one, as prices.")
        .numbers(&[("high", "projected high of the next bar"), ("low", "projected low of the next bar")])
        .facts("0", Stability::Exact, "x = high + low + close, plus low after a falling body, high after a rising one, close after none; x / 2 - low and x / 2 - high; DeMark, The New Science of Technical Analysis (1994)")
        .shown("", "high");
    over_bars(
        spec,
        |_| Ok(Ok(TdRangeProjection::new())),
        |v, out| fields([v.high, v.low], out),
    )
}

/// How many bars an average stays after the bar that called for it, that bar included.
const AVERAGE_STAYS: usize = 4;

/// The mean of `prices` at the bars within the last four at which `calls` is true; NaN for none.
fn conditional_mean(prices: &[f64], period: usize, t: usize, calls: impl Fn(usize) -> bool) -> f64 {
    let has_call = (0..AVERAGE_STAYS)
        .filter_map(|age| t.checked_sub(age))
        .any(calls);
    match has_call {
        true => prices[t + 1 - period..=t].iter().sum::<f64>() / period as f64,
        false => f64::NAN,
    }
}

fn td_moving_average() -> Function {
    let spec = over("td_moving_average", FAMILY, &["high", "low"], "TD Moving Average I: the mean low of `period` bars after a low above all `lookback` lows before, and the mean high after a high below all highs before, each for four bars; NULL otherwise.")
        .constants(vec![period("period", 5, "bars in the mean"), period("lookback", 12, "bars whose lows or highs have to be left behind")])
        .numbers(&[("support", "mean low, in an up-move"), ("resistance", "mean high, in a down-move")])
        .facts("greatest(lookback, period - 1)", Stability::Exact, PERL)
        .shown("3, 4", "support");
    over_bar_rules(spec, |args| {
        let (n, lookback) = (args.count("period")?, args.count("lookback")?);
        let least = lookback.max(n - 1);
        // The bar that called for the average looks back from where it stands.
        let history = least.max(lookback + AVERAGE_STAYS - 1);
        Ok(each_from(least, history, move |bars, t| {
            let earlier = |i: usize| i.checked_sub(lookback).map(|first| first..i);
            let is_up =
                |i: usize| earlier(i).is_some_and(|mut r| r.all(|j| bars.low[j] < bars.low[i]));
            let is_down =
                |i: usize| earlier(i).is_some_and(|mut r| r.all(|j| bars.high[j] > bars.high[i]));
            [
                conditional_mean(&bars.low, n, t, is_up),
                conditional_mean(&bars.high, n, t, is_down),
            ]
        }))
    })
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        td_camouflage(),
        td_clop(),
        td_clopwin(),
        td_trap(),
        td_open(),
        td_differential(),
        td_range_projection(),
        td_moving_average(),
    ]
}
