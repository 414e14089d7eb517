//! The loop over time: fills, valuation, new targets, one timestamp after another.
//!
//! Everything that a bar needs is allocated before the first one, apart from the list of fills.

use crate::account::Account;
use crate::market::{Market, is_price};
use crate::orders::{
    Decision, Order, Situation, decide, exposure_change, is_forbidden, target_units,
};
use crate::settings::{FillAt, Rebalance, Settings};
use std::ops::Range;

/// An order that was filled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fill {
    /// Number of the timestamp.
    pub time: usize,
    /// The bar: a row of the market.
    pub row: usize,
    /// The symbol's number.
    pub symbol: u32,
    /// Units bought, negative for a sale.
    pub units: f64,
    /// Price with slippage.
    pub price: f64,
    /// Commission, in money.
    pub commission: f64,
    /// Whether `close_at_end` made it, and no target.
    pub is_final: bool,
}

/// What became of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// Filled only in part: the buying power did not reach further.
    pub reduced: usize,
    /// Not filled at all: no buying power, short not allowed, or an account worth nothing.
    pub rejected: usize,
    /// Still waiting for a price after the last bar.
    pub expired: usize,
}

/// The account at each timestamp, after its fills and at its last prices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Money.
    pub cash: Vec<f64>,
    /// Value of the positions, shorts negative.
    pub positions: Vec<f64>,
    /// Value of the positions, shorts positive.
    pub gross: Vec<f64>,
    /// Value traded at this timestamp, at fill prices.
    pub traded: Vec<f64>,
    /// Commission paid at this timestamp.
    pub costs: Vec<f64>,
    /// Positions that are not 0.
    pub n_positions: Vec<i64>,
}

impl Curve {
    /// Zeros, which the allocator hands out untouched: a flat account costs no memory traffic.
    fn flat(n_times: usize) -> Self {
        Self {
            cash: vec![0.0; n_times],
            positions: vec![0.0; n_times],
            gross: vec![0.0; n_times],
            traded: vec![0.0; n_times],
            costs: vec![0.0; n_times],
            n_positions: vec![0; n_times],
        }
    }

    /// Cash plus positions.
    pub fn equity(&self) -> Vec<f64> {
        let both = self.cash.iter().zip(&self.positions);
        both.map(|(cash, positions)| cash + positions).collect()
    }
}

/// The result of a simulation.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// One entry per timestamp.
    pub curve: Curve,
    /// In the order in which they happened.
    pub fills: Vec<Fill>,
    /// The other orders.
    pub counts: Counts,
    /// What slippage cost in all, in money.
    pub slippage: f64,
    /// The last price seen of each symbol.
    pub marks: Vec<f64>,
}

/// An order on its way, sized at the prices of its fill.
#[derive(Debug, Clone, Copy)]
struct Intent {
    row: usize,
    price: f64,
    wanted: f64,
    /// How much buying power it needs; negative frees some.
    exposure_change: f64,
}

struct Simulation<'a> {
    market: &'a Market<'a>,
    settings: &'a Settings,
    account: Account,
    /// Target that waits for a price, NaN for none; by symbol.
    pending: Vec<f64>,
    n_pending: usize,
    /// The last target given; by symbol.
    last_target: Vec<f64>,
    intents: Vec<Intent>,
    run: Run,
}

/// Runs a simulation over the bars.
pub fn simulate(market: &Market<'_>, settings: &Settings) -> Run {
    let mut simulation = Simulation::new(market, settings);
    let n_times = market.n_times();
    for (time, bounds) in market.first_row.windows(2).enumerate() {
        simulation.step(time, bounds[0]..bounds[1]);
        if settings.close_at_end && time + 1 == n_times {
            simulation.close_all(time);
        }
        simulation.record(time);
    }
    simulation.run.counts.expired = simulation.n_pending;
    simulation.run.marks = simulation.account.marks;
    simulation.run
}

impl<'a> Simulation<'a> {
    fn new(market: &'a Market<'a>, settings: &'a Settings) -> Self {
        let n_symbols = market.n_symbols;
        Self {
            market,
            settings,
            account: Account::new(settings.cash, n_symbols),
            pending: vec![f64::NAN; n_symbols],
            n_pending: 0,
            last_target: vec![0.0; n_symbols],
            intents: Vec::with_capacity(n_symbols),
            run: Run {
                curve: Curve::flat(market.n_times()),
                fills: Vec::new(),
                counts: Counts::default(),
                slippage: 0.0,
                marks: Vec::new(),
            },
        }
    }

    /// One timestamp. What a target sees and when it fills is decided by this order of events.
    fn step(&mut self, time: usize, rows: Range<usize>) {
        let columns = self.market.columns;
        match self.settings.fill {
            FillAt::NextOpen => {
                self.mark(rows.clone(), columns.open);
                self.fill(time, rows.clone(), columns.open);
                self.mark(rows.clone(), columns.close);
                self.take_targets(rows);
            }
            FillAt::NextClose => {
                self.mark(rows.clone(), columns.close);
                self.fill(time, rows.clone(), columns.close);
                self.take_targets(rows);
            }
            FillAt::SameClose => {
                self.mark(rows.clone(), columns.close);
                self.take_targets(rows.clone());
                self.fill(time, rows, columns.close);
            }
        }
    }

    fn mark(&mut self, rows: Range<usize>, prices: &[f64]) {
        let symbols = &self.market.columns.symbol[rows.clone()];
        for (&symbol, &price) in symbols.iter().zip(&prices[rows]) {
            if is_price(price) {
                self.account.marks[symbol as usize] = price;
            }
        }
    }

    /// Notes the targets of these bars; they become orders at the next fill.
    fn take_targets(&mut self, rows: Range<usize>) {
        let columns = self.market.columns;
        let symbols = &columns.symbol[rows.clone()];
        for (&symbol, &target) in symbols.iter().zip(&columns.target[rows]) {
            let symbol = symbol as usize;
            let is_repeated = self.settings.rebalance == Rebalance::OnChange
                && target == self.last_target[symbol];
            if !target.is_finite() || is_repeated {
                continue;
            }
            self.last_target[symbol] = target;
            if std::mem::replace(&mut self.pending[symbol], target).is_nan() {
                self.n_pending += 1;
            }
        }
    }

    /// Fills the pending orders of the symbols that have a price in these bars.
    fn fill(&mut self, time: usize, rows: Range<usize>, prices: &[f64]) {
        if self.n_pending == 0 {
            return;
        }
        let value = self.account.value();
        let mut equity = self.account.cash + value.positions;
        let mut gross = value.gross;
        self.size_orders(rows, prices, equity, gross);
        for i in 0..self.intents.len() {
            let intent = self.intents[i];
            let now = self.situation(&intent, equity, gross);
            match decide(intent.wanted, &now, self.settings) {
                Decision::Nothing => {}
                Decision::Reject => self.run.counts.rejected += 1,
                Decision::Fill(order) => {
                    equity -= order.commission + order.slippage;
                    gross += order.gross_change;
                    self.book(time, intent.row, &order, false);
                }
            }
        }
    }

    /// Turns pending targets into intents, those that free buying power first.
    fn size_orders(&mut self, rows: Range<usize>, prices: &[f64], equity: f64, gross: f64) {
        self.intents.clear();
        for row in rows {
            let (symbol, price) = (self.market.columns.symbol[row] as usize, prices[row]);
            if self.pending[symbol].is_nan() || !is_price(price) {
                continue;
            }
            let target = std::mem::replace(&mut self.pending[symbol], f64::NAN);
            self.n_pending -= 1;
            let mut intent = Intent {
                row,
                price,
                wanted: 0.0,
                exposure_change: 0.0,
            };
            let now = self.situation(&intent, equity, gross);
            self.run.counts.rejected += usize::from(is_forbidden(target, &now, self.settings));
            intent.wanted = target_units(target, &now, self.settings);
            intent.exposure_change = exposure_change(target, &now, self.settings);
            self.intents.push(intent);
        }
        // Equal needs keep the order of the symbols, so that a run can be repeated exactly.
        self.intents.sort_unstable_by(|a, b| {
            let by_need = a.exposure_change.total_cmp(&b.exposure_change);
            by_need.then(a.row.cmp(&b.row))
        });
    }

    fn situation(&self, intent: &Intent, equity: f64, gross: f64) -> Situation {
        let symbol = self.market.columns.symbol[intent.row] as usize;
        Situation {
            units: self.account.units[symbol],
            price: intent.price,
            equity,
            gross,
        }
    }

    fn book(&mut self, time: usize, row: usize, order: &Order, is_final: bool) {
        let symbol = self.market.columns.symbol[row];
        self.account.book(symbol as usize, order);
        self.run.curve.traded[time] += (order.units * order.price).abs();
        self.run.curve.costs[time] += order.commission;
        self.run.slippage += order.slippage;
        self.run.counts.reduced += usize::from(order.is_reduced);
        self.run.fills.push(Fill {
            time,
            row,
            symbol,
            units: order.units,
            price: order.price,
            commission: order.commission,
            is_final,
        });
    }

    /// Sells what is held at the last price seen.
    fn close_all(&mut self, time: usize) {
        let last_rows = self.market.rows_by_symbol();
        for (symbol, rows) in last_rows.iter().enumerate() {
            let Some(&row) = rows.last() else { continue };
            let now = Situation {
                units: self.account.units[symbol],
                price: self.account.marks[symbol],
                equity: 0.0,
                gross: 0.0,
            };
            if let Decision::Fill(order) = decide(0.0, &now, self.settings) {
                self.book(time, row, &order, true);
            }
        }
    }

    fn record(&mut self, time: usize) {
        let value = self.account.value();
        let curve = &mut self.run.curve;
        curve.cash[time] = self.account.cash;
        if value.n_positions > 0 {
            curve.positions[time] = value.positions;
            curve.gross[time] = value.gross;
            curve.n_positions[time] = value.n_positions;
        }
    }
}
