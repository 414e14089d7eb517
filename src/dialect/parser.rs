//! From a script to statements.

use super::model::{CreateModel, DropModel};
use super::rewrite::Rewriter;
use super::strategy::StrategyStatement;
use super::user::{CreateUser, DropUser};
use datafusion::error::{DataFusionError, Result};
use datafusion::sql::parser::{DFParser, DFParserBuilder, Statement as SqlStatement};
use datafusion::sql::sqlparser::dialect::PostgreSqlDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;
use quantlake_core::{QlError, Registry, SqlState};
use std::fmt;

/// How deep expressions may nest.
const RECURSION_LIMIT: usize = 256;

/// The longest statement text accepted, in bytes.
const TEXT_LIMIT: usize = 64 << 20;

/// One statement, parsed but not planned.
#[derive(Debug, Clone, PartialEq)]
pub enum Statement {
    /// Whatever DataFusion plans, after our rewrites.
    Sql(Box<SqlStatement>),
    /// `CREATE MODEL`.
    CreateModel(CreateModel),
    /// `DROP MODEL`.
    DropModel(DropModel),
    /// `CREATE USER` and `ALTER USER`.
    CreateUser(CreateUser),
    /// `DROP USER`.
    DropUser(DropUser),
    /// Strategies and runs.
    Strategy(StrategyStatement),
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sql(statement) => write!(f, "{statement}"),
            Self::CreateModel(statement) => write!(f, "{statement}"),
            Self::DropModel(statement) => write!(f, "{statement}"),
            Self::CreateUser(statement) => write!(f, "{statement}"),
            Self::DropUser(statement) => write!(f, "{statement}"),
            Self::Strategy(statement) => write!(f, "{statement}"),
        }
    }
}

/// Splits a script into statements and rewrites them; an empty script has none.
///
/// # Errors
/// 42601 with the position for text that does not parse; errors of named arguments.
pub fn parse(sql: &str, registry: &Registry) -> Result<Vec<Statement>> {
    if sql.len() > TEXT_LIMIT {
        return Err(QlError::new(
            SqlState::SyntaxError,
            format!(
                "a statement must be at most {TEXT_LIMIT} bytes long, found {}",
                sql.len()
            ),
        )
        .into());
    }
    let dialect = PostgreSqlDialect {};
    let mut parser = DFParserBuilder::new(sql)
        .with_dialect(&dialect)
        .with_recursion_limit(RECURSION_LIMIT)
        .build()?;
    let mut statements = Vec::new();
    loop {
        while parser.parser.consume_token(&Token::SemiColon) {}
        if parser.parser.peek_token_ref().token == Token::EOF {
            return Ok(statements);
        }
        statements.push(parse_one(&mut parser, registry)?);
        let next = parser.parser.peek_token();
        if !matches!(next.token, Token::SemiColon | Token::EOF) {
            parser
                .parser
                .expected::<()>("end of statement", next)
                .map_err(ParserErrorExt::into_datafusion)?;
        }
    }
}

fn parse_one(parser: &mut DFParser, registry: &Registry) -> Result<Statement> {
    let own = match own_statement(&parser.parser) {
        Some(kind) => kind,
        None => {
            let mut statement = parse_sql(parser)?;
            Rewriter::new(registry).rewrite(&mut statement)?;
            return Ok(Statement::Sql(Box::new(statement)));
        }
    };
    own(&mut parser.parser).map_err(ParserErrorExt::into_datafusion)
}

type OwnParser = fn(&mut Parser) -> Result<Statement, ParserError>;

/// Which of our statements starts here, judged by its first words.
fn own_statement(parser: &Parser) -> Option<OwnParser> {
    let words: Vec<String> = (0..4)
        .map(|n| {
            parser
                .peek_nth_token_ref(n)
                .token
                .to_string()
                .to_ascii_uppercase()
        })
        .collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["CREATE", "MODEL", ..] | ["CREATE", "OR", "REPLACE", "MODEL"] => {
            Some(|p| CreateModel::parse(p).map(Statement::CreateModel))
        }
        ["DROP", "MODEL", ..] => Some(|p| DropModel::parse(p).map(Statement::DropModel)),
        ["CREATE" | "ALTER", "USER" | "ROLE", ..] => {
            Some(|p| CreateUser::parse(p).map(Statement::CreateUser))
        }
        ["DROP", "USER" | "ROLE", ..] => Some(|p| DropUser::parse(p).map(Statement::DropUser)),
        words => strategy_statement(words),
    }
}

/// Which statement about strategies and runs starts with these words.
fn strategy_statement(words: &[&str]) -> Option<OwnParser> {
    match words {
        ["CREATE", "STRATEGY", ..] | ["CREATE", "OR", "REPLACE", "STRATEGY"] => {
            Some(|p| StrategyStatement::parse_create(p).map(Statement::Strategy))
        }
        ["DROP", "STRATEGY", ..] => {
            Some(|p| StrategyStatement::parse_drop(p).map(Statement::Strategy))
        }
        ["DROP", "RUN", ..] => {
            Some(|p| StrategyStatement::parse_drop_run(p).map(Statement::Strategy))
        }
        ["RUN", "BACKTEST", ..]
        | ["EXPLAIN", "RUN", "BACKTEST", ..]
        | ["EXPLAIN", "ANALYZE" | "VERBOSE", "RUN", "BACKTEST"] => {
            Some(|p| StrategyStatement::parse_run(p).map(Statement::Strategy))
        }
        ["REPLAY", "RUN", ..] => {
            Some(|p| StrategyStatement::parse_replay(p).map(Statement::Strategy))
        }
        ["REPORT", "RUN", ..] => {
            Some(|p| StrategyStatement::parse_report(p).map(Statement::Strategy))
        }
        _ => None,
    }
}

fn parse_sql(parser: &mut DFParser) -> Result<SqlStatement> {
    // DataFusion's COPY and RESET know less than PostgreSQL's; the latter are answered by the session.
    let is_wire_copy = parser.parser.peek_keyword(Keyword::COPY) && names_a_stream(&parser.parser);
    let is_reset = parser.parser.peek_keyword(Keyword::RESET);
    if is_wire_copy || is_reset {
        let statement = parser
            .parser
            .parse_statement()
            .map_err(ParserErrorExt::into_datafusion)?;
        return Ok(SqlStatement::Statement(Box::new(statement)));
    }
    parser.parse_statement()
}

/// Whether STDIN or STDOUT occurs before the statement ends.
fn names_a_stream(parser: &Parser) -> bool {
    (0..)
        .map(|n| &parser.peek_nth_token_ref(n).token)
        .take_while(|t| !matches!(t, Token::SemiColon | Token::EOF))
        .any(|t| matches!(t, Token::Word(w) if matches!(w.keyword, Keyword::STDIN | Keyword::STDOUT)))
}

/// Turns parser errors into DataFusion's.
pub(crate) trait ParserErrorExt {
    fn into_datafusion(self) -> DataFusionError;
}

impl ParserErrorExt for ParserError {
    fn into_datafusion(self) -> DataFusionError {
        DataFusionError::SQL(Box::new(self), None)
    }
}

/// A value in `WITH (key = value)`: a quoted text, a number, true, false or a bare word.
pub(crate) fn parse_option_value(parser: &mut Parser) -> Result<String, ParserError> {
    let token = parser.next_token();
    match &token.token {
        Token::SingleQuotedString(text) => Ok(text.clone()),
        Token::Number(number, _) => Ok(number.clone()),
        Token::Word(word) => Ok(word.value.clone()),
        Token::Minus => Ok(format!("-{}", parser.next_token())),
        _ => parser.expected("a text, a number, true or false", token),
    }
}
