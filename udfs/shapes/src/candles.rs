//! Candlestick patterns that TA-Lib lacks.
//!
//! The other 61 patterns of `wickra-core` are TA-Lib's `cdl...` functions and are left to them.
//! Its tower calls a body long by the bar's own range; here it is long by TA-Lib's measure, the
//! mean body of the bars before.

use crate::bars::Bars;
use crate::bind::{Describe, each_from, over, over_bar_rules};
use quantlake_core::{Function, ParamKind, ParamSpec, ParamValue, Stability};
use quantlake_indicators::machine::wickra_core::{
    DumplingTop, FryPanBottom, NewPriceLines, Tweezer,
};
use quantlake_indicators::machine::{number, one, over_bars, period_from};

const FAMILY: &str = "pattern";

const NISON: &str = "Nison, Japanese Candlestick Charting Techniques (2nd ed. 2001)";

fn tweezer() -> Function {
    let spec = over("tweezer", FAMILY, &["high", "low"], "Tweezers: +1 where the low equals the low before (a bottom), -1 where the high equals the high before (a top), within a tolerance; +1 for both, else 0. The trend before is not tested.")
        .constants(vec![number("tolerance", 0.001, 0.0, 0.5, "largest difference, as a fraction of the larger price")])
        .integer()
        .facts("1", Stability::Exact, NISON)
        .shown("", "");
    over_bars(
        spec,
        |args| Ok(Tweezer::with_tolerance(args.number("tolerance")?)),
        one::<f64>,
    )
}

fn fry_pan_bottom() -> Function {
    let spec = over("fry_pan_bottom", FAMILY, &["close"], "Frying pan bottom: 1 where the lowest close of `period` bars lies in the middle half of them and the last close is above the first, else 0.")
        .constants(vec![period_from("period", 5, 10, "bars of the pan")])
        .integer()
        .facts("period - 1", Stability::Exact, NISON)
        .shown("6", "");
    over_bars(
        spec,
        |args| Ok(FryPanBottom::new(args.count("period")?)),
        one::<f64>,
    )
}

fn dumpling_top() -> Function {
    let spec = over("dumpling_top", FAMILY, &["close"], "Dumpling top: -1 where the highest close of `period` bars lies in the middle half of them and the last close is below the first, else 0.")
        .constants(vec![period_from("period", 5, 10, "bars of the dumpling")])
        .integer()
        .facts("period - 1", Stability::Exact, NISON)
        .shown("6", "");
    over_bars(
        spec,
        |args| Ok(DumplingTop::new(args.count("period")?)),
        one::<f64>,
    )
}

fn new_price_lines() -> Function {
    let spec = over("new_price_lines", FAMILY, &["close"], "New price lines: -1 while at least `count` closes in a row rose (overbought), +1 while at least `count` fell (oversold), else 0.")
        .constants(vec![period_from("count", 2, 8, "closes in a row")])
        .integer()
        .facts("1", Stability::Exact, NISON)
        .shown("4", "");
    over_bars(
        spec,
        |args| Ok(NewPriceLines::new(args.count("count")?)),
        one::<f64>,
    )
}

/// The signed bodies of bars against the mean body of the bars before.
struct Bodies<'a> {
    bars: &'a Bars,
    period: usize,
}

impl Bodies<'_> {
    fn body(&self, t: usize) -> f64 {
        self.bars.close[t] - self.bars.open[t]
    }

    fn is_long(&self, t: usize) -> bool {
        let before = t - self.period..t;
        let mean = before.map(|i| self.body(i).abs()).sum::<f64>() / self.period as f64;
        self.body(t).abs() > mean
    }

    /// The signal at t: a long body, at most `max_pause` short ones before it, and before those a
    /// long body of the other colour.
    fn tower(&self, t: usize, max_pause: usize) -> f64 {
        if !self.is_long(t) {
            return 0.0;
        }
        let base = (1..=max_pause + 1)
            .filter_map(|distance| t.checked_sub(distance))
            .take_while(|i| *i >= self.period)
            .find(|i| self.is_long(*i));
        match base {
            Some(base) if base + 1 < t && self.body(base) * self.body(t) < 0.0 => {
                self.body(t).signum()
            }
            _ => 0.0,
        }
    }
}

/// A number of bars from 1 to `max`: each row costs the product of both.
fn bars(name: &str, max: i64, default: i64, doc: &str) -> ParamSpec {
    ParamSpec::optional(
        name,
        ParamKind::Integer { min: 1, max },
        ParamValue::Integer(default),
        doc,
    )
}

fn tower_top_bottom() -> Function {
    let spec = over("tower_top_bottom", FAMILY, &["open", "close"], "Tower: +1 at a long rising body that follows a long falling one with one to `max_pause` short bodies between (a bottom), -1 for the mirror image (a top), else 0. Long is above the mean body of the `period` bars before.")
        .constants(vec![
            bars("max_pause", 20, 5, "most short bodies between the towers"),
            bars("period", 1000, 10, "bars whose mean body is the measure"),
        ])
        .integer()
        .facts("period + 2", Stability::Exact, "Nison, Japanese Candlestick Charting Techniques (2nd ed. 2001); long bodies as in TA-Lib's BodyLong")
        .shown("3, 2", "");
    over_bar_rules(spec, |args| {
        let (max_pause, period) = (args.count("max_pause")?, args.count("period")?);
        // The oldest long body, and those that it is measured by.
        let lookback = max_pause + 1 + period;
        Ok(each_from(period + 2, lookback, move |bars, t| {
            [Bodies { bars, period }.tower(t, max_pause)]
        }))
    })
}

/// All functions of this module.
pub fn functions() -> Vec<Function> {
    vec![
        tweezer(),
        fry_pan_bottom(),
        dumpling_top(),
        new_price_lines(),
        tower_top_bottom(),
    ]
}
