//! Relation functions from a description and a plain function of the rows.

use super::binding::query;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{Grouping, InputColumn, RelationKernel, Rows, relation_function};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, ParamSpec, QlError,
};
use std::sync::Arc;

/// A kernel from a plain function of the rows.
struct Plain<F>(F);

impl<F: FnMut(&Rows) -> Result<RecordBatch, QlError> + Send> RelationKernel for Plain<F> {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        (self.0)(rows)
    }
}

/// What is said once for each function.
pub(crate) struct Description {
    pub(crate) name: &'static str,
    pub(crate) family: &'static str,
    pub(crate) summary: &'static str,
    /// What the query has to have.
    pub(crate) input: &'static str,
    /// The parameters after the query.
    pub(crate) params: Vec<ParamSpec>,
    pub(crate) columns: Vec<InputColumn>,
    /// The columns that rows are ordered by.
    pub(crate) order: [&'static str; 2],
    pub(crate) output: Vec<OutputField>,
    pub(crate) source: &'static str,
    pub(crate) example: String,
    pub(crate) result: &'static str,
}

/// Joins a description and a maker of plain functions to a function that sees all rows at once.
pub(crate) fn join<F>(
    description: Description,
    make: impl Fn(&Args) -> Result<F, QlError> + Send + Sync + 'static,
) -> Function
where
    F: FnMut(&Rows) -> Result<RecordBatch, QlError> + Send + 'static,
{
    let Description {
        name,
        family,
        summary,
        ..
    } = description;
    let input = query("returns", description.input);
    let params = std::iter::once(input).chain(description.params).collect();
    let spec = FunctionSpec::new(name, family, Kind::Relation, summary)
        .with_params(params)
        .with_output(Output::Rows(description.output))
        .with_causality(Causality::WholePartition)
        .with_source(description.source)
        .with_example(&description.example, description.result);
    relation_function(
        spec,
        description.columns,
        Grouping::Whole,
        &description.order,
        Arc::new(move |args| Ok(Box::new(Plain(make(args)?)) as Box<dyn RelationKernel>)),
    )
}
