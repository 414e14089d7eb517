//! The statements as text that parses to the same statement.

use super::{CreateStrategy, Parameter, RunBacktest, Setting, StrategyStatement};
use std::fmt;

impl fmt::Display for StrategyStatement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exists = |if_exists: &bool| if *if_exists { "IF EXISTS " } else { "" };
        match self {
            Self::Create(create) => write!(f, "{create}"),
            Self::Drop { name, if_exists } => {
                write!(f, "DROP STRATEGY {}{}", exists(if_exists), word(name))
            }
            Self::Run(run) => write!(f, "{run}"),
            Self::Explain { how, run } => write!(f, "EXPLAIN {how}{run}"),
            Self::Replay { run } => write!(f, "REPLAY RUN {run}"),
            Self::Report { run, format } => write!(f, "REPORT RUN {run} AS {}", format.name()),
            Self::DropRun { run, if_exists } => write!(f, "DROP RUN {}{run}", exists(if_exists)),
        }
    }
}

impl fmt::Display for CreateStrategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let replace = if self.or_replace { "OR REPLACE " } else { "" };
        let exists = if self.if_not_exists {
            "IF NOT EXISTS "
        } else {
            ""
        };
        write!(f, "CREATE {replace}STRATEGY {exists}{}", word(&self.name))?;
        if !self.parameters.is_empty() {
            let parameters: Vec<String> =
                self.parameters.iter().map(Parameter::to_string).collect();
            write!(f, " ({})", parameters.join(", "))?;
        }
        write!(f, " AS {}", self.query)
    }
}

impl fmt::Display for Parameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", word(&self.name), self.ty.sql_name())?;
        match &self.default {
            Some(default) => write!(f, " DEFAULT {default}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for RunBacktest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RUN BACKTEST {}", word(&self.strategy))?;
        if self.settings.is_empty() {
            return Ok(());
        }
        let settings: Vec<String> = self
            .settings
            .iter()
            .map(|(key, value)| format!("{} = {value}", word(key)))
            .collect();
        write!(f, " WITH ({})", settings.join(", "))
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Constants(constants) => match constants.as_slice() {
                [one] => write!(f, "{one}"),
                several => {
                    let several: Vec<String> = several.iter().map(ToString::to_string).collect();
                    write!(f, "({})", several.join(", "))
                }
            },
            Self::Query(query) => write!(f, "({query})"),
        }
    }
}

/// A name as an identifier, quoted where it has to be.
fn word(name: &str) -> String {
    let is_plain = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if is_plain {
        name.to_string()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use crate::dialect::{Statement, parse};
    use quantlake_core::Registry;

    fn round_trip(sql: &str) -> String {
        let statements = parse(sql, &Registry::default()).expect(sql);
        let shown: Vec<String> = statements.iter().map(Statement::to_string).collect();
        shown.join("; ")
    }

    #[test]
    fn printing_and_parsing_again_gives_the_same_statement() {
        for sql in [
            "CREATE STRATEGY s AS SELECT * FROM bars",
            "CREATE OR REPLACE STRATEGY s (fast integer DEFAULT 10, x double precision, d date DEFAULT '2024-01-01') AS SELECT sma(close, $fast) OVER w FROM bars WINDOW w AS (ORDER BY ts)",
            "CREATE STRATEGY IF NOT EXISTS \"S s\" (long boolean DEFAULT true, mode text DEFAULT 'a''b') AS SELECT 1",
            "DROP STRATEGY IF EXISTS s",
            "RUN BACKTEST s",
            "RUN BACKTEST s WITH (fast = 10, slow = (20, 50), x = -1.5, fill = 'next_open', rates = (SELECT 1), m = NULL)",
            "EXPLAIN RUN BACKTEST s",
            "EXPLAIN ANALYZE RUN BACKTEST s WITH (fast = 3)",
            "EXPLAIN VERBOSE RUN BACKTEST s",
            "REPLAY RUN 3",
            "REPORT RUN 3 AS text",
            "DROP RUN IF EXISTS 7",
        ] {
            assert_eq!(round_trip(sql), sql);
        }
    }

    #[test]
    fn a_statement_that_is_not_whole_says_what_is_expected() {
        for (sql, wanted) in [
            ("CREATE STRATEGY s SELECT 1", "Expected: AS, found: SELECT"),
            (
                "CREATE STRATEGY s (a interval) AS SELECT 1",
                "a parameter must be integer",
            ),
            (
                "CREATE STRATEGY s (a int, a int) AS SELECT 1",
                "parameter `a` is given twice",
            ),
            (
                "RUN BACKTEST s WITH (a = 1, a = 2)",
                "option `a` is given twice",
            ),
            ("RUN BACKTEST s WITH (a 1)", "Expected: =, found: 1"),
            ("REPORT RUN 1 AS pdf", "html, svg or text"),
            ("REPLAY RUN -1", "Expected: literal int"),
        ] {
            let error = parse(sql, &Registry::default()).expect_err(sql).to_string();
            assert!(error.contains(wanted), "{sql}: {error}");
        }
    }
}
