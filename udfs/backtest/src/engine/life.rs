//! Orders of the `orders` query from their submission to their end.

use super::book::{Book, Known, Resting};
use super::record::{Cause, Moment, Sink, State, Transition};
use super::state::RESTING;
use super::{Engine, reasons};
use crate::limits::guard::day_of;
use crate::request::{OrderType, Request, TimeInForce};
use crate::stops::Trail;
use crate::stops::trail::TrailBy;

impl Engine {
    /// Step 7: the rows of the query that are due are handed in.
    pub(super) fn submit_due<S: Sink>(&mut self, sink: &mut S) {
        let from = self.book.next;
        let due = self.book.requests[from..].iter();
        let to = from + due.take_while(|r| r.ts <= self.clock.ts).count();
        self.book.next = to;
        // Ids first: a child may stand before its parent among the rows of one time.
        for place in from..to {
            let id = self.next_id();
            self.submit(place, id, to, sink);
        }
    }

    fn submit<S: Sink>(&mut self, place: usize, id: u64, n_due: usize, sink: &mut S) {
        let request = *self.book.request(place);
        let order = self.resting(&request, place, id);
        self.tell_order(
            sink,
            &order,
            State::Submitted,
            order.side * request.quantity,
            "",
        );
        let parent = request.parent.map(|p| self.parent(p, place, n_due));
        match self.check_request(&request, parent) {
            Err(reason) => {
                self.counts.rejected += 1;
                let units = order.side * request.quantity;
                self.tell_order(sink, &order, State::Rejected, units, reason);
                // An id belongs to the first order that had it, whatever is wrong with this one.
                let own = request.id.filter(|id| !self.book.known.contains_key(id));
                if let Some(own) = own {
                    self.book.known.insert(own, Known::Failed);
                    self.cancel_children(place, sink);
                }
            }
            Ok(quantity) => {
                if let Some(own) = request.id {
                    self.book.known.insert(own, Known::Alive);
                }
                let order = Resting {
                    left: quantity,
                    is_held_back: parent.is_some_and(|p| p != Some(Known::Filled)),
                    ..order
                };
                self.tell_order(sink, &order, State::Accepted, order.side * quantity, "");
                self.book.alive[place] = Some(order);
                self.book.n_alive += 1;
                self.book.live.push(place);
                self.book.by_symbol[order.symbol].push(place);
                self.symbols.busy[order.symbol] |= RESTING;
                if parent == Some(Some(Known::Failed)) {
                    self.end_request(place, State::Cancelled, reasons::PARENT, sink);
                }
            }
        }
    }

    /// Where a parent stands; one that is handed in at the same time is alive.
    fn parent(&self, parent: u32, place: usize, n_due: usize) -> Option<Known> {
        let later = self.book.requests[place + 1..n_due].iter();
        let is_due = || later.clone().any(|r| r.id == Some(parent));
        let known = self.book.known.get(&parent).copied();
        known.or_else(|| is_due().then_some(Known::Alive))
    }

    fn resting(&self, request: &Request, place: usize, id: u64) -> Resting {
        let symbol = request.symbol.map_or(0, |s| s as usize);
        let side = request.side.unwrap_or(1.0);
        let by = if request.trail > 0.0 {
            TrailBy::Price(request.trail)
        } else {
            TrailBy::Fraction(request.trail_percent / 100.0)
        };
        let is_trailing = request.order_type == Some(OrderType::Trailing);
        Resting {
            id,
            request: place as u32,
            symbol,
            side,
            left: request.quantity,
            order_type: request.order_type.unwrap_or(OrderType::Market),
            limit: request.limit_price,
            stop: request.stop_price,
            // A sale guards a long position: its stop is below the best price.
            trail: is_trailing.then(|| Trail::new(-side, by, f64::NAN)),
            tif: request.tif.unwrap_or_default(),
            first_day: None,
            active_after: self.symbols.n_bars.get(symbol).copied().unwrap_or(0),
            is_held_back: false,
            is_tried: false,
            is_started: false,
            blocked_in: 0,
            triggered_at: f64::NAN,
        }
    }

    /// The quantity of an order that may be accepted.
    fn check_request(
        &self,
        request: &Request,
        parent: Option<Option<Known>>,
    ) -> Result<f64, &'static str> {
        let is_known = |symbol: u32| self.symbols.n_bars.get(symbol as usize) > Some(&0);
        let above_zero = |value: f64| value > 0.0 && value.is_finite();
        if !request.symbol.is_some_and(is_known) {
            return Err(reasons::UNKNOWN_SYMBOL);
        }
        if request.side.is_none() {
            return Err(reasons::UNKNOWN_SIDE);
        }
        let order_type = request.order_type.ok_or(reasons::UNKNOWN_TYPE)?;
        let tif = request.tif.ok_or(reasons::UNKNOWN_TIF)?;
        let trails = above_zero(request.trail) || above_zero(request.trail_percent);
        let is_repeated = request
            .id
            .is_some_and(|id| self.book.known.contains_key(&id));
        let checks = [
            (above_zero(request.quantity), reasons::QUANTITY),
            (
                !order_type.needs_limit() || above_zero(request.limit_price),
                reasons::NO_LIMIT_PRICE,
            ),
            (
                !order_type.needs_stop() || above_zero(request.stop_price),
                reasons::NO_STOP_PRICE,
            ),
            (
                order_type != OrderType::Trailing || trails,
                reasons::NO_TRAIL,
            ),
            (
                tif != TimeInForce::Gtd || request.expires.is_some(),
                reasons::NO_EXPIRES,
            ),
            (!is_repeated, reasons::DUPLICATE_ID),
            (parent != Some(None), reasons::UNKNOWN_PARENT),
        ];
        if let Some((_, reason)) = checks.iter().find(|(is_good, _)| !is_good) {
            return Err(reason);
        }
        match self.settings.whole_lots(request.quantity) {
            0.0 => Err(reasons::BELOW_LOT),
            _ if self.watch.is_bankrupt => Err(reasons::BANKRUPT),
            quantity => Ok(quantity),
        }
    }

    /// Step 0: what ended before this timestamp.
    pub(super) fn end_overdue<S: Sink>(&mut self, sink: &mut S) {
        let (ts, today) = (self.clock.ts, day_of(self.clock.ts));
        let Book { live, alive, .. } = &mut self.book;
        live.retain(|place| alive[*place].is_some());
        for i in 0..self.book.live.len() {
            let place = self.book.live[i];
            let Some(order) = self.book.get(place) else {
                continue;
            };
            let request = self.book.request(place);
            let (tif, first_day) = (order.tif, order.first_day);
            if request.cancel_at.is_some_and(|at| at <= ts) {
                self.end_request(place, State::Cancelled, reasons::CANCEL_AT, sink);
            } else if tif == TimeInForce::Gtd && request.expires.is_some_and(|end| end < ts) {
                self.end_request(place, State::Expired, reasons::GTD, sink);
            } else if tif == TimeInForce::Day && first_day.is_some_and(|day| day < today) {
                self.end_request(place, State::Expired, reasons::DAY, sink);
            }
        }
    }

    /// Step 8: what ends with this timestamp.
    pub(super) fn end_of_time<S: Sink>(&mut self, sink: &mut S) {
        for i in 0..self.book.live.len() {
            let place = self.book.live[i];
            let Some(order) = self.book.get(place) else {
                continue;
            };
            let (ts, request) = (self.clock.ts, self.book.request(place));
            let had_bar = order.first_day.is_some();
            match order.tif {
                TimeInForce::Gtd if request.expires.is_some_and(|end| end <= ts) => {
                    self.end_request(place, State::Expired, reasons::GTD, sink);
                }
                TimeInForce::Ioc | TimeInForce::Fok if had_bar => {
                    self.end_request(place, State::Cancelled, reasons::NOT_AT_ONCE, sink);
                }
                _ => {}
            }
        }
    }

    /// Ends an order without a fill, and its children with it.
    pub(super) fn end_request<S: Sink>(
        &mut self,
        place: usize,
        state: State,
        reason: &'static str,
        sink: &mut S,
    ) {
        let Some(order) = self.forget(place, Known::Failed) else {
            return;
        };
        match state {
            State::Rejected => self.counts.rejected += 1,
            State::Expired => self.counts.expired += 1,
            _ => {}
        }
        self.tell_order(sink, &order, state, order.side * order.left, reason);
        self.cancel_children(place, sink);
    }

    fn cancel_children<S: Sink>(&mut self, place: usize, sink: &mut S) {
        for child in self.children(place) {
            self.end_request(child, State::Cancelled, reasons::PARENT, sink);
        }
    }

    /// An order that was filled whole: its children wake up.
    pub(super) fn complete_request<S: Sink>(
        &mut self,
        place: usize,
        units: f64,
        moment: Moment,
        sink: &mut S,
    ) {
        let Some(order) = self.forget(place, Known::Filled) else {
            return;
        };
        sink.transition(&Transition {
            price: self.last_price,
            ..self.transition(&order, State::Filled, units, "")
        });
        // After the close there is no path left.
        let has_path = self.settings.intrabar_entry && moment < Moment::Average;
        for child in self.children(place) {
            let Some(child) = self.book.get_mut(child) else {
                continue;
            };
            child.is_held_back = false;
            let n_bars = self.symbols.n_bars[child.symbol];
            let is_at_once = has_path && child.order_type.is_of_path();
            child.active_after = n_bars - u32::from(is_at_once);
        }
    }

    fn children(&self, parent: usize) -> Vec<usize> {
        let Some(id) = self.book.request(parent).id else {
            return Vec::new();
        };
        let places = self.book.live.iter().copied();
        let is_child = |place: &usize| {
            let is_waiting = self.book.get(*place).is_some_and(|o| o.is_held_back);
            is_waiting && self.book.request(*place).parent == Some(id)
        };
        places.filter(is_child).collect()
    }

    fn forget(&mut self, place: usize, known: Known) -> Option<Resting> {
        let order = self.book.take(place)?;
        if let Some(id) = self.book.request(place).id {
            self.book.known.insert(id, known);
        }
        if self.book.of_symbol(order.symbol).is_empty() {
            self.symbols.busy[order.symbol] &= !RESTING;
        }
        Some(order)
    }

    /// One order of a group was filled in part: the others are cancelled.
    pub(super) fn cancel_group<S: Sink>(&mut self, place: usize, sink: &mut S) {
        let Some(group) = self.book.request(place).oco else {
            return;
        };
        for i in 0..self.book.live.len() {
            let other = self.book.live[i];
            let is_of_group = self.book.request(other).oco == Some(group);
            if is_of_group && other != place && self.book.get(other).is_some() {
                self.end_request(other, State::Cancelled, reasons::OCO, sink);
            }
        }
    }

    pub(super) fn transition(
        &self,
        order: &Resting,
        state: State,
        units: f64,
        reason: &'static str,
    ) -> Transition {
        Transition {
            time: self.clock.time,
            ts: self.clock.ts,
            order: order.id,
            symbol: order.symbol as u32,
            cause: Cause::Order,
            state,
            units,
            price: f64::NAN,
            reason,
            request: Some(order.request),
        }
    }

    pub(super) fn tell_order<S: Sink>(
        &self,
        sink: &mut S,
        order: &Resting,
        state: State,
        units: f64,
        reason: &'static str,
    ) {
        sink.transition(&self.transition(order, state, units, reason));
    }
}
