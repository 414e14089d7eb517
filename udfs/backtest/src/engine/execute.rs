//! One order at its turn: how much of it fills, at which price, and what it does to the account.

use super::Engine;
use super::reasons;
use super::record::{Cause, Event, Fill, Moment, Sink};
use crate::costs::commission::Charge;
use crate::costs::{Liquidity, Quote};
use crate::market::{Columns, at};

/// An order at its turn.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    pub(super) slot: usize,
    pub(super) row: usize,
    pub(super) id: u64,
    /// Units asked for, signed, not 0.
    pub(super) units: f64,
    /// The position when all of them fill, to the bit.
    pub(super) after: f64,
    /// Price before slippage.
    pub(super) price: f64,
    /// Filled at its price, without slippage.
    pub(super) is_limit: bool,
    pub(super) liquidity: Liquidity,
    /// Nothing of it was filled before.
    pub(super) is_first: bool,
    /// It was not at its price before.
    pub(super) is_first_try: bool,
    /// A target: what is below `min_trade` is left out.
    pub(super) is_target: bool,
    /// All of it or nothing.
    pub(super) is_whole: bool,
    pub(super) cause: Cause,
    pub(super) moment: Moment,
    pub(super) source: u32,
}

/// What became of an order at its turn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Outcome {
    /// All of it was filled.
    Whole,
    /// These units were filled, the rest may not be.
    Cut {
        filled: f64,
        price: f64,
        reason: &'static str,
    },
    /// These units were filled, the rest waits for volume.
    Part { filled: f64, price: f64 },
    /// Nothing was filled: there is no volume, or no price.
    Waits,
    /// Nothing of it may fill.
    Rejected(&'static str),
    /// It is too small to be made.
    Nothing,
}

/// Rounding of sums of money: below this fraction of it an amount is nothing.
pub(super) const SAME: f64 = 1e-9;

/// How an order splits at the position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) side: f64,
    pub(super) closed: f64,
    pub(super) opened: f64,
}

impl Engine {
    /// Fills an order as far as it goes. The account's value at the prices of the moment is in
    /// `self.now`, and is kept up.
    pub(super) fn execute<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        ticket: &Ticket,
        sink: &mut S,
    ) -> Outcome {
        let symbol = self.account.symbol_of(ticket.slot);
        let point = self.account.point[symbol];
        if !point.is_finite() {
            return Outcome::Rejected(reasons::NO_RATE);
        }
        let held = self.account.units[ticket.slot];
        let wanted = self.parts(held, ticket.units);
        if let Some(outcome) = self.too_small(ticket, held, point) {
            return outcome;
        }
        let mut parts = wanted;
        let quantity = ticket.units.abs();
        let allowed = self.lots_left(columns, symbol, ticket.row);
        let is_short_of_volume = quantity > allowed * (1.0 + SAME);
        if is_short_of_volume {
            if allowed <= 0.0 || ticket.is_whole {
                return Outcome::Waits;
            }
            parts.closed = wanted.closed.min(allowed);
            parts.opened = allowed - parts.closed;
        }
        let mut reason = "";
        if parts.opened > 0.0 {
            let (opened, why) = self.opening(columns, ticket, symbol, parts, sink);
            (parts.opened, reason) = (opened, why);
        }
        let filled = parts.closed + parts.opened;
        if ticket.is_whole && !reason.is_empty() {
            return Outcome::Waits;
        }
        if filled <= 0.0 {
            return Outcome::Rejected(reason);
        }
        let price = self.fill_price(columns, ticket, parts.side, filled);
        if price.is_nan() {
            return Outcome::Waits;
        }
        if price <= 0.0 {
            return Outcome::Rejected(reasons::PRICE_NOT_POSITIVE);
        }
        let is_all = reason.is_empty() && !is_short_of_volume;
        let after = if is_all {
            ticket.after
        } else {
            // Exact, so that a reversal without room for the other side ends at 0.
            (held + parts.side * parts.closed) + parts.side * parts.opened
        };
        self.book(ticket, parts, price, after, sink);
        let filled = parts.side * filled;
        match (is_all, reason) {
            (true, _) => Outcome::Whole,
            (false, "") => Outcome::Part { filled, price },
            (false, reason) => Outcome::Cut {
                filled,
                price,
                reason,
            },
        }
    }

    fn parts(&self, held: f64, units: f64) -> Parts {
        let closed = if held * units < 0.0 {
            units.abs().min(held.abs())
        } else {
            0.0
        };
        Parts {
            side: units.signum(),
            closed,
            opened: units.abs() - closed,
        }
    }

    /// The minimum sizes, at the first try; what closes the whole position is never too small.
    fn too_small(&self, ticket: &Ticket, held: f64, point: f64) -> Option<Outcome> {
        let is_checked = ticket.is_first_try
            && (self.settings.min_notional > 0.0 || self.settings.min_trade > 0.0);
        if !is_checked || (held != 0.0 && ticket.after == 0.0) {
            return None;
        }
        let value = ticket.units.abs() * ticket.price * point;
        if ticket.is_target && value < self.settings.min_trade {
            return Some(Outcome::Nothing);
        }
        (value < self.settings.min_notional).then_some(Outcome::Rejected(reasons::BELOW_NOTIONAL))
    }

    /// Whether a bar fills nothing any more: its volume is used up, or what slippage needs of it is
    /// not known.
    pub(super) fn is_shut(&self, columns: &Columns<'_>, row: usize, price: f64) -> bool {
        let symbol = columns.symbol[row] as usize;
        if self.lots_left(columns, symbol, row) <= 0.0 {
            return true;
        }
        if !self.features.slips {
            return false;
        }
        let quote = quote(columns, row, price);
        self.settings
            .costs
            .slippage
            .price(&quote, 1.0, 1.0)
            .is_nan()
    }

    /// What is left of the bar's volume for orders, in lots: a split leaves quantities between them.
    fn lots_left(&self, columns: &Columns<'_>, symbol: usize, row: usize) -> f64 {
        if !self.features.participation {
            return f64::INFINITY;
        }
        let volume = at(columns.volume, row);
        let share = self.settings.participation * if volume > 0.0 { volume } else { 0.0 };
        let left = share - self.symbols.filled[symbol];
        let left = if left <= SAME * share { 0.0 } else { left };
        self.settings.whole_lots(left)
    }

    /// Commission and slippage of these units, in money.
    pub(super) fn cost(
        &self,
        columns: &Columns<'_>,
        ticket: &Ticket,
        side: f64,
        units: f64,
    ) -> f64 {
        let point = self.account.point[self.account.symbol_of(ticket.slot)];
        let price = self.fill_price(columns, ticket, side, units);
        (price - ticket.price) * side * units * point
            + self.commission(ticket, units, price * point)
    }

    fn commission(&self, ticket: &Ticket, units: f64, unit_value: f64) -> f64 {
        if self.is_free_of_commission {
            return 0.0;
        }
        self.settings.costs.commission.charge(&Charge {
            units,
            value: units * unit_value,
            is_first: ticket.is_first,
            liquidity: ticket.liquidity,
            month_value: self.month_value,
        })
    }

    fn fill_price(&self, columns: &Columns<'_>, ticket: &Ticket, side: f64, units: f64) -> f64 {
        if !self.features.slips || ticket.is_limit {
            return ticket.price;
        }
        let quote = match ticket.cause {
            // The old contract is not in this bar's range.
            Cause::Roll => Quote {
                low: f64::NAN,
                high: f64::NAN,
                ..quote(columns, ticket.row, ticket.price)
            },
            Cause::End => self.last_quote(ticket),
            _ => quote(columns, ticket.row, ticket.price),
        };
        self.settings.costs.slippage.price(&quote, side, units)
    }

    /// What the end of the data meets: the symbol's last bar, at its mark.
    fn last_quote(&self, ticket: &Ticket) -> Quote {
        let last = self.symbols.last_quote[self.account.symbol_of(ticket.slot)];
        // Without a close the mark is an earlier bar's, which this range does not bound.
        let bound = |price: f64| if last.price.is_nan() { f64::NAN } else { price };
        Quote {
            price: ticket.price,
            low: bound(last.low),
            high: bound(last.high),
            ..last
        }
    }

    /// Keeps what a fill meets in a bar, for the end of the data.
    pub(super) fn note_quote(&mut self, columns: &Columns<'_>, row: usize) {
        let symbol = columns.symbol[row] as usize;
        self.symbols.last_quote[symbol] = quote(columns, row, columns.close[row]);
    }

    /// Books an order whole, whatever the volume, and returns its price: a leg of a roll, or the
    /// end of the data.
    pub(super) fn book_whole<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        ticket: &Ticket,
        sink: &mut S,
    ) -> f64 {
        let held = self.account.units[ticket.slot];
        let parts = self.parts(held, ticket.units);
        let price = self.fill_price(columns, ticket, parts.side, ticket.units.abs());
        let price = if price > 0.0 { price } else { ticket.price };
        self.book(ticket, parts, price, ticket.after, sink);
        price
    }

    fn book<S: Sink>(
        &mut self,
        ticket: &Ticket,
        parts: Parts,
        price: f64,
        after: f64,
        sink: &mut S,
    ) {
        let (slot, symbol) = (ticket.slot, self.account.symbol_of(ticket.slot));
        let point = self.account.point[symbol];
        let quantity = parts.closed + parts.opened;
        let mut commission = self.commission(ticket, quantity, price * point);
        if ticket.cause == Cause::Liquidation {
            commission += self.settings.margin.fee * quantity * price * point;
        }
        let before = self.account.units[slot];
        let after = if after.abs() < SAME * before.abs() {
            0.0
        } else {
            after
        };
        let fill = Fill {
            time: self.clock.time,
            ts: self.clock.ts,
            row: self.clock.first_row + ticket.row,
            symbol: symbol as u32,
            slot: slot as u32,
            order: ticket.id,
            units: parts.side * quantity,
            units_after: after,
            raw_price: ticket.price,
            price,
            point,
            commission,
            cause: ticket.cause,
            moment: ticket.moment,
            source: ticket.source,
        };
        self.account
            .book(slot, fill.units, price, after, commission);
        self.now.equity -= commission + fill.slippage();
        self.now.gross += (parts.opened - parts.closed) * ticket.price * point;
        self.count(&fill, symbol, quantity);
        sink.fill(&fill);
        if ticket.cause != Cause::Roll {
            self.position_changed(&fill, before, parts.opened, sink);
        } else if let Some(trades) = &mut self.watch.trades {
            trades.fill(&fill);
        }
    }

    /// What is counted of every fill.
    fn count(&mut self, fill: &Fill, symbol: usize, quantity: f64) {
        let value = fill.value();
        self.tally.traded += value;
        self.tally.costs += fill.commission;
        // A roll is no order, and the end of the data has no market.
        let is_order = !matches!(fill.cause, Cause::Roll | Cause::End);
        if self.features.participation && is_order {
            self.symbols.filled[symbol] += quantity;
        }
        if self.features.tiers {
            self.watch.month.add(fill.ts, value);
            self.month_value += value;
        }
        if self.features.turnover {
            let raw = quantity * fill.raw_price * fill.point;
            self.watch.day.add(fill.ts, raw);
        }
    }

    pub(super) fn tell_event<S: Sink>(
        &self,
        sink: &mut S,
        symbol: Option<usize>,
        rule: &'static str,
        value: f64,
        limit: f64,
    ) {
        sink.event(&Event {
            time: self.clock.time,
            ts: self.clock.ts,
            symbol: symbol.map(|s| s as u32),
            rule,
            value,
            limit,
        });
    }
}

/// What a fill meets in its bar.
fn quote(columns: &Columns<'_>, row: usize, price: f64) -> Quote {
    let spread = at(columns.spread, row);
    Quote {
        price,
        low: at(columns.low, row),
        high: at(columns.high, row),
        // No quote is no spread to pay.
        spread: if spread.is_finite() { spread } else { 0.0 },
        volume: at(columns.volume, row),
        volatility: at(columns.volatility, row),
    }
}
