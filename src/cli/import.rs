//! `quantlake import`: files into a table.

use super::printer::Progress as Bar;
use super::{DataArgs, ExitStatus, Printer};
use crate::lake::{Duplicates, Format, ImportMode, ImportOptions, Phase, Progress, import};
use clap::{Args, ValueEnum};
use datafusion::error::Result;
use parking_lot::Mutex;
use quantlake_core::{QlError, SqlState};
use std::sync::Arc;

/// Options of `quantlake import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The table to fill.
    #[arg(short, long, value_name = "TABLE")]
    table: String,
    /// The files' format; by default it is detected.
    #[arg(long, value_enum)]
    format: Option<FileFormat>,
    /// Add the rows to a table that is there already.
    #[arg(long, conflicts_with = "replace")]
    append: bool,
    /// Replace a table that is there already.
    #[arg(long)]
    replace: bool,
    /// Name a column otherwise than usual, as in `--map Px=close`; may be repeated.
    #[arg(long = "map", value_name = "FILE_COLUMN=TABLE_COLUMN", value_parser = parse_mapping)]
    mapping: Vec<(String, String)>,
    /// The symbol of all rows, for files without such a column; by default the file's name.
    #[arg(long, value_name = "SYMBOL")]
    symbol: Option<String>,
    /// Keep the last of several bars of one symbol at one time, instead of refusing them.
    #[arg(long)]
    keep_last: bool,
    /// Files and globs.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<String>,
}

/// The formats that can be forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    Csv,
    Parquet,
    Json,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => Self::Csv,
            FileFormat::Parquet => Self::Parquet,
            FileFormat::Json => Self::Json,
        }
    }
}

/// Runs the command. Ctrl-C stops it and leaves the table as it was.
pub async fn run(args: ImportArgs, printer: &Printer) -> Result<ExitStatus> {
    let engine = args.data.open().await?;
    let options = ImportOptions {
        sources: args.files,
        table: args.table,
        format: args.format.map(Format::from),
        mapping: args.mapping,
        mode: match (args.append, args.replace) {
            (true, _) => ImportMode::Append,
            (_, true) => ImportMode::Replace,
            _ => ImportMode::Create,
        },
        symbol: args.symbol,
        duplicates: if args.keep_last {
            Duplicates::KeepLast
        } else {
            Duplicates::Error
        },
    };
    let bar = Arc::new(Mutex::new((None, printer.progress("reading"))));
    let shown = Arc::clone(&bar);
    let on_progress = Arc::new(move |progress: Progress| show(&mut shown.lock(), &progress));
    let report = tokio::select! {
        report = import(engine.lake(), options, on_progress) => report?,
        _ = tokio::signal::ctrl_c() => {
            return Err(QlError::new(SqlState::QueryCanceled, "import stopped; the table is as it was").into());
        }
    };
    bar.lock().1.finish();
    for warning in &report.warnings {
        printer.note(&format!("warning: {warning}"));
    }
    let columns: Vec<String> = report
        .columns
        .iter()
        .map(|(name, ty)| format!("{name} {}", ty.to_lowercase()))
        .collect();
    printer.note(&format!("{}({})", report.table, columns.join(", ")));
    let sorted = match report.sorted_by.as_slice() {
        [] => String::new(),
        by => format!(", sorted by {}", by.join(", ")),
    };
    printer.note(&format!(
        "imported {} rows from {} file{} into {} in {:.2} s{sorted}",
        report.rows,
        report.files,
        if report.files == 1 { "" } else { "s" },
        report.table,
        report.seconds
    ));
    Ok(ExitStatus::Success)
}

/// Shows a step; a new phase starts the bar again.
fn show((phase, bar): &mut (Option<Phase>, Bar), progress: &Progress) {
    if *phase != Some(progress.phase) {
        *phase = Some(progress.phase);
        bar.start(match progress.phase {
            Phase::Reading => "reading",
            Phase::Sorting => "sorting",
            Phase::Writing => "writing",
        });
    }
    bar.update(
        progress.done,
        (progress.total > 0).then_some(progress.total),
    );
}

fn parse_mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => Ok((from.into(), to.into())),
        _ => Err(format!("must be FILE_COLUMN=TABLE_COLUMN, found {text}")),
    }
}
