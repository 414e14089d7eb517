//! Orders that wait for the price of their position.

use super::Engine;
use super::record::{Sink, State, Transition};
use super::state::{QUEUES, Queue, WAITING, Waiting, Want};

impl Engine {
    /// Puts an order where it waits.
    pub(super) fn wait(&mut self, queue: Queue, slot: usize, order: Waiting) {
        let place = self.slots.queue(queue, slot);
        let before = std::mem::replace(place, order);
        if !before.is_some() {
            self.n_waiting += 1;
            let symbol = self.account.symbol_of(slot);
            self.symbols.busy[symbol] |= WAITING;
        }
    }

    /// Takes an order out of where it waits.
    pub(super) fn unwait(&mut self, queue: Queue, slot: usize) {
        let place = self.slots.queue(queue, slot);
        if !std::mem::replace(place, Waiting::NONE).is_some() {
            return;
        }
        self.n_waiting -= 1;
        let symbol = self.account.symbol_of(slot);
        let is_left = self.account.slots_of(symbol).any(|slot| {
            let slots = &mut self.slots;
            QUEUES.iter().any(|q| slots.queue(*q, slot).is_some())
        });
        if !is_left {
            self.symbols.busy[symbol] &= !WAITING;
        }
    }

    /// Cancels an order that waits.
    pub(super) fn withdraw<S: Sink>(
        &mut self,
        queue: Queue,
        slot: usize,
        reason: &'static str,
        sink: &mut S,
    ) {
        let order = *self.slots.queue(queue, slot);
        if order.is_some() {
            self.unwait(queue, slot);
            let symbol = self.account.symbol_of(slot);
            self.tell(
                sink,
                symbol,
                &order,
                State::Cancelled,
                quantity(order.want),
                reason,
            );
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// An order that is accepted as it is made.
    pub(super) fn tell_new<S: Sink>(
        &self,
        symbol: usize,
        order: &Waiting,
        units: f64,
        sink: &mut S,
    ) {
        self.tell(sink, symbol, order, State::Submitted, units, "");
        self.tell(sink, symbol, order, State::Accepted, units, "");
    }

    pub(super) fn tell<S: Sink>(
        &self,
        sink: &mut S,
        symbol: usize,
        order: &Waiting,
        state: State,
        units: f64,
        reason: &'static str,
    ) {
        self.tell_at(sink, symbol, order, (state, reason), units, f64::NAN);
    }

    pub(super) fn tell_at<S: Sink>(
        &self,
        sink: &mut S,
        symbol: usize,
        order: &Waiting,
        (state, reason): (State, &'static str),
        units: f64,
        price: f64,
    ) {
        if !sink.wants_transitions() {
            return;
        }
        sink.transition(&Transition {
            time: self.clock.time,
            ts: self.clock.ts,
            order: order.id,
            symbol: symbol as u32,
            cause: order.cause,
            state,
            units,
            price,
            reason,
            request: None,
        });
    }
}

/// The units of an order as far as they are known before its fill.
pub(super) fn quantity(want: Want) -> f64 {
    match want {
        Want::Units(units) => units,
        _ => f64::NAN,
    }
}
