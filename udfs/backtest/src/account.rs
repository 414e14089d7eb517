//! Cash and positions.

use crate::orders::Order;

/// One cash account with a position per symbol.
#[derive(Debug, Clone)]
pub struct Account {
    /// Money, after all costs so far.
    pub cash: f64,
    /// Units held of each symbol; negative is short.
    pub units: Vec<f64>,
    /// The last price seen of each symbol, 0 before the first.
    pub marks: Vec<f64>,
}

/// The account's value at the current marks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Value {
    /// Sum of units times price, shorts negative.
    pub positions: f64,
    /// The same with every position positive.
    pub gross: f64,
    /// Number of positions that are not 0.
    pub n_positions: i64,
}

impl Account {
    /// An account without positions.
    pub fn new(cash: f64, n_symbols: usize) -> Self {
        Self {
            cash,
            units: vec![0.0; n_symbols],
            marks: vec![0.0; n_symbols],
        }
    }

    /// Values the positions at the last prices seen.
    pub fn value(&self) -> Value {
        let mut value = Value {
            positions: 0.0,
            gross: 0.0,
            n_positions: 0,
        };
        for (units, mark) in self.units.iter().zip(&self.marks) {
            let held = units * mark;
            value.positions += held;
            value.gross += held.abs();
            value.n_positions += i64::from(*units != 0.0);
        }
        value
    }

    /// Books a filled order: the position becomes `order.units_after`, cash pays for it.
    pub fn book(&mut self, symbol: usize, order: &Order) {
        self.cash -= order.units * order.price + order.commission;
        self.units[symbol] = order.units_after;
    }
}
