//! The `quantlake` command.

use clap::Parser;
use quantlake::cli::{Cli, ExitStatus, Printer};
use std::process::ExitCode;

/// Results come and go as arrays of some hundred kilobytes. The system's allocator returns each of
/// them to the kernel and asks for new pages, which costs more than most indicators; this one keeps
/// them for a while.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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
