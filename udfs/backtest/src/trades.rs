//! Round trips: fills matched first in, first out.
//!
//! A fill that adds to a position opens a lot. A fill against it closes lots, oldest first, each
//! as one trade; a lot closed in part leaves the rest open. A fill through zero closes all lots
//! and opens one on the other side. Fixed commissions are shared by quantity.

use crate::engine::{Fill, Run};
use crate::excursion::PriceRange;
use crate::market::Market;
use crate::settings::{FillAt, Settings};
use std::collections::VecDeque;

/// Why a trade ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitReason {
    /// A target asked for less.
    Signal,
    /// A target asked for the other side.
    Reversal,
    /// The data ended, with `close_at_end`.
    End,
}

impl ExitReason {
    /// The name in results.
    pub fn name(self) -> &'static str {
        match self {
            Self::Signal => "signal",
            Self::Reversal => "reversal",
            Self::End => "end",
        }
    }
}

/// How a trade ended.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exit {
    /// Number of the timestamp.
    pub time: usize,
    /// Price with slippage.
    pub price: f64,
    /// Why.
    pub reason: ExitReason,
}

/// A lot from entry to exit, or to the last bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Trade {
    /// The symbol's number.
    pub symbol: u32,
    /// Number of the timestamp of the entry.
    pub entry_time: usize,
    /// Price with slippage.
    pub entry_price: f64,
    /// `None` while the lot is open.
    pub exit: Option<Exit>,
    /// Units, negative for a short trade.
    pub units: f64,
    /// Commission of entry and exit.
    pub costs: f64,
    /// Profit after costs; of an open trade at the last price seen.
    pub pnl: f64,
    /// Bars of the symbol from the one of the entry to the one of the exit.
    pub bars: i64,
    /// Worst return during the trade, before costs, at most 0.
    pub mae: f64,
    /// Best return during the trade, before costs, at least 0.
    pub mfe: f64,
}

impl Trade {
    /// Profit after costs over the value at entry.
    pub fn ret(&self) -> f64 {
        self.pnl / (self.entry_price * self.units.abs())
    }
}

#[derive(Debug, Clone, Copy)]
struct Lot {
    entry_time: usize,
    entry_row: usize,
    price: f64,
    units: f64,
    commission_per_unit: f64,
}

/// Lots add up to the position only up to rounding: a rest below this fraction is no lot.
const SAME: f64 = 1e-9;

/// The trades of a run, by time of entry, then symbol.
pub fn match_trades(market: &Market<'_>, settings: &Settings, run: &Run) -> Vec<Trade> {
    let mut book = Book::new(market, settings, run);
    for fill in &run.fills {
        book.take(fill);
    }
    book.finish()
}

struct Book<'a> {
    market: &'a Market<'a>,
    settings: &'a Settings,
    run: &'a Run,
    /// Number of each row among the bars of its symbol.
    bar_of_row: Vec<usize>,
    rows: Vec<Vec<usize>>,
    ranges: Vec<Option<PriceRange>>,
    open: Vec<VecDeque<Lot>>,
    /// Position of each symbol before the fill in hand.
    held: Vec<f64>,
    trades: Vec<Trade>,
}

impl<'a> Book<'a> {
    fn new(market: &'a Market<'a>, settings: &'a Settings, run: &'a Run) -> Self {
        let rows = market.rows_by_symbol();
        let mut bar_of_row = vec![0; market.columns.ts.len()];
        for (bar, &row) in rows.iter().flat_map(|r| r.iter().enumerate()) {
            bar_of_row[row] = bar;
        }
        Self {
            market,
            settings,
            run,
            bar_of_row,
            ranges: vec![None; rows.len()],
            open: vec![VecDeque::new(); rows.len()],
            held: vec![0.0; rows.len()],
            rows,
            trades: Vec::new(),
        }
    }

    fn take(&mut self, fill: &Fill) {
        let symbol = fill.symbol as usize;
        let held = self.held[symbol];
        self.held[symbol] += fill.units;
        let reason = if fill.is_final {
            ExitReason::End
        } else if fill.units.abs() > held.abs() * (1.0 + SAME) {
            ExitReason::Reversal
        } else {
            ExitReason::Signal
        };
        let per_unit = fill.commission / fill.units.abs();
        let mut left = fill.units;
        while let Some(lot) = self.open[symbol].front().copied() {
            if left * lot.units >= 0.0 || left.abs() <= SAME * fill.units.abs() {
                break;
            }
            left = self.close(fill, lot, left, per_unit, reason);
        }
        if left.abs() > SAME * fill.units.abs() {
            self.open[symbol].push_back(Lot {
                entry_time: fill.time,
                entry_row: fill.row,
                price: fill.price,
                units: left,
                commission_per_unit: per_unit,
            });
        }
    }

    /// Closes the oldest lot, or as much of it as the fill reaches; returns what the fill has left.
    fn close(&mut self, fill: &Fill, lot: Lot, left: f64, per_unit: f64, why: ExitReason) -> f64 {
        let symbol = fill.symbol as usize;
        let rest = lot.units + left;
        let is_whole = rest * lot.units <= 0.0 || rest.abs() <= SAME * lot.units.abs();
        let units = if is_whole { lot.units } else { -left };
        if is_whole {
            self.open[symbol].pop_front();
        } else if let Some(front) = self.open[symbol].front_mut() {
            front.units = rest;
        }
        let exit = Exit {
            time: fill.time,
            price: fill.price,
            reason: why,
        };
        let costs = (lot.commission_per_unit + per_unit) * units.abs();
        let from = self.bar_of_row[lot.entry_row];
        let to = self.bar_of_row[fill.row];
        // A fill at the open leaves the rest of its bar outside the trade.
        let leaves_at_open = self.settings.fill == FillAt::NextOpen && !fill.is_final;
        let last = to + usize::from(!leaves_at_open);
        let excursion = self.excursion(symbol, &lot, last, fill.price);
        self.trades.push(Trade {
            symbol: fill.symbol,
            entry_time: lot.entry_time,
            entry_price: lot.price,
            exit: Some(exit),
            units,
            costs,
            pnl: (fill.price - lot.price) * units - costs,
            bars: bars_between(from, to),
            mae: excursion.0,
            mfe: excursion.1,
        });
        if is_whole { left + lot.units } else { 0.0 }
    }

    /// Worst and best return from the entry up to the bar before `end`, and at `last_price`.
    fn excursion(&mut self, symbol: usize, lot: &Lot, end: usize, last_price: f64) -> (f64, f64) {
        let enters_at_open = self.settings.fill == FillAt::NextOpen;
        let from = self.bar_of_row[lot.entry_row] + usize::from(!enters_at_open);
        let rows = &self.rows[symbol];
        let range = self.ranges[symbol].get_or_insert_with(|| PriceRange::new(self.market, rows));
        let (low, high) = range.extremes(from, end);
        let low = low.min(last_price).min(lot.price) / lot.price - 1.0;
        let high = high.max(last_price).max(lot.price) / lot.price - 1.0;
        if lot.units > 0.0 {
            (low, high)
        } else {
            (-high, -low)
        }
    }

    fn finish(mut self) -> Vec<Trade> {
        for symbol in 0..self.open.len() {
            for lot in std::mem::take(&mut self.open[symbol]) {
                let mark = self.run.marks[symbol];
                let n_bars = self.rows[symbol].len();
                let (mae, mfe) = self.excursion(symbol, &lot, n_bars, mark);
                let costs = lot.commission_per_unit * lot.units.abs();
                self.trades.push(Trade {
                    symbol: self.market.columns.symbol[lot.entry_row],
                    entry_time: lot.entry_time,
                    entry_price: lot.price,
                    exit: None,
                    units: lot.units,
                    costs,
                    pnl: (mark - lot.price) * lot.units - costs,
                    bars: bars_between(self.bar_of_row[lot.entry_row], n_bars.saturating_sub(1)),
                    mae,
                    mfe,
                });
            }
        }
        // Stable: parts of one lot stay in the order of their exits.
        self.trades.sort_by_key(|t| (t.entry_time, t.symbol));
        self.trades
    }
}

fn bars_between(from: usize, to: usize) -> i64 {
    i64::try_from(to.saturating_sub(from)).unwrap_or(i64::MAX)
}
