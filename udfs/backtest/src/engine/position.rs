//! What a fill does to the exits, the waiting orders and the trades of its position.

use super::record::{Cause, Fill, Moment, Sink};
use super::state::{EXITS, QUEUES, Queue};
use super::{Engine, reasons};
use crate::stops::{Entry, Exits};
use crate::trades::{BookFill, Reason};

impl Engine {
    /// After the booking of a fill; `before` is the position before it, `opened` the units that
    /// it opened.
    pub(super) fn position_changed<S: Sink>(
        &mut self,
        fill: &Fill,
        before: f64,
        opened: f64,
        sink: &mut S,
    ) {
        let slot = fill.slot as usize;
        let after = fill.units_after;
        self.last_price = fill.price;
        let is_new = before * after <= 0.0;
        if self.features.exits {
            self.exits_changed(fill, slot, opened, is_new);
        }
        if let Some(trades) = &mut self.watch.trades {
            trades.fill(fill);
            let record = &mut self.symbols.kelly[fill.symbol as usize];
            let closed = trades.closed.drain(..);
            closed.for_each(|trade| record.push(trade.pnl));
        }
        if is_new && before != 0.0 {
            self.drop_stopped(slot, reasons::POSITION_CLOSED, sink);
            self.drop_rests(fill, slot, sink);
            if !(self.open_takes.is_empty() && self.dead_takes.is_empty()) {
                self.drop_takes(slot, sink);
            }
        }
    }

    fn exits_changed(&mut self, fill: &Fill, slot: usize, opened: f64, is_new: bool) {
        let after = fill.units_after;
        let is_signal = matches!(fill.cause, Cause::Target | Cause::Entry);
        if is_signal && opened > 0.0 {
            self.slots.acting[slot] = self.slots.context[slot];
        }
        if is_new {
            self.slots.exits[slot] = None;
            self.slots.entered_at[slot] = self.clock.time;
            self.slots.entered_bar[slot] = self.symbols.n_bars[fill.symbol as usize];
            self.slots.blocked_at[slot] = usize::MAX;
            if after != 0.0 && is_signal {
                let entry = self.entry(slot, after.signum(), fill.price, after.abs());
                self.slots.exits[slot] = Some(self.new_exits(&entry, fill));
            }
        } else if opened > 0.0 {
            let entry = self.entry(slot, after.signum(), fill.price, opened);
            let acts = self.may_act(slot);
            if let Some(exits) = &mut self.slots.exits[slot] {
                exits.increase(&self.settings.exits, after.abs() - opened, &entry);
                if acts {
                    exits.arm(&self.settings.exits);
                }
            }
        }
        self.note_exits(fill.symbol as usize);
    }

    /// A fill as the exits see it; the distances are those of the latest signal.
    fn entry(&self, slot: usize, side: f64, price: f64, units: f64) -> Entry {
        let context = self.slots.acting[slot];
        Entry {
            side,
            price,
            units,
            atr: context.atr,
            overrides: context.overrides,
        }
    }

    /// The exits of a new position, without any level where none is asked for: a later signal may
    /// bring some.
    fn new_exits(&self, entry: &Entry, fill: &Fill) -> Exits {
        let rules = &self.settings.exits;
        let mut exits = Exits::new(rules, entry);
        if self.settings.intrabar_entry {
            exits.start_bar(rules, self.symbols.atr[fill.symbol as usize]);
        }
        exits
    }

    /// Keeps up which symbols have exits.
    fn note_exits(&mut self, symbol: usize) {
        let mut slots = self.account.slots_of(symbol);
        let has_exits = slots.any(|slot| self.slots.exits[slot].is_some());
        let had_exits = self.symbols.busy[symbol] & EXITS != 0;
        match (had_exits, has_exits) {
            (false, true) => {
                self.symbols.busy[symbol] |= EXITS;
                self.n_exits += 1;
            }
            (true, false) => {
                self.symbols.busy[symbol] &= !EXITS;
                self.n_exits -= 1;
            }
            _ => {}
        }
    }

    /// The position is gone or turned: the rests of its orders are about something else.
    fn drop_rests<S: Sink>(&mut self, fill: &Fill, slot: usize, sink: &mut S) {
        if self.n_waiting == 0 {
            return;
        }
        for queue in QUEUES {
            let order = *self.slots.queue(queue, slot);
            let is_rest = order.is_started || queue == Queue::Forced;
            if order.is_some() && is_rest && order.id != fill.order {
                self.withdraw(queue, slot, reasons::POSITION_CLOSED, sink);
            }
        }
    }
}

/// A fill as the trades see it; `before` is the position before it.
pub fn book_fill(fill: &Fill, before: f64) -> BookFill {
    BookFill {
        slot: fill.slot as usize,
        symbol: fill.symbol,
        time: fill.time,
        bar: 0,
        units: fill.units,
        price: fill.price,
        value: fill.raw_price * fill.point,
        unit_value: fill.point,
        slippage: fill.slippage(),
        commission: fill.commission,
        reason: reason(fill, before),
        source: fill.source,
    }
}

fn reason(fill: &Fill, before: f64) -> Reason {
    let is_reversal = before * fill.units_after < 0.0;
    match fill.cause {
        Cause::Target | Cause::Entry if is_reversal => Reason::Reversal,
        Cause::Target | Cause::Entry | Cause::Exit => Reason::Signal,
        Cause::Order | Cause::Roll => Reason::Order,
        Cause::StopLoss => Reason::StopLoss,
        Cause::TakeProfit => Reason::TakeProfit,
        Cause::Trailing => Reason::Trailing,
        Cause::Time => Reason::Time,
        Cause::Liquidation => Reason::Liquidation,
        Cause::Risk => Reason::RiskLimit,
        Cause::Split => Reason::Split,
        Cause::End => Reason::End,
    }
}

/// Whether a fill has its bar still before it.
pub fn is_before_bar(fill: &Fill) -> bool {
    fill.moment <= Moment::Open
}
