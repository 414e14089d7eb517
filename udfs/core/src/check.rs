//! Checks on a plan before it runs: time order, window frames and constant arguments.
//!
//! DataFusion makes a window function's evaluator only once rows flow. This rule moves its
//! argument errors to planning, and refuses windows in which "past" has no meaning.

use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::{Implementation, Registry};
use crate::spec::FunctionSpec;
use datafusion::common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::config::ConfigOptions;
use datafusion::logical_expr::expr::WindowFunctionParams;
use datafusion::logical_expr::{Expr, LogicalPlan, WindowFrame, WindowFunctionDefinition};
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
                let spec = match &call.fun {
                    WindowFunctionDefinition::WindowUDF(udf) => self.spec(udf.name()),
                    WindowFunctionDefinition::AggregateUDF(udf) => self.spec(udf.name()),
                };
                let Some((spec, implementation)) = spec else {
                    return Ok(());
                };
                if matches!(implementation, Implementation::Window(_)) {
                    check_window(spec, &call.params)?;
                }
                check_constants(spec, &call.params.args)
            }
            Expr::AggregateFunction(call) => {
                let Some((spec, _)) = self.spec(call.func.name()) else {
                    return Ok(());
                };
                if crate::metric::depends_on_order(&call.func) && call.params.order_by.is_empty() {
                    return Err(QlError::new(
                        SqlState::InvalidOrder,
                        format!("{}: the result depends on the order of the rows, and there is no ORDER BY", spec.name),
                    )
                    .with_hint(format!("Write {}(x ORDER BY ts) or use it with OVER (ORDER BY ts)", spec.name)));
                }
                check_constants(spec, &call.params.args)
            }
            Expr::ScalarFunction(call) => match self.spec(call.func.name()) {
                Some((spec, _)) => check_constants(spec, &call.args),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn spec(&self, name: &str) -> Option<(&FunctionSpec, &Implementation)> {
        self.registry
            .get(name)
            .map(|f| (f.spec.as_ref(), &f.implementation))
    }
}

fn check_window(spec: &FunctionSpec, params: &WindowFunctionParams) -> Result<(), QlError> {
    let wrong_order = |what: &str| {
        Err(
            QlError::new(SqlState::InvalidOrder, format!("{}: {what}", spec.name))
                .with_hint("Write OVER (PARTITION BY symbol ORDER BY ts)"),
        )
    };
    match params.order_by.first() {
        None => return wrong_order("the window has no ORDER BY, so there is no past to look at"),
        Some(first) if !first.asc => {
            return wrong_order(
                "the window is ordered by descending time, so the future would come first",
            );
        }
        Some(_) => {}
    }
    // The frame that SQL supplies when none is written.
    let default_frame = WindowFrame::new(Some(false));
    let whole_partition = WindowFrame::new(None);
    let frame = &params.window_frame;
    if frame.units != default_frame.units
        || (frame.start_bound != default_frame.start_bound)
        || (frame.end_bound != default_frame.end_bound
            && frame.end_bound != whole_partition.end_bound)
    {
        return Err(QlError::new(
            SqlState::FeatureNotSupported,
            format!(
                "{}: takes its look-back from its arguments, not from a window frame",
                spec.name
            ),
        )
        .with_hint("Remove ROWS or RANGE from the window"));
    }
    Ok(())
}

/// Binds the constants of a call, so that a value out of range is an error of planning.
fn check_constants(spec: &FunctionSpec, args: &[Expr]) -> Result<(), QlError> {
    let given: Vec<Option<ScalarValue>> = args.iter().map(constant).collect();
    // A placeholder gets its value later; the evaluator binds again then.
    let pending = args.iter().any(|a| matches!(bare(a), Expr::Placeholder(_)));
    if pending {
        Ok(())
    } else {
        Args::bind(spec, &given).map(|_| ())
    }
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
