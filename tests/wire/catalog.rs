//! The catalog as drivers ask for it.

use crate::harness::TestServer;

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_found_with_the_types_that_the_wire_has() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let ddl =
        "CREATE TABLE bars (ts timestamp, symbol varchar NOT NULL, close double, volume bigint)";
    client.simple_query(ddl).await.expect("creates");
    let sql = "SELECT a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod) \
               FROM pg_catalog.pg_attribute a WHERE a.attrelid = 'bars'::regclass \
               AND a.attnum > 0 ORDER BY a.attnum";
    let rows = client.query(sql, &[]).await.expect("answers");
    let columns: Vec<(String, String)> = rows.iter().map(|r| (r.get(0), r.get(1))).collect();
    let expected = [
        ("ts", "timestamp without time zone"),
        ("symbol", "text"),
        ("close", "double precision"),
        ("volume", "bigint"),
    ];
    assert_eq!(
        columns,
        expected.map(|(n, t)| (n.to_string(), t.to_string()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn object_ids_survive_a_reconnect_and_join() {
    let server = TestServer::start().await;
    let oid = async || {
        let client = server.connect().await;
        client
            .simple_query("CREATE TABLE IF NOT EXISTS t (a int)")
            .await
            .expect("creates");
        let sql = "SELECT c.oid, n.nspname::text FROM pg_class c JOIN pg_namespace n \
                   ON n.oid = c.relnamespace WHERE c.relname = 't'";
        let row = client.query_one(sql, &[]).await.expect("is found");
        assert_eq!(row.get::<_, String>(1), "public");
        row.get::<_, u32>(0)
    };
    assert_eq!(oid().await, oid().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_function_is_in_pg_proc() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let n_names = server
        .engine
        .registry()
        .iter()
        .map(|f| f.spec.names().count())
        .sum::<usize>();
    let sql = "SELECT count(DISTINCT p.oid) FROM pg_proc p WHERE p.pronamespace = 2200";
    let row = client.query_one(sql, &[]).await.expect("counts");
    assert_eq!(row.get::<_, i64>(0), n_names as i64);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_can_reset_a_connection() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    for sql in [
        "DISCARD ALL",
        "SELECT pg_advisory_unlock_all()",
        "CLOSE ALL",
        "UNLISTEN *",
        "RESET ALL",
        "SELECT set_config('application_name', 'pool', false)",
    ] {
        client
            .simple_query(sql)
            .await
            .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }
    let row = client
        .query_one("SHOW application_name", &[])
        .await
        .expect("shows");
    assert_eq!(row.get::<_, &str>(0), "pool");
}
