//! How much of an order may open exposure: sides, the risk manager, buying power.

use super::execute::{Parts, SAME, Ticket};
use super::record::Sink;
use super::{Engine, reasons};
use crate::costs::largest_within;
use crate::limits::{Breach, Exposure};
use crate::market::Columns;

impl Engine {
    /// How much of the opening part may fill, and why not more.
    pub(super) fn opening<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        ticket: &Ticket,
        symbol: usize,
        parts: Parts,
        sink: &mut S,
    ) -> (f64, &'static str) {
        let is_short = parts.side < 0.0;
        if is_short && !self.settings.may_short() {
            return (0.0, reasons::NO_SHORT);
        }
        if self.watch.is_bankrupt {
            return (0.0, reasons::BANKRUPT);
        }
        if let Some(rule) = self.blocked_by() {
            return (0.0, rule);
        }
        let (mut opened, mut reason) = (parts.opened, "");
        if self.features.limits {
            let value = self.account.point[symbol] * ticket.price;
            if let Some((allowed, rule)) = self.limited(ticket, symbol, parts, value, sink) {
                (opened, reason) = (self.settings.whole_lots(allowed), rule);
            }
        }
        if opened > 0.0 {
            let room = self.room(columns, ticket, symbol, Parts { opened, ..parts });
            if room < opened {
                opened = if self.settings.partial { room } else { 0.0 };
                let is_cash = self.settings.margin.max_leverage == 1.0 && !is_short;
                reason = if is_cash {
                    reasons::NO_CASH
                } else {
                    reasons::NO_MARGIN
                };
            }
        }
        if reason.is_empty() {
            return (opened, reason);
        }
        if opened < SAME * parts.opened {
            opened = 0.0;
        }
        (self.settings.whole_lots(opened), reason)
    }

    /// What the risk manager leaves of an opening part, where it takes something away.
    fn limited<S: Sink>(
        &mut self,
        ticket: &Ticket,
        symbol: usize,
        parts: Parts,
        unit_value: f64,
        sink: &mut S,
    ) -> Option<(f64, &'static str)> {
        let exposure = self.exposure(ticket.slot, symbol, parts, unit_value);
        let value = parts.opened * unit_value;
        let limits = &self.settings.limits;
        let mut tell = |breach: Breach| {
            let rule = breach.rule.name();
            self.tell_event(sink, Some(symbol), rule, breach.value, breach.limit);
        };
        let allowed = limits.allowed(parts.side, value, &exposure, &mut tell);
        Some((allowed.value / unit_value, allowed.rule?.name()))
    }

    /// The account after the closing part of an order, before its opening part.
    fn exposure(&mut self, slot: usize, symbol: usize, parts: Parts, unit_value: f64) -> Exposure {
        let closed = parts.closed * unit_value;
        let sector = self.symbols.instrument[symbol].sector;
        let (mut net, mut in_sector, mut n_others) = (parts.side * closed, 0.0, 0_u32);
        for &other in &self.account.held {
            let other = other as usize;
            let value = self.account.exposure(other);
            let of = self.account.symbol_of(other);
            net += value;
            if sector.is_some() && self.symbols.instrument[of].sector == sector {
                in_sector += value.abs();
            }
            let twin = self.account.slots_of(of).start;
            let is_counted = other != twin && self.account.units[twin] != 0.0;
            n_others += u32::from(of != symbol && !is_counted);
        }
        let correlation = match self.features.correlations {
            true => {
                let held = self.account.held.iter();
                let held = held.map(|slot| self.account.symbol_of(*slot as usize));
                self.watch.correlations.largest(symbol, held)
            }
            false => f64::NAN,
        };
        let (limits, equity) = (&self.settings.limits, self.now.equity);
        // What opens after a closing part opens from nothing.
        let position = match parts.closed > 0.0 {
            true => 0.0,
            false => self.account.exposure(slot).abs(),
        };
        let traded = match self.features.turnover {
            true => self.watch.day.at(self.clock.ts) + closed,
            false => 0.0,
        };
        Exposure {
            equity,
            gross: used(self.now.gross - closed, limits.max_gross, equity),
            net: parts.side * used(parts.side * net, limits.max_net, equity),
            sector: match sector {
                Some(_) => used(in_sector - closed, limits.max_sector, equity),
                None => 0.0,
            },
            position: used(position, limits.max_position, equity),
            n_others,
            traded_today: used(traded, limits.max_turnover, equity),
            correlation,
        }
    }

    /// How many of the units to be opened keep the gross exposure within the leverage.
    ///
    /// Solves gross + q · price = max_leverage · (equity − cost(closed + q)) for q.
    fn room(&self, columns: &Columns<'_>, ticket: &Ticket, symbol: usize, parts: Parts) -> f64 {
        let leverage = self.settings.margin.max_leverage;
        let point = self.account.point[symbol];
        let unit_value = ticket.price * point;
        let gross = self.now.gross - parts.closed * unit_value;
        let spare = |opened: f64| {
            let units = parts.closed + opened;
            let cost = self.cost(columns, ticket, parts.side, units);
            leverage * (self.now.equity - cost) - (gross + opened * unit_value)
        };
        let slack = SAME * (leverage * self.now.equity).abs();
        let at_all = spare(parts.opened);
        // A price that is not known yet is no matter of money: the order will wait.
        if at_all >= -slack || at_all.is_nan() {
            return f64::INFINITY;
        }
        if !self.features.is_linear {
            return largest_within(parts.opened, spare);
        }
        let at_none = spare(0.0);
        // Linear in between: where does it cross 0?
        (parts.opened * at_none / (at_none - at_all)).max(0.0)
    }
}

/// What is used of a limit, in money. One that is used up to its last places is used up: what
/// orders before this one left of it is rounding.
fn used(value: f64, limit: f64, equity: f64) -> f64 {
    let most = limit * equity;
    let is_used_up = most.is_finite() && (most - value).abs() <= SAME * most.abs();
    if is_used_up { most } else { value }
}
