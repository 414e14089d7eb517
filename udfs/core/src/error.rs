//! Errors a user reads: what is wrong, what was given, what is allowed, and the SQLSTATE.

use datafusion::error::DataFusionError;
use std::error::Error;
use std::fmt;
use std::io;

/// A PostgreSQL error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SqlState {
    /// 42601: the statement does not parse.
    SyntaxError,
    /// 42883: no function of this name takes these arguments.
    UndefinedFunction,
    /// 42703: no such column.
    UndefinedColumn,
    /// 42702: a name fits several columns.
    AmbiguousColumn,
    /// 42P01: no such table.
    UndefinedTable,
    /// 42704: no such object of another kind (model, user, snapshot).
    UndefinedObject,
    /// 42P07: a table of this name exists.
    DuplicateTable,
    /// 42710: an object of this name exists.
    DuplicateObject,
    /// 42804: a value has the wrong type.
    DatatypeMismatch,
    /// 42P10: the time order is missing or wrong.
    InvalidOrder,
    /// 22023: an argument is outside its range.
    InvalidParameter,
    /// 22000: the data itself is at fault (duplicate bars, unsorted input).
    DataException,
    /// 22P02: text that cannot be read as the wanted type.
    InvalidText,
    /// 22003: a number too large for its type.
    NumericOutOfRange,
    /// 42000: the statement parses but makes no sense.
    InvalidStatement,
    /// 22012: division by zero.
    DivisionByZero,
    /// 22P04: a file to import is damaged.
    BadFileFormat,
    /// 58P01: a file does not exist.
    UndefinedFile,
    /// 58030: reading or writing failed.
    IoError,
    /// 53100: the disk is full.
    DiskFull,
    /// 53200: over the memory limit.
    OutOfMemory,
    /// 53300: too many connections.
    TooManyConnections,
    /// 57014: cancelled by the user or by a time-out.
    QueryCanceled,
    /// 42501: not allowed.
    InsufficientPrivilege,
    /// 28P01: wrong user or password.
    InvalidPassword,
    /// 55000: the object is not in the state that the operation needs.
    ObjectNotInState,
    /// 40001: another writer was first.
    SerializationFailure,
    /// 25P02: the transaction is aborted.
    InFailedTransaction,
    /// 0A000: not supported.
    FeatureNotSupported,
    /// XX000: a broken invariant of ours.
    Internal,
}

impl SqlState {
    /// The five characters that go over the wire.
    pub fn code(self) -> &'static str {
        match self {
            Self::SyntaxError => "42601",
            Self::UndefinedFunction => "42883",
            Self::UndefinedColumn => "42703",
            Self::AmbiguousColumn => "42702",
            Self::UndefinedTable => "42P01",
            Self::UndefinedObject => "42704",
            Self::DuplicateTable => "42P07",
            Self::DuplicateObject => "42710",
            Self::DatatypeMismatch => "42804",
            Self::InvalidOrder => "42P10",
            Self::InvalidParameter => "22023",
            Self::DataException => "22000",
            Self::InvalidText => "22P02",
            Self::NumericOutOfRange => "22003",
            Self::InvalidStatement => "42000",
            Self::DivisionByZero => "22012",
            Self::BadFileFormat => "22P04",
            Self::UndefinedFile => "58P01",
            Self::IoError => "58030",
            Self::DiskFull => "53100",
            Self::OutOfMemory => "53200",
            Self::TooManyConnections => "53300",
            Self::QueryCanceled => "57014",
            Self::InsufficientPrivilege => "42501",
            Self::InvalidPassword => "28P01",
            Self::ObjectNotInState => "55000",
            Self::SerializationFailure => "40001",
            Self::InFailedTransaction => "25P02",
            Self::FeatureNotSupported => "0A000",
            Self::Internal => "XX000",
        }
    }
}

impl SqlState {
    /// The code of a failed read or write.
    pub fn of_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            io::ErrorKind::NotFound => Self::UndefinedFile,
            io::ErrorKind::PermissionDenied => Self::InsufficientPrivilege,
            io::ErrorKind::OutOfMemory => Self::OutOfMemory,
            _ => Self::IoError,
        }
    }
}

/// The input/output error at the bottom of a chain: a full disk arrives wrapped several times,
/// also inside other input/output errors, whose `source` skips what they wrap.
pub fn io_cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a io::Error> {
    let mut deepest = None;
    let mut current = Some(error);
    while let Some(e) = current {
        current = match e.downcast_ref::<io::Error>() {
            Some(io) => {
                deepest = Some(io);
                io.get_ref().map(|inner| inner as &(dyn Error + 'static))
            }
            None => e.source(),
        };
    }
    deepest
}

/// An error with a SQLSTATE and, where one is known, a hint.
///
/// Message format: the thing, a colon, what is wrong, what was found. No final period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QlError {
    /// The code that drivers react to.
    pub state: SqlState,
    /// The sentence that people read.
    pub message: String,
    /// What to do about it, sent as the protocol's hint field.
    pub hint: Option<String>,
}

impl QlError {
    /// An error with this code and sentence.
    pub fn new(state: SqlState, message: impl Into<String>) -> Self {
        Self {
            state,
            message: message.into(),
            hint: None,
        }
    }

    /// ``rsi: `period` must be between 2 and 100000, found 0``.
    pub fn bad_argument(
        function: &str,
        parameter: &str,
        allowed: impl fmt::Display,
        found: impl fmt::Display,
    ) -> Self {
        Self::new(
            SqlState::InvalidParameter,
            format!("{function}: `{parameter}` must be {allowed}, found {found}"),
        )
    }

    /// A broken invariant: never the user's fault.
    pub fn internal(message: impl Into<String>) -> Self {
        Self::new(SqlState::Internal, message)
    }

    /// Adds the hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The error of ours inside a DataFusion error, if one is its root.
    pub fn of(error: &DataFusionError) -> Option<&QlError> {
        let mut source: Option<&(dyn Error + 'static)> = Some(error);
        while let Some(current) = source {
            if let Some(found) = current.downcast_ref::<QlError>() {
                return Some(found);
            }
            // Box<QlError> and Arc'd DataFusion errors hide the value one level down.
            if let Some(DataFusionError::External(inner)) =
                current.downcast_ref::<DataFusionError>()
                && let Some(found) = inner.downcast_ref::<QlError>()
            {
                return Some(found);
            }
            source = current.source();
        }
        match error.find_root() {
            DataFusionError::External(inner) => inner.downcast_ref::<QlError>(),
            _ => None,
        }
    }
}

impl fmt::Display for QlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for QlError {}

impl From<QlError> for DataFusionError {
    fn from(error: QlError) -> Self {
        DataFusionError::External(Box::new(error))
    }
}
