//! Who gets in.

use crate::harness::{PASSWORD, TestServer, USER, code_of};
use crate::raw::Raw;
use quantlake::server::{Server, ServerOptions};
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn the_right_password_gets_in() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let row = client
        .query_one("SELECT current_user, version()", &[])
        .await
        .expect("answers");
    assert_eq!(row.get::<_, &str>(0), USER);
    assert!(
        row.get::<_, &str>(1)
            .starts_with("PostgreSQL 16.6 (QuantLake ")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_and_an_unknown_user_look_the_same() {
    let server = TestServer::start().await;
    for (user, password) in [(USER, "wrong"), ("nobody", PASSWORD), ("nobody", "")] {
        let error = server.log_in(user, password).await.expect_err("stays out");
        if password.is_empty() {
            continue;
        }
        let db = error.as_db_error().expect("an answer");
        assert_eq!((db.code().code(), db.severity()), ("28P01", "FATAL"));
        assert_eq!(
            db.message(),
            format!("password authentication failed for user \"{user}\"")
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_login_is_in_the_audit_log() {
    let server = TestServer::start().await;
    assert!(server.log_in(USER, "wrong").await.is_err());
    let log = server.engine.lake().ledger().audit_log(10).expect("reads");
    assert!(
        log.iter()
            .any(|e| e.user == USER && e.event == "login failed"),
        "{log:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_password_counts_from_the_next_login() {
    let server = TestServer::start().await;
    crate::harness::run(&server.engine, "ALTER USER ann PASSWORD 'new one'").await;
    assert!(server.log_in(USER, PASSWORD).await.is_err());
    assert!(server.log_in(USER, "new one").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_user_gets_the_same_salt_each_time() {
    let server = TestServer::start().await;
    let mut challenges = Vec::new();
    for _ in 0..2 {
        let mut raw = Raw::open(server.address).await;
        raw.start("ghost").await;
        assert_eq!(raw.reply().await.expect("an answer").tag, 'R');
        let first = b"n,,n=,r=abcdefgh";
        let mut body = b"SCRAM-SHA-256\0".to_vec();
        body.extend((first.len() as u32).to_be_bytes());
        body.extend(first);
        raw.message(b'p', &body).await;
        let reply = raw.reply().await.expect("a challenge").text();
        let salt = reply.split(",s=").nth(1).expect("a salt").to_string();
        challenges.push(salt);
    }
    assert_eq!(challenges[0], challenges[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusting_server_asks_no_password_on_loopback() {
    let server = TestServer::trusting().await;
    assert!(server.log_in("anyone", "").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_address_without_tls_is_refused_at_start() {
    let server = TestServer::start().await;
    let options = ServerOptions {
        listen: "0.0.0.0:0".parse().expect("address"),
        ..ServerOptions::default()
    };
    let error = Server::bind(Arc::clone(&server.engine), options)
        .await
        .expect_err("refused");
    assert_eq!(error.state.code(), "22023");
    assert!(
        error.message.contains("must be a loopback address"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_exist_is_refused() {
    let server = TestServer::trusting().await;
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.address.port())
        .user("ann")
        .dbname("shop");
    let error = config
        .connect(tokio_postgres::NoTls)
        .await
        .err()
        .expect("refused");
    assert_eq!(code_of(&error), "3D000");
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_in_the_startup_message_count() {
    let server = TestServer::trusting().await;
    let mut config = tokio_postgres::Config::new();
    config
        .host("127.0.0.1")
        .port(server.address.port())
        .user("ann")
        .application_name("a test")
        .options("-c statement_timeout=7s");
    let (client, connection) = config
        .connect(tokio_postgres::NoTls)
        .await
        .expect("logs in");
    tokio::spawn(connection);
    let show = |name: &str| format!("SHOW {name}");
    for (name, expected) in [
        ("statement_timeout", "7000ms"),
        ("application_name", "a test"),
    ] {
        let row = client.query_one(&show(name), &[]).await.expect("shows");
        assert_eq!(row.get::<_, &str>(0), expected);
    }
}
