//! Small pieces of syntax trees that freezing needs.

use crate::dialect::{Statement, parse};
use crate::engine::Engine;
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::parser::Statement as SqlStatement;
use datafusion::sql::sqlparser::ast::{
    self, CreateView, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, Ident, Query,
    TableAlias, Value,
};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::parser::Parser;
use quantlake_core::{QlError, SqlState};

/// Texts among the arguments of a call.
pub fn text_arguments(args: &FunctionArguments) -> impl Iterator<Item = &str> {
    let args = match args {
        FunctionArguments::List(list) => list.args.as_slice(),
        _ => &[],
    };
    args.iter().filter_map(|arg| match arg {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Value(value))) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    })
}

/// The alias that a table has without being given one.
pub fn alias_of(table: &str) -> TableAlias {
    TableAlias {
        explicit: true,
        name: Ident::with_quote('"', table),
        columns: Vec::new(),
        at: None,
    }
}

/// An identifier as the catalog has it.
pub fn normal(ident: &Ident) -> String {
    if ident.quote_style.is_some() {
        ident.value.clone()
    } else {
        ident.value.to_ascii_lowercase()
    }
}

/// SQL of a constant as a syntax tree.
///
/// # Errors
/// XX000 when it does not parse, which is our mistake.
pub fn expression(sql: &str) -> Result<Expr> {
    let dialect = PostgreSqlDialect {};
    let parsed = Parser::new(&dialect)
        .try_with_sql(sql)
        .and_then(|mut p| p.parse_expr());
    parsed.map_err(|e| QlError::internal(format!("the constant {sql} does not parse: {e}")).into())
}

/// A text that has to be one query, after our rewrites.
///
/// # Errors
/// 42601 for anything else.
pub fn parse_query(engine: &Engine, what: &str, sql: &str) -> Result<Query> {
    match parse_statement(engine, what, sql)? {
        ast::Statement::Query(query) => Ok(*query),
        other => Err(no_query(what, &other)),
    }
}

/// A text that has to be one `CREATE VIEW`, after our rewrites.
///
/// # Errors
/// 42601 for anything else.
pub fn parse_view(engine: &Engine, what: &str, sql: &str) -> Result<CreateView> {
    match parse_statement(engine, what, sql)? {
        ast::Statement::CreateView(view) => Ok(view),
        other => Err(no_query(what, &other)),
    }
}

fn parse_statement(engine: &Engine, what: &str, sql: &str) -> Result<ast::Statement> {
    let mut statements = parse(sql, engine.registry())?;
    match (statements.pop(), statements.is_empty()) {
        (Some(Statement::Sql(sql)), true) => match *sql {
            SqlStatement::Statement(statement) => Ok(*statement),
            other => Err(no_query(what, &other)),
        },
        (other, _) => {
            let shown = other.map_or_else(String::new, |s| s.to_string());
            Err(no_query(what, &shown))
        }
    }
}

fn no_query(what: &str, found: &dyn std::fmt::Display) -> DataFusionError {
    let message = format!("{what}: must be one query, found {found}");
    QlError::new(SqlState::SyntaxError, message).into()
}
