//! Checks on a plan before it runs: time order, window frames and constant arguments.
//!
//! DataFusion makes a window function's evaluator only once rows flow. This rule moves its
//! argument errors to planning, and refuses windows in which "past" has no meaning.

use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::metric::depends_on_order;
use crate::registry::{Function, Implementation, Registry};
use crate::spec::FunctionSpec;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::{Sort, WindowFunctionParams};
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrameBound, WindowFunctionDefinition};
use datafusion::optimizer::AnalyzerRule;
use std::fmt;
use std::sync::Arc;

/// The analyzer rule.
pub struct CheckCalls {
    registry: Arc<Registry>,
}

impl CheckCalls {
    /// A rule that knows these functions.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

impl fmt::Debug for CheckCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CheckCalls")
    }
}

impl AnalyzerRule for CheckCalls {
    fn name(&self) -> &str {
        "check_calls"
    }

    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        plan.apply_with_subqueries(|node| {
            node.apply_expressions(|expr| {
                expr.apply(|e| {
                    self.check(e)?;
                    Ok(TreeNodeRecursion::Continue)
                })
            })
        })?;
        Ok(plan)
    }
}

impl CheckCalls {
    fn check(&self, expr: &Expr) -> Result<(), QlError> {
        match expr {
            Expr::WindowFunction(call) => {
                let (name, is_metric) = match &call.fun {
                    WindowFunctionDefinition::WindowUDF(udf) => (udf.name(), false),
                    WindowFunctionDefinition::AggregateUDF(udf) => (udf.name(), true),
                };
                let Some(function) = self.registry.get(name) else {
                    return Ok(());
                };
                refuse_distinct(&function.spec, call.params.distinct)?;
                match &function.implementation {
                    Implementation::Aggregate(udaf) if is_metric && depends_on_order(udaf) => {
                        check_order(&function.spec, &call.params)?;
                    }
                    Implementation::Window(_) => {
                        check_order(&function.spec, &call.params)?;
                        check_frame(&function.spec, &call.params)?;
                    }
                    _ => {}
                }
                check_constants(function, &call.params.args)
            }
            Expr::AggregateFunction(call) => {
                let Some(function) = self.registry.get(call.func.name()) else {
                    return Ok(());
                };
                refuse_distinct(&function.spec, call.params.distinct)?;
                if depends_on_order(&call.func) {
                    check_group_order(&function.spec, call.params.order_by.first())?;
                }
                check_constants(function, &call.params.args)
            }
            Expr::ScalarFunction(call) => match self.registry.get(call.func.name()) {
                Some(function) => check_constants(function, &call.args),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }
}

fn refuse_distinct(spec: &FunctionSpec, distinct: bool) -> Result<(), QlError> {
    match distinct {
        true => Err(QlError::new(
            SqlState::FeatureNotSupported,
            format!("{}: DISTINCT has no meaning here", spec.name),
        )),
        false => Ok(()),
    }
}

fn check_group_order(spec: &FunctionSpec, first: Option<&Sort>) -> Result<(), QlError> {
    let wrong = |what: &str| {
        Err(
            QlError::new(SqlState::InvalidOrder, format!("{}: {what}", spec.name)).with_hint(
                format!(
                    "Write {}(x ORDER BY ts) or use it with OVER (ORDER BY ts)",
                    spec.name
                ),
            ),
        )
    };
    match first {
        None => wrong("the result depends on the order of the rows, and there is no ORDER BY"),
        Some(sort) if !sort.asc => {
            wrong("the rows are ordered by descending time, so the future would come first")
        }
        Some(_) => Ok(()),
    }
}

fn check_order(spec: &FunctionSpec, params: &WindowFunctionParams) -> Result<(), QlError> {
    let wrong = |what: &str| {
        Err(
            QlError::new(SqlState::InvalidOrder, format!("{}: {what}", spec.name))
                .with_hint("Write OVER (PARTITION BY symbol ORDER BY ts)"),
        )
    };
    if !spec.is_ordered {
        return Ok(());
    }
    match params.order_by.first() {
        None => wrong("the window has no ORDER BY, so there is no past to look at"),
        Some(first) if !first.asc => {
            wrong("the window is ordered by descending time, so the future would come first")
        }
        Some(_) => Ok(()),
    }
}

fn check_frame(spec: &FunctionSpec, params: &WindowFunctionParams) -> Result<(), QlError> {
    let frame = &params.window_frame;
    let ends_here =
        frame.end_bound == WindowFrameBound::CurrentRow || frame.end_bound.is_unbounded();
    if frame.start_bound.is_unbounded() && ends_here {
        return Ok(());
    }
    Err(QlError::new(
        SqlState::FeatureNotSupported,
        format!(
            "{}: takes its look-back from its arguments, not from a window frame",
            spec.name
        ),
    )
    .with_hint("Remove ROWS or RANGE from the window"))
}

/// Binds the constants of a call, so that a value out of range is an error of planning.
fn check_constants(function: &Function, args: &[Expr]) -> Result<(), QlError> {
    let given: Vec<Option<ScalarValue>> = args.iter().map(constant).collect();
    // A placeholder gets its value later; the evaluator binds again then.
    let is_pending = args.iter().any(|a| matches!(bare(a), Expr::Placeholder(_)));
    if is_pending {
        return Ok(());
    }
    (function.check)(&Args::bind(&function.spec, &given)?)
}

fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Alias(alias) => bare(&alias.expr),
        Expr::Cast(cast) => bare(&cast.expr),
        other => other,
    }
}

/// The value of an expression without columns: literals, signs, casts and arithmetic on them.
pub(crate) fn constant(expr: &Expr) -> Option<ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value.clone()),
        Expr::Alias(alias) => constant(&alias.expr),
        Expr::Negative(inner) => constant(inner)?.arithmetic_negate().ok(),
        Expr::Cast(cast) => constant(&cast.expr)?.cast_to(cast.field.data_type()).ok(),
        Expr::BinaryExpr(binary) => {
            let (left, right) = (constant(&binary.left)?, constant(&binary.right)?);
            match binary.op {
                datafusion::logical_expr::Operator::Plus => left.add(right).ok(),
                datafusion::logical_expr::Operator::Minus => left.sub(right).ok(),
                _ => None,
            }
        }
        _ => None,
    }
}
