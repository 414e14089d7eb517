//! `CREATE | ALTER USER name [WITH] PASSWORD 'text'` and `DROP USER [IF EXISTS] name`.

use super::model::{expect_word, parse_name};
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use std::fmt;

/// Creates a user or changes a password.
#[derive(Clone, PartialEq, Eq)]
pub struct CreateUser {
    /// The user's name.
    pub name: String,
    /// The new password, in the clear; it is never stored or printed.
    pub password: String,
    /// ALTER: the user has to exist.
    pub alter: bool,
    /// Whether an existing user is kept without an error.
    pub if_not_exists: bool,
}

impl CreateUser {
    /// Parses from CREATE or ALTER on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        let alter = parser.parse_keyword(Keyword::ALTER);
        if !alter {
            parser.expect_keyword(Keyword::CREATE)?;
        }
        parser.expect_one_of_keywords(&[Keyword::USER, Keyword::ROLE])?;
        let if_not_exists = parser.parse_keywords(&[Keyword::IF, Keyword::NOT, Keyword::EXISTS]);
        let name = parse_name(parser)?;
        let _ = parser.parse_keyword(Keyword::WITH);
        let _ = parser.parse_keyword(Keyword::LOGIN);
        expect_word(parser, "PASSWORD")?;
        Ok(Self {
            name,
            password: parser.parse_literal_string()?,
            alter,
            if_not_exists,
        })
    }
}

impl fmt::Display for CreateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.alter { "ALTER" } else { "CREATE" };
        let exists = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(f, "{verb} USER {exists}{} PASSWORD '********'", self.name)
    }
}

// Derived Debug would put the password into logs.
impl fmt::Debug for CreateUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Removes a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropUser {
    /// The user's name.
    pub name: String,
    /// Whether a missing one is no error.
    pub if_exists: bool,
}

impl DropUser {
    /// Parses from DROP on.
    ///
    /// # Errors
    /// What was expected and what was found, with the position.
    pub fn parse(parser: &mut Parser) -> Result<Self, ParserError> {
        parser.expect_keyword(Keyword::DROP)?;
        parser.expect_one_of_keywords(&[Keyword::USER, Keyword::ROLE])?;
        let if_exists = parser.parse_keywords(&[Keyword::IF, Keyword::EXISTS]);
        Ok(Self {
            name: parse_name(parser)?,
            if_exists,
        })
    }
}

impl fmt::Display for DropUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = if self.if_exists { "IF EXISTS " } else { "" };
        write!(f, "DROP USER {exists}{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::parse;
    use quantlake_core::Registry;

    #[test]
    fn a_password_is_never_printed() {
        let statements = parse(
            "CREATE USER ann WITH PASSWORD 'secret'",
            &Registry::default(),
        )
        .expect("parses");
        let printed = format!("{statements:?} {}", statements[0]);
        assert!(!printed.contains("secret"), "{printed}");
        assert!(
            printed.contains("CREATE USER ann PASSWORD '********'"),
            "{printed}"
        );
    }
}
