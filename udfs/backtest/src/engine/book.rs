//! The orders of the `orders` query that have not ended.

use crate::request::{OrderType, Request, TimeInForce};
use crate::stops::Trail;
use std::collections::HashMap;

/// An order that was accepted and has not ended.
#[derive(Debug, Clone, Copy)]
pub(super) struct Resting {
    pub(super) id: u64,
    /// Its row in the query.
    pub(super) request: u32,
    pub(super) symbol: usize,
    /// 1 buys, -1 sells.
    pub(super) side: f64,
    /// Units left, positive.
    pub(super) left: f64,
    pub(super) order_type: OrderType,
    pub(super) limit: f64,
    pub(super) stop: f64,
    pub(super) trail: Option<Trail>,
    pub(super) tif: TimeInForce,
    /// The day of its first bar.
    pub(super) first_day: Option<i64>,
    /// How many bars of the symbol there were when it became active: it acts from the next one on.
    pub(super) active_after: u32,
    /// The parent's fill is not complete.
    pub(super) is_held_back: bool,
    pub(super) is_tried: bool,
    pub(super) is_started: bool,
    /// The bar of the symbol in which it is not tried again.
    pub(super) blocked_in: u32,
    /// Where a stop-limit order triggered: its limit may be met there at once.
    pub(super) triggered_at: f64,
}

/// Where an order with an id of its own stands, for children.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Alive,
    Filled,
    Failed,
}

/// All orders of the query.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    pub(super) requests: Vec<Request>,
    pub(super) next: usize,
    /// Orders that have not ended, by the row of their request.
    pub(super) alive: Vec<Option<Resting>>,
    pub(super) n_alive: usize,
    /// The places of those that have not ended, and of some that have since the last look.
    pub(super) live: Vec<usize>,
    /// By symbol, in the order of submission.
    pub(super) by_symbol: Vec<Vec<usize>>,
    pub(super) known: HashMap<u32, Known>,
}

impl Book {
    /// Takes the rows of the query; they are handed in by time, then in the order given.
    pub(super) fn new(mut requests: Vec<Request>) -> Self {
        requests.sort_by_key(|r| r.ts);
        Self {
            alive: vec![None; requests.len()],
            requests,
            ..Self::default()
        }
    }

    pub(super) fn reset(&mut self) {
        self.next = 0;
        self.n_alive = 0;
        self.alive.fill(None);
        self.live.clear();
        self.by_symbol.iter_mut().for_each(Vec::clear);
        self.known.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    pub(super) fn grow(&mut self, n_symbols: usize) {
        if !self.is_empty() && self.by_symbol.len() < n_symbols {
            self.by_symbol.resize(n_symbols, Vec::new());
        }
    }

    pub(super) fn get(&self, place: usize) -> Option<&Resting> {
        self.alive.get(place)?.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: usize) -> Option<&mut Resting> {
        self.alive.get_mut(place)?.as_mut()
    }

    /// The orders of a symbol that have not ended, in the order of submission.
    pub(super) fn of_symbol(&self, symbol: usize) -> &[usize] {
        self.by_symbol.get(symbol).map_or(&[], Vec::as_slice)
    }

    pub(super) fn request(&self, place: usize) -> &Request {
        &self.requests[place]
    }

    /// The places of the orders that have not ended.
    pub(super) fn places(&self) -> Vec<usize> {
        let live = self.live.iter().copied();
        live.filter(|place| self.get(*place).is_some()).collect()
    }

    /// A split of a symbol: its orders are on the new scale.
    pub(super) fn split(&mut self, symbol: usize, ratio: f64) {
        let Some(places) = self.by_symbol.get(symbol) else {
            return;
        };
        for place in places {
            if let Some(order) = self.alive.get_mut(*place).and_then(Option::as_mut) {
                order.left *= ratio;
                order.limit /= ratio;
                order.stop /= ratio;
                if let Some(trail) = &mut order.trail {
                    trail.split(ratio);
                }
            }
        }
    }

    pub(super) fn take(&mut self, place: usize) -> Option<Resting> {
        let order = self.alive.get_mut(place)?.take()?;
        self.n_alive -= 1;
        if let Some(places) = self.by_symbol.get_mut(order.symbol) {
            places.retain(|p| *p != place);
        }
        Some(order)
    }
}
