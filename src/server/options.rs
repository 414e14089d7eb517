//! What an operator chooses when starting the server.

use quantlake_core::{QlError, SqlState};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Where the certificate chain and its key are, both as PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate, followed by intermediate ones.
    pub certificate: PathBuf,
    /// The private key: PKCS#8, PKCS#1 or SEC1.
    pub key: PathBuf,
}

/// The server's options.
#[derive(Debug, Clone)]
pub struct ServerOptions {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// TLS; required for addresses other than loopback.
    pub tls: Option<TlsFiles>,
    /// Whether peers on this machine get in without a password.
    pub trust_loopback: bool,
    /// Connections beyond this many are refused with 53300.
    pub max_connections: usize,
    /// How long a client may take to log in.
    pub login_timeout: Duration,
    /// How long running statements may go on when the server stops.
    pub grace: Duration,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 5433)),
            tls: None,
            trust_loopback: false,
            max_connections: 100,
            login_timeout: Duration::from_secs(60),
            grace: Duration::from_secs(10),
        }
    }
}

impl ServerOptions {
    /// Refuses what would send passwords' proofs and data over a network in the clear.
    ///
    /// # Errors
    /// 22023 for an address that is not loopback without TLS, and for zero connections.
    pub fn check(&self) -> Result<(), QlError> {
        let fail = |message: String| Err(QlError::new(SqlState::InvalidParameter, message));
        if self.max_connections == 0 {
            return fail("serve: `max_connections` must be at least 1, found 0".into());
        }
        if self.tls.is_none() && !self.listen.ip().is_loopback() {
            return fail(format!(
                "serve: `listen` must be a loopback address when TLS is off, found {}",
                self.listen
            ))
            .map_err(|e: QlError| {
                e.with_hint("Give a certificate and its key, or listen on 127.0.0.1")
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_address_needs_tls() {
        let options = ServerOptions {
            listen: "0.0.0.0:5433".parse().expect("address"),
            ..ServerOptions::default()
        };
        let error = options.check().expect_err("no TLS");
        assert_eq!(
            error.message,
            "serve: `listen` must be a loopback address when TLS is off, found 0.0.0.0:5433"
        );
        let with_tls = ServerOptions {
            tls: Some(TlsFiles {
                certificate: "a".into(),
                key: "b".into(),
            }),
            ..options
        };
        assert_eq!(with_tls.check(), Ok(()));
    }

    #[test]
    fn loopback_needs_nothing() {
        assert_eq!(ServerOptions::default().check(), Ok(()));
        let v6 = ServerOptions {
            listen: "[::1]:0".parse().expect("address"),
            ..ServerOptions::default()
        };
        assert_eq!(v6.check(), Ok(()));
    }
}
