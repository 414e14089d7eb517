//! A process that is killed at any moment loses no committed row and shows no half one.

use crate::db::{Db, options, sample};
use quantlake::lake::{ImportMode, import};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Set in the child process: the scratch folder to work in until killed.
const FOLDER: &str = "QUANTLAKE_CRASH_TEST_FOLDER";

/// Not a test of its own: what the child of the next test does, over and over.
#[tokio::test]
async fn child_that_writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let db = Db::at(std::path::Path::new(&folder));
    for round in 0.. {
        db.sql("INSERT INTO t SELECT 1 FROM generate_series(1, 1000) AS g(x)")
            .await;
        db.sql("CREATE OR REPLACE TABLE r AS SELECT x FROM generate_series(1, 500) AS g(x)")
            .await;
        let mut replace = options(&sample("us5_daily.parquet"), "bars");
        replace.mode = ImportMode::Replace;
        import(&db.lake, replace, Arc::new(|_| ())).await.unwrap();
        std::fs::write(db.path("round"), round.to_string()).unwrap();
    }
}

#[tokio::test]
async fn killed_process_leaves_only_whole_commits() {
    let db = Db::new();
    db.sql("CREATE TABLE t (x BIGINT)").await;
    db.sql("CREATE TABLE r AS SELECT x FROM generate_series(1, 500) AS g(x)")
        .await;
    let dir = Arc::clone(&db.dir);
    db.lake.close();
    drop(db);
    let mut n_before = 0;
    for milliseconds in [900, 1300, 1700, 2150] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "crash::child_that_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(FOLDER, dir.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        child.kill().unwrap();
        child.wait().unwrap();

        let db = Db::open(Arc::clone(&dir));
        let n_rows: u64 = db.sql("SELECT count(*) FROM t").await.parse().unwrap();
        assert!(
            n_rows.is_multiple_of(1000) && n_rows >= n_before,
            "{n_before} rows, then {n_rows}"
        );
        n_before = n_rows;
        assert_eq!(db.sql("SELECT count(*), sum(x) FROM r").await, "500,125250");
        if let Ok(n_bars) = db.try_sql("SELECT count(*) FROM bars").await {
            assert_eq!(n_bars, "12154");
        }
        let hidden =
            "SELECT count(*) FROM information_schema.tables WHERE table_name LIKE '\\_\\_%'";
        assert_eq!(db.sql(hidden).await, "0");
        db.sql("INSERT INTO t SELECT 1 FROM generate_series(1, 1000) AS g(x)")
            .await;
        n_before += 1000;
        db.lake.close();
    }
    assert!(dir.path().join("round").exists(), "the child got somewhere");
}

#[tokio::test]
async fn files_of_a_dead_process_are_removed() {
    let db = Db::new();
    db.sql("CREATE TABLE t AS SELECT 1 AS x").await;
    db.sql("DELETE FROM t WHERE x = 5").await;
    let folder = db.lake.dir().join("data/public/t");
    let orphan = folder.join("00000000-0000-0000-0000-000000000000.parquet");
    let n_files = std::fs::read_dir(&folder).unwrap().count();
    std::fs::write(&orphan, "half a file").unwrap();
    db.lake.close();
    std::fs::write(db.lake.dir().join("lake.lock"), "4711").unwrap();
    let db = db.restart();
    assert!(!orphan.exists());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), n_files);
    assert_eq!(db.sql("SELECT x FROM t").await, "1");
}
