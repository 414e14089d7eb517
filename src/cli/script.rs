//! Runs the statements of a text and prints their results.

use super::table::{self, Format};
use super::{ExitStatus, Printer, tell};
use crate::engine::session::{Outcome, Session};
use datafusion::error::Result;
use futures::TryStreamExt;
use std::sync::Arc;
use std::time::Instant;

/// How a script is run.
#[derive(Debug, Clone, Copy)]
pub struct ScriptOptions {
    /// The format of results.
    pub format: Format,
    /// Whether each statement's time is printed.
    pub timing: bool,
    /// Whether the rest runs after an error.
    pub keep_going: bool,
}

/// Runs a script. Lines that start with a backslash are psql's `\echo`, `\timing` and `\set`;
/// they let one file serve psql and this command.
pub async fn run(
    session: &Arc<Session>,
    text: &str,
    options: ScriptOptions,
    printer: &Printer,
) -> ExitStatus {
    let mut options = options;
    let mut status = ExitStatus::Success;
    for part in parts(text) {
        let result = match part {
            Part::Sql(sql) => statements(session, &sql, options, printer).await,
            Part::Meta(line) => meta(&line, &mut options, printer),
        };
        if let Err(error) = result {
            status = tell(&error, printer);
            if !options.keep_going {
                return status;
            }
        }
    }
    status
}

enum Part {
    Sql(String),
    Meta(String),
}

/// Splits a text at backslash lines.
fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut sql = String::new();
    for line in text.lines() {
        if line.starts_with('\\') {
            parts.push(Part::Sql(std::mem::take(&mut sql)));
            parts.push(Part::Meta(line.to_string()));
        } else {
            sql.push_str(line);
            sql.push('\n');
        }
    }
    parts.push(Part::Sql(sql));
    parts
}

fn meta(line: &str, options: &mut ScriptOptions, printer: &Printer) -> Result<()> {
    let (command, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    match command {
        "\\echo" => printer.data(&format!("{}\n", rest.trim().trim_matches('\''))),
        "\\timing" => options.timing = rest.trim() != "off",
        "\\set" | "\\pset" => {}
        _ => {
            return Err(quantlake_core::QlError::new(
                quantlake_core::SqlState::FeatureNotSupported,
                format!("{command} is a command of psql that `quantlake sql` does not have"),
            )
            .into());
        }
    }
    Ok(())
}

async fn statements(
    session: &Arc<Session>,
    sql: &str,
    options: ScriptOptions,
    printer: &Printer,
) -> Result<()> {
    for statement in session.parse(sql)? {
        let started = Instant::now();
        let cancel = tokio::spawn({
            let session = Arc::clone(session);
            async move {
                if tokio::signal::ctrl_c().await.is_ok() {
                    session.cancel();
                }
            }
        });
        let result = one(session, &statement, options.format, printer).await;
        cancel.abort();
        for notice in session.take_notices() {
            printer.note(&format!("warning: {notice}"));
        }
        result?;
        if options.timing {
            printer.data(&format!(
                "Time: {:.3} ms\n",
                started.elapsed().as_secs_f64() * 1e3
            ));
        }
    }
    Ok(())
}

async fn one(
    session: &Session,
    statement: &crate::dialect::Statement,
    format: Format,
    printer: &Printer,
) -> Result<()> {
    match session.execute(statement, &[]).await? {
        Outcome::Command { tag } => printer.note(&tag),
        Outcome::Rows(rows) => {
            let schema = rows.schema();
            let batches: Vec<_> = rows.try_collect().await?;
            printer.data(&table::format(&schema, &batches, format)?);
        }
    }
    Ok(())
}
