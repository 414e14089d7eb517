//! An expression with parameters, taken apart.
//!
//! Every window function in it becomes a *slot*: one input column for each combination of the
//! parameters that stand inside of it. With `sma(close, fast)` for 45 values of `fast` and
//! `sma(close, slow)` for 180 values of `slow`, 225 columns serve 8,100 combinations. What is left
//! of the expression is evaluated for each combination over the columns of its slots.

use crate::space::Space;
use crate::specs::STRATEGY;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::utils::find_window_exprs;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, cast};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, Function, Ident, OrderByExpr, OrderByOptions, UnaryOperator, Value,
    WindowSpec, WindowType, visit_expressions, visit_expressions_mut,
};
use quantlake_core::{Implementation, QlError, Registry, SqlState};
use std::collections::BTreeSet;
use std::ops::ControlFlow;

/// Columns beyond which a strategy is refused: planning them alone would take minutes.
const MAX_COLUMNS: usize = 20_000;

/// A window function of the strategy.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// The parameters that its values depend on.
    pub axes: Vec<usize>,
    /// The call, with parameters and inner slots by name.
    call: SqlExpr,
    /// Slots inside of it.
    inner: Vec<usize>,
}

impl Slot {
    /// The column of a combination of the slot's own parameters.
    pub fn column(slot: usize, position: usize) -> String {
        format!("{}_{position}", slot_name(slot))
    }
}

fn slot_name(slot: usize) -> String {
    format!("__slot{slot}")
}

/// A strategy, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Strategy {
    /// Its window functions; what stands inside of another one comes first.
    pub slots: Vec<Slot>,
    /// The expression with slots, parameters and columns by name.
    pub rest: SqlExpr,
    /// The parameters that stand in `rest`.
    pub axes: Vec<usize>,
    /// The columns of the query that stand in `rest`.
    pub columns: Vec<String>,
}

impl Strategy {
    /// Takes an expression apart. Window functions without OVER run over each symbol in the order
    /// of time; `has_symbol` says whether the query has a column `symbol`.
    ///
    /// # Errors
    /// 22023 for a parameter that the expression does not use.
    pub fn try_new(
        function: &str,
        expr: SqlExpr,
        space: &Space,
        registry: &Registry,
        has_symbol: bool,
    ) -> Result<Self, QlError> {
        let mut rest = expr;
        let mut slots: Vec<Slot> = Vec::new();
        // Inner expressions are visited before the ones around them.
        let _: ControlFlow<()> = visit_expressions_mut(&mut rest, |expr| {
            if let Some((slot, field)) = field_of_slot(expr, &mut slots) {
                slot.call = field;
                *expr = name(&slot_name(slots.len() - 1));
            } else if let Some(call) = window_call(expr, registry, has_symbol) {
                let call = call.unwrap_or_else(|| expr.clone());
                let names = names(&call);
                let inner = (0..slots.len()).filter(|i| names.contains(&slot_name(*i)));
                let inner: Vec<usize> = inner.collect();
                let mut axes: BTreeSet<usize> = axes_in(space, &names).into_iter().collect();
                axes.extend(
                    inner
                        .iter()
                        .filter_map(|i| slots.get(*i))
                        .flat_map(|s| &s.axes),
                );
                *expr = name(&slot_name(slots.len()));
                slots.push(Slot {
                    axes: axes.into_iter().collect(),
                    call,
                    inner,
                });
            }
            ControlFlow::Continue(())
        });
        let names = names(&rest);
        let strategy = Self {
            axes: axes_in(space, &names),
            columns: (names.iter())
                .filter(|n| !n.starts_with("__slot") && !space.axes.iter().any(|a| a.name == **n))
                .cloned()
                .collect(),
            rest,
            slots,
        };
        strategy.check_use(function, space)?;
        Ok(strategy)
    }

    fn check_use(&self, function: &str, space: &Space) -> Result<(), QlError> {
        let is_used = |axis: &usize| {
            self.axes.contains(axis) || self.slots.iter().any(|s| s.axes.contains(axis))
        };
        let unused = (0..space.axes.len()).find(|axis| !is_used(axis));
        match unused.and_then(|axis| space.axes.get(axis)) {
            None => Ok(()),
            Some(axis) => Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "{function}: `{}` is no argument of {function} and does not stand in the strategy",
                    axis.name
                ),
            )),
        }
    }

    /// The query with one more column for every slot and combination of its parameters.
    ///
    /// # Errors
    /// 22023 for too many columns, and those of planning the window functions.
    pub fn plan_slots(
        &self,
        function: &str,
        space: &Space,
        input: LogicalPlan,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let n_columns = self.slots.iter().map(|slot| space.of(&slot.axes).len());
        let n_columns = n_columns.fold(0, usize::saturating_add);
        if n_columns > MAX_COLUMNS {
            let allowed = format!("an expression of at most {MAX_COLUMNS} window columns");
            return Err(QlError::bad_argument(function, STRATEGY, allowed, n_columns)
                .with_hint("Each window function makes a column for every combination of the parameters inside of it")
                .into());
        }
        let mut plan = input;
        for depth in 0.. {
            let level = self.level(depth);
            if level.is_empty() {
                break;
            }
            let mut exprs = Vec::new();
            for slot in level {
                exprs.extend(self.slot_exprs(slot, space, plan.schema(), context)?);
            }
            plan = with_columns(plan, exprs)?;
        }
        Ok(plan)
    }

    /// The slots with so many others nested inside of them.
    fn level(&self, depth: usize) -> Vec<usize> {
        (0..self.slots.len())
            .filter(|slot| self.depth(*slot) == depth)
            .collect()
    }

    fn depth(&self, slot: usize) -> usize {
        let inner = self.slots.get(slot).map_or(&[] as &[usize], |s| &s.inner);
        inner.iter().map(|i| self.depth(*i) + 1).max().unwrap_or(0)
    }

    fn slot_exprs(
        &self,
        slot: usize,
        space: &Space,
        schema: &DFSchema,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Vec<Expr>> {
        let Some(Slot { axes, call, .. }) = self.slots.get(slot) else {
            return Ok(Vec::new());
        };
        let own = space.of(axes);
        let mut exprs = Vec::new();
        for position in 0..own.len() {
            let mut choice = vec![0; space.axes.len()];
            for (axis, value) in axes.iter().zip(own.choice(position)) {
                if let Some(chosen) = choice.get_mut(*axis) {
                    *chosen = value;
                }
            }
            let call = self.substitute(call.clone(), space, &choice)?;
            let expr = context.sql_to_expr(call, schema)?;
            exprs.push(cast(expr, DataType::Float64).alias(Slot::column(slot, position)));
        }
        Ok(exprs)
    }

    /// A call with the parameters' values and the columns of inner slots.
    fn substitute(&self, mut call: SqlExpr, space: &Space, choice: &[usize]) -> Result<SqlExpr> {
        let flow = visit_expressions_mut(&mut call, |expr| {
            let Some(found) = identifier(expr) else {
                return ControlFlow::Continue(());
            };
            if let Some(axis) = space.axes.iter().position(|a| a.name == found) {
                let value = space.axes.get(axis).zip(choice.get(axis));
                match value.and_then(|(a, i)| a.values.get(*i)).map(literal) {
                    Some(Ok(value)) => *expr = value,
                    Some(Err(error)) => return ControlFlow::Break(error),
                    None => {}
                }
            } else if let Some(inner) = (0..self.slots.len()).find(|i| slot_name(*i) == found)
                && let Some(slot) = self.slots.get(inner)
            {
                *expr = name(&Slot::column(inner, space.position(&slot.axes, choice)));
            }
            ControlFlow::Continue(())
        });
        match flow {
            ControlFlow::Break(error) => Err(DataFusionError::from(error)),
            ControlFlow::Continue(()) => Ok(call),
        }
    }
}

/// A plan with some expressions over windows added as columns.
fn with_columns(plan: LogicalPlan, exprs: Vec<Expr>) -> Result<LogicalPlan> {
    let mut columns: Vec<Expr> = plan
        .schema()
        .columns()
        .into_iter()
        .map(Expr::Column)
        .collect();
    let plan = LogicalPlanBuilder::window_plan(plan, find_window_exprs(&exprs))?;
    for expr in exprs {
        let over_columns = expr.transform_up(|e| match e {
            Expr::WindowFunction(_) => {
                let column = Column::from_name(e.schema_name().to_string());
                Ok(Transformed::yes(Expr::Column(column)))
            }
            other => Ok(Transformed::no(other)),
        })?;
        columns.push(over_columns.data);
    }
    LogicalPlanBuilder::from(plan).project(columns)?.build()
}

/// Whether an expression is a call of a window function: `Some` with the call to plan, which is
/// `None` when it already says OVER. A field of a struct (`macd(...)['hist']`) belongs to the call.
#[allow(
    clippy::option_option,
    reason = "no call, a call as it is, a call with OVER added"
)]
fn window_call(expr: &SqlExpr, registry: &Registry, has_symbol: bool) -> Option<Option<SqlExpr>> {
    let SqlExpr::Function(call) = expr else {
        return None;
    };
    if call.over.is_some() {
        return Some(None);
    }
    let name = call.name.to_string().to_ascii_lowercase();
    let function = registry.get(&name)?;
    matches!(function.implementation, Implementation::Window(_)).then(|| {
        Some(SqlExpr::Function(Function {
            over: Some(WindowType::WindowSpec(by_symbol_and_time(has_symbol))),
            ..call.clone()
        }))
    })
}

/// A field of the struct that the newest slot's call returns, and that call with the field.
fn field_of_slot<'a>(expr: &SqlExpr, slots: &'a mut [Slot]) -> Option<(&'a mut Slot, SqlExpr)> {
    let SqlExpr::CompoundFieldAccess { root, access_chain } = expr else {
        return None;
    };
    let newest = slot_name(slots.len().checked_sub(1)?);
    let inside = match root.as_ref() {
        SqlExpr::Nested(inner) => inner,
        other => other,
    };
    let slot = slots.last_mut()?;
    let field = SqlExpr::CompoundFieldAccess {
        root: Box::new(slot.call.clone()),
        access_chain: access_chain.clone(),
    };
    (identifier(inside)? == newest).then_some((slot, field))
}

fn by_symbol_and_time(has_symbol: bool) -> WindowSpec {
    WindowSpec {
        window_name: None,
        partition_by: if has_symbol {
            vec![name("symbol")]
        } else {
            Vec::new()
        },
        order_by: vec![OrderByExpr {
            expr: name("ts"),
            options: OrderByOptions {
                asc: None,
                nulls_first: None,
            },
            with_fill: None,
        }],
        window_frame: None,
    }
}

fn name(text: &str) -> SqlExpr {
    SqlExpr::Identifier(Ident::new(text))
}

fn identifier(expr: &SqlExpr) -> Option<String> {
    match expr {
        SqlExpr::Identifier(ident) if ident.quote_style.is_some() => Some(ident.value.clone()),
        SqlExpr::Identifier(ident) => Some(ident.value.to_ascii_lowercase()),
        _ => None,
    }
}

/// All plain names in an expression.
fn names(expr: &SqlExpr) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let _: ControlFlow<()> = visit_expressions(expr, |e| {
        names.extend(identifier(e));
        ControlFlow::Continue(())
    });
    names
}

fn axes_in(space: &Space, names: &BTreeSet<String>) -> Vec<usize> {
    let axes = space.axes.iter().enumerate();
    axes.filter(|(_, axis)| names.contains(&axis.name))
        .map(|(i, _)| i)
        .collect()
}

/// A value as SQL.
fn literal(value: &ScalarValue) -> Result<SqlExpr, QlError> {
    let plain = |value: Value| SqlExpr::Value(value.with_empty_span());
    Ok(match value {
        ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)) => {
            plain(Value::SingleQuotedString(text.clone()))
        }
        ScalarValue::Boolean(Some(flag)) => plain(Value::Boolean(*flag)),
        number if number.data_type().is_numeric() && !number.is_null() => {
            let text = number.to_string();
            match text.strip_prefix('-') {
                None => plain(Value::Number(text, false)),
                Some(positive) => SqlExpr::UnaryOp {
                    op: UnaryOperator::Minus,
                    expr: Box::new(plain(Value::Number(positive.to_owned(), false))),
                },
            }
        }
        other => {
            return Err(QlError::new(
                SqlState::InvalidParameter,
                format!(
                    "values of a parameter must be numbers, texts or booleans, found {other} of type {}",
                    other.data_type()
                ),
            ));
        }
    })
}
