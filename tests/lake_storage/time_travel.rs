use crate::db::Db;
use quantlake::lake::Snapshot;
use quantlake_core::SqlState;

#[tokio::test]
async fn table_can_be_read_as_it_was() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    let one = db.lake.snapshots().unwrap().last().unwrap().clone();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    db.sql("INSERT INTO t VALUES (2)").await;
    db.sql("DELETE FROM t WHERE x = 1").await;
    let db = db.restart();
    assert_eq!(db.sql("SELECT x FROM t").await, "2");
    assert_eq!(
        db.sql(&format!("SELECT x FROM \"t@v{}\"", one.snapshot_id))
            .await,
        "1"
    );
    assert_eq!(
        db.sql(&format!(
            "SELECT count(*) FROM \"t@v{}\"",
            one.snapshot_id + 1
        ))
        .await,
        "2"
    );
    let at = chrono::DateTime::from_timestamp_micros(one.ts)
        .unwrap()
        .to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    assert_eq!(db.sql(&format!("SELECT x FROM \"t@{at}\"")).await, "1");
    let both = format!(
        "SELECT old.x, new.x FROM \"t@v{}\" AS old, t AS new",
        one.snapshot_id
    );
    assert_eq!(db.sql(&both).await, "1,2");
}

#[tokio::test]
async fn unknown_snapshot_names_the_range() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    let error = db
        .lake
        .table_at("public", "t", Snapshot::Version(999))
        .unwrap_err();
    assert_eq!(error.state, SqlState::UndefinedObject);
    let last = db.lake.snapshots().unwrap().last().unwrap().snapshot_id;
    assert_eq!(
        error.message,
        format!("snapshot 999 does not exist; there are 1 to {last}")
    );
    let error = db
        .lake
        .table_at("public", "t", Snapshot::Time(0))
        .unwrap_err();
    assert_eq!(error.state, SqlState::UndefinedObject);
    assert_eq!(
        db.error("SELECT * FROM \"t@v999\"").await.state,
        SqlState::UndefinedObject
    );
    let error = db
        .lake
        .table_at("public", "t", Snapshot::Version(1))
        .unwrap_err();
    assert_eq!(error.state, SqlState::UndefinedTable);
}

#[tokio::test]
async fn snapshot_times_are_utc_and_rising() {
    let db = Db::new();
    let before = chrono::Utc::now().timestamp_micros();
    db.sql("CREATE TABLE t (x INT)").await;
    db.sql("INSERT INTO t VALUES (1)").await;
    let after = chrono::Utc::now().timestamp_micros();
    let all = db.lake.snapshots().unwrap();
    assert!(
        all.windows(2)
            .all(|w| w[0].ts <= w[1].ts && w[0].snapshot_id < w[1].snapshot_id)
    );
    let last = all.last().unwrap();
    assert!(
        (before..=after).contains(&last.ts),
        "{before} {} {after}",
        last.ts
    );
    assert!(
        last.changes.starts_with("inserted_into_table:"),
        "{}",
        last.changes
    );
}

#[tokio::test]
async fn past_cannot_be_changed() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    let id = db.lake.snapshots().unwrap().last().unwrap().snapshot_id;
    let error = db
        .error(&format!("INSERT INTO \"t@v{id}\" VALUES (2)"))
        .await;
    assert_eq!(error.state, SqlState::ObjectNotInState);
}

#[tokio::test]
async fn statement_over_many_tables_reads_one_snapshot() {
    let db = Db::new();
    db.sql("CREATE TABLE a AS SELECT 0 AS n").await;
    db.sql("CREATE TABLE b AS SELECT 0 AS n").await;
    // Planning `a` before and `b` after a commit must still give one state.
    let state = db.ctx.state();
    let early = state.create_logical_plan("SELECT n FROM a").await.unwrap();
    db.sql("UPDATE a SET n = 1").await;
    db.sql("UPDATE b SET n = 1").await;
    let late = state.create_logical_plan("SELECT n FROM b").await.unwrap();
    let both = datafusion::logical_expr::LogicalPlanBuilder::from(early)
        .union(late)
        .unwrap()
        .build()
        .unwrap();
    let batches = datafusion::prelude::DataFrame::new(state, both)
        .collect()
        .await
        .unwrap();
    assert_eq!(crate::db::rows(&batches), "1\n1");
}
