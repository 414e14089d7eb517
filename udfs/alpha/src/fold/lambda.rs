//! The syntax `(state, x) -> expression`.
//!
//! PostgreSQL's grammar has no lambdas, but its JSON arrow has the same shape: `(s, x) -> s + x`
//! parses as `->` between a row and a sum. The arrow binds tighter than comparisons and AND do,
//! so it may lie deep on the left side of what was parsed; what is around it belongs to the body.

use super::NAME;
use datafusion::logical_expr::sqlparser::ast::{BinaryOperator, Expr, Ident};
use datafusion::logical_expr::sqlparser::dialect::PostgreSqlDialect;
use datafusion::logical_expr::sqlparser::parser::Parser;
use datafusion::logical_expr::sqlparser::tokenizer::{Token, Tokenizer};
use quantlake_core::QlError;

/// How deep the expression may nest.
const RECURSION_LIMIT: usize = 100;

/// How many words and signs it may have: a sum nests as deep as it has terms.
const MAX_TOKENS: usize = 1000;

/// What a lambda looks like, for messages.
const SHAPE: &str = "a lambda such as (state, x) -> 0.9 * state + 0.1 * x";

/// A lambda that is parsed but not compiled.
#[derive(Debug, Clone, PartialEq)]
pub struct Lambda {
    /// The names before the arrow, the state first; lower case unless quoted.
    pub names: Vec<String>,
    /// The expression after it.
    pub body: Expr,
}

impl Lambda {
    /// Parses the text of a lambda.
    ///
    /// # Errors
    /// 22023 for text that is no lambda.
    pub fn parse(text: &str) -> Result<Self, QlError> {
        let wrong = |found: String| QlError::bad_argument(NAME, "step", SHAPE, found);
        let dialect = PostgreSqlDialect {};
        let mut parser = Parser::new(&dialect)
            .with_recursion_limit(RECURSION_LIMIT)
            .with_tokens(tokens(&dialect, text)?);
        let parsed = parser
            .parse_expr()
            .map_err(|e| wrong(format!("{text} ({e})")))?;
        if parser.peek_token_ref().token != Token::EOF {
            return Err(wrong(text.to_string()));
        }
        let (names, body) = split(parsed).ok_or_else(|| wrong(text.to_string()))?;
        Ok(Self {
            names: names.iter().map(name_of).collect(),
            body,
        })
    }

    /// Refuses a number of names that does not fit, and names that are the same.
    ///
    /// # Errors
    /// 22023, saying how many names there should be.
    pub fn check_names(&self, n_series: usize) -> Result<(), QlError> {
        let found = self.names.join(", ");
        if self.names.len() != n_series + 1 {
            let allowed = format!(
                "a lambda of {} names, the state and one for each series",
                n_series + 1
            );
            return Err(QlError::bad_argument(
                NAME,
                "step",
                allowed,
                format!("({found})"),
            ));
        }
        let is_repeated = |(i, name): (usize, &String)| self.names[..i].contains(name);
        if self.names.iter().enumerate().any(is_repeated) {
            let allowed = "a lambda whose names differ";
            return Err(QlError::bad_argument(
                NAME,
                "step",
                allowed,
                format!("({found})"),
            ));
        }
        Ok(())
    }
}

/// The words and signs of a text that is not too long.
fn tokens(dialect: &PostgreSqlDialect, text: &str) -> Result<Vec<Token>, QlError> {
    let all = Tokenizer::new(dialect, text)
        .tokenize()
        .map_err(|e| QlError::bad_argument(NAME, "step", SHAPE, format!("{text} ({e})")))?;
    let is_blank = |token: &&Token| matches!(token, Token::Whitespace(_));
    let n_tokens = all.len() - all.iter().filter(is_blank).count();
    if n_tokens > MAX_TOKENS {
        let allowed = format!("of at most {MAX_TOKENS} words and signs");
        return Err(QlError::bad_argument(NAME, "step", allowed, n_tokens));
    }
    Ok(all)
}

/// The identifier as SQL compares it.
pub(crate) fn name_of(ident: &Ident) -> String {
    match ident.quote_style {
        Some(_) => ident.value.clone(),
        None => ident.value.to_ascii_lowercase(),
    }
}

/// Names and body, where the leftmost arrow has names on its left side.
fn split(expr: Expr) -> Option<(Vec<Ident>, Expr)> {
    let inside = |left: Box<Expr>, around: &dyn Fn(Box<Expr>) -> Expr| {
        split(*left).map(|(names, body)| (names, around(Box::new(body))))
    };
    match expr {
        Expr::BinaryOp {
            left,
            op: BinaryOperator::Arrow,
            right,
        } => Some((parameters(&left)?, *right)),
        Expr::BinaryOp { left, op, right } => inside(left, &|left| Expr::BinaryOp {
            left,
            op: op.clone(),
            right: right.clone(),
        }),
        Expr::IsNull(left) => inside(left, &Expr::IsNull),
        Expr::IsNotNull(left) => inside(left, &Expr::IsNotNull),
        Expr::Between {
            expr,
            negated,
            low,
            high,
        } => inside(expr, &|expr| Expr::Between {
            expr,
            negated,
            low: low.clone(),
            high: high.clone(),
        }),
        Expr::InList {
            expr,
            list,
            negated,
        } => inside(expr, &|expr| Expr::InList {
            expr,
            list: list.clone(),
            negated,
        }),
        _ => None,
    }
}

fn parameters(left: &Expr) -> Option<Vec<Ident>> {
    let name = |expr: &Expr| match expr {
        Expr::Identifier(ident) => Some(ident.clone()),
        _ => None,
    };
    match left {
        Expr::Tuple(parts) => parts.iter().map(name).collect(),
        Expr::Nested(inner) => Some(vec![name(inner)?]),
        other => Some(vec![name(other)?]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> String {
        Lambda::parse(text).expect("a lambda").body.to_string()
    }

    #[test]
    fn what_binds_looser_than_the_arrow_is_part_of_the_body() {
        for expression in [
            "s + x",
            "s > x",
            "s > x AND x > 0 OR s < 1",
            "s IS NULL",
            "s + x IS NOT NULL",
            "s BETWEEN 1 AND x",
            "-s",
            "NOT s > x",
            "CASE WHEN x > s THEN x ELSE s END",
            "(s + x) * 0.5",
        ] {
            assert_eq!(body(&format!("(s, x) -> {expression}")), expression);
        }
    }

    #[test]
    fn names_are_folded_to_lower_case_unless_quoted() {
        let lambda = Lambda::parse("(State, \"X\") -> State").expect("a lambda");
        assert_eq!(lambda.names, ["state", "X"]);
    }

    #[test]
    fn other_text_is_refused_with_an_example() {
        for text in [
            "s + x",
            "(s, 1) -> s",
            "(s, x) ->",
            "",
            "(s, x) -> s; SELECT 1",
            "(s, x) -> s)",
        ] {
            let error = Lambda::parse(text).expect_err(text);
            assert!(
                error
                    .message
                    .starts_with("fold: `step` must be a lambda such as"),
                "{error}"
            );
        }
    }
}
