//! The bars of a stored strategy under each combination of its parameters.
//!
//! Such a strategy is any query, so its parameters may stand anywhere in it: the query runs once for
//! each combination, when a search first asks for it. What it gives is kept, as a walk forward comes
//! back to the same combinations fold after fold.

use crate::book::Stored;
use crate::space::Space;
use crate::work::Work;
use datafusion::error::Result;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder, col};
use futures::TryStreamExt;
use quantlake_backtest::functions::Bars;
use quantlake_backtest::settings::Settings;
use quantlake_core::relation::planner::plan_relation_function;
use quantlake_core::relation::{RelationFunction, Rows, complete};
use quantlake_core::{Args, ParamValue, QlError, SqlState};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Combinations beyond which a stored strategy is refused: its query runs for each of them.
pub const MAX_QUERIES: usize = 1_000;

/// A stored strategy with the values that its parameters take.
#[derive(Debug)]
pub struct Shelf {
    /// The strategy.
    pub stored: Arc<dyn Stored>,
    /// Its parameters that vary.
    pub space: Space,
    /// The values of all others.
    pub fixed: Vec<(String, ParamValue)>,
    /// The columns that are read, as a function over the strategy's query.
    pub function: Arc<RelationFunction>,
    /// The arguments of that function.
    pub args: Args,
}

impl Shelf {
    /// Checks every value.
    ///
    /// # Errors
    /// 22023 for an unknown parameter, one without a value, and too many combinations; 42804 for a
    /// value of another type.
    pub fn try_new(
        stored: Arc<dyn Stored>,
        space: Space,
        function: Arc<RelationFunction>,
        args: Args,
    ) -> Result<Self, QlError> {
        let name = &function.spec.name;
        let declared = stored.parameters();
        for axis in &space.axes {
            if !declared
                .iter()
                .any(|(parameter, _)| *parameter == axis.name)
            {
                return Err(no_parameter(name, &axis.name, &declared));
            }
            for value in &axis.values {
                let value = ParamValue::from_scalar(value).unwrap_or(ParamValue::Null);
                stored.check(&axis.name, &value)?;
            }
        }
        if space.len() > MAX_QUERIES {
            let allowed = format!(
                "an expression for so many values: the query of a stored strategy runs for each combination, at most {MAX_QUERIES}"
            );
            return Err(QlError::bad_argument(
                name,
                "strategy",
                allowed,
                space.len(),
            ));
        }
        let varies = |parameter: &str| space.axes.iter().any(|axis| axis.name == parameter);
        let mut fixed = Vec::new();
        for (parameter, default) in declared.into_iter().filter(|(p, _)| !varies(p)) {
            match default {
                Some(value) => fixed.push((parameter, value)),
                None => {
                    let message = format!("{name}: `{parameter}` of the strategy has to be given");
                    return Err(QlError::new(SqlState::InvalidParameter, message)
                        .with_hint(format!("As a list, also one value: {parameter} => [10]")));
                }
            }
        }
        Ok(Self {
            stored,
            space,
            fixed,
            function,
            args,
        })
    }

    fn values(&self, combination: usize) -> Vec<(String, ParamValue)> {
        let choice = self.space.choice(combination);
        let axes = self.space.axes.iter().zip(choice);
        let varied = axes.map(|(axis, value)| {
            let value = axis.values.get(value).and_then(ParamValue::from_scalar);
            (axis.name.clone(), value.unwrap_or(ParamValue::Null))
        });
        self.fixed.iter().cloned().chain(varied).collect()
    }

    /// The plan of the strategy's query with the columns that a backtest reads, in its order.
    fn shaped(&self, plan: LogicalPlan) -> Result<LogicalPlan> {
        let call = plan_relation_function(&self.function, self.args.clone(), plan)?;
        let Some(shaped) = call.inputs().first().map(|plan| (*plan).clone()) else {
            return Err(QlError::internal("a relation function without its query").into());
        };
        let there = |name: &&String| shaped.schema().has_column_with_unqualified_name(name);
        let order: Vec<String> = self.function.order.iter().filter(there).cloned().collect();
        let order = order.iter();
        LogicalPlanBuilder::from(shaped)
            .sort(order.map(|name| col(name.as_str()).sort(true, false)))?
            .build()
    }
}

/// The rows of one combination.
#[derive(Debug)]
pub struct Loaded {
    /// As the query gave them.
    pub rows: Rows,
    /// As a simulation takes them.
    pub bars: Bars,
}

/// What has been read so far.
pub struct Library<'a> {
    shelf: &'a Shelf,
    work: &'a Work,
    settings: &'a Settings,
    loaded: Mutex<HashMap<usize, Arc<Loaded>>>,
}

impl<'a> Library<'a> {
    /// Nothing yet; `settings` check the bars.
    pub fn new(shelf: &'a Shelf, work: &'a Work, settings: &'a Settings) -> Self {
        Self {
            shelf,
            work,
            settings,
            loaded: Mutex::default(),
        }
    }

    /// The rows of a combination of the strategy's parameters. Not from a thread of rayon's: it
    /// waits for the query.
    ///
    /// # Errors
    /// Those of the query; 22000 when its bars are not those of the first combination.
    pub fn load(&self, combination: usize) -> Result<Arc<Loaded>> {
        let known = |key| self.lock().get(&key).cloned();
        if let Some(loaded) = known(combination) {
            return Ok(loaded);
        }
        let loaded = Arc::new(self.read(combination)?);
        if let Some(first) = known(0)
            && !is_same_bars(&first.bars, &loaded.bars)
        {
            return Err(other_bars(&self.shelf.function.spec.name).into());
        }
        self.lock().insert(combination, Arc::clone(&loaded));
        Ok(loaded)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<usize, Arc<Loaded>>> {
        // The map is whole whenever the lock is free.
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, combination: usize) -> Result<Loaded> {
        let shape = |plan| self.shelf.shaped(plan);
        let values = self.shelf.values(combination);
        let batch = self.work.wait(async {
            let mut rows = self.shelf.stored.rows(values, &shape).await?;
            let mut batches = Vec::new();
            while let Some(batch) = rows.try_next().await? {
                // The batch itself, and its copy among the rows.
                self.work.hold(2 * batch.get_array_memory_size())?;
                batches.push(batch);
            }
            complete(&self.shelf.function.columns, &batches)
        })?;
        self.work.release(batch.get_array_memory_size());
        let rows = Rows::new(batch, self.shelf.function.kernel_schema());
        let bars = Bars::try_new(&self.shelf.function.spec.name, &rows, self.settings)?;
        self.work.hold(bars.bytes())?;
        Ok(Loaded { rows, bars })
    }
}

fn is_same_bars(a: &Bars, b: &Bars) -> bool {
    let symbols = |bars: &Bars| -> Vec<Vec<Option<String>>> {
        bars.accounts.iter().map(|a| a.symbols.clone()).collect()
    };
    let (of_a, of_b) = (a.columns(), b.columns());
    of_a.ts == of_b.ts && of_a.symbol == of_b.symbol && symbols(a) == symbols(b)
}

fn other_bars(function: &str) -> QlError {
    QlError::new(
        SqlState::DataException,
        format!(
            "{function}: `strategy` must give the same (ts, symbol) for all values of its parameters, found other ones"
        ),
    )
    .with_hint("Let parameters change the signals, and not which bars there are")
}

fn no_parameter(function: &str, found: &str, declared: &[(String, Option<ParamValue>)]) -> QlError {
    let names: Vec<&str> = declared.iter().map(|(name, _)| name.as_str()).collect();
    QlError::new(
        SqlState::InvalidParameter,
        format!(
            "{function}: `{found}` is no argument of {function} and no parameter of the strategy, which has {}",
            match names.is_empty() {
                true => "none".to_string(),
                false => names.join(", "),
            }
        ),
    )
}
