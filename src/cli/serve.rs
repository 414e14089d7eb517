//! `quantlake serve`: the wire protocol over a data directory.

use super::{DataArgs, ExitStatus, Printer};
use crate::server::{Server, ServerOptions, TlsFiles};
use clap::Args;
use datafusion::error::Result;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// Options of `quantlake serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    #[command(flatten)]
    data: DataArgs,
    /// The address to listen on. Addresses other than loopback need TLS.
    #[arg(
        short,
        long,
        default_value = "127.0.0.1:5433",
        env = "QUANTLAKE_LISTEN",
        value_name = "ADDRESS"
    )]
    listen: SocketAddr,
    /// Let programs on this machine in without a password.
    #[arg(long)]
    trust_loopback: bool,
    /// The TLS certificate chain, PEM.
    #[arg(long, requires = "tls_key", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// The key of the certificate, PEM.
    #[arg(long, requires = "tls_cert", value_name = "FILE")]
    tls_key: Option<PathBuf>,
    /// Connections beyond this many are refused.
    #[arg(long, default_value_t = 100, value_name = "N")]
    max_connections: usize,
}

/// Runs the command until Ctrl-C or SIGTERM.
pub async fn run(args: ServeArgs, printer: &Printer) -> Result<ExitStatus> {
    let options = ServerOptions {
        listen: args.listen,
        tls: args
            .tls_cert
            .zip(args.tls_key)
            .map(|(certificate, key)| TlsFiles { certificate, key }),
        trust_loopback: args.trust_loopback,
        max_connections: args.max_connections,
        ..ServerOptions::default()
    };
    options.check()?;
    let engine = args.data.open().await?;
    if !options.trust_loopback && engine.lake().ledger().users()?.is_empty() {
        printer.note("There is no user yet, so nobody can log in. Make one with");
        printer.note("  quantlake sql --data DIR -c \"CREATE USER name PASSWORD '...'\"");
        printer.note("or start with --trust-loopback.");
    }
    let mut terminated = signal(SignalKind::terminate())?;
    let server = Server::bind(Arc::clone(&engine), options).await?;
    printer.note(&format!("quantlake listens on {}", server.local_addr()));
    server
        .run(async move {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
        })
        .await;
    engine.lake().close();
    Ok(ExitStatus::Success)
}
