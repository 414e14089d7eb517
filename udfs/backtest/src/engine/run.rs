//! What a simulation leaves behind, and the plain way to run one.

use super::Engine;
use super::record::{Event, Fill, Flow, Rescale, Sink, Snapshot, Transition};
use crate::account::Account;
use crate::costs::Rates;
use crate::market::{Columns, Market};
use crate::request::Request;
use crate::settings::Settings;
use crate::trades::{Matcher, Trade};
use std::ops::Range;

/// What became of the orders.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counts {
    /// Fills.
    pub filled: usize,
    /// Filled only in part: buying power, a limit or the side did not allow more.
    pub reduced: usize,
    /// Not filled at all.
    pub rejected: usize,
    /// Ended by their time.
    pub expired: usize,
    /// How often an order had to wait for a later bar: no price, or no volume.
    pub delayed: usize,
}

/// The account at each timestamp, after everything that happened at it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Curve {
    /// Money.
    pub cash: Vec<f64>,
    /// Value of the positions, shorts negative; 0 with variation margin.
    pub positions: Vec<f64>,
    /// Value of the positions with their signs, with variation margin too; else empty.
    pub net: Vec<f64>,
    /// Value of the positions, shorts positive.
    pub gross: Vec<f64>,
    /// Value traded at this timestamp, at fill prices.
    pub traded: Vec<f64>,
    /// Commission paid at this timestamp.
    pub costs: Vec<f64>,
    /// Positions that are not 0.
    pub n_positions: Vec<u32>,
}

impl Curve {
    fn flat(n_times: usize) -> Self {
        Self {
            cash: vec![0.0; n_times],
            positions: vec![0.0; n_times],
            net: Vec::new(),
            gross: vec![0.0; n_times],
            traded: vec![0.0; n_times],
            costs: vec![0.0; n_times],
            n_positions: vec![0; n_times],
        }
    }

    /// Every run writes the account at every timestamp, but what was traded only where it was.
    fn clear(&mut self, fills: &[usize]) {
        for &time in fills {
            self.traded[time] = 0.0;
            self.costs[time] = 0.0;
        }
    }

    /// Cash plus positions.
    pub fn equity(&self) -> Vec<f64> {
        let both = self.cash.iter().zip(&self.positions);
        both.map(|(cash, positions)| cash + positions).collect()
    }

    /// Value of the positions with their signs.
    pub fn net(&self) -> &[f64] {
        if self.net.is_empty() {
            &self.positions
        } else {
            &self.net
        }
    }

    fn set(&mut self, now: &Snapshot) {
        let time = now.time;
        self.cash[time] = now.cash;
        self.positions[time] = now.positions;
        self.gross[time] = now.gross;
        self.n_positions[time] = now.n_positions;
        if let Some(net) = self.net.get_mut(time) {
            *net = now.net;
        }
    }

    fn set_quiet(&mut self, first: usize, account: &Account, closes: &[f64]) {
        let times = first..first + closes.len();
        self.cash[times.clone()].fill(account.cash);
        let units = account.units[0] * account.point[0];
        if units == 0.0 {
            self.positions[times.clone()].fill(0.0);
            self.gross[times.clone()].fill(0.0);
            return self.n_positions[times].fill(0);
        }
        let positions = self.positions[times.clone()].iter_mut();
        let gross = self.gross[times.clone()].iter_mut();
        for ((position, gross), close) in positions.zip(gross).zip(closes) {
            *position = units * close;
            *gross = position.abs();
        }
        self.n_positions[times].fill(1);
    }
}

/// The result of a simulation.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Run {
    /// One entry per timestamp.
    pub curve: Curve,
    /// In the order in which they happened.
    pub fills: Vec<Fill>,
    /// Every step of every order.
    pub transitions: Vec<Transition>,
    /// Money that came or went without a fill.
    pub flows: Vec<Flow>,
    /// Breaches, margin calls, corporate actions.
    pub events: Vec<Event>,
    /// Splits and rolls.
    pub rescales: Vec<Rescale>,
    /// By time of entry, then symbol; open ones at the last marks.
    pub trades: Vec<Trade>,
    /// How many orders ended how.
    pub counts: Counts,
    /// What slippage cost in all, in money.
    pub slippage: f64,
    /// The last price seen of each symbol.
    pub marks: Vec<f64>,
    /// Account money per unit and price point of each symbol, at the end.
    pub points: Vec<f64>,
}

/// What a run is to keep besides its curve and its counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keep {
    /// Nothing.
    Curve,
    /// Fills, flows, events and rescales.
    Fills,
    /// These and trades.
    Trades,
    /// These and every step of every order.
    Orders,
}

/// Collects a [`Run`].
#[derive(Debug, Clone)]
pub struct Recorder {
    /// What was collected.
    pub run: Run,
    keep: Keep,
    matcher: Option<Matcher>,
    /// The timestamps that had fills.
    fill_times: Vec<usize>,
}

impl Recorder {
    /// For a run over this many timestamps.
    pub fn new(n_times: usize, settings: &Settings, keep: Keep) -> Self {
        let mut curve = Curve::flat(n_times);
        if settings.futures {
            curve.net = vec![0.0; n_times];
        }
        Self {
            run: Run {
                curve,
                ..Run::default()
            },
            matcher: (keep >= Keep::Trades).then(|| Matcher::new(settings)),
            keep,
            fill_times: Vec::new(),
        }
    }

    /// Empty again, keeping the room.
    pub fn clear(&mut self) {
        self.run.curve.clear(&self.fill_times);
        self.fill_times.clear();
        self.run.fills.clear();
        self.run.transitions.clear();
        self.run.flows.clear();
        self.run.events.clear();
        self.run.rescales.clear();
        self.run.counts = Counts::default();
        self.run.slippage = 0.0;
    }

    /// Takes what the engine counted.
    pub fn finish(&mut self, engine: &Engine) {
        self.run.counts = Counts {
            filled: self.run.counts.filled,
            ..engine.counts()
        };
        self.run.marks.clone_from(&engine.account().marks);
        self.run.points.clone_from(&engine.account().point);
        if let Some(matcher) = &self.matcher {
            self.run.trades = matcher.trades(engine.account());
        }
    }
}

impl Sink for Recorder {
    fn fill(&mut self, fill: &Fill) {
        self.run.counts.filled += 1;
        self.run.slippage += fill.slippage();
        self.run.curve.traded[fill.time] += fill.value();
        self.run.curve.costs[fill.time] += fill.commission;
        if self.fill_times.last() != Some(&fill.time) {
            self.fill_times.push(fill.time);
        }
        if self.keep != Keep::Curve {
            self.run.fills.push(*fill);
        }
        if let Some(matcher) = &mut self.matcher {
            matcher.fill(fill);
        }
    }

    fn wants_transitions(&self) -> bool {
        self.keep == Keep::Orders
    }

    fn transition(&mut self, transition: &Transition) {
        self.run.transitions.push(*transition);
    }

    fn flow(&mut self, flow: &Flow) {
        if self.keep != Keep::Curve {
            self.run.flows.push(*flow);
        }
        if let (Some(matcher), Some(slot)) = (&mut self.matcher, flow.slot) {
            matcher.flow(slot as usize, flow.kind, flow.amount);
        }
    }

    fn event(&mut self, event: &Event) {
        if self.keep != Keep::Curve {
            self.run.events.push(*event);
        }
    }

    fn rescale(&mut self, rescale: &Rescale, account: &Account) {
        if self.keep != Keep::Curve {
            self.run.rescales.push(*rescale);
        }
        if let Some(matcher) = &mut self.matcher {
            matcher.rescale(rescale, account);
        }
    }

    fn bars(&mut self, time: usize, columns: &Columns<'_>, rows: Range<usize>) {
        if let Some(matcher) = &mut self.matcher {
            matcher.bars(time, columns, rows);
        }
    }

    fn account(&mut self, now: &Snapshot, account: &Account) {
        self.run.curve.set(now);
        if let Some(matcher) = &mut self.matcher {
            matcher.account(now.time, account);
        }
    }

    fn quiet(
        &mut self,
        first: usize,
        account: &Account,
        columns: &Columns<'_>,
        rows: Range<usize>,
    ) {
        let closes = &columns.close[rows.clone()];
        self.run.curve.set_quiet(first, account, closes);
        if let Some(matcher) = &mut self.matcher {
            matcher.quiet(account, columns, rows);
        }
    }
}

/// Runs a simulation over the bars of one account; keeps fills and trades.
pub fn simulate(market: &Market<'_>, settings: &Settings) -> Run {
    simulate_keeping(market, settings, Keep::Trades)
}

/// Runs a simulation and keeps what is asked for.
pub fn simulate_keeping(market: &Market<'_>, settings: &Settings, keep: Keep) -> Run {
    run(market, settings, Engine::new(settings), keep)
}

/// Runs a simulation with the rows of the `orders` query and currency rates, and keeps every step
/// of every order.
pub fn simulate_with_orders(
    market: &Market<'_>,
    settings: &Settings,
    requests: Vec<Request>,
    rates: Rates,
) -> Run {
    let engine = Engine::new(settings)
        .with_orders(requests)
        .with_rates(rates);
    run(market, settings, engine, Keep::Orders)
}

fn run(market: &Market<'_>, settings: &Settings, mut engine: Engine, keep: Keep) -> Run {
    let mut recorder = Recorder::new(market.n_times(), settings, keep);
    engine.run(market, &market.columns, &mut recorder);
    recorder.finish(&engine);
    recorder.run
}
