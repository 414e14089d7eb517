//! Many simulations over the same bars.

use crate::evaluate::{Compiled, Inputs};
use crate::space::Space;
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use quantlake_backtest::engine::{Run, Simulator};
use quantlake_backtest::functions::{Bars, settings};
use quantlake_backtest::market::Market;
use quantlake_backtest::settings::Settings;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, FunctionSpec, QlError};
use rayon::prelude::*;
use std::ops::Range;

/// A strategy with all of its combinations: those of its own parameters, and those of the arguments
/// of the backtest that are lists.
#[derive(Debug)]
pub struct Variants {
    /// The function that was called, for messages.
    pub function: String,
    /// All parameters.
    pub space: Space,
    compiled: Compiled,
    /// Which of all parameters are the strategy's.
    of_strategy: Vec<usize>,
    /// Which of all parameters are arguments of the backtest.
    of_settings: Vec<usize>,
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
        compiled: Compiled,
    ) -> Result<Self, QlError> {
        let is_argument = |axis: &usize| {
            let axis = space.axes.get(*axis);
            axis.is_some_and(|axis| spec.params.iter().any(|p| p.name == axis.name))
        };
        let (of_settings, of_strategy): (Vec<usize>, Vec<usize>) =
            (0..space.axes.len()).partition(is_argument);
        let varied = space.of(&of_settings);
        let settings = (0..varied.len()).map(|combination| {
            let mut options = given.to_vec();
            for (axis, value) in varied.axes.iter().zip(varied.choice(combination)) {
                let value = axis.values.get(value).cloned();
                options.push((axis.name.clone(), value.unwrap_or(ScalarValue::Null)));
            }
            settings(&spec.name, &Args::bind_named(spec, &options)?)
        });
        Ok(Self {
            function: spec.name.clone(),
            settings: settings.collect::<Result<_, QlError>>()?,
            of_strategy,
            of_settings,
            compiled,
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

    /// Takes the bars and the strategy's columns out of the rows.
    ///
    /// # Errors
    /// 22000 for bars that a backtest refuses.
    pub fn over(&self, rows: &Rows) -> Result<Simulations<'_>> {
        let settings = self.settings(&vec![0; self.space.axes.len()])?;
        Ok(Simulations {
            bars: Bars::try_new(&self.function, rows, settings)?,
            inputs: Inputs::try_new(&self.compiled, rows)?,
            variants: self,
        })
    }
}

/// Variants over the bars of one call.
pub struct Simulations<'a> {
    variants: &'a Variants,
    bars: Bars,
    inputs: Inputs,
}

impl Simulations<'_> {
    /// The bars.
    ///
    /// # Errors
    /// 22000 for bars that a backtest refuses.
    pub fn market(&self) -> Result<Market<'_>, QlError> {
        self.bars.market()
    }

    /// The target of each bar under a combination, NaN for no opinion.
    ///
    /// # Errors
    /// Those of the strategy's expression.
    pub fn targets(&self, choice: &[usize], targets: &mut Vec<f64>) -> Result<()> {
        let own = self.variants.of_strategy.iter();
        let own: Vec<usize> = own
            .map(|axis| choice.get(*axis).copied().unwrap_or(0))
            .collect();
        self.inputs.targets(&self.variants.compiled, &own, targets)
    }

    /// Simulates combinations over some of the timestamps, each with an account of its own that
    /// starts there, on all cores; gives what `of` makes of each run.
    ///
    /// # Errors
    /// Those of the strategy's expression.
    pub fn run<T: Send>(
        &self,
        choices: &[Vec<usize>],
        market: &Market<'_>,
        times: Range<usize>,
        of: impl Fn(&Settings, &Run) -> T + Sync,
    ) -> Result<Vec<T>> {
        let market = market.slice(times);
        let results = choices.par_iter().map_init(Vec::new, |targets, choice| {
            let settings = self.variants.settings(choice)?;
            self.targets(choice, targets)?;
            let mut simulator = Simulator::new(&market, settings);
            Ok::<_, DataFusionError>(of(settings, simulator.run(targets)))
        });
        results.collect()
    }
}
