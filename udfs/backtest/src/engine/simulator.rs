//! Many simulations over the same bars, with other targets each time.

use super::Engine;
use super::run::{Keep, Recorder, Run};
use crate::market::{Columns, Market};
use crate::settings::Settings;

/// Runs one market again and again, in the same memory.
#[derive(Debug)]
pub struct Simulator<'a> {
    market: &'a Market<'a>,
    engine: Engine,
    recorder: Recorder,
    is_fresh: bool,
}

/// The figures of a run that need no statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Summary {
    /// Cash plus positions at the end.
    pub end_equity: f64,
    /// Fills.
    pub n_fills: usize,
    /// Commission paid.
    pub costs: f64,
    /// Value traded, at fill prices.
    pub traded: f64,
}

impl<'a> Simulator<'a> {
    /// For runs over this market under these settings.
    pub fn new(market: &'a Market<'a>, settings: &Settings) -> Self {
        Self {
            market,
            engine: Engine::new(settings),
            recorder: Recorder::new(market.n_times(), settings, Keep::Curve),
            is_fresh: true,
        }
    }

    /// Back to before the first bar.
    pub fn reset(&mut self) {
        if !std::mem::replace(&mut self.is_fresh, true) {
            self.engine.reset();
            self.recorder.clear();
        }
    }

    /// A run that follows these targets, one per row of the whole market (NaN: no opinion), from a
    /// new account. The result keeps curve and counts; it has no fills.
    pub fn run(&mut self, targets: &[f64]) -> &Run {
        self.reset();
        self.is_fresh = false;
        let columns = Columns {
            target: targets,
            ..self.market.columns
        };
        self.engine.run(self.market, &columns, &mut self.recorder);
        self.recorder.finish(&self.engine);
        &self.recorder.run
    }

    /// The figures of the last run.
    pub fn summary(&self) -> Summary {
        let curve = &self.recorder.run.curve;
        let last = |values: &[f64]| values.last().copied().unwrap_or(0.0);
        let end = last(&curve.cash) + last(&curve.positions);
        Summary {
            end_equity: end,
            n_fills: self.recorder.run.counts.filled,
            costs: curve.costs.iter().sum(),
            traded: curve.traded.iter().sum(),
        }
    }
}
