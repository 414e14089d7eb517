//! The command line: one file per subcommand.

mod docs;
mod import;
mod printer;
mod repl;
mod report;
mod script;
mod serve;
mod sql;
mod table;

pub use docs::reference;
pub use printer::Printer;
pub use table::csv;

use crate::engine::errors::sql_state;
use crate::engine::{Engine, EngineOptions};
use clap::{Args, Parser, Subcommand};
use datafusion::error::DataFusionError;
use quantlake_core::SqlState;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// A SQL engine for quantitative research, over Parquet, through the PostgreSQL wire protocol.
#[derive(Debug, Parser)]
#[command(name = "quantlake", version, about)]
pub struct Cli {
    /// Say nothing but results and errors.
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve a data directory to PostgreSQL clients.
    Serve(serve::ServeArgs),
    /// Run SQL without a server: a command, a file, or interactively.
    Sql(sql::SqlArgs),
    /// Load CSV, Parquet or JSON files into a table.
    Import(import::ImportArgs),
    /// Show a run of a strategy as a page, a picture or charts in the terminal.
    Report(report::ReportArgs),
    /// Print the function reference as Markdown.
    Docs(docs::DocsArgs),
}

/// The options of every command that opens a data directory.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// The data directory; made when it does not exist.
    #[arg(short, long, env = "QUANTLAKE_DATA", value_name = "DIR")]
    pub data: PathBuf,
    /// Memory that all queries together may hold, such as 4GB; by default 60 % of the machine's.
    #[arg(long, env = "QUANTLAKE_MEMORY_LIMIT", value_name = "SIZE", value_parser = parse_size)]
    pub memory_limit: Option<usize>,
    /// Cores a query may use; by default all.
    #[arg(long, env = "QUANTLAKE_THREADS", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Option<u16>,
    /// A folder besides the data directory that SQL may read files from; may be repeated.
    #[arg(long = "allow-path", value_name = "DIR")]
    pub allow_path: Vec<PathBuf>,
}

impl DataArgs {
    /// Opens the directory.
    async fn open(&self) -> Result<Arc<Engine>, DataFusionError> {
        let options = EngineOptions {
            memory_limit: self.memory_limit,
            threads: self.threads.map(usize::from),
            allowed_paths: self.allow_path.clone(),
        };
        Engine::open(&self.data, options).await
    }
}

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExitStatus {
    /// Done.
    Success,
    /// The user's input is at fault.
    UserError,
    /// We failed.
    Failure,
    /// Ctrl-C.
    Interrupted,
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(match status {
            ExitStatus::Success => 0,
            ExitStatus::UserError => 1,
            ExitStatus::Failure => 2,
            ExitStatus::Interrupted => 130,
        })
    }
}

/// Runs a parsed command line.
pub async fn run(cli: Cli, printer: &Printer) -> ExitStatus {
    init_log(cli.quiet);
    let result = match cli.command {
        Command::Serve(args) => serve::run(args, printer).await,
        Command::Sql(args) => sql::run(args, printer).await,
        Command::Import(args) => import::run(args, printer).await,
        Command::Report(args) => report::run(args, printer).await,
        Command::Docs(args) => docs::run(&args, printer),
    };
    match result {
        Ok(status) => status,
        Err(error) => tell(&error, printer),
    }
}

/// Prints an error and tells whose fault it is.
fn tell(error: &DataFusionError, printer: &Printer) -> ExitStatus {
    let shown = sql_state(error);
    printer.error(
        &format!("{} (SQLSTATE {})", shown.message, shown.state.code()),
        shown.hint.as_deref(),
    );
    match shown.state {
        SqlState::Internal | SqlState::IoError | SqlState::DiskFull | SqlState::OutOfMemory => {
            ExitStatus::Failure
        }
        SqlState::QueryCanceled => ExitStatus::Interrupted,
        _ => ExitStatus::UserError,
    }
}

/// Logs go to stderr; `RUST_LOG` chooses, warnings by default.
fn init_log(quiet: bool) {
    let default = if quiet {
        "error"
    } else {
        "warn,quantlake=info"
    };
    let filter =
        tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| default.into());
    // A second call (tests run several commands in one process) keeps the first subscriber.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}

/// `512MB`, `4GB`, `1.5GiB` or plain bytes.
fn parse_size(text: &str) -> Result<usize, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let factor = match text
        .get(digits.len()..)
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "" | "b" => 1.0,
        "kb" | "kib" | "k" => 1024.0,
        "mb" | "mib" | "m" => 1_048_576.0,
        "gb" | "gib" | "g" => 1_073_741_824.0,
        _ => return Err(format!("must be a size such as 512MB or 4GB, found {text}")),
    };
    match digits.trim().parse::<f64>() {
        Ok(n) if n.is_finite() && n > 0.0 => Ok((n * factor) as usize),
        _ => Err(format!("must be a size such as 512MB or 4GB, found {text}")),
    }
}
