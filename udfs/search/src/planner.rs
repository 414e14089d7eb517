//! From `backtest_grid((SELECT ...), strategy => ..., fast => [...])` in FROM to a plan.

use crate::arguments::{Values, name_of, named, parsed, usage, values};
use crate::book::{Book, Identity};
use crate::evaluate::Compiled;
use crate::functions::{Call, Search, search, shape};
use crate::identity::normal_text;
use crate::library::Shelf;
use crate::node::SearchNode;
use crate::space::{Axis, Space};
use crate::specs::{FAMILY, STRATEGY};
use crate::strategy::{Slot, Strategy};
use crate::variants::Source;
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::{Extension, LogicalPlan};
use datafusion::sql::sqlparser::ast::{Expr as SqlExpr, FunctionArg, FunctionArgExpr, TableFactor};
use quantlake_core::relation::planner::{as_relation, plan_relation_function};
use quantlake_core::relation::{InputColumn, InputType, RelationFunction};
use quantlake_core::spec::default_time_type;
use quantlake_core::{Args, FunctionSpec, QlError, Registry, SqlState};
use std::fmt;
use std::sync::Arc;

/// Plans the functions of this crate.
pub struct SearchPlanner {
    registry: Arc<Registry>,
    book: Arc<dyn Book>,
}

impl SearchPlanner {
    /// A planner that knows the window functions of these, and who keeps strategies and counts
    /// trials.
    pub fn new(registry: Arc<Registry>, book: Arc<dyn Book>) -> Self {
        Self { registry, book }
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
        let name = name.to_string().to_ascii_lowercase();
        let Some(search) = search(&name) else {
            return Ok(RelationPlanning::Original(Box::new(relation)));
        };
        let Some(function) = self.registry.relation(&name) else {
            return Err(QlError::internal(format!("{name} is not registered")).into());
        };
        let given = Given::read(&function, args, context)?;
        let plan = self.plan(search, &function, given, context)?;
        let planned = PlannedRelation::new(plan, alias);
        Ok(RelationPlanning::Planned(Box::new(planned)))
    }
}

/// The arguments of a call.
struct Given {
    /// The query and its text; a stored strategy has its own.
    input: Option<(LogicalPlan, String)>,
    strategy: SqlExpr,
    /// Arguments with one value.
    options: Vec<(String, ScalarValue)>,
    /// Arguments with several, and the parameters of the strategy.
    axes: Vec<Axis>,
}

impl Given {
    fn read(
        function: &RelationFunction,
        args: Vec<FunctionArg>,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Self> {
        let spec = &function.spec;
        let mut args = args.into_iter().peekable();
        let input = match args.next_if(|arg| matches!(arg, FunctionArg::Unnamed(_))) {
            Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(query))) => {
                let text = query.to_string();
                Some((context.plan(as_relation(function, query)?)?, text))
            }
            Some(other) => {
                let message = format!("the first argument must be a query, found {other}");
                return Err(usage(spec, &message).into());
            }
            None => None,
        };
        let (mut strategy, mut options, mut axes) = (None, Vec::new(), Vec::new());
        for arg in args {
            let (name, expr) = named(spec, arg)?;
            let is_argument = spec.params.iter().any(|p| p.name == name);
            if name == STRATEGY {
                strategy = Some(expr);
                continue;
            }
            match values(spec, &name, expr, context)? {
                Values::One(value) if is_argument => options.push((name, value)),
                Values::One(value) => axes.push(Axis {
                    name,
                    values: vec![value],
                }),
                Values::Several(values) => axes.push(Axis { name, values }),
            }
        }
        let repeated = axes.iter().enumerate().find(|(i, axis)| {
            let before = axes.iter().take(*i).map(|a| &a.name);
            let before = before.chain(options.iter().map(|(name, _)| name));
            before.into_iter().any(|name| *name == axis.name)
        });
        if let Some((_, axis)) = repeated {
            let message = format!("{}: `{}` is given twice", spec.name, axis.name);
            return Err(QlError::new(SqlState::InvalidParameter, message).into());
        }
        let Some(strategy) = strategy else {
            let message = format!(
                "`{STRATEGY}` has to be given: the target of each bar as an expression, or the name of a stored strategy"
            );
            return Err(usage(spec, &message).into());
        };
        Ok(Self {
            input,
            strategy,
            options,
            axes,
        })
    }

    /// The family that was asked for.
    fn family(&self) -> Option<String> {
        let found = self.options.iter().find(|(name, _)| name == FAMILY);
        match found {
            Some((_, ScalarValue::Utf8(Some(text)) | ScalarValue::Utf8View(Some(text)))) => {
                Some(text.clone())
            }
            _ => None,
        }
    }
}

/// What a strategy was planned to: the bars, the columns read of them, the targets' source.
struct Planned {
    input: Option<LogicalPlan>,
    columns: Vec<InputColumn>,
    source: Source,
    identity: Identity,
}

impl SearchPlanner {
    fn plan(
        &self,
        search: &'static Search,
        function: &RelationFunction,
        mut given: Given,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<LogicalPlan> {
        let spec = &function.spec;
        let space = search.space(std::mem::take(&mut given.axes))?;
        let is_argument = |axis: &Axis| spec.params.iter().any(|p| p.name == axis.name);
        let axes = space.axes.iter().filter(|a| !is_argument(a));
        let in_strategy = Space {
            axes: axes.cloned().collect(),
        };
        let mut options = given.options.clone();
        let shown = given.strategy.to_string();
        options.push((STRATEGY.into(), ScalarValue::from(shown)));
        let args = Args::bind_named(spec, &options)?;
        let planned = match given.input.take() {
            Some((input, query)) => {
                self.over_query(spec, &given, in_strategy, (input, query), context)?
            }
            None => self.over_stored(spec, &given, in_strategy, &args)?,
        };
        let (spec, variants) =
            search.call(spec, &options, space, planned.source, planned.identity)?;
        let function = Arc::new(shape(spec, planned.columns));
        let call = Call {
            search,
            variants,
            function: Arc::clone(&function),
            args: args.clone(),
            book: Arc::clone(&self.book),
        };
        let (input, schema) = match planned.input {
            Some(input) => {
                let shaped = plan_relation_function(&function, args, input)?;
                let input = shaped.inputs().first().map(|plan| (*plan).clone());
                (input, Arc::clone(shaped.schema()))
            }
            None => {
                let schema = function.output_schema(&default_time_type());
                (None, Arc::new(DFSchema::try_from(schema)?))
            }
        };
        Ok(LogicalPlan::Extension(Extension {
            node: Arc::new(SearchNode {
                call: Arc::new(call),
                input,
                schema,
            }),
        }))
    }

    /// An expression over the rows of a query.
    fn over_query(
        &self,
        spec: &FunctionSpec,
        given: &Given,
        space: Space,
        (input, query): (LogicalPlan, String),
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Planned> {
        let expr = parsed(spec, given.strategy.clone())?;
        let text = normal_text(&expr);
        let has_symbol = find(input.schema(), "symbol").is_some();
        let strategy = Strategy::try_new(&spec.name, expr, &space, &self.registry, has_symbol)?;
        let types = strategy.columns.iter().map(|column| {
            let found = find(input.schema(), column);
            found.ok_or_else(|| unknown_name(spec, column, input.schema(), &space))
        });
        let types = types.collect::<Result<Vec<DataType>, QlError>>()?;
        let plan = strategy.plan_slots(&spec.name, &space, input, context)?;
        let compiled = Compiled::try_new(strategy, space, &types, context)?;
        Ok(Planned {
            input: Some(plan),
            columns: input_columns(&compiled, &types),
            source: Source::Expression(Box::new(compiled)),
            identity: Identity {
                family: given.family().unwrap_or_else(|| text.clone()),
                text: format!("{query}\n{text}"),
            },
        })
    }

    /// A stored strategy.
    fn over_stored(
        &self,
        spec: &FunctionSpec,
        given: &Given,
        space: Space,
        args: &Args,
    ) -> Result<Planned> {
        let name = name_of(spec, &given.strategy)?;
        let stored = self.book.stored(&name)?.ok_or_else(|| {
            let message = format!("{}: strategy \"{name}\" does not exist", spec.name);
            QlError::new(SqlState::UndefinedObject, message)
                .with_hint("An expression needs bars: give a query as the first argument")
        })?;
        let columns = quantlake_backtest::specs::columns();
        let identity = Identity {
            text: stored.sql().to_string(),
            family: given.family().unwrap_or(name),
        };
        let function = Arc::new(shape(spec.clone(), columns.clone()));
        let shelf = Shelf::try_new(stored, space, function, args.clone())?;
        Ok(Planned {
            input: None,
            columns,
            source: Source::Stored(shelf),
            identity,
        })
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

fn unknown_name(spec: &FunctionSpec, name: &str, schema: &DFSchema, space: &Space) -> QlError {
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let params: Vec<&str> = space.axes.iter().map(|a| a.name.as_str()).collect();
    QlError::new(
        SqlState::UndefinedColumn,
        format!(
            "{}: `{name}` in the strategy is neither a column of the query ({}) nor a parameter with values ({})",
            spec.name,
            columns.join(", "),
            params.join(", ")
        ),
    )
    .with_hint(format!(
        "Give a parameter its values: {name} => [10, 20]. A stored strategy brings its own query: leave out the first argument"
    ))
}
