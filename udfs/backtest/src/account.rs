//! Cash and positions.

/// One cash account with positions of many symbols.
///
/// A slot is a position: the symbol's number or, with hedging, twice that, plus 1 for its short
/// side. A position is worth units × (mark − basis) × point; the basis is 0 but for futures, whose
/// gains so far are in the cash.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Money, after all costs so far.
    pub cash: f64,
    /// Units of each slot; negative is short.
    pub units: Vec<f64>,
    /// The last price seen of each symbol, 0 before the first.
    pub marks: Vec<f64>,
    /// Account money per unit and price point of each symbol: multiplier times currency rate.
    pub point: Vec<f64>,
    /// Price of the last settlement of each slot; empty without variation margin.
    pub basis: Vec<f64>,
    /// The slots whose units are not 0, in no order that means something.
    pub held: Vec<u32>,
    /// Where a slot is in `held`.
    place: Vec<u32>,
    /// Slots per symbol as a power of 2.
    shift: u32,
}

/// The account's value at the current marks.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Value {
    /// What the positions add to the cash.
    pub positions: f64,
    /// Sum of units times price, shorts negative.
    pub net: f64,
    /// The same with every position positive.
    pub gross: f64,
}

impl Account {
    /// An account without positions; two slots per symbol with `is_hedging`.
    pub fn new(cash: f64, is_hedging: bool) -> Self {
        Self {
            cash,
            shift: u32::from(is_hedging),
            ..Self::default()
        }
    }

    /// Makes room for more symbols.
    pub fn grow(&mut self, n_symbols: usize, has_basis: bool) {
        let n_slots = n_symbols << self.shift;
        self.units.resize(n_slots, 0.0);
        self.place.resize(n_slots, 0);
        self.marks.resize(n_symbols, 0.0);
        self.point.resize(n_symbols, 1.0);
        if has_basis {
            self.basis.resize(n_slots, 0.0);
        }
    }

    /// Back to cash alone, keeping the room.
    pub fn reset(&mut self, cash: f64) {
        self.cash = cash;
        self.units.fill(0.0);
        self.marks.fill(0.0);
        self.basis.fill(0.0);
        self.held.clear();
    }

    /// The symbol of a slot.
    pub fn symbol_of(&self, slot: usize) -> usize {
        slot >> self.shift
    }

    /// The slot of a symbol's long (`side` 1) or short (-1) position; without hedging there is one.
    pub fn slot_of(&self, symbol: usize, side: f64) -> usize {
        let is_short_side = self.shift == 1 && side < 0.0;
        (symbol << self.shift) + usize::from(is_short_side)
    }

    /// The slots of a symbol.
    pub fn slots_of(&self, symbol: usize) -> std::ops::Range<usize> {
        symbol << self.shift..(symbol + 1) << self.shift
    }

    /// Value of a slot at the mark, negative for a short one.
    pub fn exposure(&self, slot: usize) -> f64 {
        let symbol = self.symbol_of(slot);
        self.units[slot] * self.marks[symbol] * self.point[symbol]
    }

    /// Values the positions at the last prices seen.
    pub fn value(&self) -> Value {
        let mut value = Value::default();
        for &slot in &self.held {
            let held = self.exposure(slot as usize);
            value.net += held;
            value.gross += held.abs();
        }
        value.positions = if self.basis.is_empty() {
            value.net
        } else {
            self.unsettled()
        };
        value
    }

    fn unsettled(&self) -> f64 {
        let gains = self.held.iter().map(|&slot| {
            let (slot, symbol) = (slot as usize, self.symbol_of(slot as usize));
            self.units[slot] * (self.marks[symbol] - self.basis[slot]) * self.point[symbol]
        });
        gains.sum()
    }

    /// Moves the gain of a slot since its last settlement to the cash, and starts anew at `price`.
    pub fn settle(&mut self, slot: usize, price: f64) {
        let point = self.point[self.symbol_of(slot)];
        if let Some(basis) = self.basis.get_mut(slot) {
            self.cash += self.units[slot] * (price - *basis) * point;
            *basis = price;
        }
    }

    /// Settles every position at its mark; without variation margin nothing.
    pub fn settle_all(&mut self) {
        if self.basis.is_empty() {
            return;
        }
        for i in 0..self.held.len() {
            let slot = self.held[i] as usize;
            self.settle(slot, self.marks[self.symbol_of(slot)]);
        }
    }

    /// Books a fill: the position becomes `units_after`, cash pays for the units and `costs`.
    pub fn book(&mut self, slot: usize, units: f64, price: f64, units_after: f64, costs: f64) {
        if self.basis.is_empty() {
            self.cash -= units * price * self.point[self.symbol_of(slot)];
        } else {
            self.settle(slot, price);
        }
        self.cash -= costs;
        self.set_units(slot, units_after);
    }

    /// Sets a position, and whether it is one.
    pub fn set_units(&mut self, slot: usize, units: f64) {
        let before = std::mem::replace(&mut self.units[slot], units);
        match (before != 0.0, units != 0.0) {
            (false, true) => {
                self.place[slot] = self.held.len() as u32;
                self.held.push(slot as u32);
            }
            (true, false) => {
                let place = self.place[slot] as usize;
                self.held.swap_remove(place);
                if let Some(&moved) = self.held.get(place) {
                    self.place[moved as usize] = place as u32;
                }
            }
            _ => {}
        }
    }
}
