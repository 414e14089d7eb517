use crate::db::{Db, options, sample, session};
use datafusion::physical_plan::displayable;
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// A window per symbol, as every indicator runs in.
const WINDOW: &str =
    "SELECT symbol, ts, lag(close) OVER (PARTITION BY symbol ORDER BY ts) AS previous FROM bars";

async fn plan_of(ctx: &SessionContext, sql: &str) -> String {
    let plan = ctx
        .sql(sql)
        .await
        .unwrap()
        .create_physical_plan()
        .await
        .unwrap();
    displayable(plan.as_ref()).indent(false).to_string()
}

async fn bars(db: &Db) {
    db.import_file(&sample("us5_daily.parquet"), "bars")
        .await
        .unwrap();
}

#[tokio::test]
async fn window_over_imported_bars_needs_no_sort() {
    let db = Db::new();
    bars(&db).await;
    for partitions in [1, 2, 4, 16] {
        let plan = plan_of(&session(&db.lake, partitions), WINDOW).await;
        assert!(
            !plan.contains("SortExec"),
            "{partitions} partitions:\n{plan}"
        );
    }
    let db = db.restart();
    let plan = db.explain(WINDOW).await;
    assert!(!plan.contains("SortExec"), "{plan}");
}

#[tokio::test]
async fn ordered_read_of_imported_bars_needs_no_sort() {
    let db = Db::new();
    bars(&db).await;
    for sql in [
        "SELECT * FROM bars ORDER BY symbol, ts",
        "SELECT ts, close FROM bars WHERE symbol = 'IBM' ORDER BY ts",
    ] {
        let plan = db.explain(sql).await;
        assert!(!plan.contains("SortExec"), "{plan}");
    }
    // The other order is not there.
    assert!(
        db.explain("SELECT * FROM bars ORDER BY ts, symbol")
            .await
            .contains("SortExec")
    );
    assert!(
        db.explain("SELECT * FROM bars ORDER BY symbol DESC, ts DESC")
            .await
            .contains("SortExec")
    );
}

#[tokio::test]
async fn overlapping_inserts_are_merged_not_taken_for_sorted() {
    let db = Db::new();
    bars(&db).await;
    for symbol in ["AAPL", "ZZZ", "IBM"] {
        db.sql(&format!(
            "INSERT INTO bars SELECT '{symbol}', ts + INTERVAL '1 hour', open, high, low, close + 1, adj_close, volume
             FROM bars WHERE symbol = 'MSFT' ORDER BY close"
        ))
        .await;
    }
    check_windows(&db).await;
    let plan = db.explain(WINDOW).await;
    assert!(plan.contains("RangeMergeExec"), "{plan}");
    assert!(!plan.contains("SortExec"), "{plan}");
}

#[tokio::test]
async fn rows_stay_in_order_through_updates_and_deletes() {
    let db = Db::new();
    bars(&db).await;
    db.sql("DELETE FROM bars WHERE volume < 10000000").await;
    check_windows(&db).await;
    db.sql("UPDATE bars SET ts = ts - INTERVAL '100 days', close = -close WHERE symbol IN ('GOOG', 'AAPL')").await;
    check_windows(&db).await;
    db.sql("INSERT INTO bars SELECT 'AAA', ts, open, high, low, close, adj_close, volume FROM bars WHERE symbol = 'FB'").await;
    check_windows(&db).await;
    let db = db.restart();
    check_windows(&db).await;
}

#[tokio::test]
async fn order_declared_later_is_not_claimed_for_older_rows() {
    let db = Db::new();
    db.sql("CREATE TABLE bars (symbol TEXT, ts TIMESTAMP, close DOUBLE PRECISION)")
        .await;
    db.sql("INSERT INTO bars VALUES ('B', TIMESTAMP '2024-01-02', 2), ('B', TIMESTAMP '2024-01-01', 1), ('A', TIMESTAMP '2024-01-01', 9)").await;
    db.lake
        .set_sort_order("public", "bars", &["symbol", "ts"])
        .await
        .unwrap();
    assert!(db.explain(WINDOW).await.contains("SortExec"));
    check_windows(&db).await;
    db.sql("INSERT INTO bars VALUES ('A', TIMESTAMP '2024-01-03', 4), ('A', TIMESTAMP '2024-01-02', 3)").await;
    assert!(db.explain(WINDOW).await.contains("SortExec"));
    check_windows(&db).await;
    db.sql("DELETE FROM bars").await;
    db.sql("INSERT INTO bars VALUES ('B', TIMESTAMP '2024-01-03', 4), ('A', TIMESTAMP '2024-01-02', 3)").await;
    assert!(!db.explain(WINDOW).await.contains("SortExec"));
    assert_eq!(db.sql("SELECT symbol FROM bars").await, "A\nB");
    db.lake.set_sort_order("public", "bars", &[]).await.unwrap();
    assert!(db.explain(WINDOW).await.contains("SortExec"));
}

#[tokio::test]
async fn missing_keys_come_last_and_do_not_break_the_order() {
    let db = Db::new();
    db.sql("CREATE TABLE bars (symbol TEXT, ts TIMESTAMP, close DOUBLE PRECISION)")
        .await;
    db.lake
        .set_sort_order("public", "bars", &["symbol", "ts"])
        .await
        .unwrap();
    db.sql("INSERT INTO bars VALUES (NULL, TIMESTAMP '2024-01-02', 2), ('A', NULL, 1), ('A', TIMESTAMP '2024-01-01', 9)").await;
    db.sql("INSERT INTO bars VALUES ('B', TIMESTAMP '2024-01-02', 2), (NULL, NULL, 3)")
        .await;
    check_windows(&db).await;
    let expected = "A,2024-01-01T00:00:00\nA,\nB,2024-01-02T00:00:00\n,2024-01-02T00:00:00\n,";
    assert_eq!(
        db.sql("SELECT symbol, ts FROM bars ORDER BY symbol, ts")
            .await,
        expected
    );
}

#[tokio::test]
async fn many_small_inserts_fall_back_to_a_sort() {
    let db = Db::new();
    db.sql("CREATE TABLE bars (symbol TEXT, ts TIMESTAMP, close DOUBLE PRECISION)")
        .await;
    db.lake
        .set_sort_order("public", "bars", &["symbol", "ts"])
        .await
        .unwrap();
    for i in 0..70 {
        db.sql(&format!("INSERT INTO bars VALUES ('A', TIMESTAMP '2024-01-01' + INTERVAL '{i} days', {i}), ('B', TIMESTAMP '2023-01-01' + INTERVAL '{i} days', {i})")).await;
    }
    assert!(db.explain(WINDOW).await.contains("SortExec"));
    check_windows(&db).await;
}

/// Whatever is done to a sorted table, a window over it gives what it gives over the same rows
/// without any declared order.
#[test]
fn declared_order_never_changes_a_result() {
    let step = prop_oneof![
        (0..4u8, 0..60i64, 1..8i64).prop_map(|(s, day, n)| format!(
            "INSERT INTO bars SELECT chr({}), to_timestamp_micros(1704067200000000 + x * 86400000000), x
             FROM generate_series({}, {day}, -1) AS g(x)",
            65 + s,
            day + n
        )),
        (0..4u8, 0..60i64).prop_map(|(s, day)| format!(
            "DELETE FROM bars WHERE symbol = chr({}) AND ts < TIMESTAMP '2024-01-01' + INTERVAL '{day} days'",
            65 + s
        )),
        (0..4u8, 0..60i64).prop_map(|(s, day)| format!(
            "UPDATE bars SET ts = ts + INTERVAL '30 days', symbol = chr({}) WHERE close > {day}",
            65 + s
        )),
    ];
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 6,
        ..Config::default()
    });
    runner
        .run(&proptest::collection::vec(step, 1..7), |steps| {
            runtime.block_on(async {
                let db = Db::new();
                db.sql("CREATE TABLE bars (symbol TEXT, ts TIMESTAMP, close DOUBLE PRECISION)")
                    .await;
                db.lake
                    .set_sort_order("public", "bars", &["symbol", "ts"])
                    .await
                    .unwrap();
                for sql in &steps {
                    db.sql(sql).await;
                }
                check_windows(&db).await;
            });
            Ok(())
        })
        .unwrap();
}

/// Compares windows over the table with windows over an unordered copy of its rows.
async fn check_windows(db: &Db) {
    let table = db.ctx.table("bars").await.unwrap();
    let plain = SessionContext::new();
    let schema = table.schema().as_arrow().clone();
    let rows = table.collect().await.unwrap();
    let memory = datafusion::datasource::MemTable::try_new(schema.into(), vec![rows]).unwrap();
    plain
        .register_table("bars", std::sync::Arc::new(memory))
        .unwrap();
    let sql = "SELECT symbol, ts, close, sum(close) OVER (PARTITION BY symbol ORDER BY ts) AS s FROM bars";
    let sorted = |text: String| {
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    let expected = sorted(crate::db::rows(
        &plain.sql(sql).await.unwrap().collect().await.unwrap(),
    ));
    for partitions in [1, 3] {
        let ctx = session(&db.lake, partitions);
        let found = sorted(crate::db::rows(
            &ctx.sql(sql).await.unwrap().collect().await.unwrap(),
        ));
        assert_eq!(found, expected, "with {partitions} partitions");
    }
    let ordered = crate::db::rows(
        &db.ctx
            .sql("SELECT symbol, ts FROM bars ORDER BY symbol, ts")
            .await
            .unwrap()
            .collect()
            .await
            .unwrap(),
    );
    let expected = crate::db::rows(
        &plain
            .sql("SELECT symbol, ts FROM bars ORDER BY symbol, ts")
            .await
            .unwrap()
            .collect()
            .await
            .unwrap(),
    );
    assert_eq!(ordered, expected);
}

#[tokio::test]
async fn appended_import_keeps_the_order() {
    let db = Db::new();
    bars(&db).await;
    let mut append = options(&db.file("new.csv", "date,ticker,open,high,low,close,volume\n2013-03-05,IBM,1,2,0.5,1.5,10\n2013-03-04,AAPL,1,2,0.5,1.5,10\n"), "bars");
    append.mode = quantlake::lake::ImportMode::Append;
    assert_eq!(db.import(append).await.unwrap().rows, 2);
    assert!(!db.explain(WINDOW).await.contains("SortExec"));
    check_windows(&db).await;
}
