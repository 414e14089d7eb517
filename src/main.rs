//! The `quantlake` command.

use clap::Parser;
use quantlake::cli::{Cli, ExitStatus, Printer};
use std::process::ExitCode;

/// Deeply nested queries recurse; DataFusion's planner needs more than the usual 2 MiB.
const STACK_BYTES: usize = 16 << 20;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let printer = Printer::new(cli.quiet);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_BYTES)
        .build();
    let status = match runtime {
        Ok(runtime) => runtime.block_on(quantlake::cli::run(cli, &printer)),
        Err(error) => {
            printer.error(&format!("cannot start the runtime: {error}"), None);
            ExitStatus::Failure
        }
    };
    ExitCode::from(status)
}
