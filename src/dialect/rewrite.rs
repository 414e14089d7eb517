//! Rewrites of the syntax tree before planning.
//!
//! * Named arguments of our functions become positional ones, with defaults filled in:
//!   DataFusion cannot leave out an argument in the middle.
//! * The lambda of `fold(0, (s, x) -> s + x, close)` becomes text ([`fold`](super::fold)).
//! * `(f(x) OVER w).field` becomes a subscript, which DataFusion understands.
//! * `f(bars, ...)` and `f(TABLE(bars), ...)` become `f((SELECT * FROM bars), ...)`, so that the
//!   table is looked up like any other.
//! * `at_snapshot(bars, version => 3)` becomes the lake's name for that state of the table.

use super::fold::{FOLD, lambda_to_text};
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::parser::{CopyToSource, Statement as SqlStatement};
use datafusion::sql::sqlparser::ast::{
    AccessExpr, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList,
    FunctionArguments, Ident, ObjectName, ObjectNamePart, Query, Subscript, TableAlias,
    TableFactor, TableFunctionArgs, Value, ValueWithSpan, VisitMut, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Span;
use quantlake_core::arguments::{check_arity, unknown_parameter};
use quantlake_core::{FunctionSpec, Implementation, ParamValue, QlError, Registry, SqlState};
use std::ops::ControlFlow;

/// The name under which a table's past states are read.
pub const AT_SNAPSHOT: &str = "at_snapshot";

/// Applies all rewrites.
pub struct Rewriter<'a> {
    registry: &'a Registry,
}

impl<'a> Rewriter<'a> {
    /// Rewrites that know these functions.
    pub fn new(registry: &'a Registry) -> Self {
        Self { registry }
    }

    /// Rewrites in place.
    ///
    /// # Errors
    /// Errors of named arguments: unknown, given twice, missing.
    pub fn rewrite(mut self, statement: &mut SqlStatement) -> Result<()> {
        let flow = match statement {
            SqlStatement::Statement(inner) => inner.visit(&mut self),
            SqlStatement::Explain(explain) => return self.rewrite(&mut explain.statement),
            SqlStatement::CopyTo(copy) => match &mut copy.source {
                CopyToSource::Query(query) => query.visit(&mut self),
                CopyToSource::Relation(_) => ControlFlow::Continue(()),
            },
            SqlStatement::CreateExternalTable(_) | SqlStatement::Reset(_) => {
                ControlFlow::Continue(())
            }
        };
        match flow {
            ControlFlow::Break(error) => Err(DataFusionError::from(error)),
            ControlFlow::Continue(()) => Ok(()),
        }
    }

    fn spec_of(&self, name: &ObjectName) -> Option<&'a FunctionSpec> {
        let [part] = name.0.as_slice() else {
            return None;
        };
        let function = self
            .registry
            .get(&part.as_ident()?.value.to_ascii_lowercase())?;
        match function.implementation {
            Implementation::Relation(_) => None,
            _ => Some(function.spec.as_ref()),
        }
    }

    fn is_relation_function(&self, name: &ObjectName) -> bool {
        single_name(name).is_some_and(|n| self.registry.relation(&n).is_some())
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = QlError;

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<QlError> {
        match expr {
            Expr::Function(call) => {
                let Some(spec) = self.spec_of(&call.name) else {
                    return ControlFlow::Continue(());
                };
                let FunctionArguments::List(list) = &mut call.args else {
                    return ControlFlow::Continue(());
                };
                if spec.name == FOLD {
                    lambda_to_text(list);
                }
                if let Err(error) = make_positional(spec, list) {
                    return ControlFlow::Break(error);
                }
            }
            Expr::CompoundFieldAccess { access_chain, .. } => {
                access_chain.iter_mut().for_each(dot_to_subscript)
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<QlError> {
        let TableFactor::Table {
            name,
            args: Some(args),
            ..
        } = factor
        else {
            return ControlFlow::Continue(());
        };
        if single_name(name).is_some_and(|n| n == AT_SNAPSHOT) {
            match snapshot_name(args) {
                Ok((table, alias)) => *factor = table_factor(factor, table, alias),
                Err(error) => return ControlFlow::Break(error),
            }
        } else if self.is_relation_function(name) {
            table_to_query(args);
        }
        ControlFlow::Continue(())
    }
}

fn single_name(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [part] => Some(part.as_ident()?.value.to_ascii_lowercase()),
        _ => None,
    }
}

/// Orders the arguments as the spec does and fills in defaults before the last one given.
fn make_positional(spec: &FunctionSpec, list: &mut FunctionArgumentList) -> Result<(), QlError> {
    if list
        .args
        .iter()
        .all(|a| matches!(a, FunctionArg::Unnamed(_)))
    {
        return check_arity(spec, list.args.len());
    }
    let mut slots: Vec<Option<FunctionArgExpr>> = vec![None; spec.params.len()];
    let mut named = false;
    for (position, arg) in std::mem::take(&mut list.args).into_iter().enumerate() {
        let (index, value) = match arg {
            FunctionArg::Unnamed(value) if !named => (position, value),
            FunctionArg::Unnamed(value) => {
                return Err(QlError::new(
                    SqlState::SyntaxError,
                    format!(
                        "{}: the positional argument {value} stands after a named one",
                        spec.name
                    ),
                ));
            }
            FunctionArg::Named { name, arg, .. } => {
                named = true;
                (index_of(spec, &name.value)?, arg)
            }
            FunctionArg::ExprNamed { name, arg, .. } => {
                named = true;
                (index_of(spec, name.to_string().trim_matches('"'))?, arg)
            }
        };
        match slots.get_mut(index) {
            Some(slot @ None) => *slot = Some(value),
            Some(Some(_)) => {
                return Err(QlError::new(
                    SqlState::SyntaxError,
                    format!(
                        "{}: `{}` is given twice",
                        spec.name, spec.params[index].name
                    ),
                ));
            }
            None => {
                return Err(check_arity(spec, position + 1).err().unwrap_or_else(|| {
                    QlError::new(
                        SqlState::UndefinedFunction,
                        format!("{}: named arguments cannot follow repeated ones", spec.name),
                    )
                }));
            }
        }
    }
    let n_used = slots
        .iter()
        .rposition(Option::is_some)
        .map_or(0, |last| last + 1);
    list.args = slots
        .into_iter()
        .take(n_used)
        .zip(&spec.params)
        .map(|(slot, param)| match (slot, &param.default) {
            (Some(value), _) => Ok(FunctionArg::Unnamed(value)),
            (None, Some(default)) => Ok(FunctionArg::Unnamed(FunctionArgExpr::Expr(literal(
                default,
            )))),
            (None, None) => Err(QlError::new(
                SqlState::UndefinedFunction,
                format!(
                    "{}: `{}` has to be given: {}",
                    spec.name,
                    param.name,
                    param.kind.allowed()
                ),
            )
            .with_hint(format!("The signature is {}", spec.signature()))),
        })
        .collect::<Result<_, _>>()?;
    Ok(())
}

fn index_of(spec: &FunctionSpec, name: &str) -> Result<usize, QlError> {
    spec.params
        .iter()
        .position(|p| p.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| unknown_parameter(spec, name))
}

fn literal(value: &ParamValue) -> Expr {
    let value = match value {
        ParamValue::Null => Value::Null,
        ParamValue::Flag(v) => Value::Boolean(*v),
        ParamValue::Text(v) => Value::SingleQuotedString(v.clone()),
        ParamValue::Integer(v) => Value::Number(v.to_string(), false),
        // An exponent keeps a double a double: 2.0 would print as 2.
        ParamValue::Number(v) => Value::Number(format!("{v:e}"), false),
    };
    Expr::Value(value.with_empty_span())
}

fn dot_to_subscript(access: &mut AccessExpr) {
    if let AccessExpr::Dot(Expr::Identifier(field)) = access {
        let name = match field.quote_style {
            Some(_) => field.value.clone(),
            None => field.value.to_ascii_lowercase(),
        };
        let name = Value::SingleQuotedString(name);
        let index = Expr::Value(ValueWithSpan {
            value: name,
            span: Span::empty(),
        });
        *access = AccessExpr::Subscript(Subscript::Index { index });
    }
}

/// Replaces a table name in the first argument by a query over it.
fn table_to_query(args: &mut TableFunctionArgs) {
    let Some(FunctionArg::Unnamed(FunctionArgExpr::Expr(expr))) = args.args.first_mut() else {
        return;
    };
    if let Some(name) = table_name(expr)
        && let Some(query) = query_over(&name)
    {
        *expr = Expr::Subquery(Box::new(query));
    }
}

fn table_name(expr: &Expr) -> Option<ObjectName> {
    match expr {
        Expr::Identifier(ident) => Some(ObjectName::from(vec![ident.clone()])),
        Expr::CompoundIdentifier(parts) => Some(ObjectName::from(parts.clone())),
        Expr::Nested(inner) => table_name(inner),
        Expr::Function(Function {
            name,
            args: FunctionArguments::List(list),
            ..
        }) if single_name(name).is_some_and(|n| n == "table") => match list.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(inner))] => table_name(inner),
            _ => None,
        },
        _ => None,
    }
}

/// `SELECT * FROM name`, built by the parser so that it has every field a query has.
fn query_over(name: &ObjectName) -> Option<Query> {
    let sql = format!("SELECT * FROM {name}");
    let dialect = PostgreSqlDialect {};
    let query = Parser::new(&dialect)
        .try_with_sql(&sql)
        .ok()?
        .parse_query()
        .ok()?;
    Some(*query)
}

/// The lake's name for a table at a snapshot: `bars@v3` or `bars@2024-01-31T00:00:00`.
fn snapshot_name(args: &TableFunctionArgs) -> Result<(ObjectName, Ident), QlError> {
    let wrong = |what: String| {
        QlError::new(SqlState::UndefinedFunction, format!("{AT_SNAPSHOT}: {what}"))
            .with_hint("Write at_snapshot(bars, version => 3) or at_snapshot(bars, time => '2024-01-31 12:00:00')")
    };
    let [FunctionArg::Unnamed(FunctionArgExpr::Expr(table)), which] = args.args.as_slice() else {
        return Err(wrong(format!(
            "takes a table and one of `version`, `time`, found {} arguments",
            args.args.len()
        )));
    };
    let Some(ObjectName(mut parts)) = table_name(table) else {
        return Err(wrong(format!(
            "the first argument must be a table, found {table}"
        )));
    };
    let (key, value) = match which {
        FunctionArg::Named {
            name,
            arg: FunctionArgExpr::Expr(Expr::Value(v)),
            ..
        } => (name.value.to_ascii_lowercase(), v),
        FunctionArg::ExprNamed {
            name,
            arg: FunctionArgExpr::Expr(Expr::Value(v)),
            ..
        } => (name.to_string().to_ascii_lowercase(), v),
        other => {
            return Err(wrong(format!(
                "the second argument must be a named constant, found {other}"
            )));
        }
    };
    let suffix = match (key.as_str(), &value.value) {
        ("version", Value::Number(number, _)) => format!("v{number}"),
        ("time", Value::SingleQuotedString(time)) => time.clone(),
        _ => {
            return Err(wrong(format!(
                "`{key}` must be version => number or time => 'timestamp', found {value}"
            )));
        }
    };
    let Some(last) = parts.pop().and_then(|p| p.as_ident().cloned()) else {
        return Err(wrong(format!(
            "the first argument must be a table, found {table}"
        )));
    };
    let base = if last.quote_style.is_some() {
        last.value
    } else {
        last.value.to_ascii_lowercase()
    };
    let mut name = ObjectName(parts);
    name.0.push(ObjectNamePart::Identifier(Ident::with_quote(
        '"',
        format!("{base}@{suffix}"),
    )));
    Ok((name, Ident::with_quote('"', base)))
}

/// A plain table that keeps the call's alias, or is known by the table's own name.
fn table_factor(call: &TableFactor, name: ObjectName, base: Ident) -> TableFactor {
    let mut table = call.clone();
    if let TableFactor::Table {
        name: table_name,
        args,
        alias,
        ..
    } = &mut table
    {
        *table_name = name;
        *args = None;
        alias.get_or_insert(TableAlias {
            explicit: true,
            name: base,
            columns: vec![],
            at: None,
        });
    }
    table
}
