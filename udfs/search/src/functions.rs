//! The functions: their descriptions, and what makes a call of one.

use crate::book::{Book, Identity};
use crate::space::{MAX_COMBINATIONS, MAX_SPACE, Space};
use crate::variants::{Simulations, Source, Variants};
use crate::work::Work;
use crate::{aggregate, cross_validation, grid, optimise, specs, walk_forward};
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::common::ScalarValue;
use datafusion::error::{DataFusionError, Result};
use quantlake_backtest::functions::settings;
use quantlake_core::relation::{
    Grouping, InputColumn, RelationFunction, RelationKernel, Rows, relation_function,
};
use quantlake_core::{Args, Function, FunctionSpec, Output, OutputField, QlError, SqlState};
use std::sync::Arc;

/// One way to search.
#[derive(Debug)]
pub struct Search {
    /// Its description, without the parameters of the strategy among its columns.
    spec: fn() -> FunctionSpec,
    /// Its columns for the parameters of a call.
    columns: fn(&Variants) -> Vec<OutputField>,
    /// What it computes.
    run: fn(&Simulations<'_>, &Args) -> Result<Vec<ArrayRef>>,
    /// Whether arguments of the backtest may be lists: not where one account goes through several
    /// combinations.
    varies_settings: bool,
    /// The most combinations it takes.
    limit: usize,
}

/// All ways to search.
static SEARCHES: [Search; 5] = [
    Search {
        spec: specs::backtest_grid,
        columns: grid::columns,
        run: grid::run,
        varies_settings: true,
        limit: MAX_COMBINATIONS,
    },
    Search {
        spec: specs::optimise,
        columns: optimise::columns,
        run: optimise::run,
        varies_settings: true,
        limit: MAX_SPACE,
    },
    Search {
        spec: specs::walk_forward,
        columns: walk_forward::columns,
        run: walk_forward::run,
        varies_settings: false,
        limit: MAX_COMBINATIONS,
    },
    Search {
        spec: specs::walk_forward_equity,
        columns: walk_forward::equity_columns,
        run: walk_forward::run_equity,
        varies_settings: false,
        limit: MAX_COMBINATIONS,
    },
    Search {
        spec: specs::cpcv,
        columns: cross_validation::columns,
        run: cross_validation::run,
        varies_settings: true,
        limit: MAX_COMBINATIONS,
    },
];

/// The functions of this crate. [`planner`](crate::planner) plans their calls: their columns depend
/// on the strategy.
pub fn functions() -> Vec<Function> {
    let declared = |search: &Search| {
        let spec = (search.spec)();
        let name = spec.name.clone();
        let columns = quantlake_backtest::specs::columns();
        let factory = move |args: &Args| {
            settings(&name, args)?;
            Ok(Box::new(WithoutStrategy) as Box<dyn RelationKernel>)
        };
        relation_function(spec, columns, Grouping::Whole, &ORDER, Arc::new(factory))
    };
    let searches = SEARCHES.iter().map(declared);
    searches.chain([aggregate::function()]).collect()
}

/// Bars lie in the order of time, as a backtest takes them.
pub const ORDER: [&str; 2] = ["ts", "symbol"];

/// The search of this name.
pub fn search(name: &str) -> Option<&'static Search> {
    SEARCHES.iter().find(|search| (search.spec)().name == name)
}

impl Search {
    /// The space of a call's parameters.
    ///
    /// # Errors
    /// 22023 for lists that are empty or make too many combinations.
    pub fn space(&self, axes: Vec<crate::space::Axis>) -> Result<Space, QlError> {
        Space::try_new(&(self.spec)().name, axes, self.limit)
    }

    /// The function over its query for one call, which has columns of its own.
    ///
    /// # Errors
    /// Those of the arguments of the backtest.
    pub fn call(
        &'static self,
        spec: &FunctionSpec,
        given: &[(String, ScalarValue)],
        space: Space,
        source: Source,
        identity: Identity,
    ) -> Result<(FunctionSpec, Variants), QlError> {
        let variants = Variants::try_new(spec, given, space, source, identity)?;
        if let Some(varied) = variants.varied_argument().filter(|_| !self.varies_settings) {
            let allowed = "one value, as all folds trade one account; only parameters of the strategy may be lists";
            return Err(QlError::bad_argument(&spec.name, varied, allowed, "a list"));
        }
        let mut spec = spec.clone();
        spec.output = Output::Rows((self.columns)(&variants));
        Ok((spec, variants))
    }
}

/// A function that only says which columns are read, how they are ordered and what comes out.
pub fn shape(spec: FunctionSpec, columns: Vec<InputColumn>) -> RelationFunction {
    RelationFunction {
        spec: Arc::new(spec),
        columns,
        grouping: Grouping::Whole,
        order: ORDER.iter().map(ToString::to_string).collect(),
        queries: Vec::new(),
        part_rows: None,
        factory: Arc::new(|_| Ok(Box::new(WithoutStrategy))),
    }
}

/// A call that is ready to run.
#[derive(Debug)]
pub struct Call {
    /// The way to search.
    pub search: &'static Search,
    /// What is searched.
    pub variants: Variants,
    /// The columns that are read of the query.
    pub function: Arc<RelationFunction>,
    /// The arguments.
    pub args: Args,
    /// Who keeps strategies and counts trials.
    pub book: Arc<dyn Book>,
}

impl Call {
    /// `backtest_grid(strategy='...', cash=100000, ...)`, for EXPLAIN.
    pub fn describe(&self) -> String {
        let args = self
            .args
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let args: Vec<String> = args.collect();
        format!("{}({})", self.variants.function, args.join(", "))
    }

    /// The columns of the result, with times in nanoseconds. Blocks until all is computed.
    ///
    /// # Errors
    /// Those of the strategy and the bars, 53200 when memory does not suffice, 57014 when nobody
    /// waits any more, and those of counting the trials.
    pub fn run(&self, rows: &Rows, work: &Work) -> Result<Vec<ArrayRef>> {
        let search = || {
            let simulations = self.variants.over(rows, work)?;
            (self.search.run)(&simulations, &self.args)
        };
        search().map_err(explained)
    }
}

/// An error of ours or of the machine as it is; of the strategy's expression with its name.
fn explained(error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => error,
        _ if QlError::of(&error).is_some() => error,
        _ => QlError::new(SqlState::DataException, format!("`strategy`: {error}")).into(),
    }
}

/// Stands behind the description, which tells nothing to compute.
struct WithoutStrategy;

impl RelationKernel for WithoutStrategy {
    fn run(&mut self, _rows: &Rows) -> Result<RecordBatch, QlError> {
        Err(QlError::internal(
            "a search was planned without its strategy",
        ))
    }
}
