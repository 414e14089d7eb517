//! From `backtest_grid((SELECT ...), strategy => ..., fast => [...])` in FROM to a plan.

use crate::evaluate::Compiled;
use crate::functions::{Search, search};
use crate::space::{Axis, Space};
use crate::specs::STRATEGY;
use crate::strategy::{Slot, Strategy};
use datafusion::arrow::array::Array;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, LogicalPlan};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, TableFactor, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use quantlake_core::relation::planner::{as_relation, plan_relation_function};
use quantlake_core::relation::{InputColumn, InputType, RelationFunction};
use quantlake_core::{Args, FunctionSpec, QlError, Registry, SqlState};
use std::fmt;
use std::sync::Arc;

/// Plans the functions of this crate.
pub struct SearchPlanner {
    registry: Arc<Registry>,
}

impl SearchPlanner {
    /// A planner that knows the window functions of these.
    pub fn new(registry: Arc<Registry>) -> Self {
        Self { registry }
    }
}

impl fmt::Debug for SearchPlanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SearchPlanner")
    }
}

impl RelationPlanner for SearchPlanner {
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
        let Some(search) = search(&name.to_string().to_ascii_lowercase()) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let Some(function) = self
            .registry
            .relation(&name.to_string().to_ascii_lowercase())
        else {
            return Err(QlError::internal(format!("{name} is not registered")).into());
        };
        let call = Call::read(&function, args, context)?;
        let plan = call.plan(search, &function, &self.registry, context)?;
        let planned = PlannedRelation::new(plan, alias);
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

/// The arguments of a call.
struct Call {
    input: LogicalPlan,
    strategy: SqlExpr,
    /// Arguments with one value.
    options: Vec<(String, ScalarValue)>,
    /// Arguments with several.
    axes: Vec<Axis>,
}

impl Call {
    fn read(
        function: &RelationFunction,
        args: Vec<FunctionArg>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Self> {
        let spec = &function.spec;
        let mut args = args.into_iter();
        let input = match args.next() {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(query))) => {
                context.plan(as_relation(function, query)?)?
            }
            _ => {
                return Err(
                    usage(spec, "the first argument must be a query in parentheses").into(),
                );
            }
        };
        let (mut strategy, mut options, mut axes) = (None, Vec::new(), Vec::new());
        for arg in args {
            let (name, expr) = named(spec, arg)?;
            if name == STRATEGY {
                strategy = Some(parsed(spec, expr)?);
                continue;
            }
            match values(spec, &name, expr, context)? {
                Values::One(value) => options.push((name, value)),
                Values::Several(values) => axes.push(Axis { name, values }),
            }
        }
        let Some(strategy) = strategy else {
            return Err(usage(
                spec,
                "`strategy` has to be given: the target of each bar as an expression",
            )
            .into());
        };
        Ok(Self {
            input,
            strategy,
            options,
            axes,
        })
    }

    fn plan(
        self,
        search: &'static Search,
        function: &Arc<RelationFunction>,
        registry: &Registry,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let spec = &function.spec;
        let name = spec.name.as_str();
        let mut given = self.options.clone();
        given.push((
            STRATEGY.into(),
            ScalarValue::from(self.strategy.to_string()),
        ));
        let args = Args::bind_named(spec, &given)?;
        let space = Space::try_new(name, self.axes)?;
        let is_argument = |axis: &Axis| spec.params.iter().any(|p| p.name == axis.name);
        let in_strategy = Space {
            axes: space
                .axes
                .iter()
                .filter(|a| !is_argument(a))
                .cloned()
                .collect(),
        };
        let has_symbol = find(self.input.schema(), "symbol").is_some();
        let strategy = Strategy::try_new(name, self.strategy, &in_strategy, registry, has_symbol)?;
        let types = strategy.columns.iter().map(|column| {
            let found = find(self.input.schema(), column);
            found.ok_or_else(|| unknown_name(spec, column, self.input.schema(), &space))
        });
        let types = types.collect::<Result<Vec<DataType>, QlError>>()?;
        let plan = strategy.plan_slots(&in_strategy, self.input, context)?;
        let compiled = Compiled::try_new(strategy, in_strategy, &types, context)?;
        let columns = input_columns(&compiled, &types);
        let function = search.function(spec, &given, space, compiled, columns)?;
        plan_relation_function(&Arc::new(function), args, plan)
    }
}

/// What the operator reads: the bars, the columns of the slots, and what else the strategy reads.
fn input_columns(compiled: &Compiled, types: &[DataType]) -> Vec<InputColumn> {
    let mut columns: Vec<InputColumn> = quantlake_backtest::specs::columns();
    columns.retain(|c| c.name != "target");
    for (i, slot) in compiled.strategy.slots.iter().enumerate() {
        let positions = 0..compiled.space.of(&slot.axes).len();
        columns.extend(
            positions.map(|p| InputColumn::required(&Slot::column(i, p), InputType::Number)),
        );
    }
    for (name, ty) in compiled.strategy.columns.iter().zip(types) {
        if !columns.iter().any(|c| c.name == *name) {
            columns.push(InputColumn::required(name, input_type(ty)));
        }
    }
    columns
}

fn input_type(ty: &DataType) -> InputType {
    match ty {
        DataType::Utf8 => InputType::Text,
        _ => InputType::Number,
    }
}

/// The type in which the strategy sees a column of the query.
fn find(schema: &DFSchema, name: &str) -> Option<DataType> {
    let mut fields = schema.fields().iter();
    let field = fields.find(|f| f.name().eq_ignore_ascii_case(name))?;
    let ty = field.data_type();
    let is_text = ty.is_string() || matches!(ty, DataType::Dictionary(_, v) if v.is_string());
    Some(if is_text {
        DataType::Utf8
    } else {
        DataType::Float64
    })
}

fn named(spec: &FunctionSpec, arg: FunctionArg) -> Result<(String, SqlExpr), QlError> {
    match arg {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(expr),
            ..
        } => Ok((name.value.to_ascii_lowercase(), expr)),
        FunctionArg::ExprNamed {
            name,
            arg: FunctionArgExpr::Expr(expr),
            ..
        } => Ok((
            name.to_string().trim_matches('"').to_ascii_lowercase(),
            expr,
        )),
        other => {
            let message = format!("after the query every argument is named, found {other}");
            Err(usage(spec, &message))
        }
    }
}

/// A strategy given as text, or as it is.
fn parsed(spec: &FunctionSpec, expr: SqlExpr) -> Result<SqlExpr, QlError> {
    let SqlExpr::Value(ValueWithSpan {
        value: Value::SingleQuotedString(text),
        ..
    }) = &expr
    else {
        return Ok(expr);
    };
    let parser = Parser::new(&PostgreSqlDialect {}).try_with_sql(text);
    let parsed = parser.and_then(|mut parser| {
        let expr = parser.parse_expr()?;
        match parser.peek_token().token {
            datafusion::sql::sqlparser::tokenizer::Token::EOF => Ok(expr),
            _ => parser.expected("the end of the strategy", parser.peek_token()),
        }
    });
    parsed.map_err(|e| {
        QlError::new(
            SqlState::SyntaxError,
            format!("{}: `{STRATEGY}` is no expression: {e}", spec.name),
        )
    })
}

enum Values {
    One(ScalarValue),
    Several(Vec<ScalarValue>),
}

/// The values of an argument: a constant, a list, or a function that gives a list (`range`).
fn values(
    spec: &FunctionSpec,
    name: &str,
    expr: SqlExpr,
    context: &mut dyn RelationPlannerContext,
) -> Result<Values> {
    let shown = expr.to_string();
    let bad = || {
        QlError::bad_argument(
            &spec.name,
            name,
            "a constant or a list of constants",
            &shown,
        )
    };
    let schema = Arc::new(DFSchema::empty());
    let expr = context.sql_to_expr(expr, &schema).map_err(|_| bad())?;
    let info = SimplifyContext::builder()
        .with_schema(Arc::clone(&schema))
        .build();
    let simplifier = ExprSimplifier::new(info);
    let expr = simplifier
        .coerce(expr, &schema)
        .and_then(|e| simplifier.simplify(e));
    let Ok(Expr::Literal(value, _)) = expr else {
        return Err(bad().into());
    };
    let ScalarValue::List(list) = &value else {
        return Ok(Values::One(value));
    };
    let items = list.value(0);
    let items = (0..items.len()).map(|i| ScalarValue::try_from_array(&items, i));
    Ok(Values::Several(items.collect::<Result<_>>()?))
}

fn usage(spec: &FunctionSpec, message: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!("{}: {message}", spec.name),
    )
    .with_hint(format!(
        "The signature is {}, and the parameters of the strategy as lists",
        spec.signature()
    ))
}

fn unknown_name(spec: &FunctionSpec, name: &str, schema: &DFSchema, space: &Space) -> QlError {
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let params: Vec<&str> = space.axes.iter().map(|a| a.name.as_str()).collect();
    QlError::new(
        SqlState::UndefinedColumn,
        format!(
            "{}: `{name}` in the strategy is neither a column of the query ({}) nor a parameter with a list of values ({})",
            spec.name,
            columns.join(", "),
            params.join(", ")
        ),
    )
    .with_hint(format!("Give a parameter as a list, also one value: {name} => [10]"))
}
