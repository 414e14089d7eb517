//! Too much, too long, and garbage.

use crate::harness::{TestServer, code_of};
use crate::raw::Raw;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_too_many_is_told_so() {
    let server = TestServer::with(|options| options.max_connections = 2).await;
    let first = server.connect().await;
    let _second = server.connect().await;
    let error = server
        .log_in("ann", "correct horse")
        .await
        .expect_err("refused");
    assert_eq!(code_of(&error), "53300");
    drop(first);
    let begun = Instant::now();
    while server.log_in("ann", "correct horse").await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "the place is free again"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_login_frees_its_place() {
    let server = TestServer::with(|options| options.max_connections = 1).await;
    for _ in 0..5 {
        let error = server.log_in("ann", "wrong").await.expect_err("refused");
        assert_eq!(code_of(&error), "28P01");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.connect().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_log_in_is_thrown_out() {
    let server = TestServer::with(|options| {
        options.login_timeout = Duration::from_millis(200);
    })
    .await;
    let mut silent = Raw::open(server.address).await;
    assert!(silent.reply().await.is_none());
    let mut half = Raw::open(server.address).await;
    half.start("ann").await;
    assert_eq!(half.reply().await.expect("is asked").tag, 'R');
    assert!(half.reply().await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_ends_its_connection_and_nothing_else() {
    let server = TestServer::trusting().await;
    for garbage in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        &[0xff; 64],
        &[0, 0, 0, 4],
        &[0, 0, 0, 8, 0, 0, 0, 0],
        &[0, 0, 0, 9, 0, 3, 0, 0, 1],
        &[0, 0, 0, 12, 4, 210, 22, 46, 0, 0, 0, 1],
    ] {
        let mut raw = Raw::open(server.address).await;
        raw.send(garbage).await;
        while raw.reply().await.is_some() {}
    }
    for garbage in [
        &[b'!', 0, 0, 0, 4][..],
        &[b'Q', 0xff, 0xff, 0xff, 0xff],
        &[b'Q', 0x7f, 0xff, 0xff, 0xff],
        &[b'Q', 0, 0, 0, 0],
    ] {
        let mut raw = Raw::trusted(server.address).await;
        raw.send(garbage).await;
        let fault = raw.reply().await.expect("an answer");
        assert_eq!(
            (fault.tag, fault.field('S').as_str()),
            ('E', "FATAL"),
            "{garbage:?}"
        );
        assert!(raw.reply().await.is_none());
    }
    let mut raw = Raw::trusted(server.address).await;
    raw.message(b'Q', b"SELECT 1\0").await;
    assert_eq!(raw.tags().await, "TDCZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_of_query_are_answered() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let text = "x".repeat(10 << 20);
    let row = client
        .query_one(&format!("SELECT length('{text}')"), &[])
        .await
        .expect("runs");
    assert_eq!(row.get::<_, i32>(0), 10 << 20);
    let row = client
        .query_one("SELECT length($1)", &[&text])
        .await
        .expect("runs");
    assert_eq!(row.get::<_, i32>(0), 10 << 20);
    let error = client
        .simple_query(&format!("SELEC '{text}'"))
        .await
        .expect_err("does not parse");
    assert_eq!(code_of(&error), "42601");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_vanishes_leaves_nothing_running() {
    let server = TestServer::with(|options| {
        options.trust_loopback = true;
        options.max_connections = 1;
    })
    .await;
    let mut raw = Raw::trusted(server.address).await;
    raw.message(
        b'Q',
        b"SELECT count(*) FROM generate_series(1, 100000000000)\0",
    )
    .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    drop(raw);
    let begun = Instant::now();
    while server.log_in("ann", "").await.is_err() {
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "the place is free again"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
