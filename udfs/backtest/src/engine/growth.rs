//! Room for symbols, kept from run to run.

use super::Engine;
use super::state::Waiting;
use crate::costs::Quote;
use crate::limits::Correlations;
use crate::market::{Columns, Instrument};

impl Engine {
    /// Back to before the first bar, keeping the room and the orders.
    pub fn reset(&mut self) {
        let fresh = Self::new(&self.settings);
        let old = std::mem::replace(self, fresh);
        self.account = old.account;
        self.account.reset(self.settings.cash);
        self.book = old.book;
        self.book.reset();
        self.rates = old.rates;
        self.rates.reset();
        self.symbols = old.symbols;
        self.slots = old.slots;
        self.intents = old.intents;
        self.features = old.features;
        self.clear();
    }

    fn clear(&mut self) {
        let symbols = &mut self.symbols;
        symbols.busy.fill(0);
        symbols.target.fill(0.0);
        symbols.n_bars.fill(0);
        symbols.filled.fill(0.0);
        symbols.atr.fill(f64::NAN);
        symbols.borrow.fill(f64::NAN);
        symbols.kelly.fill(Default::default());
        let slots = &mut self.slots;
        slots.waiting.iter_mut().for_each(|q| q.fill(Waiting::NONE));
        slots.exits.fill(None);
        slots.stopped.clear();
    }

    /// Makes room for symbols and columns; to be called before a step that brings new ones.
    pub fn prepare(&mut self, n_symbols: usize, instruments: &[Instrument], columns: &Columns<'_>) {
        let distances = [columns.stop_loss, columns.take_profit, columns.trailing];
        let has_distances = distances.iter().any(|c| !c.is_empty());
        self.features.exits |= has_distances;
        self.features.context |= has_distances;
        let known = self.symbols.busy.len();
        for (symbol, instrument) in instruments.iter().enumerate().take(known) {
            self.symbols.instrument[symbol] = *instrument;
        }
        if n_symbols <= known {
            return;
        }
        let extra = instruments.iter().skip(known).copied();
        let extra = extra.chain(std::iter::repeat(Instrument::default()));
        let extra = extra.take(n_symbols - known);
        self.symbols.instrument.extend(extra);
        self.grow(n_symbols);
        for symbol in known..n_symbols {
            self.account.point[symbol] = self.point(symbol);
        }
    }

    fn grow(&mut self, n_symbols: usize) {
        self.account.grow(n_symbols, self.features.futures);
        let n_slots = self.account.units.len();
        let symbols = &mut self.symbols;
        symbols.busy.resize(n_symbols, 0);
        symbols.target.resize(n_symbols, 0.0);
        symbols.n_bars.resize(n_symbols, 0);
        symbols.filled.resize(n_symbols, 0.0);
        symbols.atr.resize(n_symbols, f64::NAN);
        symbols.borrow.resize(n_symbols, f64::NAN);
        symbols.kelly.resize(n_symbols, Default::default());
        symbols.last_row.resize(n_symbols, 0);
        let unknown = Quote::of_price(f64::NAN);
        symbols.last_quote.resize(n_symbols, unknown);
        let slots = &mut self.slots;
        slots
            .waiting
            .iter_mut()
            .for_each(|q| q.resize(n_slots, Waiting::NONE));
        slots.context.resize(n_slots, Default::default());
        slots.acting.resize(n_slots, Default::default());
        slots.exits.resize(n_slots, None);
        slots.entered_at.resize(n_slots, 0);
        slots.entered_bar.resize(n_slots, 0);
        slots.blocked_at.resize(n_slots, usize::MAX);
        self.book.grow(n_symbols);
        if self.features.correlations {
            let n_bars = self.settings.limits.correlation_bars;
            self.watch.correlations = Correlations::new(n_symbols, n_bars);
        }
    }
}
