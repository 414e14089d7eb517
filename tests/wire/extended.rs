//! Prepared statements, values, portals.

use crate::harness::{TestServer, code_of};
use crate::raw::{Raw, bind, execute, message, parse, sync};
use chrono::{NaiveDate, NaiveDateTime, NaiveTime};
use tokio_postgres::types::{FromSql, ToSql, Type};

/// Sends a value as `$1` and reads it back; the driver uses the binary formats.
async fn round_trip<T>(server: &TestServer, cast: &str, value: T)
where
    T: ToSql + Sync + PartialEq + std::fmt::Debug + for<'a> FromSql<'a>,
{
    let client = server.connect().await;
    let sql = format!("SELECT CAST($1 AS {cast}), $1 IS NULL");
    let row = client
        .query_one(&sql, &[&value])
        .await
        .unwrap_or_else(|e| panic!("{cast}: {e:?}"));
    assert_eq!(row.get::<_, T>(0), value, "{cast}");
    let null: Option<T> = None;
    let row = client.query_one(&sql, &[&null]).await.expect(cast);
    assert_eq!(
        (row.get::<_, Option<T>>(0), row.get::<_, bool>(1)),
        (None, true),
        "{cast}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_each_type_come_back_as_they_went() {
    let server = TestServer::start().await;
    round_trip(&server, "boolean", true).await;
    round_trip(&server, "smallint", -5i16).await;
    round_trip(&server, "int", 1_000_000i32).await;
    round_trip(&server, "bigint", i64::MIN).await;
    round_trip(&server, "real", 1.5f32).await;
    round_trip(&server, "double precision", 0.1f64).await;
    round_trip(&server, "varchar", "naïve ☂ 'quoted'".to_string()).await;
    let day = NaiveDate::from_ymd_opt(2024, 2, 29).expect("a day");
    let time = NaiveTime::from_hms_micro_opt(12, 30, 0, 500_000).expect("a time");
    round_trip(&server, "date", day).await;
    round_trip::<NaiveDateTime>(&server, "timestamp", day.and_time(time)).await;
    round_trip(&server, "bytea", vec![0u8, 255, 7]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_each_type_are_read_as_text() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    for (cast, text, printed) in [
        ("boolean", "yes", "t"),
        ("int", " 42 ", "42"),
        ("double precision", "1e-5", "1e-05"),
        ("decimal(10,2)", "1.25", "1.25"),
        ("varchar", "a b", "a b"),
        ("date", "2024-02-29", "2024-02-29"),
        (
            "timestamp",
            "2024-02-29 12:30:00.5",
            "2024-02-29 12:30:00.5",
        ),
        ("bytea", "\\x00ff", "\\x00ff"),
    ] {
        let mut bind = b"\0\0\0\0\0\x01".to_vec();
        bind.extend((text.len() as u32).to_be_bytes());
        bind.extend(text.as_bytes());
        bind.extend([0, 0]);
        let statement = parse(&format!("SELECT CAST($1 AS {cast})"));
        raw.send(&[statement, message(b'B', &bind), execute("", 0), sync()].concat())
            .await;
        let replies = raw.until('Z').await;
        let row = replies.iter().find(|r| r.tag == 'D').unwrap_or_else(|| {
            panic!(
                "{cast}: {}",
                replies.iter().map(|r| r.field('M')).collect::<String>()
            )
        });
        assert_eq!(row.body.get(6..), Some(printed.as_bytes()), "{cast}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_tells_parameters_and_columns() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    client
        .simple_query("CREATE TABLE t (a int, b double, c varchar)")
        .await
        .expect("creates");
    let statement = client
        .prepare("SELECT a, b FROM t WHERE c = $1 AND b > $2 LIMIT $3")
        .await;
    let statement = statement.expect("prepares");
    assert_eq!(statement.params(), [Type::TEXT, Type::FLOAT8, Type::INT8]);
    let columns: Vec<_> = statement
        .columns()
        .iter()
        .map(|c| (c.name(), c.type_()))
        .collect();
    assert_eq!(columns, [("a", &Type::INT4), ("b", &Type::FLOAT8)]);
    let insert = client
        .prepare("INSERT INTO t VALUES ($1, $2, $3)")
        .await
        .expect("prepares");
    assert!(insert.columns().is_empty());
    let n = client
        .execute(&insert, &[&1i32, &2.5f64, &"x"])
        .await
        .expect("inserts");
    assert_eq!(n, 1);
    let rows = client
        .query(&statement, &[&"x", &1.0f64, &10i64])
        .await
        .expect("selects");
    assert_eq!(rows[0].get::<_, f64>(1), 2.5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_that_nothing_types_takes_the_client_s_type() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    let statement = client
        .prepare_typed("SELECT $1", &[Type::INT4])
        .await
        .expect("prepares");
    assert_eq!(statement.columns()[0].type_(), &Type::INT4);
    let row = client.query_one(&statement, &[&7i32]).await.expect("runs");
    assert_eq!(row.get::<_, i32>(0), 7);
    let row = client
        .query_one("SELECT $1", &[&"text"])
        .await
        .expect("runs");
    assert_eq!(row.get::<_, &str>(0), "text");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_portal_gives_its_rows_in_portions() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    raw.message(b'Q', b"BEGIN\0").await;
    raw.tags().await;
    let sql = parse("SELECT * FROM generate_series(1, 25)");
    raw.send(&[sql, bind("p"), execute("p", 10), sync()].concat())
        .await;
    assert_eq!(raw.tags().await, format!("12{}sZ", "D".repeat(10)));
    raw.send(&[execute("p", 10), sync()].concat()).await;
    assert_eq!(raw.tags().await, format!("{}sZ", "D".repeat(10)));
    raw.send(&[execute("p", 10), sync()].concat()).await;
    assert_eq!(raw.tags().await, format!("{}CZ", "D".repeat(5)));
    raw.message(b'Q', b"COMMIT\0").await;
    raw.tags().await;
    raw.send(&[execute("p", 10), sync()].concat()).await;
    assert_eq!(raw.until('Z').await[0].field('C'), "34000");
}

/// Bytes that this process holds, or `None` where the system does not tell.
fn resident_bytes() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.trim()
        .strip_suffix(" kB")?
        .trim()
        .parse::<usize>()
        .ok()
        .map(|kb| kb * 1024)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_result_is_never_held() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    // A thousand million bytes of rows, read slowly enough for them to pile up if they could.
    let sql = "SELECT x, repeat('x', 1000) FROM generate_series(1, 1000000) AS t(x)";
    raw.send(&[parse(sql), bind(""), execute("", 0), sync()].concat())
        .await;
    raw.until('2').await;
    let before = resident_bytes();
    let (mut n_rows, mut most) = (0, 0);
    loop {
        match raw.reply().await.expect("rows").tag {
            'D' => n_rows += 1,
            'C' => break,
            other => panic!("{other}"),
        }
        if n_rows % 100_000 == 0 {
            most = most.max(resident_bytes().unwrap_or(0));
        }
    }
    assert_eq!(n_rows, 1_000_000);
    let grown = most.saturating_sub(before.unwrap_or(0));
    assert!(grown < 300 << 20, "{grown} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_table_is_not_read_by_the_old_description() {
    let server = TestServer::start().await;
    let client = server.connect().await;
    client
        .simple_query("CREATE TABLE t (a int)")
        .await
        .expect("creates");
    let statement = client.prepare("SELECT a FROM t").await.expect("prepares");
    client
        .simple_query("DROP TABLE t; CREATE TABLE t (a varchar)")
        .await
        .expect("changes");
    let error = client.query(&statement, &[]).await.expect_err("refused");
    assert_eq!(code_of(&error), "0A000");
    assert!(error.to_string().contains("cached plan") || error.as_db_error().is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn named_statements_live_until_they_are_closed() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    let named = message(b'P', b"s\0SELECT 1\0\0\0");
    raw.send(&[named.clone(), sync()].concat()).await;
    assert_eq!(raw.tags().await, "1Z");
    raw.send(&[named.clone(), sync()].concat()).await;
    assert_eq!(raw.until('Z').await[0].field('C'), "42P05");
    raw.send(
        &[
            message(b'C', b"Ss\0"),
            named,
            message(b'D', b"Ss\0"),
            sync(),
        ]
        .concat(),
    )
    .await;
    assert_eq!(raw.tags().await, "31tTZ");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_statement_is_answered_as_such() {
    let server = TestServer::trusting().await;
    let mut raw = Raw::trusted(server.address).await;
    let describe = message(b'D', b"S\0");
    raw.send(
        &[
            parse(" -- nothing"),
            describe,
            bind(""),
            execute("", 0),
            sync(),
        ]
        .concat(),
    )
    .await;
    assert_eq!(raw.tags().await, "1tn2IZ");
}
