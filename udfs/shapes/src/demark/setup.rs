//! TD Setup and the levels that a completed setup leaves behind.

use super::FAMILY;
use crate::bars::Bars;
use crate::bind::{Describe, Rule, over, over_bar_rules, put};
use quantlake_core::{Args, Function, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::wickra_core::TdSetup;
use quantlake_indicators::machine::{one, over_bars, period};
use std::ops::RangeInclusive;

const SOURCE: &str = "Perl, DeMark Indicators (2008), chapter 1; DeMark, The New Science of Technical Analysis (1994)";

/// The side that a setup speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Falling closes: a buy.
    Buy,
    /// Rising closes: a sale.
    Sell,
}

/// What makes a setup.
#[derive(Debug, Clone, Copy)]
pub(super) struct SetupRule {
    pub lookback: usize,
    pub target: usize,
}

impl SetupRule {
    pub(super) fn of(args: &Args, lookback: &str, target: &str) -> Result<Self, QlError> {
        Ok(Self {
            lookback: args.count(lookback)?,
            target: args.count(target)?,
        })
    }

    /// The side that a close speaks for against the close `lookback` bars before.
    pub(super) fn side(&self, bars: &Bars, t: usize) -> Option<Side> {
        let before = bars.close[t.checked_sub(self.lookback)?];
        match bars.close[t] {
            close if close < before => Some(Side::Buy),
            close if close > before => Some(Side::Sell),
            _ => None,
        }
    }

    /// The level that `level` makes of the bars of the last completed setup of each side.
    fn levels(self, level: fn(&Bars, Side, RangeInclusive<usize>) -> f64) -> Levels {
        Levels {
            setup: Setup::default(),
            rule: self,
            level,
            last: [f64::NAN; 2],
        }
    }
}

/// The closes in a row that speak for one side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Setup {
    side: Option<Side>,
    count: usize,
}

impl Setup {
    /// Takes the next bar; gives the side of a setup that it completes.
    pub(super) fn next(&mut self, rule: SetupRule, bars: &Bars, t: usize) -> Option<Side> {
        let now = rule.side(bars, t);
        self.count = match now {
            Some(_) if now == self.side => self.count + 1,
            _ => 1,
        };
        self.side = now;
        now.filter(|_| self.count == rule.target)
    }
}

/// What completed setups have left behind: for buys, and for sales.
#[derive(Clone)]
struct Levels {
    rule: SetupRule,
    level: fn(&Bars, Side, RangeInclusive<usize>) -> f64,
    setup: Setup,
    last: [f64; 2],
}

impl Rule for Levels {
    fn lookback(&self) -> usize {
        // The true range of the setup's first bar looks at the bar before.
        self.rule.lookback.max(self.rule.target)
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        if let Some(side) = self.setup.next(self.rule, bars, t) {
            let level = (self.level)(bars, side, t + 1 - self.rule.target..=t);
            let [buy, sell] = &mut self.last;
            *(if side == Side::Buy { buy } else { sell }) = level;
        }
        put(out, self.last);
    }
}

fn params() -> Vec<ParamSpec> {
    vec![
        period(
            "lookback",
            4,
            "bars between the two closes that are compared",
        ),
        period("target", 9, "bars in a row that complete a setup"),
    ]
}

fn td_setup() -> Function {
    let spec = over("td_setup", FAMILY, &["close"], "TD Setup: how many closes in a row are below (count positive, a buy setup) or above (negative, a sell setup) the close `lookback` bars before; 0 where they are equal, no further than `target`.")
        .constants(params())
        .integer()
        .facts("lookback", Stability::Exact, SOURCE)
        .shown("2, 4", "");
    over_bars(
        spec,
        |args| Ok(TdSetup::new(args.count("lookback")?, args.count("target")?)),
        one::<f64>,
    )
}

fn tdst() -> Function {
    let spec = over("tdst", FAMILY, &["high", "low", "close"], "TDST levels: the highest true high of the last completed buy setup and the lowest true low of the last completed sell setup, as prices.")
        .constants(params())
        .numbers(&[("resistance", "highest true high of the bars of the last buy setup"), ("support", "lowest true low of the bars of the last sell setup")])
        .facts("lookback + target - 1 at least", Stability::PathDependent, SOURCE)
        .shown("2, 4", "resistance");
    over_bar_rules(spec, |args| {
        let rule = SetupRule::of(args, "lookback", "target")?;
        Ok(rule.levels(|bars, side, setup| match side {
            Side::Buy => setup
                .map(|t| bars.true_high(t))
                .fold(f64::NEG_INFINITY, f64::max),
            Side::Sell => setup
                .map(|t| bars.true_low(t))
                .fold(f64::INFINITY, f64::min),
        }))
    })
}

fn td_risk_level() -> Function {
    let spec = over("td_risk_level", FAMILY, &["high", "low", "close"], "TD Risk Level: the stop that belongs to the last completed setup, one true range beyond its lowest low or highest high, as a price.")
        .constants(params())
        .numbers(&[("buy_stop", "lowest low of the last buy setup less the true range of that bar"), ("sell_stop", "highest high of the last sell setup plus the true range of that bar")])
        .facts("lookback + target - 1 at least", Stability::PathDependent, SOURCE)
        .shown("2, 4", "buy_stop");
    over_bar_rules(spec, |args| {
        let rule = SetupRule::of(args, "lookback", "target")?;
        Ok(rule.levels(|bars, side, setup| {
            let range = |t| bars.true_high(t) - bars.true_low(t);
            // Of equal extremes the earliest bar counts.
            match side {
                Side::Buy => setup
                    .reduce(|best, t| {
                        if bars.low[t] < bars.low[best] {
                            t
                        } else {
                            best
                        }
                    })
                    .map_or(f64::NAN, |t| bars.low[t] - range(t)),
                Side::Sell => setup
                    .reduce(|best, t| {
                        if bars.high[t] > bars.high[best] {
                            t
                        } else {
                            best
                        }
                    })
                    .map_or(f64::NAN, |t| bars.high[t] + range(t)),
            }
        }))
    })
}

pub(super) fn functions() -> Vec<Function> {
    vec![td_setup(), tdst(), td_risk_level()]
}
