//! Statements that end before they are done.

use crate::harness::{TestServer, code_of};
use crate::raw::{Raw, bind, execute, parse, sync};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// Runs for hours and sends rows all the time.
const ENDLESS_ROWS: &str = "SELECT * FROM generate_series(1, 100000000000)";

/// Runs for hours and sends nothing before its end.
const ENDLESS_SILENCE: &str = "SELECT count(*) FROM generate_series(1, 100000000000)";

const A_SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_ends_a_silent_query() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let token = client.cancel_token();
    let asked = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        token.cancel_query(NoTls).await.expect("is heard");
        Instant::now()
    });
    let error = client
        .simple_query(ENDLESS_SILENCE)
        .await
        .expect_err("is cancelled");
    assert_eq!(code_of(&error), "57014");
    assert!(asked.await.expect("asks").elapsed() < A_SECOND);
    assert!(client.simple_query("SELECT 1").await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_ends_a_stream_of_rows() {
    let server = TestServer::trusting().await;
    for is_extended in [false, true] {
        let mut raw = Raw::open(server.address).await;
        raw.start("ann").await;
        let key = raw
            .until('Z')
            .await
            .into_iter()
            .find(|r| r.tag == 'K')
            .expect("a key")
            .body;
        let request = match is_extended {
            true => [parse(ENDLESS_ROWS), bind(""), execute("", 0), sync()].concat(),
            false => crate::raw::message(b'Q', format!("{ENDLESS_ROWS}\0").as_bytes()),
        };
        raw.send(&request).await;
        for _ in 0..1000 {
            raw.reply().await.expect("rows");
        }
        let mut other = Raw::open(server.address).await;
        other
            .send(&[&[0, 0, 0, 16, 4, 210, 22, 46][..], &key].concat())
            .await;
        let begun = Instant::now();
        let replies = raw.until('Z').await;
        assert!(begun.elapsed() < A_SECOND, "{:?}", begun.elapsed());
        let error = replies.iter().find(|r| r.tag == 'E').expect("an error");
        assert_eq!(error.field('C'), "57014");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_request_with_a_wrong_secret_does_nothing() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::open(server.address).await;
    raw.start("ann").await;
    let key = raw
        .until('Z')
        .await
        .into_iter()
        .find(|r| r.tag == 'K')
        .expect("a key")
        .body;
    let wrong: Vec<u8> = key
        .iter()
        .enumerate()
        .map(|(i, b)| if i == 7 { b ^ 1 } else { *b })
        .collect();
    raw.message(
        b'Q',
        b"SELECT count(*) FROM generate_series(1, 300000000)\0",
    )
    .await;
    let mut other = Raw::open(server.address).await;
    other
        .send(&[&[0, 0, 0, 16, 4, 210, 22, 46][..], &wrong].concat())
        .await;
    assert_eq!(raw.tags().await, "TDCZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_cancel_request_does_not_hit_the_next_statement() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    client.simple_query("SELECT 1").await.expect("runs");
    client
        .cancel_token()
        .cancel_query(NoTls)
        .await
        .expect("is heard");
    tokio::time::sleep(Duration::from_millis(50)).await;
    client.simple_query("SELECT 1").await.expect("still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn statement_timeout_ends_silent_queries_and_streams() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    client
        .simple_query("SET statement_timeout = '200ms'")
        .await
        .expect("sets");
    for sql in [ENDLESS_SILENCE, ENDLESS_ROWS] {
        let begun = Instant::now();
        let error = client.simple_query(sql).await.expect_err("ends");
        assert_eq!(code_of(&error), "57014");
        assert!(
            begun.elapsed() < Duration::from_secs(3),
            "{:?}",
            begun.elapsed()
        );
    }
    client
        .simple_query("SET statement_timeout = 0")
        .await
        .expect("sets");
    client.simple_query("SELECT 1").await.expect("runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_the_server_tells_idle_clients_and_cancels_the_rest() {
    let mut server = TestServer::trusting().await;
    let mut idle = Raw::trusted(server.address).await;
    let mut busy = Raw::trusted(server.address).await;
    busy.message(b'Q', format!("{ENDLESS_SILENCE}\0").as_bytes())
        .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = Instant::now();
    server.stop().await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(idle.reply().await.expect("a goodbye").field('C'), "57P01");
    let replies = busy.until('E').await;
    assert_eq!(replies.last().expect("an error").field('C'), "57014");
}
