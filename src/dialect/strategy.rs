//! Strategies and their runs:
//!
//! * `CREATE [OR REPLACE] STRATEGY [IF NOT EXISTS] name [(parameter type [DEFAULT value], ...)] AS
//!   query`, whose query names its parameters as `$parameter`; `DROP STRATEGY [IF EXISTS] name`;
//! * `[EXPLAIN [ANALYZE | VERBOSE]] RUN BACKTEST name [WITH (key = value, ...)]`, where a value is a
//!   constant, a list of constants (one run for each) or a query;
//! * `REPLAY RUN n`, `REPORT RUN n [AS html | svg | text]`, `DROP RUN [IF EXISTS] n`.

mod display;
mod parse;

use super::model::quoted;
use datafusion::sql::sqlparser::ast::Query;
use std::fmt;

/// A statement about strategies or runs.
#[derive(Debug, Clone, PartialEq)]
pub enum StrategyStatement {
    /// `CREATE STRATEGY`.
    Create(CreateStrategy),
    /// `DROP STRATEGY`.
    Drop {
        /// The strategy's name.
        name: String,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
    /// `RUN BACKTEST`.
    Run(RunBacktest),
    /// `EXPLAIN RUN BACKTEST`.
    Explain {
        /// What stands between EXPLAIN and RUN: nothing, `ANALYZE ` or `VERBOSE `.
        how: &'static str,
        /// What would be run.
        run: RunBacktest,
    },
    /// `REPLAY RUN`.
    Replay {
        /// The run's number.
        run: i64,
    },
    /// `REPORT RUN`.
    Report {
        /// The run's number.
        run: i64,
        /// The form of the report.
        format: ReportFormat,
    },
    /// `DROP RUN`.
    DropRun {
        /// The run's number.
        run: i64,
        /// Whether a missing one is no error.
        if_exists: bool,
    },
}

/// Stores a query with parameters under a name.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateStrategy {
    /// The name used with `RUN BACKTEST`.
    pub name: String,
    /// Whether an existing strategy of the name is replaced.
    pub or_replace: bool,
    /// Whether an existing strategy of the name is kept without an error.
    pub if_not_exists: bool,
    /// What the query names as `$parameter`.
    pub parameters: Vec<Parameter>,
    /// The query that gives the bars with their signals.
    pub query: Box<Query>,
}

/// A parameter of a strategy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, lower case.
    pub name: String,
    /// What values it takes.
    pub ty: ParameterType,
    /// The value when none is given; without one, `RUN BACKTEST` has to give it.
    pub default: Option<Constant>,
}

/// What values a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// True and false.
    Flag,
    /// Texts.
    Text,
    /// Dates.
    Date,
    /// Timestamps.
    Timestamp,
}

impl ParameterType {
    /// The name that SQL has for it.
    pub fn sql_name(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "double precision",
            Self::Flag => "boolean",
            Self::Text => "text",
            Self::Date => "date",
            Self::Timestamp => "timestamp",
        }
    }

    /// The type of this SQL name; none for types that parameters cannot have.
    pub fn of_sql(ty: &str) -> Option<Self> {
        let ty = ty.to_ascii_uppercase();
        let is = |names: &[&str]| names.iter().any(|name| ty.starts_with(name));
        Some(match () {
            () if is(&["INTERVAL"]) => return None,
            () if is(&["INT", "BIGINT", "SMALLINT"]) => Self::Integer,
            () if is(&["DOUBLE", "FLOAT", "REAL", "NUMERIC", "DECIMAL"]) => Self::Number,
            () if is(&["BOOL"]) => Self::Flag,
            () if is(&["TEXT", "VARCHAR", "CHARACTER VARYING"]) => Self::Text,
            () if is(&["DATE"]) && !is(&["DATETIME"]) => Self::Date,
            () if is(&["TIMESTAMP"]) => Self::Timestamp,
            () => return None,
        })
    }
}

/// A constant as it stands in a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// A number, in its own digits.
    Number(String),
    /// A quoted text or a bare word.
    Text(String),
    /// `true` or `false`.
    Flag(bool),
    /// `NULL`.
    Null,
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(digits) => f.write_str(digits),
            Self::Text(text) => f.write_str(&quoted(text)),
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Null => f.write_str("NULL"),
        }
    }
}

/// Runs a strategy and records the run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunBacktest {
    /// The strategy's name.
    pub strategy: String,
    /// Parameters of the strategy and arguments of `backtest`, in the order given.
    pub settings: Vec<(String, Setting)>,
}

/// The value of a key in `WITH`.
#[derive(Debug, Clone, PartialEq)]
pub enum Setting {
    /// One constant, or several: one run for each.
    Constants(Vec<Constant>),
    /// Rows, such as `orders` or `benchmark`.
    Query(Box<Query>),
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportFormat {
    /// A page that needs nothing besides itself.
    Html,
    /// The charts as one picture.
    Svg,
    /// Charts of characters.
    Text,
}

impl ReportFormat {
    /// The word in the statement.
    pub fn name(self) -> &'static str {
        match self {
            Self::Html => "html",
            Self::Svg => "svg",
            Self::Text => "text",
        }
    }
}

impl StrategyStatement {
    /// Whether it changes the ledger.
    pub fn writes(&self) -> bool {
        !matches!(
            self,
            Self::Explain { .. } | Self::Replay { .. } | Self::Report { .. }
        )
    }
}
