//! TD Sequential, TD Countdown and TD Combo: what follows a completed setup.

use super::FAMILY;
use super::setup::{Setup, SetupRule, Side};
use crate::bars::Bars;
use crate::bind::{Describe, Rule, over, over_bar_rules, put};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::period;

const SOURCE: &str = "Perl, DeMark Indicators (2008), chapters 1 and 2 (without recycling and without cancellation at TDST)";

/// How many countdown bars lie between the bar whose close qualifies the last one and that one:
/// bar 8 of 13.
const QUALIFIER_DISTANCE: usize = 5;

/// A countdown under way.
#[derive(Debug, Clone, Copy)]
struct Running {
    side: Side,
    count: usize,
    qualifier: Option<f64>,
    last_close: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Countdown {
    setup: SetupRule,
    lookback: usize,
    target: usize,
    is_combo: bool,
}

impl Countdown {
    fn of(args: &Args, is_combo: bool) -> Result<Self, QlError> {
        Ok(Self {
            setup: SetupRule::of(args, "setup_lookback", "setup_target")?,
            lookback: args.count("lookback")?,
            target: args.count("target")?,
            is_combo,
        })
    }

    fn warm_up(&self) -> usize {
        self.setup.lookback.max(self.lookback)
    }

    /// How many bars before a bar are looked at: a combo goes back to its setup's first bar, and
    /// from there to those that it compares with.
    fn history(&self) -> usize {
        let compared = self.lookback.max(1);
        self.setup.lookback.max(self.setup.target + compared)
    }

    /// A combo counts from the first bar of its setup, a countdown from the last.
    fn start(&self, bars: &Bars, side: Side, t: usize) -> Running {
        let mut state = Running {
            side,
            count: 0,
            qualifier: None,
            last_close: None,
        };
        if self.is_combo {
            for earlier in t + 1 - self.setup.target..t {
                self.step(bars, &mut state, earlier);
            }
        }
        state
    }

    fn step(&self, bars: &Bars, state: &mut Running, t: usize) {
        let counts = match self.is_combo {
            true => self.is_combo_bar(bars, state, t),
            false => self.is_countdown_bar(bars, state, t),
        };
        if !counts || state.count >= self.target {
            return;
        }
        state.count += 1;
        state.last_close = Some(bars.close[t]);
        if state.count + QUALIFIER_DISTANCE == self.target {
            state.qualifier = Some(bars.close[t]);
        }
    }

    /// Whether the close is beyond the extreme `lookback` bars before.
    fn is_beyond(&self, bars: &Bars, side: Side, t: usize) -> bool {
        let Some(before) = t.checked_sub(self.lookback) else {
            return false;
        };
        match side {
            Side::Buy => bars.close[t] <= bars.low[before],
            Side::Sell => bars.close[t] >= bars.high[before],
        }
    }

    /// The last bar has to trade through the close of the qualifying bar as well.
    fn is_countdown_bar(&self, bars: &Bars, state: &Running, t: usize) -> bool {
        let is_last = state.count + 1 == self.target;
        let qualifies = match (state.qualifier, state.side) {
            (Some(close), Side::Buy) if is_last => bars.low[t] <= close,
            (Some(close), Side::Sell) if is_last => bars.high[t] >= close,
            _ => true,
        };
        self.is_beyond(bars, state.side, t) && qualifies
    }

    /// Close, low (or high) and close against the combo bar before have to move on together.
    fn is_combo_bar(&self, bars: &Bars, state: &Running, t: usize) -> bool {
        let Some(before) = t.checked_sub(1) else {
            return false;
        };
        let moves_on = match state.side {
            Side::Buy => {
                bars.low[t] <= bars.low[before]
                    && bars.close[t] < bars.close[before]
                    && state.last_close.is_none_or(|last| bars.close[t] < last)
            }
            Side::Sell => {
                bars.high[t] >= bars.high[before]
                    && bars.close[t] > bars.close[before]
                    && state.last_close.is_none_or(|last| bars.close[t] > last)
            }
        };
        self.is_beyond(bars, state.side, t) && moves_on
    }

    fn follow(self) -> Following {
        Following {
            rule: self,
            setup: Setup::default(),
            running: None,
        }
    }
}

/// The setups and the countdown of the bars so far.
#[derive(Debug, Clone, Copy)]
struct Following {
    rule: Countdown,
    setup: Setup,
    running: Option<Running>,
}

impl Following {
    /// Takes the next bar; gives the signed count of the countdown, unless it is too early.
    fn count(&mut self, bars: &Bars, t: usize) -> Option<f64> {
        let rule = self.rule;
        let completed = self.setup.next(rule.setup, bars, t);
        if let Some(side) = completed.filter(|side| self.running.is_none_or(|r| r.side != *side)) {
            self.running = Some(rule.start(bars, side, t));
        }
        if let Some(state) = &mut self.running {
            rule.step(bars, state, t);
        }
        let count = self.running.map_or(0.0, signed);
        self.running = self.running.filter(|r| r.count < rule.target);
        (t >= rule.warm_up()).then_some(count)
    }
}

impl Rule for Following {
    fn lookback(&self) -> usize {
        self.rule.history()
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        if let Some(count) = self.count(bars, t) {
            put(out, [count]);
        }
    }
}

/// A countdown with the count of the setup beside it.
#[derive(Debug, Clone, Copy)]
struct Sequential {
    countdown: Following,
    setup: f64,
}

impl Rule for Sequential {
    fn lookback(&self) -> usize {
        self.countdown.lookback()
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        self.setup = signed_setup(&self.countdown.rule.setup, self.setup, bars, t);
        if let Some(count) = self.countdown.count(bars, t) {
            put(out, [self.setup, count]);
        }
    }
}

fn signed(running: Running) -> f64 {
    match running.side {
        Side::Buy => running.count as f64,
        Side::Sell => -(running.count as f64),
    }
}

fn params() -> Vec<ParamSpec> {
    vec![
        period(
            "setup_lookback",
            4,
            "bars between the two closes that the setup compares",
        ),
        period("setup_target", 9, "bars in a row that complete a setup"),
        period(
            "lookback",
            2,
            "bars between the close and the low or high that it is compared with",
        ),
        period("target", 13, "bars that complete the countdown"),
    ]
}

fn spec(name: &str, summary: &str) -> FunctionSpec {
    over(name, FAMILY, &["high", "low", "close"], summary)
        .constants(params())
        .integer()
        .facts(
            "greatest(setup_lookback, lookback)",
            Stability::PathDependent,
            SOURCE,
        )
        .shown("2, 3, 1, 3", "")
}

fn td_countdown() -> Function {
    let spec = spec(
        "td_countdown",
        "TD Countdown: after a completed setup, how many bars closed at or below the low (positive, buy) or at or above the high (negative, sell) `lookback` bars before; the bar that reaches `target` has to trade through the close of the bar five counts earlier, shows the full count, and ends it; an opposite setup starts anew; 0 while none runs.",
    );
    over_bar_rules(spec, |args| Ok(Countdown::of(args, false)?.follow()))
}

fn td_combo() -> Function {
    let spec = spec(
        "td_combo",
        "TD Combo, version I: a countdown that counts from the first bar of the setup and in which close and low (or high) also have to move on against the bar before and the close against the combo bar before; positive for buy, negative for sell, 0 while none runs.",
    );
    over_bar_rules(spec, |args| Ok(Countdown::of(args, true)?.follow()))
}

fn td_sequential() -> Function {
    let spec = over("td_sequential", FAMILY, &["high", "low", "close"], "TD Sequential: the setup count and the countdown that follows a completed setup, both positive for buy and negative for sell.")
        .constants(params())
        .numbers(&[("setup", "signed count of td_setup, no further than setup_target"), ("countdown", "signed count of td_countdown, 0 while none runs")])
        .facts("greatest(setup_lookback, lookback)", Stability::PathDependent, SOURCE)
        .shown("2, 3, 1, 3", "countdown");
    over_bar_rules(spec, |args| {
        Ok(Sequential {
            countdown: Countdown::of(args, false)?.follow(),
            setup: 0.0,
        })
    })
}

/// The signed count of the setup at a bar, after that at the bar before.
fn signed_setup(rule: &SetupRule, last: f64, bars: &Bars, t: usize) -> f64 {
    let limit = rule.target as f64;
    match rule.side(bars, t) {
        Some(Side::Buy) => (last.max(0.0) + 1.0).min(limit),
        Some(Side::Sell) => (last.min(0.0) - 1.0).max(-limit),
        None => 0.0,
    }
}

pub(super) fn functions() -> Vec<Function> {
    vec![td_sequential(), td_countdown(), td_combo()]
}
