//! `quantlake report`: a run as a page, a picture or charts in the terminal.

use super::{DataArgs, ExitStatus, Printer};
use crate::dialect::strategy::ReportFormat;
use crate::report::Report;
use clap::Args;
use datafusion::error::Result;
use quantlake_core::{QlError, SqlState};
use std::path::{Path, PathBuf};

/// Options of `quantlake report`. While a server has the data directory open, ask it instead:
/// `psql -AtX -c 'REPORT RUN 3' > report.html`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The run's number, as `RUN BACKTEST` gave it.
    #[arg(value_name = "RUN")]
    run: i64,
    /// Where to write: a file that ends in .html, .svg, .png or .txt, or `-` for charts in the
    /// terminal.
    #[arg(short, long, default_value = "-", value_name = "FILE")]
    output: PathBuf,
}

/// Runs the command.
pub async fn run(args: ReportArgs, printer: &Printer) -> Result<ExitStatus> {
    let form = form_of(&args.output)?;
    let engine = args
        .data
        .open()
        .await
        .map_err(|error| ask_the_server(error, args.run))?;
    let report = Report::load(&engine, args.run)?;
    let bytes = match form {
        Form::Text(format) => report.render(format).into_bytes(),
        Form::Png => report.png()?,
    };
    if args.output.as_os_str() == "-" {
        printer.data(&String::from_utf8_lossy(&bytes));
        return Ok(ExitStatus::Success);
    }
    std::fs::write(&args.output, bytes).map_err(|error| {
        QlError::new(
            SqlState::of_io(&error),
            format!("cannot write {}: {error}", args.output.display()),
        )
    })?;
    printer.note(&format!("wrote {}", args.output.display()));
    Ok(ExitStatus::Success)
}

/// What is written.
enum Form {
    /// What `REPORT RUN` gives too.
    Text(ReportFormat),
    /// The picture in dots.
    Png,
}

fn form_of(output: &Path) -> Result<Form, QlError> {
    if output.as_os_str() == "-" {
        return Ok(Form::Text(ReportFormat::Text));
    }
    match output.extension().and_then(|e| e.to_str()) {
        Some("html" | "htm") => Ok(Form::Text(ReportFormat::Html)),
        Some("svg") => Ok(Form::Text(ReportFormat::Svg)),
        Some("txt") => Ok(Form::Text(ReportFormat::Text)),
        Some("png") => Ok(Form::Png),
        _ => Err(QlError::bad_argument(
            "quantlake report",
            "--output",
            "a file that ends in .html, .svg, .png or .txt, or -",
            output.display(),
        )),
    }
}

/// A directory that a server has open is no dead end.
fn ask_the_server(
    error: datafusion::error::DataFusionError,
    run: i64,
) -> datafusion::error::DataFusionError {
    match QlError::of(&error) {
        Some(own) if own.state == SqlState::ObjectNotInState => own
            .clone()
            .with_hint(format!(
                "Ask the server that has it open: psql -AtX -c 'REPORT RUN {run}' > report.html"
            ))
            .into(),
        _ => error,
    }
}
