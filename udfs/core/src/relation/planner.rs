//! From `f((SELECT ...), key => value)` in FROM to a plan, and from the node to its operator.

use super::exec::PartitionedTransformExec;
use super::node::PartitionedTransform;
use super::{InputColumn, RelationFunction};
use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::Registry;
use crate::spec::default_time_type;
use async_trait::async_trait;
use datafusion::arrow::datatypes::DataType;
use datafusion::catalog::Session;
use datafusion::common::{Column, DFSchema, ScalarValue};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{
    Expr, Extension, LogicalPlan, LogicalPlanBuilder, UserDefinedLogicalNode, cast, lit,
};
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
                options.push((
                    name.value.to_ascii_lowercase(),
                    constant(function, &name.value, arg, context)?,
                ));
            }
            FunctionArg::ExprNamed { name, arg, .. } => {
                let name = name.to_string().trim_matches('"').to_ascii_lowercase();
                let value = constant(function, &name, arg, context)?;
                options.push((name, value));
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
    let (input, time) = shape_input(function, input)?;
    let node = PartitionedTransform::try_new(Arc::clone(function), args, input, &time)?;
    Ok(LogicalPlan::Extension(Extension {
        node: Arc::new(node),
    }))
}

/// The first argument as something that can stand in FROM.
fn as_relation(function: &RelationFunction, expr: SqlExpr) -> Result<TableFactor, QlError> {
    match expr {
        SqlExpr::Subquery(query) => Ok(TableFactor::Derived {
            lateral: false,
            subquery: query,
            alias: None,
            sample: None,
        }),
        SqlExpr::Nested(inner) => as_relation(function, *inner),
        SqlExpr::Identifier(ident) => Ok(table(ObjectName::from(vec![ident]))),
        SqlExpr::CompoundIdentifier(parts) => Ok(table(ObjectName::from(parts))),
        SqlExpr::Function(call) if call.name.to_string().eq_ignore_ascii_case("table") => {
            let FunctionArguments::List(list) = call.args else {
                return Err(not_a_query(function, &"TABLE()"));
            };
            match list.args.into_iter().next() {
                Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))) => {
                    as_relation(function, inner)
                }
                _ => Err(not_a_query(function, &"TABLE()")),
            }
        }
        other => Err(not_a_query(function, &other)),
    }
}

fn not_a_query(function: &RelationFunction, found: &dyn fmt::Display) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!(
            "{}: the first argument must be a query in parentheses, a table or a view, found {found}",
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

/// Projects a query to the columns the function reads, cast to the kernel's types; also gives
/// the type of its times, which the result keeps.
fn shape_input(function: &RelationFunction, input: LogicalPlan) -> Result<(LogicalPlan, DataType)> {
    let mut time = default_time_type();
    let mut exprs = Vec::new();
    for column in &function.columns {
        let expr = match find_column(&input, column) {
            Some((found, ty)) if column.ty.accepts(&ty) => {
                if column.ty == super::InputType::Time && matches!(ty, DataType::Timestamp(..)) {
                    time = ty.clone();
                }
                cast(Expr::Column(found), column.ty.data_type())
            }
            Some((_, ty)) => {
                return Err(QlError::new(
                    SqlState::DatatypeMismatch,
                    format!(
                        "{}: column `{}` must be {}, found type {ty}",
                        function.spec.name,
                        column.name,
                        column.ty.wanted()
                    ),
                )
                .into());
            }
            None if column.required => return Err(missing_column(function, column, &input).into()),
            None => cast(lit(ScalarValue::Null), column.ty.data_type()),
        };
        exprs.push(expr.alias(&column.name));
    }
    Ok((
        LogicalPlanBuilder::from(input).project(exprs)?.build()?,
        time,
    ))
}

fn find_column(input: &LogicalPlan, column: &InputColumn) -> Option<(Column, DataType)> {
    input
        .schema()
        .iter()
        .find(|(_, field)| field.name().eq_ignore_ascii_case(&column.name))
        .map(|(qualifier, field)| {
            (
                Column::new(qualifier.cloned(), field.name()),
                field.data_type().clone(),
            )
        })
}

fn missing_column(
    function: &RelationFunction,
    column: &InputColumn,
    input: &LogicalPlan,
) -> QlError {
    let given: Vec<_> = input
        .schema()
        .fields()
        .iter()
        .map(|f| f.name().as_str())
        .collect();
    let wanted: Vec<_> = function
        .columns
        .iter()
        .map(|c| {
            if c.required {
                c.name.clone()
            } else {
                format!("[{}]", c.name)
            }
        })
        .collect();
    QlError::new(
        SqlState::UndefinedColumn,
        format!(
            "{}: the query has no column `{}`; it has {}",
            function.spec.name,
            column.name,
            given.join(", ")
        ),
    )
    .with_hint(format!("The columns read are {}", wanted.join(", ")))
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
        let [input] = physical_inputs else {
            return Err(QlError::internal(format!(
                "PartitionedTransform has 1 input, found {}",
                physical_inputs.len()
            ))
            .into());
        };
        let exec = PartitionedTransformExec::try_new(
            Arc::clone(&node.function),
            node.args.clone(),
            Arc::clone(input),
            Arc::clone(node.schema.inner()),
        )?;
        Ok(Some(Arc::new(exec)))
    }
}
