//! Fills in the order of time become trades.

use super::lot::Lot;
use super::reason::Reason;
use super::{Exit, Parts, Trade};
use crate::excursion::Extremes;
use std::collections::VecDeque;

/// How a fill against a position finds its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Matching {
    /// First in, first out: every fill that adds is a trade of its own.
    #[default]
    Fifo,
    /// Against the average of all entries of the position.
    Average,
}

impl Matching {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 2] = [("fifo", Self::Fifo), ("average", Self::Average)];
}

/// A fill as its trade sees it. Money is in the account's currency.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BookFill {
    /// The position: one per symbol, or one per symbol and side when hedging.
    pub slot: usize,
    /// The symbol's number.
    pub symbol: u32,
    /// Number of the timestamp.
    pub time: usize,
    /// Number of the bar among the symbol's bars.
    pub bar: i64,
    /// Units bought, negative for a sale.
    pub units: f64,
    /// Price with slippage, in the instrument's currency.
    pub price: f64,
    /// Money per unit at the price before slippage: price times multiplier times rate. For a
    /// future that is settled: the variation margin that one unit has got since the start of the
    /// run up to this price.
    pub value: f64,
    /// Multiplier times rate: what one price point of one unit is worth.
    pub unit_value: f64,
    /// What slippage cost, at least 0 unless a price improved.
    pub slippage: f64,
    /// Commission, negative for a rebate.
    pub commission: f64,
    /// Why it filled.
    pub reason: Reason,
    /// The source of the signal, a number.
    pub source: u32,
}

/// A flow of money of a whole position, not of a fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Dividends received.
    Dividend = 0,
    /// Borrow fees received, so negative.
    Borrow = 1,
    /// Funding received.
    Funding = 2,
    /// Commission of a roll received, so negative.
    Commission = 3,
    /// Slippage of a roll received, so negative.
    Slippage = 4,
}

/// How many kinds of [`Flow`] there are.
pub(super) const FLOWS: usize = 5;

/// Lots add up to the position only up to rounding: a rest below this fraction is no lot.
const SAME: f64 = 1e-9;

#[derive(Debug, Clone, Default)]
struct Slot {
    held: f64,
    /// Sum of each flow per unit held at its time.
    flows: [f64; FLOWS],
    lots: VecDeque<Lot>,
}

/// The open lots of all positions of an account.
///
/// It is told what happens in the order in which it happens: [`TradeBook::see`] the prices that a
/// position lives through, [`TradeBook::fill`] each fill, and what corporate actions and time do.
#[derive(Debug, Clone, Default)]
pub struct TradeBook {
    matching: Matching,
    slots: Vec<Slot>,
}

/// The price of a position that is still open, for its unrealised profit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mark {
    /// Number of the symbol's last bar.
    pub bar: i64,
    /// Last price seen.
    pub price: f64,
    /// [`BookFill::value`] at that price.
    pub value: f64,
}

/// What a roll does to the trades of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rolled {
    /// Price of the new contract less that of the old one, both after slippage.
    pub price_shift: f64,
    /// The same before slippage.
    pub raw_shift: f64,
    /// Multiplier times rate: what one price point of one unit is worth; 0 for a future that is
    /// settled, whose [`BookFill::value`] does not know prices.
    pub unit_value: f64,
    /// What the slippage of both legs cost.
    pub slippage: f64,
    /// Commission of both legs.
    pub commission: f64,
}

impl TradeBook {
    /// A book without positions.
    pub fn new(matching: Matching, n_slots: usize) -> Self {
        Self {
            matching,
            slots: vec![Slot::default(); n_slots],
        }
    }

    /// Prices between `low` and `high` were seen while the position of this slot was held.
    pub fn see(&mut self, slot: usize, low: f64, high: f64) {
        if let Some(lot) = self.slot(slot).lots.back_mut() {
            lot.seen.see(low, high);
        }
    }

    /// Matches a fill; what it closes goes to `emit`, oldest entry first.
    pub fn fill(&mut self, fill: &BookFill, emit: &mut impl FnMut(Trade)) {
        let matching = self.matching;
        let slot = self.slot(fill.slot);
        let end = End::of(fill, slot.held);
        slot.held += fill.units;
        let least = SAME * fill.units.abs();
        let mut left = fill.units;
        while left.abs() > least
            && let Some(front) = slot.lots.front_mut().filter(|lot| lot.units * left < 0.0)
        {
            let (held, rest) = (front.units, front.units + left);
            let is_whole = rest * held <= 0.0 || rest.abs() <= SAME * held.abs();
            let units = if is_whole { held } else { -left };
            emit(slot.trade(0, units, &end));
            slot.reduce_front(is_whole, rest);
            left = if is_whole { left + held } else { 0.0 };
        }
        if left.abs() > least {
            slot.open(Lot::new(fill, left, slot.flows), matching);
        }
        if slot.lots.is_empty() {
            slot.held = 0.0;
        }
    }

    /// A position received this money as a whole; its lots share it by units.
    pub fn flow(&mut self, slot: usize, flow: Flow, amount: f64) {
        let slot = self.slot(slot);
        if slot.held != 0.0 {
            slot.flows[flow as usize] += amount / slot.held;
        }
    }

    /// New units per old unit: entry prices are divided by the ratio.
    pub fn split(&mut self, slot: usize, ratio: f64) {
        let slot = self.slot(slot);
        slot.held *= ratio;
        slot.flows.iter_mut().for_each(|flow| *flow /= ratio);
        slot.lots.iter_mut().for_each(|lot| lot.split(ratio));
    }

    /// A roll: prices shift, the trades go on and bear its costs.
    pub fn roll(&mut self, slot: usize, roll: &Rolled) {
        for lot in &mut self.slot(slot).lots {
            lot.price += roll.price_shift;
            lot.value += roll.raw_shift * roll.unit_value;
            lot.seen.shift(roll.raw_shift);
        }
        self.flow(slot, Flow::Commission, -roll.commission);
        self.flow(slot, Flow::Slippage, -roll.slippage);
    }

    /// The trades that are open, at these marks, in the order of slots; the book stays as it is.
    pub fn open_trades(&self, mark: impl Fn(usize) -> Mark, emit: &mut impl FnMut(Trade)) {
        for (number, slot) in self.slots.iter().enumerate() {
            if slot.lots.is_empty() {
                continue;
            }
            let end = End::at(mark(number));
            for (place, lot) in slot.lots.iter().enumerate() {
                emit(slot.trade(place, lot.units, &end));
            }
        }
    }

    fn slot(&mut self, slot: usize) -> &mut Slot {
        if slot >= self.slots.len() {
            self.slots.resize_with(slot + 1, Slot::default);
        }
        &mut self.slots[slot]
    }
}

/// What a trade ends with. Costs are per unit.
struct End {
    exit: Option<Exit>,
    bar: i64,
    price: f64,
    value: f64,
    slippage: f64,
    commission: f64,
}

impl End {
    /// A fill against `held`: one that goes beyond it turns the position.
    fn of(fill: &BookFill, held: f64) -> Self {
        let turns = fill.units.abs() > held.abs() * (1.0 + SAME);
        let reason = match fill.reason {
            Reason::Signal if turns => Reason::Reversal,
            reason => reason,
        };
        Self {
            exit: Some(Exit {
                time: fill.time,
                price: fill.price,
                reason,
            }),
            bar: fill.bar,
            price: fill.price,
            value: fill.value,
            slippage: fill.slippage / fill.units.abs(),
            commission: fill.commission / fill.units.abs(),
        }
    }

    fn at(mark: Mark) -> Self {
        Self {
            exit: None,
            bar: mark.bar,
            price: mark.price,
            value: mark.value,
            slippage: 0.0,
            commission: 0.0,
        }
    }
}

impl Slot {
    fn open(&mut self, lot: Lot, matching: Matching) {
        match self.lots.front_mut() {
            Some(front) if matching == Matching::Average => front.merge(&lot),
            _ => self.lots.push_back(lot),
        }
    }

    fn reduce_front(&mut self, is_whole: bool, rest: f64) {
        if is_whole {
            self.lots.pop_front();
        } else if let Some(front) = self.lots.front_mut() {
            front.units = rest;
        }
    }

    /// `units` of the lot at this place, from its entry to `end`.
    fn trade(&self, place: usize, units: f64, end: &End) -> Trade {
        let lot = &self.lots[place];
        let mut seen = Extremes::default();
        for later in self.lots.range(place..) {
            seen = seen.and(later.seen);
        }
        seen.see(end.price, end.price);
        let (mae, mfe) = seen.excursion(lot.price, units);
        let flow = |flow: Flow| (self.flows[flow as usize] - lot.flows[flow as usize]) * units;
        let size = units.abs();
        let parts = Parts {
            price: (end.value - lot.value) * units,
            slippage: (lot.slippage + end.slippage) * size - flow(Flow::Slippage),
            commission: (lot.commission + end.commission) * size - flow(Flow::Commission),
            dividends: flow(Flow::Dividend),
            borrow: flow(Flow::Borrow),
            funding: flow(Flow::Funding),
        };
        Trade {
            symbol: lot.symbol,
            source: lot.source,
            entry_time: lot.time,
            entry_price: lot.price,
            entry_reason: lot.reason,
            entry_value: (lot.notional * units).abs(),
            exit: end.exit,
            units,
            costs: parts.commission,
            pnl: parts.price - parts.slippage - parts.commission,
            bars: end.bar.saturating_sub(lot.bar),
            mae,
            mfe,
            parts,
        }
    }
}
