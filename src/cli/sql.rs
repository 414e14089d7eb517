//! `quantlake sql`: SQL without a server.

use super::script::{self, ScriptOptions};
use super::table::Format;
use super::{DataArgs, ExitStatus, Printer, repl};
use clap::Args;
use datafusion::error::Result;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;

/// Options of `quantlake sql`. Without -c and -f, statements come from stdin, or from a prompt
/// when stdin is a terminal.
#[derive(Debug, Args)]
pub struct SqlArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Run these statements; may be repeated.
    #[arg(short, long, value_name = "SQL")]
    command: Vec<String>,
    /// Run the statements of this file; `-` is stdin.
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// How results are printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Print each statement's time.
    #[arg(long)]
    timing: bool,
    /// Go on with the next statement after an error.
    #[arg(long)]
    keep_going: bool,
}

/// Runs the command.
pub async fn run(args: SqlArgs, printer: &Printer) -> Result<ExitStatus> {
    let engine = args.data.open().await?;
    let session = engine.operator_session();
    let options = ScriptOptions {
        format: args.format,
        timing: args.timing,
        keep_going: args.keep_going,
    };
    let mut texts = args.command;
    for file in &args.file {
        texts.push(read(file)?);
    }
    if texts.is_empty() {
        if std::io::stdin().is_terminal() {
            return repl::run(&session, options, printer).await;
        }
        texts.push(read(&PathBuf::from("-"))?);
    }
    for text in &texts {
        let status = script::run(&session, text, options, printer).await;
        if status != ExitStatus::Success {
            return Ok(status);
        }
    }
    Ok(ExitStatus::Success)
}

fn read(file: &PathBuf) -> Result<String> {
    let mut text = String::new();
    let result = if file.as_os_str() == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|mut f| f.read_to_string(&mut text))
    };
    match result {
        Ok(_) => Ok(text),
        Err(error) => Err(quantlake_core::QlError::new(
            quantlake_core::SqlState::UndefinedFile,
            format!("cannot read {}: {error}", file.display()),
        )
        .into()),
    }
}
