use crate::db::Db;
use quantlake_core::SqlState;

#[tokio::test]
async fn values_of_every_storable_type_come_back() {
    let db = Db::new();
    db.sql(
        "CREATE TABLE t (id INT, b BOOLEAN, i2 SMALLINT, i8 BIGINT, f4 REAL, f8 DOUBLE PRECISION,
         d DECIMAL(18, 4), s TEXT, v VARCHAR, day DATE, ts TIMESTAMP, tz TIMESTAMP WITH TIME ZONE, raw BYTEA)",
    )
    .await;
    db.sql(
        "INSERT INTO t VALUES (1, true, -32768, 9223372036854775807, 1.5, 0.1, 12345.6789, 'Zürich',
         '', DATE '2024-02-29', TIMESTAMP '2024-02-29 23:59:59.123456', TIMESTAMP '2024-02-29 12:00:00', X'00ff'),
         (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)",
    )
    .await;
    let db = db.restart();
    let expected = "1,true,-32768,9223372036854775807,1.5,0.1,12345.6789,Zürich,,2024-02-29,\
                    2024-02-29T23:59:59.123456,2024-02-29T12:00:00Z,00ff\n2,,,,,,,,,,,,";
    assert_eq!(db.sql("SELECT * FROM t ORDER BY id").await, expected);
    let types = db
        .sql("SELECT data_type FROM information_schema.columns WHERE table_name = 't' AND column_name = 'd'")
        .await;
    assert_eq!(types, "Decimal128(18, 4)");
}

#[tokio::test]
async fn result_types_of_a_query_are_stored_as_their_nearest() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT NULL AS nothing, now() AS at, 1 AS one, 'x' AS text, arrow_cast('k', 'Dictionary(Int32, Utf8)') AS key").await;
    assert_eq!(
        db.sql("SELECT nothing, one, text, key FROM t").await,
        ",1,x,k"
    );
}

#[tokio::test]
async fn type_that_cannot_be_stored_is_refused_before_anything_happens() {
    let db = Db::new();
    for sql in [
        "CREATE TABLE t AS SELECT INTERVAL '1 day' AS held",
        "CREATE TABLE t (held INTERVAL)",
        "CREATE TABLE t AS SELECT named_struct('a', 1) AS s",
    ] {
        let error = db.error(sql).await;
        assert_eq!(error.state, SqlState::FeatureNotSupported, "{sql}");
        assert!(
            error.message.starts_with("t: column `"),
            "{}",
            error.message
        );
    }
    assert_eq!(db.error("SELECT * FROM t").await.state, SqlState::Internal);
}
