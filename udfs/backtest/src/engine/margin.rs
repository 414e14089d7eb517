//! Step 6: the account at its marks, and what the broker or the risk manager does about it.

use super::record::{Cause, Moment, Sink};
use super::state::{QUEUES, Queue, Waiting, Want};
use super::{Engine, reasons};
use crate::market::{Columns, is_price};
use std::ops::Range;

/// What is below this fraction of the gross exposure is rounding.
const SAME: f64 = 1e-9;

const MARGIN_CALL: &str = "margin_call";

impl Engine {
    /// Positions at the closes of these bars.
    pub(super) fn mark(&mut self, columns: &Columns<'_>, rows: Range<usize>) {
        if self.settings.close_at_end {
            rows.clone().for_each(|row| self.note_quote(columns, row));
        }
        let symbols = &columns.symbol[rows.clone()];
        for (&symbol, &price) in symbols.iter().zip(&columns.close[rows]) {
            if is_price(price) {
                self.account.marks[symbol as usize] = price;
            }
        }
    }

    /// Positions at the prices of a moment, where these bars have them.
    pub(super) fn mark_at(&mut self, columns: &Columns<'_>, rows: Range<usize>, moment: Moment) {
        for row in rows {
            let price = self.price_at(columns, row, moment);
            if is_price(price) {
                self.account.marks[columns.symbol[row] as usize] = price;
            }
        }
    }

    /// Looks at the account at its marks.
    pub(super) fn watch_account<S: Sink>(&mut self, sink: &mut S) {
        self.account.settle_all();
        self.value_now();
        let equity = self.now.equity;
        if self.watch.is_bankrupt {
            return;
        }
        if equity <= 0.0 {
            return self.go_bankrupt(equity, sink);
        }
        if self.features.guard {
            self.guard(equity, sink);
        }
        let needed = self.settings.margin.maintenance * self.now.gross;
        if equity < needed * (1.0 - SAME) {
            self.tell_event(sink, None, MARGIN_CALL, equity, needed);
            self.liquidate(sink);
        }
    }

    /// The rules of the risk manager that close everything.
    fn guard<S: Sink>(&mut self, equity: f64, sink: &mut S) {
        let (limits, ts) = (&self.settings.limits, self.clock.ts);
        let mut found = [None; 3];
        let mut places = found.iter_mut();
        self.watch.guard.at_mark(limits, ts, equity, &mut |breach| {
            if let Some(place) = places.next() {
                *place = Some(breach);
            }
        });
        for breach in found.into_iter().flatten() {
            let rule = breach.rule.name();
            self.tell_event(sink, None, rule, breach.value, breach.limit);
        }
        if let Some(breach) = found.into_iter().flatten().next() {
            self.close_everything(Cause::Risk, breach.rule.name(), sink);
        }
    }

    fn go_bankrupt<S: Sink>(&mut self, equity: f64, sink: &mut S) {
        self.watch.is_bankrupt = true;
        self.tell_event(sink, None, reasons::BANKRUPT, equity, 0.0);
        self.cancel_requests(reasons::BANKRUPT, sink);
        self.close_everything(Cause::Liquidation, reasons::BANKRUPT, sink);
    }

    /// Cancels the orders of signals that wait, and closes every position at its next open.
    fn close_everything<S: Sink>(&mut self, cause: Cause, reason: &'static str, sink: &mut S) {
        if self.n_waiting > 0 {
            for slot in 0..self.account.units.len() {
                for queue in QUEUES {
                    self.withdraw(queue, slot, reason, sink);
                }
            }
        }
        for slot in self.held_by_name() {
            self.drop_stopped(slot, reasons::REPLACED, sink);
            let side = self.account.units[slot].signum();
            self.force(slot, Want::Close { side }, cause, sink);
        }
    }

    /// The positions in the order of the symbols' numbers.
    fn held_by_name(&self) -> Vec<usize> {
        let mut held: Vec<usize> = self.account.held.iter().map(|s| *s as usize).collect();
        held.sort_unstable();
        held
    }

    fn force<S: Sink>(&mut self, slot: usize, want: Want, cause: Cause, sink: &mut S) {
        self.withdraw(Queue::Forced, slot, reasons::REPLACED, sink);
        let order = Waiting {
            id: self.next_id(),
            want,
            cause,
            moment: Moment::Open,
            made_at: self.clock.time,
            ..Waiting::NONE
        };
        let symbol = self.account.symbol_of(slot);
        let units = match want {
            Want::Units(units) => units,
            _ => -self.account.units[slot],
        };
        self.tell_new(symbol, &order, units, sink);
        self.wait(Queue::Forced, slot, order);
    }

    /// A margin call: the largest positions are reduced until the rest is covered.
    fn liquidate<S: Sink>(&mut self, sink: &mut S) {
        let margin = self.settings.margin;
        let allowed = self.now.equity / (margin.maintenance * (1.0 + margin.buffer));
        let mut excess = self.now.gross - allowed;
        let mut held = self.held_by_name();
        let same = SAME * self.now.gross;
        let value = |slot: &usize| (self.account.exposure(*slot).abs() / same).round();
        held.sort_by(|a, b| value(b).total_cmp(&value(a)));
        for slot in self.waiting_liquidations() {
            self.withdraw(Queue::Forced, slot, reasons::REPLACED, sink);
            if let Some(stop) = self.take_stopped(slot) {
                self.wait(Queue::Forced, slot, stop);
            }
        }
        for slot in held {
            if excess <= same {
                break;
            }
            let exposure = self.account.exposure(slot);
            if self.slots.queue(Queue::Forced, slot).is_some() {
                // It is closed whole already.
                excess -= exposure.abs();
                continue;
            }
            let units = self.account.units[slot];
            let wanted = self
                .settings
                .whole_lots_up(units * (excess / exposure.abs()));
            let is_whole = wanted.abs() >= units.abs();
            let want = if is_whole {
                Want::Close {
                    side: units.signum(),
                }
            } else {
                Want::Units(-wanted)
            };
            self.force(slot, want, Cause::Liquidation, sink);
            excess -= exposure.abs() * (wanted / units).min(1.0);
        }
    }

    fn waiting_liquidations(&self) -> Vec<usize> {
        let forced = self.slots.waiting[Queue::Forced as usize].iter();
        let is_liquidation = |(slot, order): (usize, &Waiting)| {
            (order.is_some() && order.cause == Cause::Liquidation).then_some(slot)
        };
        forced.enumerate().filter_map(is_liquidation).collect()
    }
}
