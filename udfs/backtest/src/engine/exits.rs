//! Exits attached to positions: at the open, and where the path meets them.

use super::Engine;
use super::execute::{Outcome, Ticket};
use super::moment::{Asker, Intent};
use super::queue::quantity;
use super::reasons;
use super::record::{Cause, Moment, Sink, State};
use super::state::{Queue, Waiting, Want};
use crate::costs::Liquidity;
use crate::market::{Columns, is_price};
use crate::settings::Settings;
use crate::stops::levels::MAX_LEVELS;
use crate::stops::{Exits, StopKind, Take};

/// Sorts behind every order that has a number.
const NO_ID: u64 = u64::MAX;

impl Engine {
    /// The start of a bar for the exits of a position, and what of them fills at its open.
    pub(super) fn gather_exit(&mut self, row: usize, slot: usize, symbol: usize, open: f64) {
        let atr = self.symbols.atr[symbol];
        let is_entry_bar = self.slots.entered_at[slot] >= self.clock.time;
        let Some(exits) = self.slots.exits[slot].as_mut().filter(|_| !is_entry_bar) else {
            return;
        };
        let side = self.account.units[slot].signum();
        exits.start_bar(&self.settings.exits, atr);
        // A signal that increased the position at the last close may have brought other distances.
        exits.arm(&self.settings.exits);
        let (stop, kind) = (exits.stop(), exits.stop_kind());
        let n_bars = self.symbols.n_bars[symbol] - self.slots.entered_bar[slot];
        let is_over = self
            .settings
            .exits
            .max_bars
            .is_some_and(|max| n_bars >= max);
        if !is_price(open) || !self.exits_act(slot) {
            return;
        }
        // A second one that the open has met fills where the path begins.
        let take = self.nearest_take(slot);
        let mut met = |asker: Asker| {
            self.intents.push(Intent {
                slot,
                row,
                price: open,
                asker,
                id: NO_ID,
                is_inside: false,
                need: 0.0,
            });
        };
        if is_over {
            return met(Asker::Exit(Cause::Time));
        }
        if (open - stop) * side <= 0.0 {
            return met(Asker::Exit(cause_of(kind)));
        }
        if let Some(take) = take.filter(|take| (open - take.price) * side >= 0.0) {
            met(Asker::Take(take.place));
        }
    }

    /// Whether the exits of a position are in force: a stop that triggered comes first.
    pub(super) fn exits_act(&self, slot: usize) -> bool {
        let forced = &self.slots.waiting[Queue::Forced as usize][slot];
        let is_stop = matches!(
            forced.cause,
            Cause::StopLoss | Cause::Trailing | Cause::Time
        );
        let has_stopped = || self.slots.stopped.iter().any(|stop| stop.0 == slot);
        let is_stopping = forced.is_some() && (is_stop || has_stopped());
        let is_blocked = self.slots.blocked_at[slot] == self.clock.time;
        !is_stopping && !is_blocked && self.may_act(slot)
    }

    /// Whether exits may act at this timestamp: not in the bar of their entry, unless asked for.
    pub(super) fn may_act(&self, slot: usize) -> bool {
        self.slots.entered_at[slot] < self.clock.time || self.settings.intrabar_entry
    }

    pub(super) fn turn_of_exit<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        intent: &Intent,
        moment: Moment,
        sink: &mut S,
    ) {
        let slot = intent.slot;
        let held = self.account.units[slot];
        let (cause, place) = match intent.asker {
            Asker::Take(place) => (Cause::TakeProfit, place),
            Asker::Exit(cause) => (cause, MAX_LEVELS),
            _ => return,
        };
        let is_take = cause == Cause::TakeProfit;
        let units = match self.take(slot, place) {
            Some(take) => take.units.min(held.abs()),
            None if is_take => return,
            None => held.abs(),
        };
        // At the open it was the position before that met it.
        let is_other = moment == Moment::Open && self.slots.entered_at[slot] >= self.clock.time;
        if held == 0.0 || is_other || self.slots.exits[slot].is_none() {
            return;
        }
        let is_shut = self.is_shut(columns, intent.row, intent.price);
        if is_take && is_shut {
            return self.took_profit(slot, place, 0.0, Outcome::Waits);
        }
        let wanted = if is_take { units } else { held.abs() };
        let symbol = self.account.symbol_of(slot);
        let (units, after) = if wanted == held.abs() {
            (-held, 0.0)
        } else {
            let units = -wanted.copysign(held);
            (units, held + units)
        };
        let known = self
            .open_takes
            .iter()
            .position(|t| is_take && (t.0, t.1) == (slot, place));
        let order = match known.map(|i| self.open_takes.swap_remove(i)) {
            Some((_, _, order)) => order,
            None => {
                let order = Waiting {
                    id: self.next_id(),
                    want: Want::Units(units),
                    cause,
                    made_at: self.clock.time,
                    ..Waiting::NONE
                };
                self.tell_new(symbol, &order, units, sink);
                order
            }
        };
        let ticket = Ticket {
            is_limit: is_take,
            liquidity: if is_take && intent.is_inside {
                Liquidity::Maker
            } else {
                Liquidity::Taker
            },
            ..self.ticket(intent, &order, units, after, moment)
        };
        let outcome = if is_shut {
            Outcome::Waits
        } else {
            self.execute(columns, &ticket, sink)
        };
        if is_take {
            self.took_profit(slot, place, units, outcome);
        }
        self.settle_exit(&order, (slot, place), units, outcome, sink);
    }

    fn settle_exit<S: Sink>(
        &mut self,
        order: &Waiting,
        (slot, place): (usize, usize),
        units: f64,
        outcome: Outcome,
        sink: &mut S,
    ) {
        self.tell_outcome(slot, order, units, outcome, sink);
        let is_take = order.cause == Cause::TakeProfit;
        match outcome {
            Outcome::Part { filled, .. } => {
                self.rest_of_exit(order, (slot, place), units - filled, true, sink);
            }
            Outcome::Waits => self.rest_of_exit(order, (slot, place), units, false, sink),
            Outcome::Rejected(_) if is_take => self.dead_takes.push((slot, place)),
            Outcome::Rejected(_) => self.slots.blocked_at[slot] = self.clock.time,
            Outcome::Whole | Outcome::Cut { .. } | Outcome::Nothing => {}
        }
    }

    /// A stop that could not fill whole is a market order from now on; a take-profit stays where
    /// it is.
    fn rest_of_exit<S: Sink>(
        &mut self,
        order: &Waiting,
        (slot, place): (usize, usize),
        rest: f64,
        is_started: bool,
        sink: &mut S,
    ) {
        let side = self.account.units[slot].signum();
        let is_unsized = order.cause == Cause::Time && !is_started;
        let rest = Waiting {
            // A time stop closes what there is at its first fill.
            want: if is_unsized {
                Want::Close { side }
            } else {
                Want::Units(rest)
            },
            moment: Moment::Open,
            is_tried: is_started,
            is_started,
            ..*order
        };
        if order.cause == Cause::TakeProfit {
            self.open_takes.push((slot, place, rest));
        } else if self.closes_whole(slot) {
            // One order does it; the stop stands in for it should it be withdrawn.
            self.slots.stopped.push((slot, rest));
        } else {
            self.withdraw(Queue::Forced, slot, reasons::REPLACED, sink);
            self.wait(Queue::Forced, slot, rest);
        }
    }

    /// Whether an order waits that closes the whole position.
    fn closes_whole(&mut self, slot: usize) -> bool {
        let held = self.account.units[slot].abs();
        match self.slots.queue(Queue::Forced, slot).want {
            Want::Close { .. } => true,
            Want::Units(units) => units.abs() >= held,
            _ => false,
        }
    }

    /// The stop of a position that triggered beside a closing of the whole position.
    pub(super) fn take_stopped(&mut self, slot: usize) -> Option<Waiting> {
        let place = self.slots.stopped.iter().position(|s| s.0 == slot)?;
        Some(self.slots.stopped.swap_remove(place).1)
    }

    /// Cancels it.
    pub(super) fn drop_stopped<S: Sink>(
        &mut self,
        slot: usize,
        reason: &'static str,
        sink: &mut S,
    ) {
        if let Some(order) = self.take_stopped(slot) {
            let symbol = self.account.symbol_of(slot);
            let units = quantity(order.want);
            self.tell(sink, symbol, &order, State::Cancelled, units, reason);
        }
    }

    /// The position is gone: so are its take-profits.
    pub(super) fn drop_takes<S: Sink>(&mut self, slot: usize, sink: &mut S) {
        let symbol = self.account.symbol_of(slot);
        self.dead_takes.retain(|dead| dead.0 != slot);
        while let Some(i) = self.open_takes.iter().position(|take| take.0 == slot) {
            let (_, _, order) = self.open_takes.swap_remove(i);
            let units = quantity(order.want);
            let reason = reasons::POSITION_CLOSED;
            self.tell(sink, symbol, &order, State::Cancelled, units, reason);
        }
    }

    /// A take-profit that may still have its turn in this bar.
    pub(super) fn take(&self, slot: usize, place: usize) -> Option<Take> {
        self.takes(slot).find(|take| take.place == place)
    }

    /// The take-profits that may still have their turn in this bar, the nearest first.
    fn takes(&self, slot: usize) -> impl Iterator<Item = Take> + '_ {
        let exits = self.slots.exits[slot].into_iter();
        let takes = exits.flat_map(|exits| takes(exits, &self.settings));
        takes.filter(move |take| !self.dead_takes.contains(&(slot, take.place)))
    }

    /// The nearest of them.
    pub(super) fn nearest_take(&self, slot: usize) -> Option<Take> {
        self.takes(slot).next()
    }

    /// A take-profit had its turn in this bar.
    fn took_profit(&mut self, slot: usize, place: usize, units: f64, outcome: Outcome) {
        let filled = match outcome {
            Outcome::Whole => units,
            Outcome::Cut { filled, .. } | Outcome::Part { filled, .. } => filled,
            _ => 0.0,
        };
        if let Some(exits) = &mut self.slots.exits[slot] {
            exits.after_take(&self.settings.exits, place, filled.abs());
        }
    }
}

/// The take-profits of a position that may still have their turn in this bar, the nearest first.
fn takes(mut exits: Exits, settings: &Settings) -> impl Iterator<Item = Take> + '_ {
    std::iter::from_fn(move || {
        let take = exits.take(&settings.exits, |units| settings.whole_lots(units));
        exits.after_take(&settings.exits, take.place, 0.0);
        take.price.is_finite().then_some(take)
    })
}

/// The reason of the stop of a position.
pub(super) fn cause_of(kind: StopKind) -> Cause {
    match kind {
        StopKind::StopLoss => Cause::StopLoss,
        StopKind::Trailing => Cause::Trailing,
    }
}
