//! The logical node of a search.

use crate::functions::Call;
use datafusion::common::{DFSchemaRef, internal_err};
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, LogicalPlan, UserDefinedLogicalNodeCore};
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// A search over a query that has the columns it reads. A stored strategy brings its own bars: its
/// search has no input.
#[derive(Clone)]
pub struct SearchNode {
    pub(crate) call: Arc<Call>,
    pub(crate) input: Option<LogicalPlan>,
    pub(crate) schema: DFSchemaRef,
}

impl fmt::Debug for SearchNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt_for_explain(f)
    }
}

impl PartialEq for SearchNode {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.call, &other.call) && self.input == other.input
    }
}

impl Eq for SearchNode {}

impl Hash for SearchNode {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.call.variants.identity.text.hash(state);
        self.input.hash(state);
    }
}

impl PartialOrd for SearchNode {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        (self == other).then_some(Ordering::Equal)
    }
}

impl UserDefinedLogicalNodeCore for SearchNode {
    fn name(&self) -> &str {
        "Search"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        self.input.iter().collect()
    }

    fn schema(&self) -> &DFSchemaRef {
        &self.schema
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "Search: {}", self.call.describe())
    }

    fn with_exprs_and_inputs(&self, exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        if !exprs.is_empty() || inputs.len() != self.inputs().len() {
            return internal_err!(
                "Search takes {} inputs, found {} and {} expressions",
                self.inputs().len(),
                inputs.len(),
                exprs.len()
            );
        }
        Ok(Self {
            input: inputs.into_iter().next(),
            ..self.clone()
        })
    }
}
