//! DeMark's bounded oscillators. Where numerator and denominator are both 0 nothing is known.

use super::FAMILY;
use crate::bars::Bars;
use crate::bind::{Describe, each, over, over_bar_rules};
use quantlake_core::{Function, Stability};
use quantlake_indicators::machine::period;

/// `demarker`: (0, 1).
fn demarker() -> Function {
    let spec = over("demarker", FAMILY, &["high", "low"], "DeMarker: the share, from 0 to 1, of rises of the high in all rises of the high and falls of the low over `period` bars; NULL where there were none.")
        .constants(vec![period("period", 14, "bars in the sums")])
        .facts("period", Stability::Exact, "sum(max(high - high[1], 0)) / (sum(max(high - high[1], 0)) + sum(max(low[1] - low, 0))); DeMark, The New Science of Technical Analysis (1994)")
        .shown("3", "");
    over_bar_rules(spec, |args| {
        let n = args.count("period")?;
        Ok(each(n, move |bars, t| {
            let rises: f64 = (t + 1 - n..=t)
                .map(|i| (bars.high[i] - bars.high[i - 1]).max(0.0))
                .sum();
            let falls: f64 = (t + 1 - n..=t)
                .map(|i| (bars.low[i - 1] - bars.low[i]).max(0.0))
                .sum();
            [rises / (rises + falls)]
        }))
    })
}

/// The oldest bar that REI compares with.
const REI_HISTORY: usize = 8;

/// Whether a bar's move counts: it has to touch what traded five to eight bars before.
fn rei_counts(bars: &Bars, t: usize) -> bool {
    let (high, low) = (bars.high[t], bars.low[t]);
    let (high2, low2) = (bars.high[t - 2], bars.low[t - 2]);
    let (close7, close8) = (bars.close[t - 7], bars.close[t - 8]);
    let reaches_up =
        high2 >= close7 || high2 >= close8 || high >= bars.low[t - 5] || high >= bars.low[t - 6];
    let reaches_down =
        low2 <= close7 || low2 <= close8 || low <= bars.high[t - 5] || low <= bars.high[t - 6];
    reaches_up && reaches_down
}

fn td_rei() -> Function {
    let spec = over("td_rei", FAMILY, &["high", "low", "close"], "TD Range Expansion Index: two-bar moves of high and low that touch earlier trading, over `period` bars, as a percentage from -100 to 100 of all such moves; NULL where nothing moved.")
        .constants(vec![period("period", 5, "bars in the sums")])
        .facts("period + 7", Stability::Exact, "100 * sum(n * (high - high[2] + low - low[2])) / sum(|high - high[2]| + |low - low[2]|), n = 1 where (high[2] >= close[7] or close[8], or high >= low[5] or low[6]) and (low[2] <= close[7] or close[8], or low <= high[5] or high[6]), else 0; DeMark and DeMark, DeMark on Day Trading Options (1999)")
        .shown("3", "");
    over_bar_rules(spec, |args| {
        let n = args.count("period")?;
        Ok(each(n + REI_HISTORY - 1, move |bars, t| {
            let (mut moved, mut total) = (0.0, 0.0);
            for i in t + 1 - n..=t {
                let (up, down) = (
                    bars.high[i] - bars.high[i - 2],
                    bars.low[i] - bars.low[i - 2],
                );
                total += up.abs() + down.abs();
                if rei_counts(bars, i) {
                    moved += up + down;
                }
            }
            [100.0 * moved / total]
        }))
    })
}

/// How far a bar closed above its open, as a share of its range, times volume; 0 without range.
fn pressure(bars: &Bars, t: usize) -> f64 {
    let range = bars.high[t] - bars.low[t];
    match range > 0.0 {
        true => (bars.close[t] - bars.open[t]) / range * bars.volume[t],
        false => 0.0,
    }
}

fn td_pressure() -> Function {
    let spec = over("td_pressure", FAMILY, &["open", "high", "low", "close", "volume"], "TD Pressure: body over range of each bar, weighted by volume over `period` bars, in percent from -100 (selling) to 100 (buying); NULL where nothing was traded.")
        .constants(vec![period("period", 5, "bars in the sums")])
        .facts("period - 1", Stability::Exact, "100 * sum((close - open) / (high - low) * volume) / sum(volume); DeMark, New Market Timing Techniques (1997)")
        .shown("3", "");
    over_bar_rules(spec, |args| {
        let n = args.count("period")?;
        Ok(each(n - 1, move |bars, t| {
            let window = t + 1 - n..=t;
            let pressed: f64 = window.clone().map(|i| pressure(bars, i)).sum();
            let traded: f64 = window.map(|i| bars.volume[i]).sum();
            [100.0 * pressed / traded]
        }))
    })
}

pub(super) fn functions() -> Vec<Function> {
    vec![demarker(), td_rei(), td_pressure()]
}
