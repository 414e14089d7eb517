//! The functions, and the kernel that all of them share.

use crate::evaluate::Compiled;
use crate::space::Space;
use crate::variants::Variants;
use crate::{cross_validation, grid, optimise, specs, walk_forward};
use datafusion::arrow::array::RecordBatch;
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
    run: fn(&Variants, &Args, &Rows) -> Result<RecordBatch>,
    /// Whether arguments of the backtest may be lists: not where one account goes through several
    /// combinations.
    varies_settings: bool,
}

/// All ways to search.
static SEARCHES: [Search; 5] = [
    Search {
        spec: specs::backtest_grid,
        columns: grid::columns,
        run: grid::run,
        varies_settings: true,
    },
    Search {
        spec: specs::optimise,
        columns: optimise::columns,
        run: optimise::run,
        varies_settings: true,
    },
    Search {
        spec: specs::walk_forward,
        columns: walk_forward::columns,
        run: walk_forward::run,
        varies_settings: false,
    },
    Search {
        spec: specs::walk_forward_equity,
        columns: walk_forward::equity_columns,
        run: walk_forward::run_equity,
        varies_settings: false,
    },
    Search {
        spec: specs::cpcv,
        columns: cross_validation::columns,
        run: cross_validation::run,
        varies_settings: true,
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
    SEARCHES.iter().map(declared).collect()
}

/// Bars lie in the order of time, as a backtest takes them.
const ORDER: [&str; 2] = ["ts", "symbol"];

/// The search of this name.
pub fn search(name: &str) -> Option<&'static Search> {
    SEARCHES.iter().find(|search| (search.spec)().name == name)
}

impl Search {
    /// The function for one call, which has columns and a kernel of its own.
    ///
    /// # Errors
    /// Those of the arguments of the backtest.
    pub fn function(
        &'static self,
        spec: &FunctionSpec,
        given: &[(String, ScalarValue)],
        space: Space,
        compiled: Compiled,
        columns: Vec<InputColumn>,
    ) -> Result<RelationFunction, QlError> {
        let variants = Variants::try_new(spec, given, space, compiled)?;
        if let Some(varied) = variants.varied_argument().filter(|_| !self.varies_settings) {
            return Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "{}: `{varied}` must be one value, as all folds trade one account; only parameters of the strategy may be lists",
                    spec.name
                ),
            ));
        }
        let mut spec = spec.clone();
        spec.output = Output::Rows((self.columns)(&variants));
        let variants = Arc::new(variants);
        Ok(RelationFunction {
            spec: Arc::new(spec),
            columns,
            grouping: Grouping::Whole,
            order: ORDER.iter().map(ToString::to_string).collect(),
            queries: Vec::new(),
            part_rows: None,
            factory: Arc::new(move |args| {
                Ok(Box::new(Kernel {
                    search: self,
                    variants: Arc::clone(&variants),
                    args: args.clone(),
                }))
            }),
        })
    }
}

struct Kernel {
    search: &'static Search,
    variants: Arc<Variants>,
    args: Args,
}

impl RelationKernel for Kernel {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        (self.search.run)(&self.variants, &self.args, rows).map_err(|e| own_error(&e))
    }
}

/// An error of ours as it is; of the strategy's expression with the text that DataFusion has for it.
fn own_error(error: &DataFusionError) -> QlError {
    match QlError::of(error) {
        Some(own) => own.clone(),
        None => QlError::new(SqlState::DataException, format!("`strategy`: {error}")),
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
