//! `PIVOT` and `UNPIVOT` in FROM: rows to columns and back.
//!
//! DataFusion's parser reads both and its planner refuses them. [`PivotPlanner`] plans them as
//! plain relational operators, so they stream, spill and cancel like any GROUP BY:
//!
//! ```sql
//! SELECT * FROM (SELECT ts, symbol, close FROM bars)
//!     PIVOT (last_by(close, ts) FOR symbol IN ('AAPL', 'MSFT' AS msft));
//! SELECT * FROM wide UNPIVOT (close FOR symbol IN (aapl, msft));
//! ```
//!
//! PIVOT groups by every column that neither the aggregates nor FOR name, and gives one column per
//! value, named like it. The values are listed: the columns of a result are known while planning.
//! UNPIVOT gives one row per listed column; rows without a value are left out unless the query says
//! `INCLUDE NULLS`.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, DFSchema, ScalarValue, UnnestOptions};
use datafusion::error::Result;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::planner::{
    PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning,
};
use datafusion::logical_expr::type_coercion::binary::type_union_resolution;
use datafusion::logical_expr::{
    Expr, ExprSchemable, LogicalPlan, LogicalPlanBuilder, cast, col, lit,
};
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, ExprWithAlias, NullInclusion, PivotValueSource, TableFactor,
};
use quantlake_core::{QlError, SqlState};
use std::collections::HashSet;

/// Plans PIVOT and UNPIVOT.
#[derive(Debug)]
pub struct PivotPlanner;

impl RelationPlanner for PivotPlanner {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (plan, alias) = match relation {
            TableFactor::Pivot {
                table,
                aggregate_functions,
                value_column,
                value_source,
                default_on_null,
                alias,
            } => {
                if default_on_null.is_some() {
                    return Err(refusal("PIVOT: DEFAULT ON NULL is not supported").into());
                }
                let input = context.plan(*table)?;
                let key = one_column(value_column)?;
                let pivot = Pivot::read(context, input, aggregate_functions, key, value_source)?;
                (pivot.plan()?, alias)
            }
            TableFactor::Unpivot {
                table,
                value,
                name,
                columns,
                null_inclusion,
                alias,
            } => {
                let input = context.plan(*table)?;
                let unpivot = Unpivot {
                    value: column_name(context, &value)?,
                    name: context.normalize_ident(name),
                    columns: named_columns(context, columns, input.schema())?,
                    keeps_nulls: null_inclusion == Some(NullInclusion::IncludeNulls),
                };
                (unpivot.plan(input)?, alias)
            }
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(
            plan, alias,
        ))))
    }
}

fn refusal(message: impl Into<String>) -> QlError {
    QlError::new(SqlState::FeatureNotSupported, message)
}

fn one_column(columns: Vec<SqlExpr>) -> Result<SqlExpr, QlError> {
    let [column] =
        <[SqlExpr; 1]>::try_from(columns).map_err(|_| refusal("PIVOT: FOR takes one column"))?;
    Ok(column)
}

/// An aggregate with the name it was given.
struct Measure {
    expr: Expr,
    name: Option<String>,
}

/// A value that becomes a column.
struct Value {
    literal: ScalarValue,
    name: String,
}

struct Pivot {
    input: LogicalPlan,
    measures: Vec<Measure>,
    key: Expr,
    values: Vec<Value>,
}

impl Pivot {
    fn read(
        context: &mut dyn RelationPlannerContext,
        input: LogicalPlan,
        aggregates: Vec<ExprWithAlias>,
        key: SqlExpr,
        source: PivotValueSource,
    ) -> Result<Self> {
        let PivotValueSource::List(listed) = source else {
            return Err(refusal("PIVOT: the values after IN have to be listed")
                .with_hint("Write FOR symbol IN ('AAPL', 'MSFT'): the columns of a result are known while planning")
                .into());
        };
        let schema = input.schema();
        let measures = aggregates
            .into_iter()
            .map(|a| measure(context, a, schema))
            .collect::<Result<_>>()?;
        let key = context.sql_to_expr(key, schema)?;
        let values = listed
            .into_iter()
            .map(|v| value(context, v))
            .collect::<Result<_>>()?;
        Ok(Self {
            measures,
            key,
            values,
            input,
        })
    }

    /// The columns that neither the aggregates nor the key name.
    fn groups(&self) -> Vec<Expr> {
        let measured = self.measures.iter().map(|m| &m.expr);
        let named: HashSet<&Column> = measured
            .chain([&self.key])
            .flat_map(Expr::column_refs)
            .collect();
        let columns = self.input.schema().columns().into_iter();
        columns
            .filter(|c| !named.contains(c))
            .map(Expr::Column)
            .collect()
    }

    fn plan(self) -> Result<LogicalPlan> {
        let groups = self.groups();
        let is_single = self.measures.len() == 1;
        let mut cells = Vec::new();
        for value in &self.values {
            for measure in &self.measures {
                let cell = only_where(&measure.expr, &self.key, &value.literal)?;
                let name = match &measure.name {
                    None if is_single => value.name.clone(),
                    None => format!("{}_{}", value.name, measure.expr.schema_name()),
                    Some(measured) => format!("{}_{measured}", value.name),
                };
                cells.push((cell, name));
            }
        }
        refuse_twice(&cells)?;
        let shown: Vec<Expr> = groups
            .iter()
            .cloned()
            .chain(cells.iter().map(|(cell, name)| {
                Expr::Column(Column::from_name(cell.schema_name().to_string())).alias(name)
            }))
            .collect();
        LogicalPlanBuilder::from(self.input)
            .aggregate(groups, cells.into_iter().map(|(cell, _)| cell))?
            .project(shown)?
            .build()
    }
}

fn refuse_twice(cells: &[(Expr, String)]) -> Result<(), QlError> {
    let mut seen = HashSet::new();
    match cells.iter().find(|(_, name)| !seen.insert(name)) {
        Some((_, name)) => Err(QlError::new(
            SqlState::InvalidParameter,
            format!("PIVOT: two columns are named `{name}`"),
        )),
        None => Ok(()),
    }
}

fn measure(
    context: &mut dyn RelationPlannerContext,
    aggregate: ExprWithAlias,
    schema: &DFSchema,
) -> Result<Measure> {
    let shown = aggregate.expr.to_string();
    let name = aggregate.alias.map(|a| context.normalize_ident(a));
    // A function that is called by another of its names comes under an alias.
    match context.sql_to_expr(aggregate.expr, schema)?.unalias() {
        expr @ Expr::AggregateFunction(_) => Ok(Measure { expr, name }),
        _ => Err(QlError::new(
            SqlState::InvalidStatement,
            format!("PIVOT: takes aggregates such as max(close), found {shown}"),
        )
        .into()),
    }
}

fn value(context: &mut dyn RelationPlannerContext, listed: ExprWithAlias) -> Result<Value> {
    let shown = listed.expr.to_string();
    let name = listed.alias.map(|a| context.normalize_ident(a));
    match context.sql_to_expr(listed.expr, &DFSchema::empty()) {
        Ok(Expr::Literal(literal, _)) if !literal.is_null() => Ok(Value {
            name: name.unwrap_or_else(|| literal.to_string()),
            literal,
        }),
        _ => Err(QlError::new(
            SqlState::InvalidParameter,
            format!("PIVOT: the values after IN must be constants, found {shown}"),
        )
        .into()),
    }
}

/// The aggregate over the rows in which the key has this value.
fn only_where(aggregate: &Expr, key: &Expr, value: &ScalarValue) -> Result<Expr> {
    let Expr::AggregateFunction(call) = aggregate else {
        return Err(QlError::internal("PIVOT over something that is no aggregate").into());
    };
    let mut call = call.clone();
    let matches = key.clone().eq(lit(value.clone()));
    let filter = match call.params.filter {
        Some(filter) => filter.and(matches),
        None => matches,
    };
    call.params.filter = Some(Box::new(filter));
    Ok(Expr::AggregateFunction(call))
}

struct Unpivot {
    value: String,
    name: String,
    /// The columns that become rows, with the names they get there.
    columns: Vec<(Expr, String)>,
    keeps_nulls: bool,
}

fn column_name(context: &dyn RelationPlannerContext, expr: &SqlExpr) -> Result<String, QlError> {
    match expr {
        SqlExpr::Identifier(ident) => Ok(context.normalize_ident(ident.clone())),
        other => Err(QlError::new(
            SqlState::SyntaxError,
            format!("UNPIVOT: the column of the values must be a name, found {other}"),
        )),
    }
}

fn named_columns(
    context: &mut dyn RelationPlannerContext,
    columns: Vec<ExprWithAlias>,
    schema: &DFSchema,
) -> Result<Vec<(Expr, String)>> {
    columns
        .into_iter()
        .map(|column| {
            let name = column.alias.map(|a| a.value);
            match context.sql_to_expr(column.expr, schema)? {
                Expr::Column(found) => {
                    let name = name.unwrap_or_else(|| found.name.clone());
                    Ok((Expr::Column(found), name))
                }
                other => Err(QlError::new(
                    SqlState::InvalidStatement,
                    format!("UNPIVOT: takes columns, found {other}"),
                )
                .into()),
            }
        })
        .collect()
}

/// The type that all of these can be without loss of meaning: numbers meet, others are the same.
fn common_type(types: &[DataType]) -> Option<DataType> {
    let first = types.first()?;
    if types.iter().all(|ty| ty == first) {
        return Some(first.clone());
    }
    let can_meet = types.iter().all(|ty| ty.is_numeric() || ty.is_null())
        || types.iter().all(|ty| ty.is_string() || ty.is_null());
    can_meet.then(|| type_union_resolution(types)).flatten()
}

impl Unpivot {
    /// The two lists, one entry per column, that unnesting turns into rows.
    fn lists(&self, input: &LogicalPlan) -> Result<[Expr; 2]> {
        let types = self
            .columns
            .iter()
            .map(|(column, _)| column.get_type(input.schema()))
            .collect::<Result<Vec<_>>>()?;
        let common = common_type(&types).ok_or_else(|| {
            let found: Vec<String> = types.iter().map(ToString::to_string).collect();
            QlError::new(
                SqlState::DatatypeMismatch,
                format!(
                    "UNPIVOT: the columns must have one type, found {}",
                    found.join(", ")
                ),
            )
        })?;
        let values = self
            .columns
            .iter()
            .map(|(c, _)| cast(c.clone(), common.clone()));
        let names = self.columns.iter().map(|(_, name)| lit(name.as_str()));
        Ok([
            make_array(names.collect()).alias(&self.name),
            make_array(values.collect()).alias(&self.value),
        ])
    }

    fn plan(self, input: LogicalPlan) -> Result<LogicalPlan> {
        let lists = self.lists(&input)?;
        let turned: HashSet<&Column> = self
            .columns
            .iter()
            .flat_map(|(c, _)| c.column_refs())
            .collect();
        let kept = input.schema().columns().into_iter();
        let shown: Vec<Expr> = kept
            .filter(|c| !turned.contains(c))
            .map(Expr::Column)
            .chain(lists)
            .collect();
        let columns = vec![
            Column::from_name(&self.name),
            Column::from_name(&self.value),
        ];
        let rows = LogicalPlanBuilder::from(input)
            .project(shown)?
            .unnest_columns_with_options(columns, UnnestOptions::default())?;
        if self.keeps_nulls {
            return rows.build();
        }
        let value = col(Column::from_name(&self.value));
        rows.filter(value.is_not_null())?.build()
    }
}
