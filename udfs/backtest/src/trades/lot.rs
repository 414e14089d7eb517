//! A part of a position with one entry.

use super::book::{BookFill, FLOWS};
use super::reason::Reason;
use crate::excursion::Extremes;

/// What was bought or sold by one fill and is not closed yet. Money is per unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lot {
    pub symbol: u32,
    pub time: usize,
    pub bar: i64,
    pub units: f64,
    pub price: f64,
    pub value: f64,
    /// Value of a unit at the entry price.
    pub notional: f64,
    pub slippage: f64,
    pub commission: f64,
    pub reason: Reason,
    pub source: u32,
    /// The slot's flows per unit when the lot was opened.
    pub flows: [f64; FLOWS],
    /// Prices seen until the next lot of the slot was opened.
    pub seen: Extremes,
}

impl Lot {
    pub fn new(fill: &BookFill, units: f64, flows: [f64; FLOWS]) -> Self {
        Self {
            symbol: fill.symbol,
            time: fill.time,
            bar: fill.bar,
            units,
            price: fill.price,
            value: fill.value,
            notional: fill.price * fill.unit_value,
            slippage: fill.slippage / fill.units.abs(),
            commission: fill.commission / fill.units.abs(),
            reason: fill.reason,
            source: fill.source,
            flows,
            seen: Extremes::default(),
        }
    }

    /// Takes another lot in at the average of both; the first entry stays the entry.
    pub fn merge(&mut self, other: &Self) {
        let units = self.units + other.units;
        let weight = other.units / units;
        let mean = |own: f64, its: f64| own + (its - own) * weight;
        self.price = mean(self.price, other.price);
        self.value = mean(self.value, other.value);
        self.notional = mean(self.notional, other.notional);
        self.slippage = mean(self.slippage, other.slippage);
        self.commission = mean(self.commission, other.commission);
        for (own, its) in self.flows.iter_mut().zip(other.flows) {
            *own = mean(*own, its);
        }
        self.units = units;
    }

    pub fn split(&mut self, ratio: f64) {
        self.units *= ratio;
        self.price /= ratio;
        self.value /= ratio;
        self.notional /= ratio;
        self.slippage /= ratio;
        self.commission /= ratio;
        self.flows.iter_mut().for_each(|flow| *flow /= ratio);
        self.seen.split(ratio);
    }
}
