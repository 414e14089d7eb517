//! Step 4: resting orders and exits along the path of prices inside a bar.

use super::Engine;
use super::exits::cause_of;
use super::moment::{Asker, Intent};
use super::record::{Moment, Sink};
use super::state::{EXITS, RESTING};
use crate::market::{Columns, at, is_price};
use crate::request::OrderType;
use crate::settings::{Intrabar, LimitFill};
use crate::stops::trail::better;
use crate::trades::visited::is_high_first;
use std::ops::Range;

/// The known prices of a bar in the order in which they are visited.
#[derive(Debug, Clone, Copy)]
struct Path {
    prices: [f64; 4],
    n: usize,
}

impl Path {
    fn new(open: f64, is_high_first: bool, high: f64, low: f64, close: f64) -> Self {
        let (second, third) = if is_high_first {
            (high, low)
        } else {
            (low, high)
        };
        let mut path = Self {
            prices: [f64::NAN; 4],
            n: 0,
        };
        for price in [open, second, third, close] {
            if is_price(price) {
                path.prices[path.n] = price;
                path.n += 1;
            }
        }
        path
    }

    fn known(&self) -> &[f64] {
        &self.prices[..self.n]
    }

    fn low(&self) -> f64 {
        self.known().iter().copied().fold(f64::NAN, f64::min)
    }

    fn high(&self) -> f64 {
        self.known().iter().copied().fold(f64::NAN, f64::max)
    }
}

/// A stretch of the path on which the price moves one way.
#[derive(Debug, Clone, Copy)]
struct Leg<'a> {
    /// Where the price is.
    at: f64,
    to: f64,
    /// The prices after `to`.
    later: &'a [f64],
    /// Nothing was met on this leg yet.
    is_start: bool,
    /// The first known price of the bar, which stands for an unknown open.
    is_gap: bool,
}

/// An order that the leg meets.
#[derive(Debug, Clone, Copy)]
struct Met {
    distance: f64,
    /// Stops before limits.
    is_limit: bool,
    /// Exits of positions before other orders.
    is_other: bool,
    id: u64,
    price: f64,
    is_inside: bool,
}

/// Prices closer than this, as a fraction, are one price: stops are sums and products.
const SAME_PRICE: f64 = 1e-9;

impl Met {
    fn comes_before(&self, other: &Self) -> bool {
        if (self.price - other.price).abs() <= SAME_PRICE * self.price {
            let rank = |met: &Self| (met.is_limit, met.is_other, met.id);
            rank(self) < rank(other)
        } else {
            self.distance < other.distance
        }
    }
}

impl Engine {
    /// Walks through the bars of symbols that have something in the market.
    pub(super) fn walk_paths<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        rows: Range<usize>,
        sink: &mut S,
    ) {
        self.is_valued = false;
        for row in rows {
            let symbol = columns.symbol[row] as usize;
            let is_busy = self.symbols.busy[symbol] & (RESTING | EXITS) != 0;
            if is_busy && is_price(columns.close[row]) {
                let path = self.path(columns, row, symbol);
                let mark = self.account.marks[symbol];
                if self.may_meet(symbol, &path) {
                    self.walk(columns, row, symbol, &path, sink);
                } else {
                    self.live_through(symbol, &path);
                }
                if self.is_valued {
                    self.mark_inside(symbol, mark);
                }
                if self.settings.intrabar_entry {
                    self.note_first_bar(symbol);
                }
            }
        }
    }

    fn path(&self, columns: &Columns<'_>, row: usize, symbol: usize) -> Path {
        let (open, close) = (at(columns.open, row), columns.close[row]);
        let (high, low) = (at(columns.high, row), at(columns.low, row));
        let slots = self.account.slots_of(symbol);
        let held = match slots.len() {
            1 => self.account.units[slots.start],
            _ => {
                let sides = &self.account.units[slots];
                if sides.iter().all(|u| *u != 0.0) {
                    0.0
                } else {
                    sides.iter().sum()
                }
            }
        };
        let is_high_first = is_high_first(self.settings.intrabar, held, open, high, low);
        Path::new(open, is_high_first, high, low, close)
    }

    /// Whether anything of the symbol can happen on a path between these prices.
    fn may_meet(&self, symbol: usize, path: &Path) -> bool {
        let (low, high) = (path.low(), path.high());
        let bar = self.symbols.n_bars[symbol];
        let exits = self.account.slots_of(symbol).any(|slot| {
            let exits = &self.slots.exits[slot];
            exits.is_some_and(|e| e.may_act(&self.settings.exits, low, high))
        });
        let is_between = |price: f64| low <= price && price <= high;
        let orders = self.book.of_symbol(symbol).iter().any(|place| {
            let order = self.book.get(*place).filter(|o| !o.is_held_back);
            order.is_some_and(|o| match o.order_type {
                _ if bar <= o.active_after => false,
                OrderType::Trailing => true,
                OrderType::Limit => {
                    is_between(o.limit) || (o.limit - path.known()[0]) * o.side > 0.0
                }
                OrderType::Stop | OrderType::StopLimit => {
                    is_between(o.stop) || (path.known()[0] - o.stop) * o.side > 0.0
                }
                _ => false,
            })
        });
        // A fill may wake up orders that are held back.
        exits || orders
    }

    /// A bar in which nothing is met moves the best price of the exits.
    fn live_through(&mut self, symbol: usize, path: &Path) {
        for slot in self.account.slots_of(symbol) {
            let side = self.account.units[slot];
            self.move_exits(slot, better(side, path.low(), path.high()));
        }
    }

    /// A price that the position of a slot has lived through.
    fn move_exits(&mut self, slot: usize, price: f64) {
        let acts = self.may_act(slot);
        let Some(exits) = &mut self.slots.exits[slot] else {
            return;
        };
        if acts {
            exits.after_leg(&self.settings.exits, price);
        } else {
            exits.see(price);
        }
    }

    fn walk<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        path: &Path,
        sink: &mut S,
    ) {
        let known = path.known();
        let is_open_known = is_price(at(columns.open, row));
        let mut from = known[0];
        for (i, &to) in known.iter().enumerate() {
            let mut leg = Leg {
                at: from,
                to,
                later: &known[i + 1..],
                is_start: true,
                is_gap: i == 0 && !is_open_known,
            };
            while let Some((met, asker, slot)) = self.next_met(symbol, &leg) {
                leg.is_start &= met.price == leg.at;
                leg.at = met.price;
                self.meet(columns, row, symbol, (met, asker, slot), sink);
            }
            self.end_leg(symbol, to);
            from = to;
        }
    }

    /// What the leg meets next.
    fn next_met(&self, symbol: usize, leg: &Leg<'_>) -> Option<(Met, Asker, usize)> {
        let mut first: Option<(Met, Asker, usize)> = None;
        let mut offer = |met: Option<Met>, asker: Asker, slot: usize| {
            if let Some(met) = met
                && first.is_none_or(|(before, ..)| met.comes_before(&before))
            {
                first = Some((met, asker, slot));
            }
        };
        for slot in self.account.slots_of(symbol) {
            if !self.exits_act(slot) {
                continue;
            }
            let Some(exits) = self.slots.exits[slot] else {
                continue;
            };
            let side = -self.account.units[slot].signum();
            let stop = exits.stop();
            let take = self.nearest_take(slot);
            let (take, place) = take.map_or((f64::NAN, 0), |take| (take.price, take.place));
            let stop_met = self.met_stop(leg, side, stop);
            let take_met = self.met_limit(leg, side, take);
            // What the whole rest of the path reaches decides between the two.
            let (stop_met, take_met) = match self.settings.intrabar {
                Intrabar::Pessimistic if self.is_ahead(leg, side, stop) => (stop_met, None),
                Intrabar::Optimistic if self.is_ahead(leg, -side, take) => (None, take_met),
                _ => (stop_met, take_met),
            };
            let cause = cause_of(exits.stop_kind());
            offer(stop_met, Asker::Exit(cause), slot);
            offer(take_met, Asker::Take(place), slot);
        }
        let bar = self.symbols.n_bars.get(symbol).copied().unwrap_or(0);
        for &place in self.book.of_symbol(symbol) {
            let Some(order) = self.book.get(place).filter(|o| o.acts_in(bar)) else {
                continue;
            };
            let met = match order.order_type {
                OrderType::Limit => {
                    let is_gap = leg.is_gap || order.triggered_at == leg.at;
                    self.met_limit(&Leg { is_gap, ..*leg }, order.side, order.limit)
                }
                _ => self.met_stop(leg, order.side, order.stop_now()),
            };
            let met = met.map(|met| Met {
                is_other: true,
                id: order.id,
                ..met
            });
            offer(met, Asker::Request(place), self.slot_of_request(place));
        }
        first
    }

    /// Whether the rest of the path reaches a price from which an order of this side is against
    /// the position.
    fn is_ahead(&self, leg: &Leg<'_>, side: f64, price: f64) -> bool {
        let rest = [leg.at, leg.to];
        let mut rest = rest.iter().chain(leg.later);
        rest.any(|p| (p - price) * side >= 0.0)
    }

    /// A stop of this side (1 buys, -1 sells): touch is enough.
    fn met_stop(&self, leg: &Leg<'_>, side: f64, stop: f64) -> Option<Met> {
        let is_beyond = (leg.at - stop) * side >= 0.0;
        let is_reached = (leg.to - stop) * side >= 0.0;
        let price = if is_beyond { leg.at } else { stop };
        (is_beyond || is_reached).then_some(Met {
            distance: (price - leg.at).abs(),
            is_limit: false,
            is_other: false,
            id: 0,
            price,
            is_inside: !is_beyond,
        })
    }

    /// A limit of this side (1 buys, -1 sells).
    fn met_limit(&self, leg: &Leg<'_>, side: f64, limit: f64) -> Option<Met> {
        let is_touch = self.settings.limit_fill == LimitFill::Touch;
        let (room, end) = ((limit - leg.at) * side, (limit - leg.to) * side);
        let is_beyond = room > 0.0 || (room == 0.0 && (leg.is_gap || (is_touch && leg.is_start)));
        let is_reached = end > 0.0 || (end == 0.0 && is_touch);
        let price = if is_beyond { leg.at } else { limit };
        (is_beyond || is_reached).then_some(Met {
            distance: (price - leg.at).abs(),
            is_limit: true,
            is_other: false,
            id: 0,
            price,
            is_inside: !is_beyond,
        })
    }

    fn meet<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        row: usize,
        symbol: usize,
        (met, asker, slot): (Met, Asker, usize),
        sink: &mut S,
    ) {
        let intent = Intent {
            slot,
            row,
            price: met.price,
            asker,
            id: met.id,
            is_inside: met.is_inside,
            need: 0.0,
        };
        if !self.is_valued {
            self.value_now();
            self.is_valued = true;
        }
        self.mark_inside(symbol, met.price);
        match asker {
            Asker::Exit(_) | Asker::Take(_) => {
                self.turn_of_exit(columns, &intent, Moment::Path, sink);
            }
            Asker::Request(place) if self.is_stop_limit(place) => {
                // As a limit order it comes after the stops at this price.
                self.trigger(place, met.price, sink);
            }
            Asker::Request(place) => {
                self.turn_of_request(columns, &intent, place, Moment::Path, sink);
            }
            Asker::Waiting(_) => {}
        }
    }

    fn is_stop_limit(&self, place: usize) -> bool {
        let order = self.book.get(place);
        order.is_some_and(|o| o.order_type == OrderType::StopLimit)
    }

    /// Values a symbol at another price.
    fn mark_inside(&mut self, symbol: usize, price: f64) {
        let before = std::mem::replace(&mut self.account.marks[symbol], price);
        let move_value = (price - before) * self.account.point[symbol];
        for slot in self.account.slots_of(symbol) {
            let units = self.account.units[slot];
            if units == 0.0 {
                // A symbol without a rate is worth an unknown amount per unit.
                continue;
            }
            self.now.equity += units * move_value;
            self.now.gross += units.abs() * move_value;
        }
    }

    /// The end of a leg moves what follows the best price.
    fn end_leg(&mut self, symbol: usize, price: f64) {
        for slot in self.account.slots_of(symbol) {
            self.move_exits(slot, price);
        }
        let bar = self.symbols.n_bars.get(symbol).copied().unwrap_or(0);
        for i in 0..self.book.of_symbol(symbol).len() {
            let place = self.book.of_symbol(symbol)[i];
            let order = self.book.get_mut(place);
            if let Some(order) = order.filter(|o| o.lives_in(bar))
                && let Some(trail) = &mut order.trail
            {
                trail.after_leg(price);
            }
        }
    }
}
