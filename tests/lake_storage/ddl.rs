use crate::db::Db;
use quantlake::lake::Snapshot;
use quantlake_core::SqlState;

#[tokio::test]
async fn table_is_made_from_a_query_with_its_rows() {
    let db = Db::new();
    assert_eq!(
        db.sql("CREATE TABLE t AS SELECT x, x * 2 AS y FROM generate_series(1, 3) AS g(x)")
            .await,
        "SELECT 3"
    );
    assert_eq!(db.sql("SELECT * FROM t ORDER BY x").await, "1,2\n2,4\n3,6");
    assert_eq!(
        db.sql("CREATE TABLE empty AS SELECT 1 AS x WHERE false")
            .await,
        "SELECT 0"
    );
    assert_eq!(db.sql("SELECT count(*) FROM empty").await, "0");
    assert_eq!(db.sql("CREATE TABLE e (x INT)").await, "CREATE TABLE");
    assert_eq!(db.sql("SELECT * FROM e").await, "");
}

#[tokio::test]
async fn name_that_is_taken_or_free_is_handled_as_asked() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    db.sql("CREATE VIEW v AS SELECT 1 AS x").await;
    for sql in [
        "CREATE TABLE t (x INT)",
        "CREATE TABLE v (x INT)",
        "CREATE VIEW t AS SELECT 1",
        "CREATE VIEW v AS SELECT 1",
    ] {
        assert_eq!(db.error(sql).await.state, SqlState::DuplicateTable, "{sql}");
    }
    assert_eq!(
        db.sql("CREATE TABLE IF NOT EXISTS t AS SELECT 2 AS x")
            .await,
        "CREATE TABLE"
    );
    assert_eq!(db.sql("SELECT x FROM t").await, "1");
    for sql in ["DROP TABLE nothing", "DROP VIEW nothing"] {
        assert_eq!(db.error(sql).await.state, SqlState::UndefinedTable, "{sql}");
    }
    assert_eq!(db.sql("DROP TABLE IF EXISTS nothing").await, "DROP TABLE");
    assert_eq!(
        db.error("DROP TABLE v").await.hint.unwrap(),
        "Use DROP VIEW"
    );
    assert_eq!(
        db.error("DROP VIEW t").await.hint.unwrap(),
        "Use DROP TABLE"
    );
    for name in ["\"a@v1\"", "\"a/b\"", "\"\"", "\"__stage_x\""] {
        let error = db.error(&format!("CREATE TABLE {name} (x INT)")).await;
        assert_eq!(error.state, SqlState::InvalidParameter, "{name}");
    }
}

#[tokio::test]
async fn dropped_name_can_be_used_for_another_shape() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    db.sql("DROP TABLE t").await;
    assert!(db.try_sql("SELECT * FROM t").await.is_err());
    db.sql("CREATE TABLE t (x TEXT, y DOUBLE PRECISION)").await;
    db.sql("INSERT INTO t VALUES ('a', 1.5)").await;
    let db = db.restart();
    assert_eq!(db.sql("SELECT * FROM t").await, "a,1.5");
    let names = db
        .sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        .await;
    assert_eq!(names, "t");
}

#[tokio::test]
async fn replaced_table_is_new_in_one_step_and_old_in_its_snapshot() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x, 2 AS y").await;
    let before = db.lake.snapshots().unwrap().last().unwrap().snapshot_id;
    db.sql("CREATE OR REPLACE TABLE t AS SELECT 'new' AS x FROM t")
        .await;
    assert_eq!(db.sql("SELECT * FROM t").await, "new");
    db.sql("CREATE OR REPLACE TABLE t (z INT)").await;
    db.sql("INSERT INTO t VALUES (9)").await;
    assert_eq!(db.sql("SELECT * FROM t").await, "9");
    let old = db
        .lake
        .table_at("public", "t", Snapshot::Version(before))
        .unwrap();
    let rows = db.ctx.read_table(old).unwrap().collect().await.unwrap();
    assert_eq!(crate::db::rows(&rows), "1,2");
    let db = db.restart();
    assert_eq!(db.sql("SELECT * FROM t").await, "9");
    assert_eq!(
        db.sql(&format!("SELECT * FROM \"t@v{before}\"")).await,
        "1,2"
    );
}

#[tokio::test]
async fn table_whose_query_fails_is_not_there() {
    let db = Db::new();
    let failing = "AS SELECT 1 / (50000 - x) AS y FROM generate_series(1, 50000) AS g(x)";
    db.error(&format!("CREATE TABLE t {failing}")).await;
    assert!(db.try_sql("SELECT * FROM t").await.is_err());
    // Another commit must not make the half-made table visible.
    db.sql("CREATE TABLE other (x INT)").await;
    assert!(db.try_sql("SELECT * FROM t").await.is_err());
    assert_eq!(
        db.sql("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
            .await,
        "other"
    );
    db.sql("CREATE TABLE t AS SELECT 1 AS ok").await;
    db.error(&format!("CREATE OR REPLACE TABLE t {failing}"))
        .await;
    assert_eq!(db.sql("SELECT ok FROM t").await, "1");
    let db = db.restart();
    assert_eq!(db.sql("SELECT ok FROM t").await, "1");
}

#[tokio::test]
async fn table_that_a_view_needs_cannot_be_dropped() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT)").await;
    db.sql("CREATE VIEW v AS SELECT x FROM t").await;
    let error = db.error("DROP TABLE t").await;
    assert_eq!(error.state, SqlState::ObjectNotInState);
    assert_eq!(
        error.message,
        "cannot drop table public.t: needed by view public.v"
    );
    db.sql("DROP VIEW v").await;
    db.sql("DROP TABLE t").await;
}

#[tokio::test]
async fn schemas_are_made_and_dropped() {
    let db = Db::new();
    db.sql("CREATE SCHEMA lab").await;
    assert_eq!(
        db.error("CREATE SCHEMA lab").await.state,
        SqlState::DuplicateObject
    );
    db.sql("CREATE SCHEMA IF NOT EXISTS lab").await;
    db.sql("CREATE TABLE lab.t AS SELECT 1 AS x").await;
    db.sql("CREATE VIEW lab.v AS SELECT x FROM lab.t").await;
    let error = db.error("DROP SCHEMA lab").await;
    assert_eq!(error.message, "schema \"lab\" is not empty: t, v");
    db.sql("CREATE VIEW outside AS SELECT x FROM lab.t").await;
    assert_eq!(
        db.error("DROP SCHEMA lab CASCADE").await.state,
        SqlState::ObjectNotInState
    );
    db.sql("DROP VIEW outside").await;
    db.sql("DROP SCHEMA lab CASCADE").await;
    assert!(db.try_sql("SELECT * FROM lab.t").await.is_err());
    db.sql("CREATE SCHEMA lab").await;
    assert!(db.try_sql("SELECT * FROM lab.t").await.is_err());
    assert_eq!(
        db.error("DROP SCHEMA public CASCADE").await.state,
        SqlState::ObjectNotInState
    );
    assert_eq!(
        db.error("CREATE TABLE nowhere.t (x INT)").await.state,
        SqlState::UndefinedObject
    );
    assert_eq!(
        db.error("CREATE SCHEMA information_schema").await.state,
        SqlState::InsufficientPrivilege
    );
    assert_eq!(
        db.error("CREATE TABLE elsewhere.public.t (x INT)")
            .await
            .state,
        SqlState::FeatureNotSupported
    );
}

#[tokio::test]
async fn what_the_lake_cannot_keep_is_refused() {
    let db = Db::new();
    for sql in [
        "CREATE TABLE t (x INT PRIMARY KEY)",
        "CREATE TABLE t (x INT DEFAULT 1)",
        "CREATE DATABASE d",
    ] {
        assert_eq!(
            db.error(sql).await.state,
            SqlState::FeatureNotSupported,
            "{sql}"
        );
    }
    assert_eq!(
        db.error("CREATE TABLE t AS SELECT 1 AS x, 2 AS \"X\"")
            .await
            .state,
        SqlState::DuplicateObject
    );
}
