//! The event-driven core: one account steps through the timestamps of its bars.
//!
//! [`Engine::step`] takes the bars of one timestamp and tells a [`Sink`] what happens, in the order
//! of events of `docs/backtest.md`, section 2. Nothing in it looks ahead, so that feeding one
//! timestamp after another is the same as running over the whole, and a table that grows can be
//! followed bar by bar. What a symbol does not use costs a test of one byte; nothing is allocated
//! per bar.

mod book;
mod execute;
mod exits;
mod flows;
mod growth;
mod life;
mod margin;
mod moment;
mod opening;
mod path;
pub mod position;
mod queue;
mod quiet;
mod reasons;
pub mod record;
mod resting;
pub mod run;
mod signals;
pub mod simulator;
mod state;
mod wanted;

pub use record::{
    Cause, Event, Fill, Flow, FlowKind, Moment, Rescale, Sink, Snapshot, State, Transition,
};
pub use run::{
    Counts, Curve, Keep, Recorder, Run, simulate, simulate_keeping, simulate_with_orders,
};
pub use simulator::{Simulator, Summary};

use crate::account::Account;
use crate::costs::{MonthVolume, Rates};
use crate::limits::{Correlations, DailyTurnover, Guard, Limits};
use crate::market::Columns;
use crate::request::Request;
use crate::settings::{FillAt, Positions, Settings};
use crate::sizing::SizeType;
use crate::trades::Matcher;
use book::Book;
use moment::Intent;
use state::{Features, Now, QUEUES, Slots, Symbols, Waiting, Want, Watch};
use std::ops::Range;

/// Where the engine is.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    /// Number of the timestamp.
    time: usize,
    ts: i64,
    /// The timestamp before.
    before: Option<i64>,
    /// Rows of the parts before the one at hand.
    first_row: usize,
}

/// What is counted of one timestamp.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    traded: f64,
    costs: f64,
}

/// One account that steps through time.
#[derive(Debug, Clone)]
pub struct Engine {
    settings: Settings,
    features: Features,
    is_free_of_commission: bool,
    account: Account,
    symbols: Symbols,
    slots: Slots,
    book: Book,
    rates: Rates,
    watch: Watch,
    clock: Clock,
    n_steps: usize,
    tally: Tally,
    now: Now,
    /// Whether `now` is that of the path at hand.
    is_valued: bool,
    /// Value traded in the month so far, with tiers.
    month_value: f64,
    /// Price of the last fill.
    last_price: f64,
    last_id: u64,
    /// Orders that wait in the queues of positions.
    n_waiting: usize,
    /// Symbols with exits.
    n_exits: usize,
    intents: Vec<Intent>,
    /// Take-profits that volume filled in part: position, place and order.
    open_takes: Vec<(usize, usize, Waiting)>,
    /// Take-profits that were rejected, until their position is gone.
    dead_takes: Vec<(usize, usize)>,
    counts: Counts,
}

impl Engine {
    /// An account before its first bar.
    pub fn new(settings: &Settings) -> Self {
        let limits = &settings.limits;
        let needs_trades = settings.entries.size.size_type == SizeType::Kelly;
        Self {
            features: Features::of(settings),
            is_free_of_commission: settings.costs.commission.is_free(),
            account: state::account(settings),
            symbols: Symbols::default(),
            slots: Slots::default(),
            book: Book::default(),
            rates: Rates::default(),
            watch: Watch {
                month: MonthVolume::default(),
                day: DailyTurnover::default(),
                guard: Guard::new(settings.cash),
                correlations: Correlations::new(0, limits.correlation_bars),
                trades: needs_trades.then(|| Matcher::new(settings)),
                is_bankrupt: false,
            },
            clock: Clock::default(),
            n_steps: 0,
            tally: Tally::default(),
            now: Now::default(),
            is_valued: false,
            month_value: 0.0,
            last_price: f64::NAN,
            last_id: 0,
            n_waiting: 0,
            n_exits: 0,
            intents: Vec::new(),
            open_takes: Vec::new(),
            dead_takes: Vec::new(),
            counts: Counts::default(),
            settings: settings.clone(),
        }
    }

    /// With the rows of the `orders` query.
    #[must_use]
    pub fn with_orders(mut self, requests: Vec<Request>) -> Self {
        self.book = Book::new(requests);
        self
    }

    /// With currency rates.
    #[must_use]
    pub fn with_rates(mut self, rates: Rates) -> Self {
        self.rates = rates;
        self
    }

    /// Money per unit and price point: multiplier times currency rate, NaN without a rate.
    fn point(&self, symbol: usize) -> f64 {
        let instrument = &self.symbols.instrument[symbol];
        let rate = instrument.currency.map_or(1.0, |c| self.rates.rate(c));
        instrument.multiplier * rate
    }

    /// One timestamp: the bars of these rows, which all have the time `ts`.
    ///
    /// [`Engine::prepare`] has to know their symbols and columns.
    pub fn step<S: Sink>(
        &mut self,
        columns: &Columns<'_>,
        rows: Range<usize>,
        ts: i64,
        sink: &mut S,
    ) {
        self.begin(columns, rows.clone(), ts);
        sink.bars(self.clock.time, columns, rows.clone());
        if self.book.n_alive > 0 {
            self.end_overdue(sink);
        }
        if !(columns.split.is_empty() && columns.dividend.is_empty() && columns.roll.is_empty()) {
            self.act(columns, rows.clone(), sink);
        }
        let has_financing = !self.settings.costs.financing.is_free();
        if has_financing || !(columns.funding.is_empty() && columns.borrow.is_empty()) {
            self.finance(columns, rows.clone(), sink);
        }
        if self.is_busy() {
            self.trade(columns, rows.clone(), sink);
        }
        self.mark(columns, rows.clone());
        self.watch_account(sink);
        self.note_bars(columns, rows.clone());
        self.take_signals(columns, rows.clone(), sink);
        if !self.book.is_empty() {
            self.submit_due(sink);
        }
        if self.settings.fill == FillAt::SameClose && self.n_waiting > 0 {
            self.fill_now(columns, rows.clone(), sink);
        }
        if !columns.atr.is_empty() {
            self.note_atr(columns, rows);
        }
        if self.book.n_alive > 0 {
            self.end_of_time(sink);
        }
        if let Some(trades) = &mut self.watch.trades {
            trades.account(self.clock.time, &self.account);
        }
        self.tell_account(sink);
    }

    /// Whether anything may fill.
    fn is_busy(&self) -> bool {
        self.n_waiting > 0 || self.book.n_alive > 0 || self.n_exits > 0
    }

    fn begin(&mut self, columns: &Columns<'_>, rows: Range<usize>, ts: i64) {
        self.clock.before = (self.n_steps > 0).then_some(self.clock.ts);
        self.clock.time = self.n_steps;
        self.clock.ts = ts;
        self.n_steps += 1;
        self.tally = Tally::default();
        if self.features.tiers {
            self.month_value = self.watch.month.at(ts);
        }
        if self.rates.advance(ts) {
            for symbol in 0..self.symbols.busy.len() {
                self.account.point[symbol] = self.point(symbol);
            }
        }
        if self.features.participation {
            for &symbol in &columns.symbol[rows.clone()] {
                self.symbols.filled[symbol as usize] = 0.0;
            }
        }
        if !self.book.is_empty() || self.settings.exits.max_bars.is_some() {
            for &symbol in &columns.symbol[rows] {
                self.symbols.n_bars[symbol as usize] += 1;
            }
        }
    }

    /// Steps 3 to 5.
    fn trade<S: Sink>(&mut self, columns: &Columns<'_>, rows: Range<usize>, sink: &mut S) {
        self.mark_at(columns, rows.clone(), Moment::Open);
        self.fill_at(columns, rows.clone(), Moment::Open, sink);
        if self.book.n_alive > 0 || self.n_exits > 0 {
            self.walk_paths(columns, rows.clone(), sink);
        }
        if !self.is_busy() {
            return;
        }
        if matches!(self.settings.fill, FillAt::Vwap | FillAt::Price) {
            self.mark_at(columns, rows.clone(), Moment::Average);
            self.fill_at(columns, rows.clone(), Moment::Average, sink);
        }
        self.mark(columns, rows.clone());
        self.fill_at(columns, rows, Moment::Close, sink);
    }

    /// Orders of signals that fill at the close that they have just seen.
    fn fill_now<S: Sink>(&mut self, columns: &Columns<'_>, rows: Range<usize>, sink: &mut S) {
        self.fill_at(columns, rows, Moment::Close, sink);
        self.account.settle_all();
        if self.features.guard {
            // The day ends with what is left after these fills; they are no reason to stop.
            self.value_now();
            let (ts, equity) = (self.clock.ts, self.now.equity);
            let no_limits = Limits::default();
            self.watch
                .guard
                .at_mark(&no_limits, ts, equity, &mut |_| {});
        }
    }

    /// What later bars need to know of these.
    fn note_bars(&mut self, columns: &Columns<'_>, rows: Range<usize>) {
        if self.features.correlations {
            for row in rows.clone() {
                let (symbol, close) = (columns.symbol[row] as usize, columns.close[row]);
                self.watch.correlations.push(symbol, self.clock.ts, close);
            }
        }
        if self.settings.close_at_end {
            for row in rows {
                self.symbols.last_row[columns.symbol[row] as usize] = row;
            }
        }
    }

    /// The last `atr` known, for the stops of later bars.
    fn note_atr(&mut self, columns: &Columns<'_>, rows: Range<usize>) {
        for (row, &atr) in rows.clone().zip(&columns.atr[rows]) {
            if atr > 0.0 && atr.is_finite() {
                self.symbols.atr[columns.symbol[row] as usize] = atr;
            }
        }
    }

    fn tell_account<S: Sink>(&mut self, sink: &mut S) {
        let value = self.account.value();
        sink.account(
            &Snapshot {
                time: self.clock.time,
                ts: self.clock.ts,
                cash: self.account.cash,
                positions: value.positions,
                net: value.net,
                gross: value.gross,
                traded: self.tally.traded,
                costs: self.tally.costs,
                n_positions: self.account.held.len() as u32,
            },
            &self.account,
        );
    }

    /// The rows of a part of the bars are done: the next part counts from 0 again.
    pub fn end_part(&mut self, n_rows: usize) {
        self.clock.first_row += n_rows;
    }

    /// After the last bar: what waits expires.
    pub fn finish<S: Sink>(&mut self, sink: &mut S) {
        for slot in 0..self.account.units.len() {
            for queue in QUEUES {
                if self.slots.queue(queue, slot).want != Want::Nothing {
                    self.end_waiting(queue, slot, State::Expired, reasons::END_OF_DATA, sink);
                }
            }
        }
    }

    /// Sells what is held at its mark, with the costs of a market order; `columns` are those of the
    /// last step. The account is told again.
    pub fn close_all<S: Sink>(&mut self, columns: &Columns<'_>, sink: &mut S) {
        if self.account.held.is_empty() {
            return;
        }
        self.value_now();
        for slot in 0..self.account.units.len() {
            if self.account.units[slot] != 0.0 {
                self.close_slot(columns, slot, sink);
            }
        }
        self.account.settle_all();
        self.tell_account(sink);
    }

    /// The account as it stands.
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What became of the orders so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn is_hedging(&self) -> bool {
        self.settings.positions == Positions::Hedging
    }
}
