use crate::db::Db;
use quantlake::lake::Lake;
use quantlake_core::SqlState;
use std::sync::Arc;

#[tokio::test]
async fn tables_views_and_schemas_are_there_after_a_restart() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT, y TEXT)").await;
    db.sql("INSERT INTO t VALUES (1, 'a'), (2, NULL)").await;
    db.sql("CREATE VIEW v AS SELECT sum(x) AS s FROM t").await;
    db.sql("CREATE SCHEMA research").await;
    db.sql("CREATE TABLE research.r AS SELECT 7 AS n").await;
    let db = db.restart();
    assert_eq!(db.sql("SELECT * FROM t ORDER BY x").await, "1,a\n2,");
    assert_eq!(db.sql("SELECT s FROM v").await, "3");
    assert_eq!(db.sql("SELECT n FROM research.r").await, "7");
    db.sql("INSERT INTO t VALUES (3, 'c')").await;
    assert_eq!(db.sql("SELECT count(*) FROM t").await, "3");
}

#[tokio::test]
async fn second_opening_is_told_that_the_directory_is_in_use() {
    let db = Db::new();
    let error = Lake::open(db.lake.dir()).unwrap_err();
    assert_eq!(error.state, SqlState::ObjectNotInState);
    assert!(
        error.message.contains("in use by process"),
        "{}",
        error.message
    );
    db.lake.close();
    Lake::open(db.lake.dir()).unwrap();
}

#[tokio::test]
async fn dropping_everything_gives_the_directory_up() {
    let db = Db::new();
    let dir = Arc::clone(&db.dir);
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    drop(db);
    assert_eq!(Db::open(dir).sql("SELECT x FROM t").await, "1");
}

#[tokio::test]
async fn directory_that_was_being_made_is_finished() {
    for leftover in ["data", "tmp"] {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        std::fs::create_dir_all(dir.path().join("lake").join(leftover)).unwrap();
        Db::open(dir).sql("CREATE TABLE t (x INT)").await;
    }
    // A catalog file without tables is what a crash in the first second leaves.
    let dir = Arc::new(tempfile::tempdir().unwrap());
    std::fs::create_dir_all(dir.path().join("lake")).unwrap();
    drop(duckdb::Connection::open(dir.path().join("lake/catalog.duckdb")).unwrap());
    Db::open(dir).sql("CREATE TABLE t (x INT)").await;
}

#[tokio::test]
async fn directory_may_be_moved() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    let from = db.lake.dir().to_path_buf();
    db.lake.close();
    let new_home = Arc::new(tempfile::tempdir().unwrap());
    std::fs::rename(&from, new_home.path().join("lake")).unwrap();
    drop(db);
    assert_eq!(Db::open(new_home).sql("SELECT x FROM t").await, "1");
}

#[tokio::test]
async fn closed_lake_says_so() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x INT)").await;
    db.lake.close();
    assert!(db.lake.snapshots().is_err());
    assert!(db.lake.ledger().users().is_err());
}
