//! What a search needs of the engine around it: who counts the trials, and where strategies with
//! names are kept. The engine implements it; this crate knows no ledger.

use crate::space::Space;
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::LogicalPlan;
use futures::future::BoxFuture;
use quantlake_core::{ParamValue, QlError};
use std::fmt;
use std::sync::Arc;

/// The engine, as searches see it.
pub trait Book: fmt::Debug + Send + Sync {
    /// A stored strategy as it is now; `None` when there is none of the name.
    ///
    /// # Errors
    /// Those of the store.
    fn stored(&self, name: &str) -> Result<Option<Arc<dyn Stored>>>;

    /// Writes what a search tried, all or nothing, and tells how many variants the family has seen
    /// with them. A search whose trials cannot be counted has to fail: its results would be judged
    /// as if they were the only ones.
    ///
    /// # Errors
    /// Those of the store.
    fn count(&self, context: &TaskContext, search: &Searched<'_>) -> Result<Counted>;
}

/// A stored strategy: a query with parameters that gives bars with their signals.
pub trait Stored: fmt::Debug + Send + Sync {
    /// Its query.
    fn sql(&self) -> &str;

    /// Its parameters with their defaults; `None` for one that has to be given.
    fn parameters(&self) -> Vec<(String, Option<ParamValue>)>;

    /// Fails unless a parameter takes this value.
    ///
    /// # Errors
    /// 42804.
    fn check(&self, parameter: &str, value: &ParamValue) -> Result<(), QlError>;

    /// The rows of its query with these values, after `shape` has changed the plan. All calls see
    /// one state of the tables.
    fn rows<'a>(
        &'a self,
        values: Vec<(String, ParamValue)>,
        shape: &'a (dyn Fn(LogicalPlan) -> Result<LogicalPlan> + Send + Sync),
    ) -> BoxFuture<'a, Result<SendableRecordBatchStream>>;
}

/// What makes two calls searches of the same strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The family whose trials are counted together.
    pub family: String,
    /// The query that gives the bars, with the strategy.
    pub text: String,
}

/// A finished search.
#[derive(Debug)]
pub struct Searched<'a> {
    /// The function.
    pub function: &'a str,
    /// What was searched.
    pub identity: &'a Identity,
    /// All parameters.
    pub space: &'a Space,
    /// Which of them belong to the strategy; the others are arguments of the backtest.
    pub of_strategy: &'a [usize],
    /// Parameters of the strategy that had their default value.
    pub defaults: &'a [(String, ParamValue)],
    /// Arguments that had one value.
    pub arguments: &'a [(String, ParamValue)],
    /// What was tried.
    pub tried: &'a [Tried],
}

/// Something that was simulated, and how good it looked.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// What.
    pub what: What,
    /// How many returns its Sharpe ratio is of.
    pub n_returns: usize,
    /// Sharpe ratio per timestamp, NaN where it is not defined.
    pub sharpe: f64,
}

/// What can be tried.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A combination of the parameters, by the positions of their values.
    Combination(Vec<usize>),
    /// A way to go through combinations, by the arguments that make it.
    Procedure(Vec<(String, ParamValue)>),
}

/// What a family has seen.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Counted {
    /// How many different variants.
    pub n_trials: f64,
    /// Variance (n - 1) of their Sharpe ratios per timestamp; `None` below two.
    pub variance: Option<f64>,
}

impl Searched<'_> {
    /// The values that a combination has, those of the strategy's parameters first.
    pub fn values(&self, choice: &[usize]) -> (Named, Named) {
        let mut own = self.defaults.to_vec();
        let mut varied = Vec::new();
        for (i, axis) in self.space.axes.iter().enumerate() {
            let value = choice.get(i).and_then(|v| axis.values.get(*v));
            let value = value.and_then(ParamValue::from_scalar);
            let named = (axis.name.clone(), value.unwrap_or(ParamValue::Null));
            if self.of_strategy.contains(&i) {
                own.push(named);
            } else {
                varied.push(named);
            }
        }
        (own, varied)
    }
}

/// Values by name.
pub type Named = Vec<(String, ParamValue)>;
