//! Orders of the `orders` query at the open, at the close and where the path meets them.

use super::book::Resting;
use super::execute::{Outcome, Ticket};
use super::moment::{Asker, Intent};
use super::record::{Cause, Moment, Sink, State};
use super::state::{EXITS, RESTING};
use super::{Engine, reasons};
use crate::costs::Liquidity;
use crate::limits::guard::day_of;
use crate::market::{Columns, is_price};
use crate::request::{OrderType, TimeInForce};

impl Resting {
    /// The price that makes it a market or limit order, NaN for none.
    pub(super) fn stop_now(&self) -> f64 {
        match (self.order_type, self.trail) {
            (OrderType::Stop | OrderType::StopLimit, _) => self.stop,
            (OrderType::Trailing, Some(trail)) => trail.stop(),
            _ => f64::NAN,
        }
    }

    /// Whether a bar without an open ends it.
    fn misses_its_open(&self) -> bool {
        self.order_type == OrderType::MarketOnOpen
            && !self.is_started
            && !matches!(self.tif, TimeInForce::Ioc | TimeInForce::Fok)
    }

    /// Whether a bar of the symbol with this number is one of its own.
    pub(super) fn lives_in(&self, bar: u32) -> bool {
        !self.is_held_back && bar > self.active_after
    }

    /// Whether it acts in this bar.
    pub(super) fn acts_in(&self, bar: u32) -> bool {
        self.lives_in(bar) && self.blocked_in != bar
    }
}

impl Engine {
    /// Gathers what of a symbol fills at the open or the close of its bar.
    pub(super) fn gather_resting<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        moment: Moment,
        sink: &mut S,
    ) {
        let busy = self.symbols.busy[symbol];
        let price = self.price_at(columns, row, moment);
        if busy & EXITS != 0 && moment == Moment::Open {
            for slot in self.account.slots_of(symbol) {
                self.gather_exit(row, slot, symbol, price);
            }
        }
        if busy & RESTING == 0 {
            return;
        }
        let bar = self.symbols.n_bars[symbol];
        // Backwards, because one that expires is taken out of the list.
        for i in (0..self.book.of_symbol(symbol).len()).rev() {
            let Some(&place) = self.book.of_symbol(symbol).get(i) else {
                continue;
            };
            let slot = self.slot_of_request(place);
            let today = day_of(self.clock.ts);
            let Some(order) = self.book.get_mut(place).filter(|o| o.acts_in(bar)) else {
                continue;
            };
            if moment == Moment::Open {
                order.first_day.get_or_insert(today);
                // What it met at its trigger was of that bar.
                order.triggered_at = f64::NAN;
            }
            let is_met = match order.order_type {
                OrderType::Market | OrderType::MarketOnOpen => moment == Moment::Open,
                OrderType::MarketOnClose => moment == Moment::Close,
                _ if moment != Moment::Open => false,
                OrderType::Limit => (order.limit - price) * order.side >= 0.0,
                _ => (price - order.stop_now()) * order.side >= 0.0,
            };
            if !is_met {
                continue;
            }
            if !is_price(price) {
                if order.misses_its_open() {
                    self.end_request(place, State::Expired, reasons::NO_OPEN, sink);
                }
                continue;
            }
            self.intents.push(Intent {
                slot,
                row,
                price,
                asker: Asker::Request(place),
                id: order.id,
                is_inside: false,
                need: 0.0,
            });
        }
    }

    /// The position that an order works on.
    pub(super) fn slot_of_request(&self, place: usize) -> usize {
        let reduces = self.book.request(place).reduce_only;
        let Some(order) = self.book.get(place) else {
            return 0;
        };
        let side = if reduces { -order.side } else { order.side };
        self.account.slot_of(order.symbol, side)
    }

    /// The signed units that an order asks for now.
    pub(super) fn requested_units(&self, place: usize, slot: usize) -> f64 {
        let Some(order) = self.book.get(place) else {
            return 0.0;
        };
        let held = self.account.units[slot];
        let left = match self.book.request(place).reduce_only {
            false => order.left,
            true if held * order.side < 0.0 => order.left.min(held.abs()),
            true => 0.0,
        };
        order.side * left
    }

    /// An order of the query at a price that it may fill at.
    pub(super) fn turn_of_request<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        intent: &Intent,
        place: usize,
        moment: Moment,
        sink: &mut S,
    ) {
        let Some(order_type) = self.book.get(place).map(|o| o.order_type) else {
            return;
        };
        // What triggers at its stop takes liquidity, even if it becomes a limit order by that.
        let is_maker = order_type == OrderType::Limit && intent.is_inside;
        let slot = intent.slot;
        self.trigger(place, intent.price, sink);
        let Some(order) = self.book.get(place).copied() else {
            return;
        };
        let is_limit = order.order_type == OrderType::Limit;
        if is_limit && (order.limit - intent.price) * order.side < 0.0 {
            return;
        }
        if self.is_shut(columns, intent.row, intent.price) {
            return self.settle_request(place, 0.0, Outcome::Waits, moment, sink);
        }
        let units = self.requested_units(place, slot);
        if units == 0.0 {
            let reason = reasons::NOTHING_TO_REDUCE;
            return self.end_request(place, State::Cancelled, reason, sink);
        }
        let held = self.account.units[slot];
        let ticket = Ticket {
            slot,
            row: intent.row,
            id: order.id,
            units,
            after: if units == -held { 0.0 } else { held + units },
            price: intent.price,
            is_limit,
            liquidity: if is_maker {
                Liquidity::Maker
            } else {
                Liquidity::Taker
            },
            is_first: !order.is_started,
            is_first_try: !order.is_tried,
            is_target: false,
            is_whole: order.tif == TimeInForce::Fok,
            cause: Cause::Order,
            moment,
            source: self.book.request(place).source,
        };
        let outcome = self.execute(columns, &ticket, sink);
        self.settle_request(place, units, outcome, moment, sink);
    }

    /// A stop that is reached is a market or limit order from now on.
    pub(super) fn trigger<S: Sink>(&mut self, place: usize, price: f64, sink: &mut S) {
        let Some(order) = self.book.get_mut(place) else {
            return;
        };
        order.order_type = match order.order_type {
            OrderType::Stop | OrderType::Trailing => OrderType::Market,
            OrderType::StopLimit => OrderType::Limit,
            _ => return,
        };
        order.triggered_at = price;
        let order = *order;
        let mut transition = self.transition(&order, State::Triggered, order.side * order.left, "");
        transition.price = price;
        sink.transition(&transition);
    }

    fn settle_request<S: Sink>(
        &mut self,
        place: usize,
        units: f64,
        outcome: Outcome,
        moment: Moment,
        sink: &mut S,
    ) {
        match outcome {
            Outcome::Whole => {
                self.took_part(place, units, sink);
                let left = self.book.get(place).map_or(0.0, |o| o.left);
                if left <= 0.0 {
                    self.complete_request(place, units, moment, sink);
                } else {
                    self.tell_part(place, units, self.last_price, sink);
                    self.end_request(place, State::Cancelled, reasons::NOTHING_TO_REDUCE, sink);
                }
            }
            Outcome::Cut {
                filled,
                price,
                reason,
            } => {
                self.counts.reduced += 1;
                self.took_part(place, filled, sink);
                self.tell_part(place, filled, price, sink);
                self.end_request(place, State::Cancelled, reason, sink);
            }
            Outcome::Part { filled, price } => {
                self.took_part(place, filled, sink);
                self.tell_part(place, filled, price, sink);
                self.block(place);
            }
            Outcome::Waits if self.is_fill_or_kill(place) => {
                let reason = reasons::NOT_AT_ONCE;
                self.end_request(place, State::Cancelled, reason, sink);
            }
            Outcome::Waits => {
                self.counts.delayed += 1;
                self.block(place);
            }
            Outcome::Rejected(reason) => self.end_request(place, State::Rejected, reason, sink),
            Outcome::Nothing => {}
        }
    }

    /// Part of an order was filled: its group is cancelled.
    fn took_part<S: Sink>(&mut self, place: usize, filled: f64, sink: &mut S) {
        if let Some(order) = self.book.get_mut(place) {
            let is_all = (order.left - filled.abs()).abs() <= 1e-12 * order.left;
            order.left = if is_all {
                0.0
            } else {
                order.left - filled.abs()
            };
            order.is_started = true;
            order.is_tried = true;
        }
        self.cancel_group(place, sink);
    }

    fn tell_part<S: Sink>(&mut self, place: usize, filled: f64, price: f64, sink: &mut S) {
        if let Some(order) = self.book.get(place) {
            let mut transition = self.transition(order, State::PartiallyFilled, filled, "");
            transition.price = price;
            sink.transition(&transition);
        }
    }

    fn is_fill_or_kill(&self, place: usize) -> bool {
        let order = self.book.get(place);
        order.is_some_and(|o| o.tif == TimeInForce::Fok)
    }

    /// An order that volume cut is not tried again in this bar.
    fn block(&mut self, place: usize) {
        let Some(order) = self.book.get_mut(place) else {
            return;
        };
        order.blocked_in = self.symbols.n_bars[order.symbol];
    }

    /// The bar of a fill was the first one of the orders that it woke up for the rest of the path.
    pub(super) fn note_first_bar(&mut self, symbol: usize) {
        let (bar, today) = (self.symbols.n_bars[symbol], day_of(self.clock.ts));
        for i in 0..self.book.of_symbol(symbol).len() {
            let place = self.book.of_symbol(symbol)[i];
            if let Some(order) = self.book.get_mut(place).filter(|o| o.lives_in(bar)) {
                order.first_day.get_or_insert(today);
            }
        }
    }
}
