//! A run as the counts and weighted sums that `tests/golden/backtest_random.py` writes.

use crate::market::{Features, step};
use quantlake_backtest::engine::{Cause, Run, State};
use quantlake_backtest::market::Market;
use quantlake_backtest::trades::Trade;
use std::collections::{BTreeMap, HashMap};

/// Relative to what moved: sums of some hundred rounded products.
const TOLERANCE: f64 = 1e-9;
/// Rules whose events are compared; the reference writes no rows for corporate actions.
const ACTIONS: [&str; 3] = ["split", "dividend", "roll"];

/// What is compared of one run.
#[derive(Debug, Default, PartialEq)]
pub struct Summary {
    n_fills: usize,
    money: f64,
    moved: f64,
    fees: f64,
    cash: f64,
    equity: f64,
    last_equity: f64,
    n_trades: usize,
    gains: f64,
    causes: String,
    ends: String,
    events: String,
}

/// A weight that tells times and symbols apart.
fn weight(ts: i64, has: &Features, symbol: Option<u32>) -> f64 {
    let name = symbol.map_or(0, |s| i64::from(s) + 65);
    1.0 + ((ts / step(has) * 31 + name * 17) % 97) as f64 / 97.0
}

fn tally(names: impl Iterator<Item = String>) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in names {
        *counts.entry(name).or_default() += 1;
    }
    let parts: Vec<String> = counts.iter().map(|(k, n)| format!("{k}*{n}")).collect();
    parts.join("+")
}

/// The last states of the orders of signals and of the query, with their reasons.
fn ends(run: &Run) -> String {
    let mut last: HashMap<u64, String> = HashMap::new();
    for step in &run.transitions {
        let is_asked = matches!(
            step.cause,
            Cause::Target | Cause::Entry | Cause::Exit | Cause::Order
        );
        if is_asked && !matches!(step.state, State::Submitted | State::Triggered) {
            let colon = if step.reason.is_empty() { "" } else { ":" };
            let text = format!("{}{colon}{}", step.state.name(), step.reason);
            last.insert(step.order, text);
        }
    }
    tally(last.into_values())
}

fn closed(run: &Run) -> Vec<Trade> {
    let closed = run.trades.iter().filter(|trade| trade.exit.is_some());
    closed.copied().collect()
}

impl Summary {
    /// Of a run of the engine.
    pub fn of(market: &Market<'_>, run: &Run, has: &Features) -> Self {
        let of_fill = |f: &quantlake_backtest::engine::Fill| weight(f.ts, has, Some(f.symbol));
        let money: Vec<f64> = run
            .fills
            .iter()
            .map(|f| of_fill(f) * f.units * f.price)
            .collect();
        let over_time = |values: &[f64]| {
            let weighted = market.times.iter().zip(values);
            weighted.map(|(ts, v)| weight(*ts, has, None) * v).sum()
        };
        let equity = run.curve.equity();
        let trades = closed(run);
        let gain = |t: &Trade| {
            let at = t.exit.map_or(0, |exit| market.times[exit.time]);
            weight(at, has, Some(t.symbol)) * t.pnl
        };
        let rules = run
            .events
            .iter()
            .map(|e| e.rule)
            .filter(|rule| !ACTIONS.contains(rule));
        Self {
            n_fills: run.fills.len(),
            money: money.iter().sum(),
            moved: money.iter().map(|m| m.abs()).sum(),
            fees: run.fills.iter().map(|f| of_fill(f) * f.commission).sum(),
            cash: over_time(&run.curve.cash),
            equity: over_time(&equity),
            last_equity: equity.last().copied().unwrap_or(f64::NAN),
            n_trades: trades.len(),
            gains: trades.iter().map(gain).sum(),
            causes: tally(run.fills.iter().map(|f| f.cause.name().to_owned())),
            ends: ends(run),
            events: tally(rules.map(str::to_owned)),
        }
    }

    /// Of the fields of a line of the file.
    pub fn read(fields: &[&str]) -> Self {
        let number = |i: usize| fields[i].parse().expect("a number");
        let count = |i: usize| fields[i].parse().expect("a count");
        Self {
            n_fills: count(0),
            money: number(1),
            moved: number(2),
            fees: number(3),
            cash: number(4),
            equity: number(5),
            last_equity: number(6),
            n_trades: count(7),
            gains: number(8),
            causes: fields[9].to_owned(),
            ends: fields[10].to_owned(),
            events: fields[11].to_owned(),
        }
    }

    /// The first thing in which two runs differ.
    pub fn difference(&self, expected: &Self, cash: f64) -> Option<String> {
        let texts = [
            ("causes of fills", &self.causes, &expected.causes),
            ("ends of orders", &self.ends, &expected.ends),
            ("events", &self.events, &expected.events),
        ];
        let counts = [
            ("fills", self.n_fills, expected.n_fills),
            ("trades", self.n_trades, expected.n_trades),
        ];
        let numbers = [
            ("value of fills", self.money, expected.money),
            ("absolute value of fills", self.moved, expected.moved),
            ("fees", self.fees, expected.fees),
            ("cash", self.cash, expected.cash),
            ("equity", self.equity, expected.equity),
            ("last equity", self.last_equity, expected.last_equity),
            ("gains of trades", self.gains, expected.gains),
        ];
        let scale = cash + expected.moved;
        let text = texts.iter().find(|(_, a, b)| a != b);
        let count = counts.iter().find(|(_, a, b)| a != b);
        let number = numbers
            .iter()
            .find(|(_, a, b)| (a - b).abs() > TOLERANCE * scale || (a - b).is_nan());
        count
            .map(|(name, a, b)| format!("{name}: {a}, reference {b}"))
            .or_else(|| text.map(|(name, a, b)| format!("{name}: {a}, reference {b}")))
            .or_else(|| number.map(|(name, a, b)| format!("{name}: {a}, reference {b}")))
    }
}
