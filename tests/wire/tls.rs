//! TLS: offered, demanded, and never silently left out.

use crate::harness::{TestServer, tls_file};
use crate::raw::Raw;
use quantlake::server::{Server, ServerOptions, TlsFiles};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

fn files(certificate: &str, key: &str) -> TlsFiles {
    TlsFiles {
        certificate: tls_file(certificate),
        key: tls_file(key),
    }
}

fn connector(certificate: &str) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let certificate = CertificateDer::from_pem_file(tls_file(certificate)).expect("certificate");
    roots.add(certificate).expect("a root");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

async fn encrypted(address: SocketAddr, certificate: &str) -> Raw<TlsStream<TcpStream>> {
    let mut stream = TcpStream::connect(address).await.expect("connects");
    stream.write_all(&TLS_REQUEST).await.expect("asks");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'S');
    let name = ServerName::try_from("localhost").expect("a name");
    let stream = connector(certificate)
        .connect(name, stream)
        .await
        .expect("shakes hands");
    Raw::over(stream)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_usual_form_of_key_works() {
    for (certificate, key) in [
        ("rsa.crt", "rsa-pkcs8.key"),
        ("rsa.crt", "rsa-pkcs1.key"),
        ("ec.crt", "ec-sec1.key"),
    ] {
        let server = TestServer::with(|options| {
            options.trust_loopback = true;
            options.tls = Some(files(certificate, key));
        })
        .await;
        let mut raw = encrypted(server.address, certificate).await;
        raw.start("ann").await;
        raw.until('Z').await;
        raw.message(b'Q', b"SELECT 1\0").await;
        assert_eq!(raw.tags().await, "TDCZ", "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_tls_the_request_is_declined_and_plain_text_goes_on() {
    let server = TestServer::trusting().await;
    let mut stream = TcpStream::connect(server.address).await.expect("connects");
    stream.write_all(&TLS_REQUEST).await.expect("asks");
    assert_eq!(stream.read_u8().await.expect("an answer"), b'N');
    let mut raw = Raw::over(stream);
    raw.start("ann").await;
    raw.until('Z').await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_do_not_load_stop_the_start() {
    let server = TestServer::start().await;
    for (tls, code) in [
        (files("missing.crt", "rsa-pkcs8.key"), "58P01"),
        (files("rsa.crt", "missing.key"), "58P01"),
        (files("rsa-pkcs8.key", "rsa-pkcs8.key"), "22P04"),
        (files("rsa.crt", "rsa.crt"), "22P04"),
        (files("rsa.crt", "ec-sec1.key"), "22P04"),
    ] {
        let options = ServerOptions {
            listen: "127.0.0.1:0".parse().expect("address"),
            tls: Some(tls.clone()),
            ..ServerOptions::default()
        };
        let error = Server::bind(Arc::clone(&server.engine), options)
            .await
            .expect_err("refused");
        assert_eq!(error.state.code(), code, "{tls:?}: {error}");
    }
}

/// An address of this machine that is not loopback.
fn outer_address() -> Option<std::net::IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: connecting a datagram socket only picks the route.
    socket.connect("192.0.2.1:9").ok()?;
    let ip = socket.local_addr().ok()?.ip();
    (!ip.is_loopback() && !ip.is_unspecified()).then_some(ip)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_from_outside_has_to_encrypt() {
    let Some(ip) = outer_address() else {
        eprintln!("this machine has no network, so that nobody can come from outside");
        return;
    };
    let server = TestServer::with(|options| {
        options.listen = SocketAddr::new(ip, 0);
        options.trust_loopback = true;
        options.tls = Some(files("rsa.crt", "rsa-pkcs8.key"));
    })
    .await;
    let mut plain = Raw::open(server.address).await;
    plain.start("ann").await;
    let refused = plain.reply().await.expect("an answer");
    assert_eq!((refused.tag, refused.field('C').as_str()), ('E', "28000"));
    assert!(plain.reply().await.is_none());

    let mut secure = encrypted(server.address, "rsa.crt").await;
    secure.start("ann").await;
    // Trust is for this machine's own programs only: here a password is asked for.
    let asked = secure.reply().await.expect("an answer");
    assert_eq!(
        (asked.tag, asked.body.get(..4)),
        ('R', Some(&[0, 0, 0, 10][..]))
    );
}
