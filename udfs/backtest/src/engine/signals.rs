//! Step 7: what the bars ask for becomes orders.

use super::Engine;
use super::queue::quantity;
use super::reasons;
use super::record::{Cause, Moment, Sink, State};
use super::state::{Context, Queue, Waiting, Want};
use crate::limits::Rule;
use crate::market::{Columns, at, flags};
use crate::settings::{Conflict, FillAt, Opposite, Rebalance, Sizing};
use crate::sizing::SizeType;
use crate::stops::{Distances, Exits};
use std::ops::Range;

impl Engine {
    /// Turns the signals of these bars into orders that wait for their prices.
    pub(super) fn take_signals<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        rows: Range<usize>,
        sink: &mut S,
    ) {
        if self.watch.is_bankrupt {
            return;
        }
        if !columns.target.is_empty() {
            for row in rows.clone() {
                self.take_target(columns, row, sink);
            }
        }
        if !columns.flags.is_empty() {
            for row in rows {
                if columns.flags[row] != 0 {
                    self.take_flags(columns, row, sink);
                }
            }
        }
    }

    fn take_target<S: Sink>(&mut self, columns: &Columns<'_>, row: usize, sink: &mut S) {
        let (symbol, target) = (columns.symbol[row] as usize, columns.target[row]);
        if !target.is_finite() {
            return;
        }
        let before = std::mem::replace(&mut self.symbols.target[symbol], target);
        let is_wanted = match self.settings.rebalance {
            Rebalance::OnChange => target != before,
            Rebalance::Always => true,
            Rebalance::Band(band) => self.distance(symbol, target) > band,
        };
        if is_wanted {
            self.hand_in(
                columns,
                row,
                symbol,
                Want::Target(target),
                Cause::Target,
                sink,
            );
        }
    }

    /// How far the position is from a target, as a fraction of equity at the mark.
    fn distance(&self, symbol: usize, target: f64) -> f64 {
        let equity = self.now.equity;
        let held = self.account.exposure(symbol);
        let wanted = match self.settings.sizing {
            Sizing::Weight => target,
            Sizing::Units => {
                target * self.account.marks[symbol] * self.account.point[symbol] / equity
            }
        };
        (wanted - held / equity).abs()
    }

    fn take_flags<S: Sink>(&mut self, columns: &Columns<'_>, row: usize, sink: &mut S) {
        let (symbol, bits) = (columns.symbol[row] as usize, columns.flags[row]);
        let mut held = [1.0, -1.0].map(|side| {
            let units = self.account.units[self.account.slot_of(symbol, side)];
            units * side > 0.0
        });
        for (i, (side, exit)) in [(1.0, flags::EXIT_LONG), (-1.0, flags::EXIT_SHORT)]
            .into_iter()
            .enumerate()
        {
            if bits & exit == 0 {
                continue;
            }
            self.withdraw_entry(symbol, side, sink);
            if std::mem::replace(&mut held[i], false) {
                self.hand_in_on(
                    columns,
                    row,
                    symbol,
                    side,
                    (Want::Close { side }, Cause::Exit),
                    sink,
                );
            }
        }
        let both = flags::ENTRY_LONG | flags::ENTRY_SHORT;
        let side = match (bits & both, self.settings.entries.conflict) {
            (flags::ENTRY_LONG, _) | (5, Conflict::Long) => 1.0,
            (flags::ENTRY_SHORT, _) | (5, Conflict::Short) => -1.0,
            _ => return,
        };
        self.enter(columns, row, symbol, side, held, sink);
    }

    /// An entry on a side, with what is held of the long and the short side after the exits.
    fn enter<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        side: f64,
        [long, short]: [bool; 2],
        sink: &mut S,
    ) {
        let entries = &self.settings.entries;
        let (same, against) = if side > 0.0 {
            (long, short)
        } else {
            (short, long)
        };
        if same && !entries.accumulate {
            return;
        }
        let is_against = against && !self.is_hedging();
        let order = match (is_against, entries.opposite) {
            (true, Opposite::Ignore) => return,
            (true, Opposite::Close) => (Want::Close { side: -side }, Cause::Exit),
            _ => {
                let size = at(columns.size, row);
                (Want::Entry { side, size }, Cause::Entry)
            }
        };
        let of = match order.0 {
            Want::Close { side } => side,
            _ => side,
        };
        self.hand_in_on(columns, row, symbol, of, order, sink);
    }

    fn hand_in<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        want: Want,
        cause: Cause,
        sink: &mut S,
    ) {
        self.hand_in_on(columns, row, symbol, 1.0, (want, cause), sink);
    }

    /// Makes a signal order for the position on a side.
    fn hand_in_on<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        side: f64,
        (want, cause): (Want, Cause),
        sink: &mut S,
    ) {
        let slot = self.account.slot_of(symbol, side);
        let source = columns.source.get(row).copied().unwrap_or(0);
        let order = Waiting {
            id: self.next_id(),
            want,
            cause,
            moment: self.signal_moment(),
            source,
            made_at: self.clock.time,
            ..Waiting::NONE
        };
        self.tell(sink, symbol, &order, State::Submitted, quantity(want), "");
        if let Err(reason) = self.check_signal(columns, row, slot, want) {
            self.counts.rejected += 1;
            self.tell(
                sink,
                symbol,
                &order,
                State::Rejected,
                quantity(want),
                reason,
            );
            return;
        }
        for queue in [Queue::Exit, Queue::Entry] {
            let waiting = *self.slots.queue(queue, slot);
            if waiting.is_some() && waiting.made_at < self.clock.time {
                self.withdraw(queue, slot, reasons::REPLACED, sink);
            }
        }
        self.tell(sink, symbol, &order, State::Accepted, quantity(want), "");
        let queue = match cause {
            Cause::Exit => Queue::Exit,
            _ => Queue::Entry,
        };
        self.wait(queue, slot, order);
    }

    pub(super) fn signal_moment(&self) -> Moment {
        match self.settings.fill {
            FillAt::NextOpen => Moment::Open,
            FillAt::NextClose | FillAt::SameClose => Moment::Close,
            FillAt::Vwap | FillAt::Price => Moment::Average,
        }
    }

    /// Whether a signal may become an order; notes what its bar says about its position.
    fn check_signal(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        slot: usize,
        want: Want,
    ) -> Result<(), &'static str> {
        let opens = match want {
            Want::Target(target) => target != 0.0,
            Want::Entry { .. } => true,
            _ => return Ok(()),
        };
        if let Some(rule) = self.blocked_by().filter(|_| opens) {
            return Err(rule);
        }
        if !self.features.context {
            return Ok(());
        }
        let context = Context {
            overrides: Distances {
                stop_loss: at(columns.stop_loss, row),
                take_profit: at(columns.take_profit, row),
                trailing: at(columns.trailing, row),
            },
            atr: at(columns.atr, row),
            volatility: at(columns.volatility, row),
        };
        if opens {
            self.check_context(&context, matches!(want, Want::Entry { .. }))?;
            self.slots.context[slot] = context;
        }
        Ok(())
    }

    /// The rule of the risk manager that forbids to open anything now.
    pub(super) fn blocked_by(&self) -> Option<&'static str> {
        if !self.features.guard {
            return None;
        }
        self.watch.guard.blocked(self.clock.ts).map(Rule::name)
    }

    fn check_context(&self, context: &Context, is_entry: bool) -> Result<(), &'static str> {
        let exits = &self.settings.exits;
        if Exits::lack_atr(exits, &context.overrides, context.atr) {
            return Err(reasons::NO_ATR);
        }
        if !is_entry {
            return Ok(());
        }
        match self.settings.entries.size.size_type {
            SizeType::Risk
                if exits
                    .stop_distance(&context.overrides, 1.0, context.atr)
                    .is_nan() =>
            {
                Err(reasons::NO_STOP)
            }
            SizeType::Atr if !is_above_zero(context.atr) => Err(reasons::NO_ATR),
            SizeType::Volatility if !is_above_zero(context.volatility) => {
                Err(reasons::NO_VOLATILITY)
            }
            _ => Ok(()),
        }
    }

    /// An exit withdraws the entry of its side that still waits.
    fn withdraw_entry<S: Sink>(&mut self, symbol: usize, side: f64, sink: &mut S) {
        let slot = self.account.slot_of(symbol, side);
        let waiting = *self.slots.queue(Queue::Entry, slot);
        let is_of_side = match waiting.want {
            Want::Entry { side: of, .. } => of == side,
            Want::Units(units) => waiting.cause == Cause::Entry && units * side > 0.0,
            _ => false,
        };
        if is_of_side && waiting.made_at < self.clock.time {
            self.withdraw(Queue::Entry, slot, reasons::REPLACED, sink);
        }
    }
}

fn is_above_zero(value: f64) -> bool {
    value > 0.0 && value.is_finite()
}
