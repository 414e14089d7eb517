//! Steps 3 and 5: all orders that fill at one moment of the bars, in the order of their needs.

use super::Engine;
use super::execute::{Outcome, Ticket};
use super::queue::quantity;
use super::reasons;
use super::record::{Cause, Moment, Sink, State};
use super::state::{Now, QUEUES, Queue, WAITING, Waiting, Want};
use crate::check::RANGE_SLACK;
use crate::costs::Liquidity;
use crate::market::{Columns, at, is_price};
use crate::settings::{FillAt, Sizing};
use std::ops::Range;

/// What asks for a fill at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asker {
    /// An order that waits for the position.
    Waiting(Queue),
    /// The time stop or the stop of the position.
    Exit(Cause),
    /// A take-profit of the position, by its place.
    Take(usize),
    /// An order of the `orders` query, by its place.
    Request(usize),
}

/// An order at a moment, before its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Intent {
    pub(super) slot: usize,
    pub(super) row: usize,
    pub(super) price: f64,
    pub(super) asker: Asker,
    /// The order's number; what has none yet comes last.
    pub(super) id: u64,
    /// Whether its price was met between two prices of the bar.
    pub(super) is_inside: bool,
    /// How much exposure it adds; negative frees some.
    pub(super) need: f64,
}

impl Engine {
    /// Fills what fills at this moment of the bars.
    pub(super) fn fill_at<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        rows: Range<usize>,
        moment: Moment,
        sink: &mut S,
    ) {
        self.intents.clear();
        for row in rows {
            let symbol = columns.symbol[row] as usize;
            if self.symbols.busy[symbol] & WAITING != 0 {
                self.gather_waiting(columns, row, symbol, moment, sink);
            }
            if self.symbols.busy[symbol] & !WAITING != 0 {
                self.gather_resting(columns, row, symbol, moment, sink);
            }
        }
        if self.intents.is_empty() {
            return;
        }
        self.value_now();
        self.sort_intents(columns);
        for i in 0..self.intents.len() {
            let intent = self.intents[i];
            match intent.asker {
                Asker::Waiting(queue) => {
                    self.turn_of_waiting(columns, &intent, queue, moment, sink)
                }
                Asker::Exit(_) | Asker::Take(_) => {
                    self.turn_of_exit(columns, &intent, moment, sink);
                }
                Asker::Request(place) => {
                    self.turn_of_request(columns, &intent, place, moment, sink)
                }
            }
        }
    }

    /// Values the account at its marks.
    pub(super) fn value_now(&mut self) {
        let value = self.account.value();
        let equity = self.account.cash + value.positions;
        self.now = Now {
            equity,
            gross: value.gross,
            sizing_equity: equity,
        };
    }

    fn gather_waiting<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        moment: Moment,
        sink: &mut S,
    ) {
        for slot in self.account.slots_of(symbol) {
            for queue in QUEUES {
                let waiting = *self.slots.queue(queue, slot);
                if waiting.moment != moment || !waiting.is_some() {
                    continue;
                }
                let price = self.price_at(columns, row, moment);
                if !is_price(price) {
                    self.counts.delayed += 1;
                    continue;
                }
                if moment == Moment::Average && is_outside(columns, row, price) {
                    self.end_waiting(queue, slot, State::Rejected, reasons::OUTSIDE_BAR, sink);
                    continue;
                }
                self.intents.push(Intent {
                    slot,
                    row,
                    price,
                    asker: Asker::Waiting(queue),
                    id: waiting.id,
                    is_inside: false,
                    need: 0.0,
                });
            }
        }
    }

    /// The price of a moment of a bar; unknown in a halted bar.
    pub(super) fn price_at(&self, columns: &Columns<'_>, row: usize, moment: Moment) -> f64 {
        let close = columns.close[row];
        let price = match (moment, self.settings.fill) {
            (Moment::Open, _) => at(columns.open, row),
            (Moment::Average, FillAt::Price) => at(columns.price, row),
            (Moment::Average, _) if !columns.vwap.is_empty() => columns.vwap[row],
            (Moment::Average, _) => (at(columns.high, row) + at(columns.low, row) + close) / 3.0,
            _ => close,
        };
        if is_price(close) { price } else { f64::NAN }
    }

    fn sort_intents(&mut self, columns: &Columns<'_>) {
        if self.intents.len() < 2 {
            return;
        }
        let mut intents = std::mem::take(&mut self.intents);
        // Equal weights need the same, whatever their last places say.
        let same = match SAME_NEED * self.now.sizing_equity.abs() {
            0.0 => 1.0,
            same => same,
        };
        for intent in &mut intents {
            let need = self.need(columns, intent);
            // What has no rate will be rejected, and adds nothing.
            let n_same = if need.is_nan() { 0.0 } else { need / same };
            // Minus nothing is nothing, which a total order does not know.
            intent.need = n_same.round() + 0.0;
        }
        intents.sort_by(|a, b| {
            let by_need = a.need.total_cmp(&b.need);
            by_need.then(a.row.cmp(&b.row)).then(a.id.cmp(&b.id))
        });
        self.intents = intents;
    }

    /// The exposure that an order adds if it is filled alone and whole.
    fn need(&self, columns: &Columns<'_>, intent: &Intent) -> f64 {
        let symbol = self.account.symbol_of(intent.slot);
        let unit_value = intent.price * self.account.point[symbol];
        let held = self.account.units[intent.slot];
        let added = |units: f64| ((held + units).abs() - held.abs()) * unit_value;
        match intent.asker {
            Asker::Take(place) => {
                let units = self.take(intent.slot, place).map_or(0.0, |take| take.units);
                -units.min(held.abs()) * unit_value
            }
            Asker::Exit(_) => -held.abs() * unit_value,
            Asker::Request(place) => added(self.requested_units(place, intent.slot)),
            Asker::Waiting(queue) => {
                let order = &self.slots.waiting[queue as usize][intent.slot];
                match order.want {
                    Want::Target(target) => {
                        let wanted = match self.settings.sizing {
                            Sizing::Weight => target.abs() * self.now.sizing_equity,
                            Sizing::Units => target.abs() * unit_value,
                        };
                        wanted - held.abs() * unit_value
                    }
                    _ => match self.wanted_units(columns, intent, order) {
                        Ok((units, _)) => added(units),
                        Err(_) => 0.0,
                    },
                }
            }
        }
    }

    pub(super) fn turn_of_waiting<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        intent: &Intent,
        queue: Queue,
        moment: Moment,
        sink: &mut S,
    ) {
        let slot = intent.slot;
        let order = *self.slots.queue(queue, slot);
        if order.id != intent.id || !order.is_some() {
            return;
        }
        if self.is_shut(columns, intent.row, intent.price) {
            return self.settle_waiting(queue, slot, &order, 0.0, Outcome::Waits, sink);
        }
        let (units, after) = match self.wanted_units(columns, intent, &order) {
            Ok(wanted) => wanted,
            Err((state, reason)) => return self.end_waiting(queue, slot, state, reason, sink),
        };
        let ticket = self.ticket(intent, &order, units, after, moment);
        let outcome = self.execute(columns, &ticket, sink);
        self.settle_waiting(queue, slot, &order, units, outcome, sink);
    }

    pub(super) fn ticket(
        &self,
        intent: &Intent,
        order: &Waiting,
        units: f64,
        after: f64,
        moment: Moment,
    ) -> Ticket {
        Ticket {
            slot: intent.slot,
            row: intent.row,
            id: order.id,
            units,
            after,
            price: intent.price,
            is_limit: false,
            liquidity: Liquidity::Taker,
            is_first: !order.is_started,
            is_first_try: !order.is_tried && !order.is_forced(),
            is_target: order.cause == Cause::Target,
            is_whole: false,
            cause: order.cause,
            moment,
            source: order.source,
        }
    }

    /// Where an order stands after its turn.
    pub(super) fn settle_waiting<S: Sink>(
        &mut self,
        queue: Queue,
        slot: usize,
        order: &Waiting,
        units: f64,
        outcome: Outcome,
        sink: &mut S,
    ) {
        self.tell_outcome(slot, order, units, outcome, sink);
        match outcome {
            // A fill may have withdrawn it; the rest of the position is then still wanted.
            Outcome::Part { filled, .. } => {
                let rest = Waiting {
                    want: Want::Units(units - filled),
                    is_tried: true,
                    is_started: true,
                    ..*order
                };
                self.wait(queue, slot, rest);
            }
            Outcome::Waits => {}
            _ => self.unwait(queue, slot),
        }
    }

    /// Counts and tells what became of an order at its turn.
    pub(super) fn tell_outcome<S: Sink>(
        &mut self,
        slot: usize,
        order: &Waiting,
        units: f64,
        outcome: Outcome,
        sink: &mut S,
    ) {
        let symbol = self.account.symbol_of(slot);
        let wanted = quantity(order.want);
        let mut tell = |state, reason, units, price| {
            self.tell_at(sink, symbol, order, (state, reason), units, price);
        };
        match outcome {
            Outcome::Whole => tell(State::Filled, "", units, self.last_price),
            Outcome::Part { filled, price } => tell(State::PartiallyFilled, "", filled, price),
            Outcome::Cut {
                filled,
                price,
                reason,
            } => {
                tell(State::PartiallyFilled, "", filled, price);
                tell(State::Cancelled, reason, units - filled, f64::NAN);
                self.counts.reduced += 1;
            }
            Outcome::Waits => self.counts.delayed += 1,
            Outcome::Rejected(reason) => {
                tell(State::Rejected, reason, wanted, f64::NAN);
                self.counts.rejected += 1;
            }
            Outcome::Nothing => tell(State::Cancelled, reasons::NOTHING_TO_DO, wanted, f64::NAN),
        }
    }

    /// Ends an order without a fill.
    pub(super) fn end_waiting<S: Sink>(
        &mut self,
        queue: Queue,
        slot: usize,
        state: State,
        reason: &'static str,
        sink: &mut S,
    ) {
        let order = *self.slots.queue(queue, slot);
        self.unwait(queue, slot);
        match state {
            State::Rejected => self.counts.rejected += 1,
            State::Expired => self.counts.expired += 1,
            _ => {}
        }
        let symbol = self.account.symbol_of(slot);
        self.tell(sink, symbol, &order, state, quantity(order.want), reason);
    }
}

/// Exposures closer to each other than this, as a fraction of equity, are equal.
const SAME_NEED: f64 = 1e-9;

/// Whether a price is not one of its bar.
pub(super) fn is_outside(columns: &Columns<'_>, row: usize, price: f64) -> bool {
    let (low, high) = (at(columns.low, row), at(columns.high, row));
    price < low - RANGE_SLACK * price || price > high + RANGE_SLACK * price
}
