//! What connections share and what they do not.

use crate::harness::TestServer;
use crate::raw::Raw;

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_of_one_connection_is_not_another_s() {
    let server = TestServer::start().await;
    let (one, two) = (server.connect().await, server.connect().await);
    one.simple_query("SET timezone = 'Asia/Tokyo'; SET statement_timeout = '9s'")
        .await
        .expect("sets");
    for name in ["timezone", "statement_timeout"] {
        let show = format!("SHOW {name}");
        let mine = one.query_one(&show, &[]).await.expect("shows");
        let theirs = two.query_one(&show, &[]).await.expect("shows");
        assert_ne!(mine.get::<_, &str>(0), theirs.get::<_, &str>(0), "{name}");
        let function = format!("SELECT current_setting('{name}')");
        let value = one.query_one(&function, &[]).await.expect("reads");
        assert_eq!(value.get::<_, &str>(0), mine.get::<_, &str>(0), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_one_connection_is_another_s_too() {
    let server = TestServer::start().await;
    let (one, two) = (server.connect().await, server.connect().await);
    one.simple_query("CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)")
        .await
        .expect("writes");
    let rows = two
        .query("SELECT a FROM t ORDER BY a", &[])
        .await
        .expect("reads");
    assert_eq!(
        rows.iter().map(|r| r.get::<_, i32>(0)).collect::<Vec<_>>(),
        [1, 2]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_have_postgresql_s_tags() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    for (sql, tag) in [
        ("CREATE TABLE t (a int)", "CREATE TABLE"),
        ("INSERT INTO t VALUES (1), (2), (3)", "INSERT 0 3"),
        ("UPDATE t SET a = 5 WHERE a > 1", "UPDATE 2"),
        ("DELETE FROM t WHERE a = 1", "DELETE 1"),
        ("SELECT * FROM t", "SELECT 2"),
        ("SET application_name = 'x'", "SET"),
        ("BEGIN", "BEGIN"),
        ("COMMIT", "COMMIT"),
        ("DROP TABLE t", "DROP TABLE"),
    ] {
        raw.message(b'Q', format!("{sql}\0").as_bytes()).await;
        let replies = raw.until('Z').await;
        let told = replies
            .iter()
            .find(|r| r.tag == 'C')
            .map(crate::raw::Reply::text);
        assert_eq!(told.as_deref(), Some(tag), "{sql}: {replies:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_setting_is_reported() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    raw.message(b'Q', b"SET timezone = 'Asia/Tokyo'\0").await;
    let replies = raw.until('Z').await;
    assert_eq!(replies[0].tag, 'S');
    assert_eq!(replies[0].text(), "TimeZone\0Asia/Tokyo");
    raw.message(b'Q', b"SELECT to_timestamp(0)::timestamptz\0")
        .await;
    assert_eq!(raw.tags().await, "TDCZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warning_is_a_notice() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    raw.message(b'Q', b"COMMIT\0").await;
    let replies = raw.until('Z').await;
    assert_eq!(replies[0].tag, 'N');
    assert_eq!(replies[0].field('M'), "there is no transaction in progress");
}
