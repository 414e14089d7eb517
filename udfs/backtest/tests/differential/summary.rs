//! A run as the counts and weighted sums that `tests/golden/backtest_random.py` writes.

use crate::market::{Features, step};
use quantlake_backtest::engine::Run;
use quantlake_backtest::market::Market;
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

/// What is compared of a run before it is summed up.
#[derive(Debug, Default)]
pub struct History {
    /// Time, symbol, signed units, price, commission and cause.
    pub fills: Vec<(i64, u32, f64, f64, f64, String)>,
    /// Time, cash and equity.
    pub curve: Vec<(i64, f64, f64)>,
    /// The last equity of each account.
    pub last: Vec<f64>,
    /// Time of the exit, symbol and gain of each trade that ended.
    pub trades: Vec<(i64, u32, f64)>,
    /// The last states of the orders of signals and of the query, with their reasons.
    pub ends: Vec<String>,
    /// Rules of the events.
    pub rules: Vec<String>,
}

/// How an order ended, if this step is one that may be its last.
pub fn end_of(origin: &str, state: &str, reason: &str) -> Option<String> {
    let is_asked = ["target", "entry", "exit", "order"].contains(&origin);
    let is_end = is_asked && !["submitted", "triggered"].contains(&state);
    let colon = if reason.is_empty() { "" } else { ":" };
    is_end.then(|| format!("{state}{colon}{reason}"))
}

impl History {
    /// Of a run of the engine.
    pub fn of_run(market: &Market<'_>, run: &Run) -> Self {
        let fills = run.fills.iter();
        let equity = run.curve.equity();
        let curve = market.times.iter().zip(&run.curve.cash).zip(&equity);
        let closed = run.trades.iter().filter_map(|t| Some((t, t.exit?)));
        let mut ends: HashMap<u64, String> = HashMap::new();
        for step in &run.transitions {
            let end = end_of(step.cause.name(), step.state.name(), step.reason);
            ends.extend(end.map(|end| (step.order, end)));
        }
        Self {
            fills: fills
                .map(|f| {
                    let cause = f.cause.name().to_owned();
                    (f.ts, f.symbol, f.units, f.price, f.commission, cause)
                })
                .collect(),
            curve: curve
                .map(|((ts, cash), equity)| (*ts, *cash, *equity))
                .collect(),
            last: equity.last().copied().into_iter().collect(),
            trades: closed
                .map(|(t, exit)| (market.times[exit.time], t.symbol, t.pnl))
                .collect(),
            ends: ends.into_values().collect(),
            rules: run.events.iter().map(|e| e.rule.to_owned()).collect(),
        }
    }
}

impl Summary {
    /// Of what happened.
    pub fn of(history: &History, has: &Features) -> Self {
        let fills = history.fills.iter();
        let of_fill = |ts: i64, symbol: u32| weight(ts, has, Some(symbol));
        let money: Vec<f64> = fills
            .clone()
            .map(|(ts, symbol, units, price, ..)| of_fill(*ts, *symbol) * units * price)
            .collect();
        let curve = history.curve.iter();
        let over_time = |ts: i64, value: f64| weight(ts, has, None) * value;
        let trades = history.trades.iter();
        let rules = history.rules.iter();
        Self {
            n_fills: history.fills.len(),
            money: money.iter().sum(),
            moved: money.iter().map(|m| m.abs()).sum(),
            fees: fills.clone().map(|f| of_fill(f.0, f.1) * f.4).sum(),
            cash: curve.clone().map(|c| over_time(c.0, c.1)).sum(),
            equity: curve.map(|c| over_time(c.0, c.2)).sum(),
            last_equity: history.last.iter().sum(),
            n_trades: history.trades.len(),
            gains: trades.map(|t| of_fill(t.0, t.1) * t.2).sum(),
            causes: tally(fills.map(|f| f.5.clone())),
            ends: tally(history.ends.iter().cloned()),
            events: tally(rules.filter(|r| !ACTIONS.contains(&r.as_str())).cloned()),
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
