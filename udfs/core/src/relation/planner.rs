//! From `f((SELECT ...), key => value)` in FROM to a plan, and from the node to its operator.

use super::RelationFunction;
use super::exec::PartitionedTransformExec;
use super::node::PartitionedTransform;
use super::shape::{self, Shaped};
use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::Registry;
use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Extension, LogicalPlan, UserDefinedLogicalNode};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{ExtensionPlanner, PhysicalPlanner};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, FunctionArguments, ObjectName, TableFactor,
};
use std::fmt;
use std::sync::Arc;

/// Plans calls of relation functions in FROM.
pub struct RelationFunctionPlanner {
    registry: Arc<Registry>,
}

impl RelationFunctionPlanner {
    /// A planner that knows these functions.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

impl fmt::Debug for RelationFunctionPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RelationFunctionPlanner")
    }
}

impl RelationPlanner for RelationFunctionPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (name, args, alias) = match &relation {
            TableFactor::Table {
                name,
                args: Some(args),
                alias,
                ..
            } => (name, args.args.clone(), alias.clone()),
            TableFactor::Function {
                name, args, alias, ..
            } => (name, args.clone(), alias.clone()),
            _ => return Ok(RelationPlanning::Original(Box::new(relation))),
        };
        let Some(function) = self.function(name) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let plan = plan_call(&function, args, context)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

impl RelationFunctionPlanner {
    fn function(&self, name: &ObjectName) -> Option<Arc<RelationFunction>> {
        let [part] = name.0.as_slice() else {
            return None;
        };
        self.registry
            .relation(&part.as_ident()?.value.to_ascii_lowercase())
    }
}

fn plan_call(
    function: &Arc<RelationFunction>,
    args: Vec<FunctionArg>,
    context: &mut dyn RelationPlannerContext,
) -> Result<LogicalPlan> {
    let spec = &function.spec;
    let mut input = None;
    let mut others: Vec<(String, LogicalPlan)> = Vec::new();
    let mut options: Vec<(String, ScalarValue)> = Vec::new();
    for arg in args {
        match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))
                if input.is_none() && options.is_empty() =>
            {
                input = Some(context.plan(as_relation(function, expr)?)?);
            }
            FunctionArg::Unnamed(found) => {
                return Err(QlError::new(
                    SqlState::UndefinedFunction,
                    format!(
                        "{}: after the query every argument is named, found {found}",
                        spec.name
                    ),
                )
                .with_hint(format!("The signature is {}", spec.signature()))
                .into());
            }
            FunctionArg::Named { name, arg, .. } => {
                let name = name.value.to_ascii_lowercase();
                take_named(function, name, arg, &mut others, &mut options, context)?;
            }
            FunctionArg::ExprNamed { name, arg, .. } => {
                let name = name.to_string().trim_matches('"').to_ascii_lowercase();
                take_named(function, name, arg, &mut others, &mut options, context)?;
            }
        }
    }
    let Some(input) = input else {
        return Err(QlError::new(
            SqlState::UndefinedFunction,
            format!(
                "{}: the first argument must be a query in parentheses, a table or a view",
                spec.name
            ),
        )
        .with_hint(format!("The signature is {}", spec.signature()))
        .into());
    };
    let args = Args::bind_named(spec, &options)?;
    // Making a kernel checks what single ranges cannot (fast period below slow period).
    (function.factory)(&args)?;
    plan_node(function, args, input, others)
}

/// A call with checked arguments and no other queries than the first one, as a plan.
///
/// # Errors
/// 42703 and 42804 for columns that the query lacks or has in another type.
pub fn plan_relation_function(
    function: &Arc<RelationFunction>,
    args: Args,
    input: LogicalPlan,
) -> Result<LogicalPlan> {
    plan_node(function, args, input, Vec::new())
}

fn plan_node(
    function: &Arc<RelationFunction>,
    args: Args,
    input: LogicalPlan,
    others: Vec<(String, LogicalPlan)>,
) -> Result<LogicalPlan> {
    let Shaped { plan, result } = shape::first(function, input, &function.listed_keys(&args)?)?;
    let function = Arc::clone(function);
    let node = PartitionedTransform::try_new(function, args, plan, others, &result)?;
    Ok(LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    }))
}

/// A named argument: another query, or a constant.
fn take_named(
    function: &RelationFunction,
    name: String,
    arg: FunctionArgExpr,
    others: &mut Vec<(String, LogicalPlan)>,
    options: &mut Vec<(String, ScalarValue)>,
    context: &mut dyn RelationPlannerContext,
) -> Result<()> {
    let Some(query) = function.queries.iter().find(|q| q.param == name) else {
        let value = constant(function, &name, arg, context)?;
        options.push((name, value));
        return Ok(());
    };
    if others.iter().any(|(given, _)| *given == name) {
        let message = format!("{}: `{name}` is given twice", function.spec.name);
        return Err(QlError::new(SqlState::InvalidParameter, message).into());
    }
    let which = format!("`{name}`");
    let FunctionArgExpr::Expr(expr) = arg else {
        return Err(not_a_query(function, &which, &arg).into());
    };
    let plan = context.plan(relation_of(function, &which, expr)?)?;
    others.push((
        name,
        shape::other(function, &query.param, &query.columns, plan)?,
    ));
    Ok(())
}

/// What messages call the argument that every relation function has.
const FIRST: &str = "the first argument";

/// The first argument as something that can stand in FROM.
///
/// # Errors
/// 42883 for what is not a query, a table or a view.
pub fn as_relation(function: &RelationFunction, expr: SqlExpr) -> Result<TableFactor, QlError> {
    relation_of(function, FIRST, expr)
}

fn relation_of(
    function: &RelationFunction,
    which: &str,
    expr: SqlExpr,
) -> Result<TableFactor, QlError> {
    match expr {
        SqlExpr::Subquery(query) => Ok(TableFactor::Derived {
            lateral: false,
            subquery: query,
            alias: None,
            sample: None,
        }),
        SqlExpr::Nested(inner) => relation_of(function, which, *inner),
        SqlExpr::Identifier(ident) => Ok(table(ObjectName::from(vec![ident]))),
        SqlExpr::CompoundIdentifier(parts) => Ok(table(ObjectName::from(parts))),
        SqlExpr::Function(call) if call.name.to_string().eq_ignore_ascii_case("table") => {
            let FunctionArguments::List(list) = call.args else {
                return Err(not_a_query(function, which, &"TABLE()"));
            };
            match list.args.into_iter().next() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))) => {
                    relation_of(function, which, inner)
                }
                _ => Err(not_a_query(function, which, &"TABLE()")),
            }
        }
        other => Err(not_a_query(function, which, &other)),
    }
}

fn not_a_query(function: &RelationFunction, which: &str, found: &dyn fmt::Display) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!(
            "{}: {which} must be a query in parentheses, a table or a view, found {found}",
            function.spec.name
        ),
    )
}

fn table(name: ObjectName) -> TableFactor {
    TableFactor::Table {
        name,
        alias: None,
        args: None,
        with_hints: vec![],
        version: None,
        with_ordinality: false,
        partitions: vec![],
        json_path: None,
        sample: None,
        index_hints: vec![],
    }
}

fn constant(
    function: &RelationFunction,
    name: &str,
    arg: FunctionArgExpr,
    context: &mut dyn RelationPlannerContext,
) -> Result<ScalarValue> {
    let not_constant = |found: &dyn fmt::Display| {
        QlError::bad_argument(&function.spec.name, name, "a constant", found)
    };
    let FunctionArgExpr::Expr(expr) = arg else {
        return Err(not_constant(&arg).into());
    };
    let shown = expr.to_string();
    let planned = context
        .sql_to_expr(expr, &DFSchema::empty())
        .map_err(|_| DataFusionError::from(not_constant(&shown)))?;
    crate::check::constant(&planned).ok_or_else(|| not_constant(&shown).into())
}

/// Turns the node into its operator.
#[derive(Debug)]
pub struct PartitionedTransformPlanner;

#[async_trait]
impl ExtensionPlanner for PartitionedTransformPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        _session: &dyn Session,
        _context: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some(node) = node.as_any().downcast_ref::<PartitionedTransform>() else {
            return Ok(None);
        };
        let params = node.others.iter().map(|(param, _)| param.clone());
        let exec = PartitionedTransformExec::try_new(
            Arc::clone(&node.function),
            node.args.clone(),
            physical_inputs.to_vec(),
            params.collect(),
            Arc::clone(node.schema.inner()),
        )?;
        Ok(Some(Arc::new(exec)))
    }
}
