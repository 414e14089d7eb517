//! `CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name USING onnx FROM 'path' [WITH (key = value, ...)]`
//! and `DROP MODEL [IF EXISTS] name`.

use super::parser::parse_option_value;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::Token;
use std::collections::BTreeMap;
use std::fmt;

/// Registers a model file under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateModel {
    /// The name used with `predict('name', ...)`.
    pub name: String,
    /// Whether an existing model of the name is replaced.
    pub or_replace: bool,
    /// Whether an existing model of the name is kept without an error.
    pub if_not_exists: bool,
    /// The engine that runs it: `onnx`.
    pub engine: String,
    /// The file.
    pub path: String,
    /// What overrides the file's own metadata.
    pub options: BTreeMap<String, String>,
}

impl CreateModel {
    /// Parses from CREATE on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        parser.expect_keyword(Keyword::CREATE)?;
        let or_replace = parser.parse_keywords(&[Keyword::OR, Keyword::REPLACE]);
        expect_word(parser, "MODEL")?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = parse_name(parser)?;
        parser.expect_keyword(Keyword::USING)?;
        let engine = parse_name(parser)?;
        parser.expect_keyword(Keyword::FROM)?;
        let path = parser.parse_literal_string()?;
        let options = parse_options(parser)?;
        Ok(Self {
            name,
            or_replace,
            if_not_exists,
            engine,
            path,
            options,
        })
    }
}

impl fmt::Display for CreateModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replace = if self.or_replace { "OR REPLACE " } else { "" };
        let exists = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(
            f,
            "CREATE {replace}MODEL {exists}{} USING {} FROM {}",
            self.name,
            self.engine,
            quoted(&self.path)
        )?;
        if self.options.is_empty() {
            return Ok(());
        }
        let options: Vec<String> = self
            .options
            .iter()
            .map(|(k, v)| format!("{k} = {}", quoted(v)))
            .collect();
        write!(f, " WITH ({})", options.join(", "))
    }
}

/// Removes a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropModel {
    /// Its name.
    pub name: String,
    /// Whether a missing one is no error.
    pub if_exists: bool,
}

impl DropModel {
    /// Parses from DROP on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        parser.expect_keyword(Keyword::DROP)?;
        expect_word(parser, "MODEL")?;
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        Ok(Self {
            name: parse_name(parser)?,
            if_exists,
        })
    }
}

impl fmt::Display for DropModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP MODEL {exists}{}", self.name)
    }
}

fn parse_options(parser: &mut Parser) -> Result<BTreeMap<String, String>, ParserError> {
    let mut options = BTreeMap::new();
    if !parser.parse_keyword(Keyword::WITH) {
        return Ok(options);
    }
    parser.expect_token(&Token::LParen)?;
    let pairs = parser.parse_comma_separated(|p| {
        let key = parse_name(p)?;
        p.expect_token(&Token::Eq)?;
        Ok((key, parse_option_value(p)?))
    })?;
    parser.expect_token(&Token::RParen)?;
    for (key, value) in pairs {
        if options.insert(key.clone(), value).is_some() {
            return Err(ParserError::ParserError(format!(
                "option `{key}` is given twice"
            )));
        }
    }
    Ok(options)
}

/// An identifier: lower case unless it is quoted.
pub(crate) fn parse_name(parser: &mut Parser) -> Result<String, ParserError> {
    let ident = parser.parse_identifier()?;
    Ok(if ident.quote_style.is_some() {
        ident.value
    } else {
        ident.value.to_ascii_lowercase()
    })
}

/// A word that is no keyword of the parser.
pub(crate) fn expect_word(parser: &mut Parser, word: &str) -> Result<(), ParserError> {
    let token = parser.next_token();
    match &token.token {
        Token::Word(found) if found.value.eq_ignore_ascii_case(word) => Ok(()),
        _ => parser.expected(word, token),
    }
}

/// A text as a SQL literal.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use crate::dialect::{Statement, parse};
    use quantlake_core::Registry;

    fn round_trip(sql: &str) -> String {
        let statements = parse(sql, &Registry::default()).expect(sql);
        statements
            .iter()
            .map(Statement::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    }

    #[test]
    fn printing_and_parsing_again_gives_the_same_statement() {
        for sql in [
            "CREATE MODEL m USING onnx FROM 'a''b.onnx'",
            "CREATE OR REPLACE MODEL m USING onnx FROM 'm.onnx' WITH (context = '64', device = 'cpu')",
            "CREATE MODEL IF NOT EXISTS m USING onnx FROM 'm.onnx'",
            "DROP MODEL IF EXISTS m",
            "DROP MODEL m",
        ] {
            assert_eq!(round_trip(sql), sql);
        }
    }

    #[test]
    fn an_error_says_what_was_expected_and_where() {
        let error = parse("CREATE MODEL m FROM 'x'", &Registry::default())
            .expect_err("no USING")
            .to_string();
        assert!(error.contains("Expected: USING, found: FROM"), "{error}");
        assert!(error.contains("Column: 16"), "{error}");
    }

    #[test]
    fn an_option_given_twice_is_refused() {
        let sql = "CREATE MODEL m USING onnx FROM 'x' WITH (a = 1, a = 2)";
        let error = parse(sql, &Registry::default())
            .expect_err("twice")
            .to_string();
        assert!(error.contains("option `a` is given twice"), "{error}");
    }
}
