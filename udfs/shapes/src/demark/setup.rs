//! TD Setup and the levels that a completed setup leaves behind.

use super::FAMILY;
use crate::bind::{Bars, Describe, Rule, over, over_bar_rules};
use quantlake_core::{Args, Function, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::wickra_core::TdSetup;
use quantlake_indicators::machine::{one, over_bars, period};

const SOURCE: &str = "Perl, DeMark Indicators (2008), chapter 1; DeMark, The New Science of Technical Analysis (1994)";

/// The side that a setup speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Falling closes: a buy.
    Buy,
    /// Rising closes: a sale.
    Sell,
}

/// The setup counts of all bars.
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

    /// The bars at which a setup is complete, with its side.
    pub(super) fn completions(&self, bars: &Bars) -> Vec<Option<Side>> {
        let (mut side, mut count) = (None, 0);
        let complete = |t: usize| {
            let now = self.side(bars, t);
            count = if now == side && now.is_some() {
                count + 1
            } else {
                1
            };
            side = now;
            side.filter(|_| count == self.target)
        };
        (0..bars.len()).map(complete).collect()
    }

    /// The side that a close speaks for against the close `lookback` bars before.
    fn side(&self, bars: &Bars, t: usize) -> Option<Side> {
        let before = bars.close[t.checked_sub(self.lookback)?];
        match bars.close[t] {
            close if close < before => Some(Side::Buy),
            close if close > before => Some(Side::Sell),
            _ => None,
        }
    }

    /// Runs `level` at each completed setup and keeps its last value per side.
    fn levels(
        self,
        level: impl Fn(&Bars, Side, std::ops::RangeInclusive<usize>) -> f64 + Send + Sync + 'static,
    ) -> Rule {
        Box::new(move |bars, out| {
            let mut last = [f64::NAN; 2];
            for (t, side) in self.completions(bars).into_iter().enumerate() {
                if let Some(side) = side {
                    last[usize::from(side == Side::Sell)] =
                        level(bars, side, t + 1 - self.target..=t);
                }
                out.set(t, &last);
            }
        })
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
