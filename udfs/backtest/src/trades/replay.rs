//! The trades of a run as it happens: what the engine tells becomes entries and exits of lots.
//!
//! A position lives through the whole of a bar unless it was opened or closed inside it: then it
//! has seen the part of the bar's path before or after that fill.

use super::Trade;
use super::book::{BookFill, Flow, Mark, Rolled, TradeBook};
use super::visited::{Visited, is_high_first};
use crate::account::Account;
use crate::engine::position::book_fill;
use crate::engine::{Cause, Fill, FlowKind, Moment, Rescale};
use crate::market::{Columns, at};
use crate::settings::{Intrabar, Positions, Settings};
use std::ops::Range;

/// The known prices of a symbol's bar.
#[derive(Debug, Clone, Copy)]
struct Bar {
    time: usize,
    number: i64,
    open: f64,
    low: f64,
    high: f64,
    close: f64,
    /// Its path from the open on, once a fill inside the bar asked for it.
    path: Option<Visited>,
}

const NO_BAR: Bar = Bar {
    time: usize::MAX,
    number: -1,
    open: f64::NAN,
    low: f64::NAN,
    high: f64::NAN,
    close: f64::NAN,
    path: None,
};

/// By slot.
#[derive(Debug, Clone, Copy)]
struct Held {
    units: f64,
    /// Number of the timestamp whose bar was seen, but for what is left in `path`.
    seen_at: usize,
    path: Option<Visited>,
    /// The first leg of a roll.
    old_contract: Option<Fill>,
    /// Variation margin per unit since the start, with its last price.
    variation: f64,
    settled: f64,
}

const NOT_HELD: Held = Held {
    units: 0.0,
    seen_at: usize::MAX,
    path: None,
    old_contract: None,
    variation: 0.0,
    settled: 0.0,
};

/// Matches the fills of a run to trades.
#[derive(Debug, Clone)]
pub struct Matcher {
    book: TradeBook,
    bars: Vec<Bar>,
    held: Vec<Held>,
    is_settled: bool,
    is_hedging: bool,
    intrabar: Intrabar,
    /// Trades that are closed, in the order of their exits.
    pub closed: Vec<Trade>,
}

impl Matcher {
    /// Before the first bar.
    pub fn new(settings: &Settings) -> Self {
        Self {
            book: TradeBook::new(settings.matching, 0),
            bars: Vec::new(),
            held: Vec::new(),
            is_settled: settings.futures,
            is_hedging: settings.positions == Positions::Hedging,
            intrabar: settings.intrabar,
            closed: Vec::new(),
        }
    }

    /// The bars of a timestamp, before anything happens at it.
    pub fn bars(&mut self, time: usize, columns: &Columns<'_>, rows: Range<usize>) {
        for row in rows {
            let bar = self.bar(columns.symbol[row] as usize);
            *bar = Bar {
                time,
                number: bar.number + 1,
                open: at(columns.open, row),
                low: at(columns.low, row),
                high: at(columns.high, row),
                close: columns.close[row],
                path: None,
            };
        }
    }

    /// Bars of one symbol at which nothing happens.
    pub fn quiet(&mut self, account: &Account, columns: &Columns<'_>, rows: Range<usize>) {
        let n_bars = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        self.bar(0).number += n_bars;
        if account.units.first().is_none_or(|units| *units == 0.0) {
            return;
        }
        for row in rows {
            let close = columns.close[row];
            let (low, high) = (at(columns.low, row), at(columns.high, row));
            self.book.see(0, low.min(close), high.max(close));
        }
    }

    /// A split; a roll is told by its fills.
    pub fn rescale(&mut self, rescale: &Rescale, account: &Account) {
        if rescale.ratio == 1.0 {
            return;
        }
        for slot in account.slots_of(rescale.symbol as usize) {
            self.book.split(slot, rescale.ratio);
            let held = self.held(slot);
            held.units *= rescale.ratio;
            held.settled /= rescale.ratio;
            held.variation /= rescale.ratio;
        }
    }

    /// Money that a position received as a whole.
    pub fn flow(&mut self, slot: usize, kind: FlowKind, amount: f64) {
        let flow = match kind {
            FlowKind::Dividend => Flow::Dividend,
            FlowKind::Borrow => Flow::Borrow,
            FlowKind::Funding => Flow::Funding,
            FlowKind::Interest => return,
        };
        self.book.flow(slot, flow, amount);
    }

    /// A fill.
    pub fn fill(&mut self, fill: &Fill) {
        let slot = fill.slot as usize;
        if fill.cause == Cause::Roll {
            return self.roll(slot, fill);
        }
        self.see_before(slot, fill);
        let held = *self.held(slot);
        let bar = *self.bar(fill.symbol as usize);
        let value = if self.is_settled {
            held.variation + (fill.raw_price - held.settled) * fill.point
        } else {
            fill.raw_price * fill.point
        };
        let book_fill = BookFill {
            bar: bar.number,
            value,
            ..book_fill(fill, held.units)
        };
        let closed = &mut self.closed;
        self.book.fill(&book_fill, &mut |trade| closed.push(trade));
        self.held(slot).units = fill.units_after;
    }

    /// What the position of a slot has seen of its bar when it is filled.
    fn see_before(&mut self, slot: usize, fill: &Fill) {
        match fill.moment {
            Moment::Before | Moment::Open => {}
            Moment::Path => self.go_to(slot, fill),
            Moment::Average | Moment::Close => self.live_through(slot, fill.symbol as usize),
        }
    }

    /// Walks the path of the bar on to a fill inside it.
    fn go_to(&mut self, slot: usize, fill: &Fill) {
        let start = self.path(slot, fill.symbol as usize);
        let held = self.held(slot);
        let walked = held.path.filter(|_| held.seen_at == fill.time);
        let mut path = walked.unwrap_or(start);
        let (low, high) = path.go_to(fill.raw_price);
        held.path = Some(path);
        held.seen_at = fill.time;
        if held.units != 0.0 {
            self.book.see(slot, low, high);
        }
    }

    /// The path of a symbol's bar from its open on, by what was held when it began.
    fn path(&mut self, slot: usize, symbol: usize) -> Visited {
        let own = self.held(slot).units;
        let other = if self.is_hedging {
            self.held(slot ^ 1).units
        } else {
            0.0
        };
        // With a position on each side there is none to be for or against.
        let held = if own != 0.0 && other != 0.0 {
            0.0
        } else {
            own + other
        };
        let intrabar = self.intrabar;
        let bar = self.bar(symbol);
        *bar.path.get_or_insert_with(|| {
            let is_high_first = is_high_first(intrabar, held, bar.open, bar.high, bar.low);
            Visited::new(is_high_first, [bar.open, bar.high, bar.low, bar.close])
        })
    }

    /// The bar of a symbol is over, or what is left of it after fills inside it.
    fn live_through(&mut self, slot: usize, symbol: usize) {
        let bar = *self.bar(symbol);
        let held = self.held(slot);
        let is_new = held.seen_at != bar.time;
        let rest = held.path.take().filter(|_| !is_new);
        let (units, rest) = (held.units, rest.map(Visited::finish));
        held.seen_at = bar.time;
        if units == 0.0 {
            return;
        }
        match rest {
            Some((low, high)) => self.book.see(slot, low, high),
            None if is_new => {
                let (low, high) = (bar.low.min(bar.close), bar.high.max(bar.close));
                self.book.see(slot, low, high);
            }
            None => {}
        }
    }

    fn roll(&mut self, slot: usize, fill: &Fill) {
        let held = self.held(slot);
        let Some(old) = held.old_contract.take() else {
            held.old_contract = Some(*fill);
            return;
        };
        // The old contract is settled at its price, the new one starts at its own.
        held.variation += (old.raw_price - held.settled) * fill.point;
        held.settled = fill.raw_price;
        let rolled = Rolled {
            price_shift: fill.price - old.price,
            raw_shift: fill.raw_price - old.raw_price,
            // Variation margin does not know prices.
            unit_value: if self.is_settled { 0.0 } else { fill.point },
            slippage: old.slippage() + fill.slippage(),
            commission: old.commission + fill.commission,
        };
        self.book.roll(slot, &rolled);
    }

    /// The end of a timestamp.
    pub fn account(&mut self, time: usize, account: &Account) {
        for &slot in &account.held {
            let slot = slot as usize;
            let symbol = account.symbol_of(slot);
            let bar = *self.bar(symbol);
            let (mark, point) = (account.marks[symbol], account.point[symbol]);
            let is_settled = self.is_settled;
            let held = self.held(slot);
            if is_settled {
                held.variation += (mark - held.settled) * point;
                held.settled = mark;
            }
            if bar.time == time {
                self.live_through(slot, symbol);
                self.book.see(slot, mark, mark);
            }
        }
    }

    /// The trades that are open, at the marks of the account.
    pub fn open_trades(&self, account: &Account) -> Vec<Trade> {
        let mark = |slot: usize| {
            let symbol = account.symbol_of(slot);
            let price = account.marks[symbol];
            let number = self.bars.get(symbol).map_or(0, |bar| bar.number);
            let held = self.held.get(slot).unwrap_or(&NOT_HELD);
            let value = if self.is_settled {
                held.variation + (price - held.settled) * account.point[symbol]
            } else {
                price * account.point[symbol]
            };
            Mark {
                bar: number,
                price,
                value,
            }
        };
        let mut open = Vec::new();
        self.book.open_trades(mark, &mut |trade| open.push(trade));
        open
    }

    /// All trades, by time of entry, then symbol; parts of one entry in the order of their exits.
    pub fn trades(&self, account: &Account) -> Vec<Trade> {
        let mut trades = self.closed.clone();
        trades.extend(self.open_trades(account));
        trades.sort_by_key(|t| (t.entry_time, t.symbol));
        trades
    }

    fn bar(&mut self, symbol: usize) -> &mut Bar {
        if symbol >= self.bars.len() {
            self.bars.resize(symbol + 1, NO_BAR);
        }
        &mut self.bars[symbol]
    }

    fn held(&mut self, slot: usize) -> &mut Held {
        if slot >= self.held.len() {
            self.held.resize(slot + 1, NOT_HELD);
        }
        &mut self.held[slot]
    }
}
