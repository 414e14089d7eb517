//! The logical node of a relation function.

use super::RelationFunction;
use crate::arguments::Args;
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
    pub(crate) schema: DFSchemaRef,
}

impl PartitionedTransform {
    /// A node over an input in the function's input schema; `time` is the type of its times.
    ///
    /// # Errors
    /// When the result has two columns of one name, which is a mistake in the spec.
    pub fn try_new(
        function: Arc<RelationFunction>,
        args: Args,
        input: LogicalPlan,
        time: &datafusion::arrow::datatypes::DataType,
    ) -> Result<Self> {
        let schema = DFSchema::try_from(function.output_schema(time).as_ref().clone())?;
        Ok(Self {
            function,
            args,
            input,
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
        self.function.spec.name == other.function.spec.name
            && self.args == other.args
            && self.input == other.input
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
        vec![&self.input]
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
        let n_inputs = inputs.len();
        let (true, Some(input)) = (exprs.is_empty() && n_inputs == 1, inputs.into_iter().next())
        else {
            return internal_err!(
                "PartitionedTransform takes 0 expressions and 1 input, found {} and {n_inputs}",
                exprs.len()
            );
        };
        Ok(Self {
            input,
            ..self.clone()
        })
    }
}
