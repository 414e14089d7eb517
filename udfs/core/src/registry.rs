//! The set of all functions, from which everything else is derived.

use crate::arguments::Args;
use crate::error::QlError;
use crate::relation::RelationFunction;
use crate::series::SeriesFunction;
use crate::spec::FunctionSpec;
use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

/// A function ready for registration.
#[derive(Debug, Clone)]
pub enum Implementation {
    /// Row-wise.
    Scalar(Arc<ScalarUDF>),
    /// Over a partition.
    Window(Arc<WindowUDF>),
    /// Over a group.
    Aggregate(Arc<AggregateUDF>),
    /// Over a query.
    Relation(Arc<RelationFunction>),
}

/// Tries constants that are each in range: do they fit together, does the model exist?
pub type Check = Arc<dyn Fn(&Args) -> Result<(), QlError> + Send + Sync>;

/// A spec with its code.
#[derive(Clone)]
pub struct Function {
    /// The description.
    pub spec: Arc<FunctionSpec>,
    /// The code behind the SQL name.
    pub implementation: Implementation,
    /// What is checked while planning, besides the range of each constant.
    pub check: Check,
}

impl Function {
    /// The rows before a row that its value depends on, to the last bit, in a call with the
    /// defaults of a window function; none where it may depend on all of them.
    pub fn exact_rows(&self) -> Option<usize> {
        match &self.implementation {
            Implementation::Window(udwf) => {
                let function = udwf.inner().downcast_ref::<SeriesFunction>()?;
                function.default_history()
            }
            _ => None,
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Function")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

/// All functions by name and alias.
#[derive(Debug, Default)]
pub struct Registry {
    functions: Vec<Function>,
    by_name: HashMap<String, usize>,
}

impl Registry {
    /// Collects the functions of all families.
    ///
    /// # Errors
    /// XX000 when two functions share a name or alias.
    pub fn try_new(functions: impl IntoIterator<Item = Function>) -> Result<Self, QlError> {
        let mut registry = Self::default();
        for function in functions {
            let index = registry.functions.len();
            for name in function.spec.names() {
                if registry.by_name.insert(name.to_string(), index).is_some() {
                    return Err(QlError::internal(format!(
                        "two functions are named `{name}`"
                    )));
                }
            }
            registry.functions.push(function);
        }
        Ok(registry)
    }

    /// The function of this name or alias, lower case.
    pub fn get(&self, name: &str) -> Option<&Function> {
        self.by_name.get(name).and_then(|i| self.functions.get(*i))
    }

    /// The relation function of this name.
    pub fn relation(&self, name: &str) -> Option<Arc<RelationFunction>> {
        match self.get(name).map(|f| &f.implementation) {
            Some(Implementation::Relation(f)) => Some(Arc::clone(f)),
            _ => None,
        }
    }

    /// All functions in the order of their families.
    pub fn iter(&self) -> impl Iterator<Item = &Function> {
        self.functions.iter()
    }

    /// The names closest to one that does not exist, for the hint of an error.
    pub fn similar(&self, name: &str) -> Vec<&str> {
        let mut scored: Vec<(usize, &str)> = self
            .by_name
            .keys()
            .map(|known| {
                (
                    datafusion::common::utils::datafusion_strsim::levenshtein(name, known),
                    known.as_str(),
                )
            })
            .filter(|(distance, _)| *distance <= 2)
            .collect();
        scored.sort_unstable();
        scored.into_iter().take(3).map(|(_, name)| name).collect()
    }
}
