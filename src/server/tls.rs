//! TLS for the listener; anything wrong with the files stops the start.

use super::options::TlsFiles;
use quantlake_core::{QlError, SqlState};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt::Display;
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;

/// The protocol name that clients offer when they start TLS without asking first.
const ALPN: &[u8] = b"postgresql";

/// Loads certificate and key.
///
/// # Errors
/// 58P01 for a missing file, 22P04 for one that holds no certificate or no key, or a key that does
/// not belong to the certificate. Never falls back to plain text.
pub fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, QlError> {
    let chain = certificates(&files.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| unreadable(&files.key, "private key", e))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| QlError::internal(e.to_string()))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| {
            let (certificate, key) = (files.certificate.display(), files.key.display());
            damaged(format!("TLS: {certificate} and {key} do not fit: {e}"))
        })?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Whether a connection that began with TLS named the protocol, as PostgreSQL requires.
pub fn names_protocol(alpn: Option<&[u8]>) -> bool {
    alpn == Some(ALPN)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, QlError> {
    let chain: Vec<_> = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| unreadable(path, "certificate", e))?;
    if chain.is_empty() {
        let message = format!("TLS: no certificate found in {}", path.display());
        return Err(damaged(message));
    }
    Ok(chain)
}

fn unreadable(path: &Path, what: &str, error: impl Display) -> QlError {
    let message = format!(
        "TLS: no {what} could be read from {}: {error}",
        path.display()
    );
    match path.exists() {
        true => damaged(message),
        false => QlError::new(SqlState::UndefinedFile, message),
    }
}

fn damaged(message: String) -> QlError {
    QlError::new(SqlState::BadFileFormat, message)
}
