//! Many simulations over the same bars.

use crate::book::{Counted, Identity, Searched, Tried};
use crate::evaluate::{Compiled, Inputs};
use crate::library::{Library, Shelf};
use crate::space::{MAX_COMBINATIONS, Space};
use crate::work::Work;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use quantlake_backtest::engine::{Run, Simulator};
use quantlake_backtest::functions::{Bars, settings};
use quantlake_backtest::market::Market;
use quantlake_backtest::settings::Settings;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, FunctionSpec, ParamValue, QlError, SqlState};
use rayon::prelude::*;
use std::ops::Range;
use std::sync::Arc;

/// Where targets come from.
#[derive(Debug)]
pub enum Source {
    /// An expression over the bars of the call.
    Expression(Box<Compiled>),
    /// A stored strategy, which brings its bars.
    Stored(Shelf),
}

/// A strategy with all of its combinations: those of its own parameters, and those of the arguments
/// of the backtest that are lists.
#[derive(Debug)]
pub struct Variants {
    /// The function that was called, for messages.
    pub function: String,
    /// All parameters.
    pub space: Space,
    /// Under which name it is counted.
    pub identity: Identity,
    source: Source,
    /// Which of all parameters are the strategy's.
    of_strategy: Vec<usize>,
    /// Which of all parameters are arguments of the backtest.
    of_settings: Vec<usize>,
    /// The arguments that have one value.
    given: Vec<(String, ParamValue)>,
    /// By combination of the arguments of the backtest.
    settings: Vec<Settings>,
}

impl Variants {
    /// Checks every combination of the backtest's arguments; `given` are the arguments that have
    /// one value.
    ///
    /// # Errors
    /// Those of the arguments.
    pub fn try_new(
        spec: &FunctionSpec,
        given: &[(String, ScalarValue)],
        space: Space,
        source: Source,
        identity: Identity,
    ) -> Result<Self, QlError> {
        let is_argument = |axis: &usize| {
            let axis = space.axes.get(*axis);
            axis.is_some_and(|axis| spec.params.iter().any(|p| p.name == axis.name))
        };
        let (of_settings, of_strategy): (Vec<usize>, Vec<usize>) =
            (0..space.axes.len()).partition(is_argument);
        let varied = Space::try_new(&spec.name, space.of(&of_settings).axes, MAX_COMBINATIONS)?;
        let settings = (0..varied.len()).map(|combination| {
            let mut options = given.to_vec();
            for (axis, value) in varied.axes.iter().zip(varied.choice(combination)) {
                let value = axis.values.get(value).cloned();
                options.push((axis.name.clone(), value.unwrap_or(ScalarValue::Null)));
            }
            settings(&spec.name, &Args::bind_named(spec, &options)?)
        });
        let known = |(name, value): &(String, ScalarValue)| {
            let value = ParamValue::from_scalar(value)?;
            Some((name.clone(), value))
        };
        Ok(Self {
            function: spec.name.clone(),
            settings: settings.collect::<Result<_, QlError>>()?,
            given: given.iter().filter_map(known).collect(),
            identity,
            of_strategy,
            of_settings,
            source,
            space,
        })
    }

    /// An argument of the backtest that is a list, if there is one.
    pub fn varied_argument(&self) -> Option<&str> {
        let axis = self.space.axes.get(*self.of_settings.first()?)?;
        Some(&axis.name)
    }

    /// The settings of a combination.
    ///
    /// # Errors
    /// XX000 for one outside of the space.
    pub fn settings(&self, choice: &[usize]) -> Result<&Settings, QlError> {
        let position = self.space.position(&self.of_settings, choice);
        let found = self.settings.get(position);
        found.ok_or_else(|| QlError::internal("a combination outside of its space"))
    }

    /// The settings of the first combination, by which bars are checked.
    fn first_settings(&self) -> Result<&Settings, QlError> {
        self.settings(&vec![0; self.space.axes.len()])
    }

    /// Takes the bars and the strategy's columns out of the rows of the call; a stored strategy has
    /// rows of its own.
    ///
    /// # Errors
    /// 22000 for bars that a backtest refuses and where there are none; 53200 when they do not fit
    /// into memory.
    pub fn over<'a>(&'a self, rows: &Rows, work: &'a Work) -> Result<Simulations<'a>> {
        let settings = self.first_settings()?;
        let (bars, signals) = match &self.source {
            Source::Expression(compiled) => {
                let bars = Bars::try_new(&self.function, rows, settings)?;
                work.hold(bars.bytes())?;
                let inputs = Inputs::try_new(compiled, rows, work)?;
                (Held::Own(Box::new(bars)), Signals::Computed(inputs))
            }
            Source::Stored(shelf) => {
                let library = Library::new(shelf, work, settings);
                (Held::Loaded(library.load(0)?), Signals::Stored(library))
            }
        };
        let n_rows = bars.bars().columns().ts.len();
        if n_rows == 0 {
            let message = format!(
                "{}: the query gives no rows, so there is nothing to search",
                self.function
            );
            return Err(QlError::new(SqlState::DataException, message).into());
        }
        work.hold(rayon::current_num_threads() * n_rows * WORKER_BYTES_PER_ROW)?;
        Ok(Simulations {
            variants: self,
            work,
            bars,
            signals,
        })
    }
}

/// What each thread holds for a row of bars: targets, the expression's results before, and the curve
/// of the account (cash, positions, costs, value traded).
const WORKER_BYTES_PER_ROW: usize = 64;

/// The bars by which timestamps are counted.
enum Held {
    Own(Box<Bars>),
    Loaded(Arc<crate::library::Loaded>),
}

impl Held {
    fn bars(&self) -> &Bars {
        match self {
            Self::Own(bars) => bars,
            Self::Loaded(loaded) => &loaded.bars,
        }
    }
}

enum Signals<'a> {
    Computed(Inputs),
    Stored(Library<'a>),
}

/// Variants over the bars of one call.
pub struct Simulations<'a> {
    /// What is simulated.
    pub variants: &'a Variants,
    /// Where.
    pub work: &'a Work,
    bars: Held,
    signals: Signals<'a>,
}

impl Simulations<'_> {
    /// The bars.
    ///
    /// # Errors
    /// 22000 for bars that a backtest refuses.
    pub fn market(&self) -> Result<Market<'_>, QlError> {
        self.bars.bars().market()
    }

    /// Simulates combinations over some of the timestamps, each with an account of its own that
    /// starts there, on all cores; gives what `of` makes of each run.
    ///
    /// # Errors
    /// Those of the strategy, and 57014 when nobody waits any more.
    pub fn run<T: Send>(
        &self,
        choices: &[Vec<usize>],
        market: &Market<'_>,
        times: Range<usize>,
        of: impl Fn(&Settings, &Run) -> T + Sync,
    ) -> Result<Vec<T>> {
        match &self.signals {
            Signals::Computed(inputs) => {
                let market = market.slice(times);
                let results = choices.par_iter().map_init(Vec::new, |targets, choice| {
                    self.work.check()?;
                    let settings = self.variants.settings(choice)?;
                    self.targets(inputs, choice, targets)?;
                    let mut simulator = Simulator::new(&market, settings);
                    Ok::<_, DataFusionError>(of(settings, simulator.run(targets)))
                });
                results.collect()
            }
            Signals::Stored(library) => {
                let load = |choice: &Vec<usize>| library.load(self.of_strategy(choice));
                let loaded = choices.iter().map(load).collect::<Result<Vec<_>>>()?;
                let results = choices.par_iter().zip(loaded).map(|(choice, loaded)| {
                    self.work.check()?;
                    let settings = self.variants.settings(choice)?;
                    let own = loaded.bars.market()?;
                    let own = own.slice(times.clone());
                    let mut simulator = Simulator::new(&own, settings);
                    Ok::<_, DataFusionError>(of(settings, simulator.run(own.columns.target)))
                });
                results.collect()
            }
        }
    }

    /// Simulates one account that follows one combination after another, each over its timestamps,
    /// and is flat between them.
    ///
    /// # Errors
    /// Those of the strategy; 22000 for a stored strategy with entry and exit flags when timestamps
    /// lie between.
    pub fn run_joined<T>(
        &self,
        market: &Market<'_>,
        parts: &[(Range<usize>, &[usize])],
        of: impl FnOnce(&Settings, &Run) -> T,
    ) -> Result<T> {
        self.work.check()?;
        let ends = parts.first().zip(parts.last());
        let times = ends.map_or(0..0, |((first, _), (last, _))| first.start..last.end);
        let settings = self.variants.first_settings()?;
        match &self.signals {
            Signals::Computed(inputs) => {
                let mut joined = vec![0.0; market.columns.ts.len()];
                let mut targets = Vec::new();
                for (times, choice) in parts {
                    self.targets(inputs, choice, &mut targets)?;
                    let rows = rows_of(market, times)?;
                    if let (Some(to), Some(from)) =
                        (joined.get_mut(rows.clone()), targets.get(rows))
                    {
                        to.copy_from_slice(from);
                    }
                }
                let part = market.slice(times);
                Ok(of(settings, Simulator::new(&part, settings).run(&joined)))
            }
            Signals::Stored(library) => {
                let mut rows = Vec::new();
                for (times, choice) in parts {
                    let loaded = library.load(self.of_strategy(choice))?;
                    rows.push((rows_of(market, times)?, loaded));
                }
                let joined = crate::joined::bars(&self.variants.function, &rows, settings)?;
                self.work.hold(joined.bytes())?;
                let whole = joined.market()?;
                let mut simulator = Simulator::new(&whole, settings);
                Ok(of(settings, simulator.run(whole.columns.target)))
            }
        }
    }

    /// Has what was tried counted in the strategy's family.
    ///
    /// # Errors
    /// Those of the ledger, and 57014 when nobody waits any more.
    pub fn count(&self, tried: &[Tried]) -> Result<Counted> {
        let variants = self.variants;
        let defaults = match &variants.source {
            Source::Expression(_) => &[],
            Source::Stored(shelf) => shelf.fixed.as_slice(),
        };
        self.work.count(&Searched {
            function: &variants.function,
            identity: &variants.identity,
            space: &variants.space,
            of_strategy: &variants.of_strategy,
            defaults,
            arguments: &variants.given,
            tried,
        })
    }

    /// The target of each bar under a combination, NaN for no opinion.
    fn targets(&self, inputs: &Inputs, choice: &[usize], targets: &mut Vec<f64>) -> Result<()> {
        let Source::Expression(compiled) = &self.variants.source else {
            return Err(QlError::internal("a stored strategy has no expression").into());
        };
        let own = self.variants.of_strategy.iter();
        let own: Vec<usize> = own
            .map(|axis| choice.get(*axis).copied().unwrap_or(0))
            .collect();
        inputs.targets(compiled, &own, targets)
    }

    /// The combination of the strategy's own parameters.
    fn of_strategy(&self, choice: &[usize]) -> usize {
        let variants = self.variants;
        variants.space.position(&variants.of_strategy, choice)
    }
}

/// The rows of some timestamps.
fn rows_of(market: &Market<'_>, times: &Range<usize>) -> Result<Range<usize>, QlError> {
    let bounds = (
        market.first_row.get(times.start),
        market.first_row.get(times.end),
    );
    match bounds {
        (Some(start), Some(end)) => Ok(*start..*end),
        _ => Err(QlError::internal("timestamps behind the last bar")),
    }
}
