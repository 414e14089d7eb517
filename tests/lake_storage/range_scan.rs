//! Windows by symbol over sorted tables: which plans they get, and that the results stay.

use crate::db::{Db, bare_session, rows, sample, session};
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::SessionContext;
use quantlake::lake::{register_rules, tail_scan};
use std::sync::Arc;

const WINDOW: &str = "SELECT symbol, ts, close, sum(close) OVER (PARTITION BY symbol ORDER BY ts ROWS 9 PRECEDING) AS s FROM bars";

async fn sorted_bars() -> Db {
    let db = Db::new();
    db.import_file(&sample("us5_daily.parquet"), "bars")
        .await
        .unwrap();
    db
}

async fn plan(ctx: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let frame = ctx.sql(sql).await.unwrap();
    frame.create_physical_plan().await.unwrap()
}

async fn text(ctx: &SessionContext, sql: &str) -> String {
    displayable(plan(ctx, sql).await.as_ref())
        .indent(false)
        .to_string()
}

async fn sorted_rows(ctx: &SessionContext, sql: &str) -> Vec<String> {
    let batches = ctx.sql(sql).await.unwrap().collect().await.unwrap();
    let mut lines: Vec<String> = rows(&batches).lines().map(str::to_string).collect();
    lines.sort();
    lines
}

/// Compares a query with what it gives without the lake's rules.
async fn check(db: &Db, sql: &str) {
    let expected = sorted_rows(&bare_session(&db.lake, 4), sql).await;
    for partitions in [1, 2, 3, 16] {
        let found = sorted_rows(&session(&db.lake, partitions), sql).await;
        assert_eq!(found, expected, "{sql} with {partitions} partitions");
    }
}

fn has_exchange(plan: &str) -> bool {
    plan.contains("partitioning=Hash") || plan.contains("SortExec")
}

#[tokio::test]
async fn window_by_symbol_needs_no_exchange() {
    let db = sorted_bars().await;
    for partitions in [2, 4, 16] {
        let plan = text(&session(&db.lake, partitions), WINDOW).await;
        assert!(!has_exchange(&plan), "{plan}");
        assert!(
            plan.contains("output_partitioning=Range([symbol@0"),
            "{plan}"
        );
    }
    check(&db, WINDOW).await;
}

#[tokio::test]
async fn range_has_whole_symbols() {
    let db = sorted_bars().await;
    let ctx = session(&db.lake, 3);
    let plan = plan(&ctx, WINDOW).await;
    let mut found = Vec::new();
    for stream in
        datafusion::physical_plan::execute_stream_partitioned(plan, ctx.task_ctx()).unwrap()
    {
        let batches = datafusion::physical_plan::common::collect(stream)
            .await
            .unwrap();
        let mut symbols: Vec<String> = rows(&batches)
            .lines()
            .filter_map(|line| Some(line.split_once(',')?.0.to_string()))
            .collect();
        symbols.dedup();
        found.extend(symbols);
    }
    found.sort();
    assert_eq!(found, ["AAPL", "FB", "GOOG", "IBM", "MSFT"]);
}

#[tokio::test]
async fn filter_by_symbol_reads_the_rows_of_the_symbol() {
    let db = sorted_bars().await;
    let ctx = session(&db.lake, 4);
    for (wanted, n_partitions) in [
        ("symbol = 'IBM'", 1),
        ("symbol IN ('IBM', 'AAPL')", 2),
        ("symbol IN ('IBM', 'AAPL') AND close > 100", 2),
    ] {
        let sql = format!("{WINDOW} WHERE {wanted}");
        let plan = text(&ctx, &sql).await;
        assert!(!has_exchange(&plan), "{plan}");
        let partitioning = format!("], {n_partitions}), file_type");
        assert!(plan.contains(&partitioning), "{plan}");
        check(&db, &sql).await;
    }
    let plan = plan(&ctx, &format!("{WINDOW} WHERE symbol = 'IBM'")).await;
    collect(Arc::clone(&plan), ctx.task_ctx()).await.unwrap();
    let of_ibm = db
        .sql("SELECT count(*) FROM bars WHERE symbol = 'IBM'")
        .await;
    assert_eq!(rows_read(&plan).to_string(), of_ibm);
    check(&db, &format!("{WINDOW} WHERE symbol = 'none'")).await;
    // What a filter above the window leaves out must not shorten the window.
    check(
        &db,
        &format!("SELECT * FROM ({WINDOW}) WHERE ts >= TIMESTAMP '2010-01-01'"),
    )
    .await;
}

/// Rows that the scan at the bottom of a plan put out.
fn rows_read(plan: &Arc<dyn ExecutionPlan>) -> usize {
    match plan.children().first() {
        Some(input) => rows_read(input),
        None => plan.metrics().and_then(|m| m.output_rows()).unwrap(),
    }
}

#[tokio::test]
async fn overlapping_inserts_are_merged_range_by_range() {
    let db = sorted_bars().await;
    for symbol in ["AAPL", "ZZZ", "IBM"] {
        db.sql(&format!(
            "INSERT INTO bars SELECT '{symbol}', ts + INTERVAL '1 hour', open, high, low, close + 1, adj_close, volume
             FROM bars WHERE symbol = 'MSFT' ORDER BY close"
        ))
        .await;
    }
    let plan = text(&session(&db.lake, 2), WINDOW).await;
    assert!(plan.contains("RangeMergeExec: runs=["), "{plan}");
    assert!(!has_exchange(&plan), "{plan}");
    check(&db, WINDOW).await;
    check(&db, &format!("{WINDOW} WHERE symbol IN ('ZZZ', 'AAPL')")).await;
}

#[tokio::test]
async fn deleted_rows_fall_back_to_the_exchange() {
    let db = sorted_bars().await;
    db.sql("DELETE FROM bars WHERE volume < 10000000").await;
    let ctx = session(&db.lake, 4);
    assert!(!text(&ctx, WINDOW).await.contains("Range("));
    check(&db, WINDOW).await;
    let scan = plan(&ctx, "SELECT symbol, ts, close FROM bars").await;
    assert!(tail_scan(&scan, &Column::new("symbol", 0), 1, 3).is_none());
}

/// A session that joins partition by partition, however small the tables are.
fn partitioned_joins(db: &Db) -> SessionContext {
    let threshold = "datafusion.optimizer.hash_join_single_partition_threshold";
    let config = session(&db.lake, 4)
        .copied_config()
        .set_u64(threshold, 0)
        .set_u64(&format!("{threshold}_rows"), 0);
    let ctx = SessionContext::new_with_config(config);
    ctx.register_catalog("quantlake", db.lake.catalog());
    register_rules(&ctx);
    ctx
}

#[tokio::test]
async fn join_above_a_window_gets_the_rows_it_needs() {
    let db = sorted_bars().await;
    db.sql("CREATE TABLE names (symbol TEXT, name TEXT)").await;
    db.sql("INSERT INTO names VALUES ('AAPL', 'Apple'), ('IBM', 'IBM'), ('GOOG', 'Google')")
        .await;
    for sql in [
        format!("SELECT w.*, n.name FROM ({WINDOW}) AS w JOIN names AS n ON n.symbol = w.symbol"),
        format!(
            "SELECT a.*, b.s FROM ({WINDOW}) AS a JOIN ({WINDOW}) AS b ON a.symbol = b.symbol AND a.ts = b.ts"
        ),
        format!(
            "SELECT a.*, b.s FROM ({WINDOW}) AS a JOIN ({WINDOW} WHERE symbol <> 'IBM') AS b ON a.symbol = b.symbol AND a.ts = b.ts"
        ),
        format!("{WINDOW} UNION ALL {WINDOW} WHERE symbol = 'FB'"),
        format!("SELECT symbol, count(*), max(s) FROM ({WINDOW}) GROUP BY symbol"),
        format!("SELECT *, avg(s) OVER (PARTITION BY symbol ORDER BY ts) FROM ({WINDOW})"),
        format!("SELECT *, row_number() OVER (ORDER BY ts, symbol) FROM ({WINDOW})"),
    ] {
        check(&db, &sql).await;
        let ctx = partitioned_joins(&db);
        let expected = sorted_rows(&bare_session(&db.lake, 4), &sql).await;
        assert_eq!(sorted_rows(&ctx, &sql).await, expected, "{sql}");
    }
}

#[tokio::test]
async fn join_of_two_windows_over_one_table_needs_no_exchange() {
    let db = sorted_bars().await;
    let sql =
        format!("SELECT a.*, b.s FROM ({WINDOW}) AS a JOIN ({WINDOW}) AS b ON a.symbol = b.symbol");
    let plan = text(&partitioned_joins(&db), &sql).await;
    assert!(plan.contains("mode=Partitioned"), "{plan}");
    assert!(!has_exchange(&plan), "{plan}");
}

#[tokio::test]
async fn other_windows_are_left_as_they_are() {
    let db = sorted_bars().await;
    for window in [
        "PARTITION BY ts ORDER BY symbol",
        "PARTITION BY symbol, ts",
        "PARTITION BY symbol ORDER BY ts DESC",
        "PARTITION BY symbol ORDER BY close, ts",
        "PARTITION BY upper(symbol) ORDER BY ts",
        "ORDER BY ts, symbol",
    ] {
        check(
            &db,
            &format!("SELECT symbol, ts, count(close) OVER ({window}) FROM bars"),
        )
        .await;
    }
}

#[tokio::test]
async fn past_snapshot_is_read_in_ranges_too() {
    let db = sorted_bars().await;
    let version = db.lake.snapshots().unwrap().last().unwrap().snapshot_id;
    db.sql("DELETE FROM bars WHERE symbol = 'IBM'").await;
    let sql = WINDOW.replace("FROM bars", &format!("FROM \"bars@v{version}\""));
    let plan = text(&session(&db.lake, 4), &sql).await;
    assert!(!has_exchange(&plan), "{plan}");
    check(&db, &sql).await;
}

#[tokio::test]
async fn table_of_few_rows_or_none_is_read() {
    let db = Db::new();
    db.sql("CREATE TABLE bars (symbol TEXT, ts TIMESTAMP, close DOUBLE PRECISION)")
        .await;
    db.lake
        .set_sort_order("public", "bars", &["symbol", "ts"])
        .await
        .unwrap();
    check(&db, WINDOW).await;
    for insert in [
        "('A', TIMESTAMP '2024-01-01', 1)",
        "(NULL, TIMESTAMP '2024-01-01', 2), ('A', NULL, 3), (NULL, NULL, 4)",
        "('A', TIMESTAMP '2024-01-02', NULL), ('', TIMESTAMP '2024-01-02', 5)",
    ] {
        db.sql(&format!("INSERT INTO bars VALUES {insert}")).await;
        check(&db, WINDOW).await;
    }
}

#[tokio::test]
async fn external_table_with_an_order_is_read_in_ranges() {
    let db = Db::new();
    std::fs::create_dir(db.path("us5")).unwrap();
    std::fs::copy(sample("us5_daily.parquet"), db.path("us5/bars.parquet")).unwrap();
    let folder = db.path("us5").display().to_string();
    db.sql(&format!(
        "CREATE EXTERNAL TABLE bars STORED AS PARQUET
         WITH ORDER (symbol ASC NULLS LAST, ts ASC NULLS LAST) LOCATION '{folder}/'"
    ))
    .await;
    let plan = text(&session(&db.lake, 4), WINDOW).await;
    assert!(!has_exchange(&plan), "{plan}");
    check(&db, WINDOW).await;
}

#[tokio::test]
async fn newest_bars_are_read_without_the_history() {
    let db = sorted_bars().await;
    db.sql(
        "INSERT INTO bars SELECT symbol, TIMESTAMP '2024-01-02', close + 1, close + 2, close - 1, close, close + 3, 1
         FROM bars WHERE ts = TIMESTAMP '2013-03-01'",
    )
    .await;
    let ctx = session(&db.lake, 4);
    for (filter, n_symbols) in [("", 5), ("WHERE symbol = 'IBM'", 1)] {
        let sql = format!("SELECT symbol, ts, close FROM bars {filter}");
        let full = plan(&ctx, &sql).await;
        let tail = tail_scan(&full, &Column::new("symbol", 0), 3, 3).unwrap();
        let batches = collect(Arc::clone(&tail), ctx.task_ctx()).await.unwrap();
        assert_eq!(rows_read(&tail), n_symbols * (3 + 1), "{sql}");
        let mut found: Vec<String> = rows(&batches).lines().map(str::to_string).collect();
        found.sort();
        let newest = format!(
            "SELECT symbol, ts, close FROM (SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) AS i FROM bars {filter}) WHERE i <= 3"
        );
        for line in sorted_rows(&ctx, &newest).await {
            assert!(found.contains(&line), "{line} is not in {found:?}");
        }
    }
}
