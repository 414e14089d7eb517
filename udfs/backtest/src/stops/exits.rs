//! Where the exits of one position stand.

use super::levels::MAX_LEVELS;
use super::rules::{Distances, ExitRules, StopUnit};
use super::trail::better;

/// Which rule a stop price comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopKind {
    /// The stop loss, also after it moved to the entry price.
    StopLoss,
    /// The trailing stop.
    Trailing,
}

/// The nearest take-profit of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Take {
    /// Which one: a level's place, or [`MAX_LEVELS`] for the one that closes everything.
    pub place: usize,
    /// Limit price, NaN for none.
    pub price: f64,
    /// Units to close, positive; infinite for whatever is left.
    pub units: f64,
}

/// A fill of a signal that opened or increased a position, as its exits see it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Entry {
    /// 1 for a long position, -1 for a short one.
    pub side: f64,
    /// Fill price, with slippage.
    pub price: f64,
    /// Units that it opened, positive.
    pub units: f64,
    /// `atr` at the signal's bar, above 0, NaN for unknown.
    pub atr: f64,
    /// Distances that the signal's bar gives instead of the arguments, NaN for none.
    pub overrides: Distances,
}

/// The exits of one position: a stop, a take-profit and a count of bars. Plain numbers, so that
/// an array of them holds those of all positions.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exits {
    side: f64,
    /// Average price of what opened and increased the position; decreases leave it.
    entry_price: f64,
    /// Units opened so far.
    opened: f64,
    distances: Distances,
    /// Price units per unit of distance.
    scale: f64,
    /// The last known `atr`, for the adaptive trailing stop.
    atr: f64,
    best: f64,
    /// The trailing stop, which never moves away from the price; NaN before it begins.
    trail: f64,
    /// Units that each level closed.
    taken: [f64; MAX_LEVELS],
    /// Bit by place: take-profits that had their turn in the bar at hand.
    tried: u16,
    bars: u32,
    stop: f64,
    kind: StopKind,
    /// The price of the nearest take-profit that is not used up.
    nearest_take: f64,
}

/// Below this fraction of what was opened a rest is the rounding of its share.
const SAME: f64 = 1e-9;

impl Exits {
    /// Whether the exits of such an entry need an `atr` that its signal's bar does not have: then
    /// it must not be made ([`super::NO_ATR`]).
    pub fn lack_atr(rules: &ExitRules, overrides: &Distances, atr: f64) -> bool {
        let is_known = atr > 0.0 && atr.is_finite();
        !is_known && rules.needs_atr(&overrides.or(&rules.distances))
    }

    /// The exits of a new position.
    pub fn new(rules: &ExitRules, entry: &Entry) -> Self {
        let mut exits = Self {
            side: entry.side,
            entry_price: entry.price,
            opened: entry.units,
            distances: entry.overrides.or(&rules.distances),
            scale: rules.scale(entry.price, entry.atr),
            atr: entry.atr,
            best: entry.price,
            trail: f64::NAN,
            taken: [0.0; MAX_LEVELS],
            tried: 0,
            bars: 0,
            stop: f64::NAN,
            kind: StopKind::StopLoss,
            nearest_take: f64::NAN,
        };
        exits.refresh(rules);
        exits
    }

    /// A price of the entry's bar after the entry, in which the exits do not act yet.
    pub fn see(&mut self, price: f64) {
        self.best = better(self.side, self.best, price);
    }

    /// The trailing stop takes its place behind the best price: at the first bar in which exits act
    /// ([`Exits::start_bar`] does it), with `intrabar_entry` on the entry's own path.
    pub fn arm(&mut self, rules: &ExitRules) {
        self.follow(rules);
        self.place_stop(rules);
    }

    /// The price of the stop order that closes the position, NaN for none. A long position is
    /// closed by a sell stop, a short one by a buy stop.
    pub fn stop(&self) -> f64 {
        self.stop
    }

    /// Which rule the stop is from.
    pub fn stop_kind(&self) -> StopKind {
        self.kind
    }

    /// The nearest limit order that takes a profit and had no turn in this bar; `whole_lots` rounds
    /// the units of a level.
    pub fn take(&self, rules: &ExitRules, whole_lots: impl Fn(f64) -> f64) -> Take {
        for (place, (level, taken)) in rules.levels.iter().zip(self.taken).enumerate() {
            if self.is_beyond_take_profit(level.distance) {
                break;
            }
            let units = whole_lots(level.share * self.opened) - taken;
            if !self.is_tried(place) && units > SAME * self.opened {
                let price = self.profit_price(level.distance);
                return Take {
                    place,
                    price,
                    units,
                };
            }
        }
        let price = if self.is_tried(MAX_LEVELS) {
            f64::NAN
        } else {
            self.profit_price(self.distances.take_profit)
        };
        Take {
            place: MAX_LEVELS,
            price,
            units: f64::INFINITY,
        }
    }

    /// The best price since the entry.
    pub fn best(&self) -> f64 {
        self.best
    }

    /// The average entry price, on the scale of today.
    pub fn entry_price(&self) -> f64 {
        self.entry_price
    }

    /// Bars of the symbol since the one of the entry.
    pub fn bars(&self) -> u32 {
        self.bars
    }

    /// Whether a level can be met on any path through a bar with these extremes, unknown ones NaN.
    /// Where not, [`Exits::after_leg`] with the better extreme stands for the whole bar.
    pub fn may_act(&self, rules: &ExitRules, low: f64, high: f64) -> bool {
        let (worst, best) = if self.side > 0.0 {
            (low, high)
        } else {
            (high, low)
        };
        let past = |level: f64, price: f64| (price - level) * self.side;
        if past(self.nearest_take, best) >= 0.0 || past(self.stop, worst) <= 0.0 {
            return true;
        }
        // The best price may come first and pull the stop into the bar.
        let mut moved = *self;
        moved.after_leg(rules, best);
        past(moved.stop, worst) <= 0.0
    }

    /// The price at the end of a leg that the position has lived through. The open is a leg.
    pub fn after_leg(&mut self, rules: &ExitRules, price: f64) {
        let best = better(self.side, self.best, price);
        if best != self.best {
            self.best = best;
            self.arm(rules);
        }
    }

    /// The start of a bar of the symbol after the entry's bar, before its open. `atr` is the last
    /// known one before this bar. Returns whether the time stop closes the position at its open.
    pub fn start_bar(&mut self, rules: &ExitRules, atr: f64) -> bool {
        self.tried = 0;
        if self.bars == 0 || (rules.trailing_atr.is_finite() && atr > 0.0 && atr != self.atr) {
            self.atr = if atr > 0.0 { atr } else { self.atr };
            self.arm(rules);
        }
        self.bars = self.bars.saturating_add(1);
        rules.max_bars.is_some_and(|max| self.bars >= max)
    }

    /// A take-profit had its turn in this bar and closed these units, positive or 0. What is left
    /// of it is back at the next bar.
    pub fn after_take(&mut self, rules: &ExitRules, place: usize, units: f64) {
        if let Some(taken) = self.taken.get_mut(place) {
            *taken += units;
        }
        self.tried |= 1 << place.min(MAX_LEVELS);
        self.nearest_take = self.nearest_price(rules);
    }

    /// A signal increased the position: it gives the distances, and the entry price is the average
    /// over `held` units before it and its own.
    pub fn increase(&mut self, rules: &ExitRules, held: f64, entry: &Entry) {
        let weight = entry.units / (held.abs() + entry.units);
        self.entry_price += (entry.price - self.entry_price) * weight;
        self.opened += entry.units;
        self.distances = entry.overrides.or(&rules.distances);
        self.scale = rules.scale(self.entry_price, entry.atr);
        self.refresh(rules);
    }

    /// On the scale after a split: prices divided by the ratio, units times it.
    pub fn split(&mut self, rules: &ExitRules, ratio: f64) {
        self.entry_price /= ratio;
        self.opened *= ratio;
        self.taken.iter_mut().for_each(|units| *units *= ratio);
        // Distances in price units are old prices as well.
        self.scale /= ratio;
        self.atr /= ratio;
        self.best /= ratio;
        self.trail /= ratio;
        self.refresh(rules);
    }

    /// Shifted by a roll, in price units. Distances in prices stay what they were.
    pub fn shift(&mut self, rules: &ExitRules, by: f64) {
        self.entry_price += by;
        self.best += by;
        self.trail += by;
        self.refresh(rules);
    }

    fn refresh(&mut self, rules: &ExitRules) {
        self.place_stop(rules);
        self.nearest_take = self.nearest_price(rules);
    }

    /// The trailing stop follows the best price and never moves away.
    fn follow(&mut self, rules: &ExitRules) {
        let profit = (self.best - self.entry_price) * self.side;
        if profit >= rules.trailing_start * self.scale || rules.trailing_start <= 0.0 {
            let stop = self.best - self.side * self.trailing_distance(rules);
            self.trail = better(self.side, self.trail, stop);
        }
    }

    /// The nearer one of the fixed and the trailing stop; the fixed one at a tie.
    fn place_stop(&mut self, rules: &ExitRules) {
        let profit = (self.best - self.entry_price) * self.side;
        let mut fixed = self.entry_price - self.side * self.distances.stop_loss * self.scale;
        if profit >= rules.break_even * self.scale {
            fixed = better(self.side, fixed, self.entry_price);
        }
        let trails = fixed.is_nan() || (self.trail - fixed) * self.side > 0.0;
        (self.stop, self.kind) = if trails {
            (self.trail, StopKind::Trailing)
        } else {
            (fixed, StopKind::StopLoss)
        };
    }

    /// The smaller one of the fixed and the adaptive distance; NaN without either.
    fn trailing_distance(&self, rules: &ExitRules) -> f64 {
        let scale = match rules.unit {
            StopUnit::Fraction => self.best,
            StopUnit::Price | StopUnit::Atr => self.scale,
        };
        (self.distances.trailing * scale).min(rules.trailing_atr * self.atr)
    }

    fn profit_price(&self, distance: f64) -> f64 {
        self.entry_price + self.side * distance * self.scale
    }

    /// Whether the whole position is closed before or at this distance.
    fn is_beyond_take_profit(&self, distance: f64) -> bool {
        distance >= self.distances.take_profit
    }

    fn is_tried(&self, place: usize) -> bool {
        self.tried & (1 << place) != 0
    }

    /// The nearest price at which a profit may be taken, whatever the lots.
    fn nearest_price(&self, rules: &ExitRules) -> f64 {
        let levels = rules.levels.iter().zip(self.taken);
        let open = |taken: f64, share: f64| share * self.opened - taken > SAME * self.opened;
        let level = levels
            .filter(|(level, taken)| open(*taken, level.share))
            .map(|(level, _)| level.distance)
            .find(|distance| !self.is_beyond_take_profit(*distance));
        self.profit_price(level.unwrap_or(self.distances.take_profit))
    }
}

#[cfg(test)]
mod tests;
