//! The logical node of a relation function.

use super::RelationFunction;
use crate::arguments::Args;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DFSchema, DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A relation function applied to a query that already has the function's input columns.
#[derive(Clone)]
pub struct PartitionedTransform {
    pub(crate) function: Arc<RelationFunction>,
    pub(crate) args: Args,
    pub(crate) input: LogicalPlan,
    /// The other queries, each with the parameter that holds it.
    pub(crate) others: Vec<(String, LogicalPlan)>,
    pub(crate) schema: DFSchemaRef,
}

impl PartitionedTransform {
    /// A node over inputs in the function's input schemas; `schema` is that of its result.
    ///
    /// # Errors
    /// When the result has two columns of one name.
    pub fn try_new(
        function: Arc<RelationFunction>,
        args: Args,
        input: LogicalPlan,
        others: Vec<(String, LogicalPlan)>,
        schema: &SchemaRef,
    ) -> Result<Self> {
        let schema = DFSchema::try_from(schema.as_ref().clone())?;
        Ok(Self {
            function,
            args,
            input,
            others,
            schema: Arc::new(schema),
        })
    }
}

impl fmt::Debug for PartitionedTransform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl PartialEq for PartitionedTransform {
    fn eq(&self, other: &Self) -> bool {
        // Of one name there may be several: a function may be made for one call.
        Arc::ptr_eq(&self.function, &other.function)
            && self.args == other.args
            && self.input == other.input
            && self.others == other.others
    }
}

impl Eq for PartitionedTransform {}

impl Hash for PartitionedTransform {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.function.spec.name.hash(state);
        self.input.hash(state);
    }
}

impl PartialOrd for PartitionedTransform {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match self.function.spec.name.cmp(&other.function.spec.name) {
            Ordering::Equal => self
                .input
                .partial_cmp(&other.input)
                .filter(|o| *o != Ordering::Equal || self == other),
            unequal => Some(unequal),
        }
    }
}

/// `cash=100000, fill='next_open'`, for EXPLAIN.
pub(crate) fn describe(args: &Args) -> String {
    args.iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join(", ")
}

impl UserDefinedLogicalNodeCore for PartitionedTransform {
    fn name(&self) -> &str {
        "PartitionedTransform"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        let others = self.others.iter().map(|(_, plan)| plan);
        std::iter::once(&self.input).chain(others).collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(
            f,
            "PartitionedTransform: {}({})",
            self.function.spec.name,
            describe(&self.args)
        )
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let (n_inputs, n_wanted) = (inputs.len(), 1 + self.others.len());
        let mut inputs = inputs.into_iter();
        let (true, Some(input)) = (exprs.is_empty() && n_inputs == n_wanted, inputs.next()) else {
            return internal_err!(
                "PartitionedTransform takes 0 expressions and {n_wanted} inputs, found {} and {n_inputs}",
                exprs.len()
            );
        };
        let params = self.others.iter().map(|(param, _)| param.clone());
        Ok(Self {
            input,
            others: params.zip(inputs).collect(),
            ..self.clone()
        })
    }
}
