//! The arguments of a call: constants, lists of them, and the strategy.

use crate::specs::STRATEGY;
use datafusion::arrow::array::Array;
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::Expr;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::sql::sqlparser::ast::{
    Expr as SqlExpr, FunctionArg, FunctionArgExpr, Value, ValueWithSpan,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use datafusion::sql::sqlparser::tokenizer::Token;
use quantlake_core::{FunctionSpec, QlError, SqlState};
use std::sync::Arc;

/// Name and value of an argument behind the query.
///
/// # Errors
/// 42883 for one without a name.
pub fn named(spec: &FunctionSpec, arg: FunctionArg) -> Result<(String, SqlExpr), QlError> {
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
///
/// # Errors
/// 42601 for a text that is no expression.
pub fn parsed(spec: &FunctionSpec, expr: SqlExpr) -> Result<SqlExpr, QlError> {
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
            Token::EOF => Ok(expr),
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

/// What an argument was given.
pub enum Values {
    /// A constant.
    One(ScalarValue),
    /// A list.
    Several(Vec<ScalarValue>),
}

/// The values of an argument: a constant, a list, or a function that gives a list (`range`).
///
/// # Errors
/// 22023 for anything else.
pub fn values(
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

/// The name of a stored strategy, given as text or as it is.
///
/// # Errors
/// 42883 for an expression.
pub fn name_of(spec: &FunctionSpec, strategy: &SqlExpr) -> Result<String, QlError> {
    match strategy {
        SqlExpr::Value(ValueWithSpan {
            value: Value::SingleQuotedString(text),
            ..
        }) => Ok(text.clone()),
        SqlExpr::Identifier(ident) if ident.quote_style.is_some() => Ok(ident.value.clone()),
        SqlExpr::Identifier(ident) => Ok(ident.value.to_ascii_lowercase()),
        other => {
            let message = format!(
                "without a query `{STRATEGY}` must be the name of a stored strategy, found {other}"
            );
            Err(usage(spec, &message))
        }
    }
}

/// A call that is put together wrongly.
pub fn usage(spec: &FunctionSpec, message: &str) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!("{}: {message}", spec.name),
    )
    .with_hint(format!(
        "The signature is {}, and the parameters of the strategy as values or lists",
        spec.signature()
    ))
}
