//! Errors: their codes, their places, and that the connection survives them.

use crate::harness::{TestServer, code_of};
use crate::raw::{Raw, bind, execute, parse, sync};

/// A statement and the SQLSTATE that PostgreSQL would answer.
const CASES: &[(&str, &str)] = &[
    ("SELEC 1", "42601"),
    ("SELECT nope", "42703"),
    ("SELECT * FROM nope", "42P01"),
    ("SELECT nope(1)", "42883"),
    ("SELECT 1/0", "22012"),
    ("SELECT CAST('x' AS int)", "22P02"),
    ("COPY t TO STDOUT", "0A000"),
    ("COPY t FROM STDIN", "0A000"),
    ("SET nope = 1", "42704"),
    ("SET server_version = '1'", "55000"),
    ("SET statement_timeout = 'soon'", "22023"),
    ("CREATE USER eve PASSWORD 'x'", "42501"),
    ("SELECT current_setting('nope')", "42704"),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_error_has_postgresql_s_code_in_both_protocols() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    client
        .simple_query("CREATE TABLE t (a int)")
        .await
        .expect("creates");
    for (sql, code) in CASES {
        let simple = client.simple_query(sql).await.expect_err(sql);
        assert_eq!(code_of(&simple), *code, "simple: {sql}: {simple:?}");
        let extended = client.query(*sql, &[]).await.expect_err(sql);
        assert_eq!(code_of(&extended), *code, "extended: {sql}: {extended:?}");
        client
            .simple_query("SELECT 1")
            .await
            .expect("the connection lives on");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_syntax_error_tells_its_place() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let error = client
        .simple_query("SELECT 1;\nSELEC 2")
        .await
        .expect_err("does not parse");
    let position = error
        .as_db_error()
        .and_then(|e| e.position())
        .expect("a place");
    assert_eq!(
        *position,
        tokio_postgres::error::ErrorPosition::Original(11)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_error_everything_up_to_sync_is_skipped() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    let request = [
        parse("SELECT nope"),
        bind(""),
        execute("", 0),
        parse("SELECT 1"),
        sync(),
    ];
    raw.send(&request.concat()).await;
    assert_eq!(raw.tags().await, "EZ");
    raw.send(&[parse("SELECT 1"), bind(""), execute("", 0), sync()].concat())
        .await;
    assert_eq!(raw.tags().await, "12DCZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_aborted_block_answers_25p02_until_it_ends() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    let mut status = async |sql: &str| {
        raw.message(b'Q', format!("{sql}\0").as_bytes()).await;
        let replies = raw.until('Z').await;
        let code = replies.iter().find(|r| r.tag == 'E').map(|r| r.field('C'));
        (
            code.unwrap_or_default(),
            replies.last().expect("ready").text(),
        )
    };
    let answer = |code: &str, state: &str| (code.to_string(), state.to_string());
    assert_eq!(status("BEGIN").await, answer("", "T"));
    assert_eq!(status("SELECT nope").await, answer("42703", "E"));
    assert_eq!(status("SELECT 1").await, answer("25P02", "E"));
    assert_eq!(status("COMMIT").await, answer("", "I"));
    assert_eq!(status("SELECT 1").await, answer("", "I"));
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_do_not_exist_have_their_codes() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    for (request, code) in [
        (execute("nope", 0), "34000"),
        (crate::raw::message(b'B', b"\0nope\0\0\0\0\0\0\0"), "26000"),
        (crate::raw::message(b'D', b"Snope\0"), "26000"),
        (parse("SELECT 1; SELECT 2"), "42601"),
        (crate::raw::message(b'B', b"x"), "08P01"),
        (crate::raw::message(b'P', b"\0\xff\0\0\0"), "22021"),
    ] {
        raw.send(&[request, sync()].concat()).await;
        let replies = raw.until('Z').await;
        assert_eq!(replies[0].field('C'), code, "{replies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_statements_before_a_failing_one_are_answered() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    raw.message(b'Q', b"SELECT 1; SELECT nope; SELECT 2\0")
        .await;
    assert_eq!(raw.tags().await, "TDCEZ");
    raw.message(b'Q', b" ; ;\0").await;
    assert_eq!(raw.tags().await, "IZ");
}
