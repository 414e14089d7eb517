//! Steps 1 and 2: corporate actions, and what time costs.

use super::Engine;
use super::execute::Ticket;
use super::record::{Cause, Fill, Flow, FlowKind, Moment, Rescale, Sink, State};
use super::state::{Waiting, Want};
use crate::actions::{Roll, Split, dividend_flow};
use crate::costs::Liquidity;
use crate::costs::financing::{funding_flow, years_between};
use crate::market::{Columns, at};
use crate::settings::Sizing;
use crate::sizing::SizeType;
use crate::stops::StopUnit;
use std::ops::Range;

impl Engine {
    /// Step 1: split, then dividend, then roll of each of these bars.
    pub(super) fn act<S: Sink>(&mut self, columns: &Columns<'_>, rows: Range<usize>, sink: &mut S) {
        for row in rows {
            let symbol = columns.symbol[row] as usize;
            if let Some(split) = Split::try_new(at(columns.split, row)) {
                self.split(row, symbol, &split, sink);
            }
            let dividend = at(columns.dividend, row);
            if dividend.is_finite() && dividend != 0.0 {
                self.pay_dividend(symbol, dividend, sink);
            }
            if let Some(roll) = Roll::try_new(self.account.marks[symbol], at(columns.roll, row)) {
                self.roll(columns, row, symbol, &roll, sink);
            }
        }
    }

    fn split<S: Sink>(&mut self, row: usize, symbol: usize, split: &Split, sink: &mut S) {
        let ratio = split.ratio();
        self.tell_event(sink, Some(symbol), "split", ratio, f64::NAN);
        self.account.marks[symbol] /= ratio;
        if self.features.correlations {
            let mark = self.account.marks[symbol];
            self.watch.correlations.rescale(symbol, mark);
        }
        if self.settings.sizing == Sizing::Units {
            self.symbols.target[symbol] *= ratio;
        }
        self.symbols.atr[symbol] /= ratio;
        let rescale = Rescale {
            time: self.clock.time,
            symbol: symbol as u32,
            ratio,
            shift: 0.0,
            entry_shift: 0.0,
        };
        sink.rescale(&rescale, &self.account);
        if let Some(trades) = &mut self.watch.trades {
            trades.rescale(&rescale, &self.account);
        }
        self.book.split(symbol, ratio);
        for slot in self.account.slots_of(symbol) {
            self.split_slot(row, slot, symbol, split, sink);
        }
    }

    fn split_slot<S: Sink>(
        &mut self,
        row: usize,
        slot: usize,
        symbol: usize,
        split: &Split,
        sink: &mut S,
    ) {
        let ratio = split.ratio();
        if let Some(basis) = self.account.basis.get_mut(slot) {
            *basis /= ratio;
        }
        let size = &self.settings.entries.size;
        for queue in &mut self.slots.waiting {
            let order = &mut queue[slot];
            match &mut order.want {
                Want::Units(units) => *units *= ratio,
                Want::Target(target) if self.settings.sizing == Sizing::Units => *target *= ratio,
                Want::Entry { size: own, .. } if size.size_type == SizeType::Units => {
                    let units = if own.is_finite() { *own } else { size.size };
                    *own = units * ratio;
                }
                _ => {}
            }
        }
        let is_price = self.settings.exits.unit == StopUnit::Price;
        for context in [&mut self.slots.context[slot], &mut self.slots.acting[slot]] {
            context.atr /= ratio;
            if !is_price {
                continue;
            }
            context.overrides.stop_loss /= ratio;
            context.overrides.take_profit /= ratio;
            context.overrides.trailing /= ratio;
        }
        if let Some(exits) = &mut self.slots.exits[slot] {
            exits.split(&self.settings.exits, ratio);
        }
        let held = self.account.units[slot];
        let units = split.units(held, self.settings.lot);
        self.account.set_units(slot, split.quantity(held));
        if units.paid_out != 0.0 {
            self.pay_out(row, slot, symbol, units.kept, units.paid_out, sink);
        }
    }

    /// Cash for what a split leaves below a lot, at the mark and without costs.
    fn pay_out<S: Sink>(
        &mut self,
        row: usize,
        slot: usize,
        symbol: usize,
        kept: f64,
        paid_out: f64,
        sink: &mut S,
    ) {
        let price = self.account.marks[symbol];
        let before = self.account.units[slot];
        let fill = Fill {
            time: self.clock.time,
            ts: self.clock.ts,
            row: self.clock.first_row + row,
            symbol: symbol as u32,
            slot: slot as u32,
            order: self.next_id(),
            units: -paid_out,
            units_after: kept,
            raw_price: price,
            price,
            point: self.account.point[symbol],
            commission: 0.0,
            cause: Cause::Split,
            moment: Moment::Before,
            source: 0,
        };
        self.account.book(slot, -paid_out, price, kept, 0.0);
        self.tally.traded += fill.value();
        sink.fill(&fill);
        self.position_changed(&fill, before, 0.0, sink);
    }

    fn pay_dividend<S: Sink>(&mut self, symbol: usize, dividend: f64, sink: &mut S) {
        self.tell_event(sink, Some(symbol), "dividend", dividend, f64::NAN);
        for slot in self.account.slots_of(symbol) {
            let units = self.account.units[slot];
            let amount = dividend_flow(units, dividend, self.account.point[symbol]);
            self.pay(Some(slot), FlowKind::Dividend, amount, sink);
        }
    }

    /// Books money that comes without a fill.
    fn pay<S: Sink>(&mut self, slot: Option<usize>, kind: FlowKind, amount: f64, sink: &mut S) {
        if amount == 0.0 || !amount.is_finite() {
            return;
        }
        self.account.cash += amount;
        sink.flow(&Flow {
            time: self.clock.time,
            ts: self.clock.ts,
            slot: slot.map(|s| s as u32),
            symbol: slot.map(|s| self.account.symbol_of(s) as u32),
            kind,
            amount,
        });
    }

    /// Closes the old contract at its last mark and opens the new one.
    fn roll<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        roll: &Roll,
        sink: &mut S,
    ) {
        self.tell_event(sink, Some(symbol), "roll", roll.new_price, f64::NAN);
        if self.features.correlations {
            self.watch.correlations.rescale(symbol, roll.new_price);
        }
        self.value_now();
        for slot in self.account.slots_of(symbol) {
            let units = self.account.units[slot];
            if units == 0.0 {
                continue;
            }
            let prices = roll
                .legs(units)
                .map(|(units, price)| self.roll_leg(columns, row, slot, (units, price), sink));
            let entry_shift = prices[1] - prices[0];
            if let Some(exits) = &mut self.slots.exits[slot] {
                exits.shift(&self.settings.exits, roll.shift());
            }
            let rescale = Rescale {
                time: self.clock.time,
                symbol: symbol as u32,
                ratio: 1.0,
                shift: roll.shift(),
                entry_shift,
            };
            sink.rescale(&rescale, &self.account);
        }
        self.account.marks[symbol] = roll.new_price;
    }

    /// One leg of a roll, as an order of the position's size; returns its fill price.
    fn roll_leg<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        slot: usize,
        (units, price): (f64, f64),
        sink: &mut S,
    ) -> f64 {
        let symbol = self.account.symbol_of(slot);
        self.account.marks[symbol] = price;
        let after = self.account.units[slot] + units;
        let ticket = Ticket {
            slot,
            row,
            id: self.next_id(),
            units,
            after,
            price,
            is_limit: false,
            liquidity: Liquidity::Taker,
            is_first: true,
            is_first_try: false,
            is_target: false,
            is_whole: false,
            cause: Cause::Roll,
            moment: Moment::Before,
            source: 0,
        };
        self.book_whole(columns, &ticket, sink)
    }

    /// The end of the data: a position is sold at its mark as by a market order.
    pub(super) fn close_slot<S: Sink>(&mut self, columns: &Columns<'_>, slot: usize, sink: &mut S) {
        let symbol = self.account.symbol_of(slot);
        let units = -self.account.units[slot];
        let order = Waiting {
            id: self.next_id(),
            want: Want::Units(units),
            cause: Cause::End,
            made_at: self.clock.time,
            ..Waiting::NONE
        };
        self.tell_new(symbol, &order, units, sink);
        let ticket = Ticket {
            slot,
            row: self.symbols.last_row[symbol],
            id: order.id,
            units,
            after: 0.0,
            price: self.account.marks[symbol],
            is_limit: false,
            liquidity: Liquidity::Taker,
            is_first: true,
            is_first_try: false,
            is_target: false,
            is_whole: false,
            cause: Cause::End,
            moment: Moment::Close,
            source: 0,
        };
        let price = self.book_whole(columns, &ticket, sink);
        self.tell_at(sink, symbol, &order, (State::Filled, ""), units, price);
    }

    /// Step 2: interest, borrow fees and funding since the timestamp before.
    pub(super) fn finance<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        rows: Range<usize>,
        sink: &mut S,
    ) {
        let years = match self.clock.before {
            Some(before) => years_between(before, self.clock.ts),
            None => 0.0,
        };
        let financing = self.settings.costs.financing;
        if years > 0.0 {
            let cash = if self.features.futures {
                self.account.cash + self.account.value().positions
            } else {
                self.account.cash
            };
            let interest = financing.interest(cash, years);
            self.pay(None, FlowKind::Interest, interest, sink);
            for i in 0..self.account.held.len() {
                let slot = self.account.held[i] as usize;
                let own = self.symbols.borrow[self.account.symbol_of(slot)];
                let value = self.account.exposure(slot);
                let fee = financing.borrow_flow(value, own, years);
                self.pay(Some(slot), FlowKind::Borrow, fee, sink);
            }
        }
        for row in rows {
            let symbol = columns.symbol[row] as usize;
            let rate = at(columns.funding, row);
            if rate.is_finite() {
                for slot in self.account.slots_of(symbol) {
                    let amount = funding_flow(self.account.exposure(slot), rate);
                    self.pay(Some(slot), FlowKind::Funding, amount, sink);
                }
            }
            let borrow = at(columns.borrow, row);
            if borrow.is_finite() {
                self.symbols.borrow[symbol] = borrow;
            }
        }
    }

    /// Cancels every order of the query.
    pub(super) fn cancel_requests<S: Sink>(&mut self, reason: &'static str, sink: &mut S) {
        for place in self.book.places() {
            self.end_request(place, State::Cancelled, reason, sink);
        }
    }
}
