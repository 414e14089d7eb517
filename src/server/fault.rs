//! What goes wrong on a connection, and how it is sent.

use crate::engine::errors::sql_state;
use datafusion::error::DataFusionError;
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::response::{ErrorResponse, NoticeResponse};
use quantlake_core::{QlError, SqlState};
use std::io;

/// An error that the client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Whether the connection ends with it.
    pub fatal: bool,
    /// SQLSTATE. A text, because the protocol has codes that SQL never raises.
    pub code: &'static str,
    /// The sentence that people read.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Where in the statement's text, in characters from 1.
    pub position: Option<usize>,
}

impl Fault {
    /// An error after which the connection goes on.
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            fatal: false,
            code,
            message: message.into(),
            hint: None,
            position: None,
        }
    }

    /// An error that ends the connection.
    pub fn fatal(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            fatal: true,
            ..Self::error(code, message)
        }
    }

    /// A message that breaks the protocol but leaves the framing intact.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::error("08P01", message)
    }

    /// Adds the hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Finds the place of a syntax error, which the parser writes into its sentence.
    #[must_use]
    pub fn located_in(mut self, sql: &str) -> Self {
        if self.code == SqlState::SyntaxError.code() && self.position.is_none() {
            self.position = line_and_column(&self.message).and_then(|(l, c)| offset_of(sql, l, c));
        }
        self
    }

    /// The message to send.
    pub fn reply(&self) -> PgWireBackendMessage {
        let severity = if self.fatal { "FATAL" } else { "ERROR" };
        PgWireBackendMessage::ErrorResponse(ErrorResponse::new(self.fields(severity)))
    }

    fn fields(&self, severity: &str) -> Vec<(u8, String)> {
        let mut fields = vec![
            (b'S', severity.to_string()),
            (b'V', severity.to_string()),
            (b'C', self.code.to_string()),
            (b'M', without_nul(&self.message)),
        ];
        fields.extend(self.hint.as_deref().map(|hint| (b'H', without_nul(hint))));
        fields.extend(self.position.map(|at| (b'P', at.to_string())));
        fields
    }
}

/// The reply for a warning.
pub fn warning(message: &str) -> PgWireBackendMessage {
    let fields = Fault::error("01000", message).fields("WARNING");
    PgWireBackendMessage::NoticeResponse(NoticeResponse::new(fields))
}

/// A zero byte would end the field early and garble the message.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// `... at Line: 2, Column: 7` as the SQL parser writes it.
fn line_and_column(message: &str) -> Option<(usize, usize)> {
    let (_, rest) = message.rsplit_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((line.parse().ok()?, digits.parse().ok()?))
}

fn offset_of(sql: &str, line: usize, column: usize) -> Option<usize> {
    let before: usize = sql
        .split('\n')
        .take(line.checked_sub(1)?)
        .map(|text| text.chars().count() + 1)
        .sum();
    Some(before + column)
}

impl From<QlError> for Fault {
    fn from(error: QlError) -> Self {
        Self {
            hint: error.hint,
            ..Self::error(error.state.code(), error.message)
        }
    }
}

impl From<DataFusionError> for Fault {
    fn from(error: DataFusionError) -> Self {
        sql_state(&error).into()
    }
}

/// Why a handler stops: with an error for the client, or because the client is gone.
#[derive(Debug)]
pub enum Stop {
    /// The client gets the error.
    Fault(Fault),
    /// Nobody is there to get anything.
    Gone(io::Error),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<DataFusionError> for Stop {
    fn from(error: DataFusionError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<QlError> for Stop {
    fn from(error: QlError) -> Self {
        Self::Fault(error.into())
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Gone(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_points_at_its_character() {
        let sql = "SELECT 1,\n  é FRM";
        let fault = Fault::error("42601", "expected: x, found: y at Line: 2, Column: 5");
        assert_eq!(fault.located_in(sql).position, Some(15));
        assert_eq!(sql.chars().nth(14), Some('F'));
    }

    #[test]
    fn other_errors_have_no_position() {
        let fault = Fault::error("42P01", "table at Line: 2, Column: 5");
        assert_eq!(fault.located_in("x").position, None);
    }

    #[test]
    fn a_zero_byte_cannot_split_a_field() {
        let fields = Fault::error("XX000", "a\0Cb").fields("ERROR");
        assert_eq!(fields[3].1, "a\u{fffd}Cb");
    }
}
