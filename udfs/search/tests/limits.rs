//! Searches that are wrong, too large, or not wanted any more.

mod common;

use common::{AMPLE, Table, TestBook, crossing, error, plain, session};
use datafusion::error::DataFusionError;
use futures::StreamExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

fn momentum(arguments: &str) -> String {
    format!(
        "((SELECT * FROM bars), strategy => CASE WHEN close > lag(close, n) OVER (ORDER BY ts) THEN 1 ELSE 0 END, {arguments})"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named() {
    let (session, book) = plain();
    let cases = [
        (
            "backtest_grid((SELECT * FROM bars), strategy => close > level)".into(),
            "42703",
            "backtest_grid: `level` in the strategy is neither a column of the query (ts, day, open, close, total) nor a parameter with values ()",
        ),
        (
            format!("backtest_grid{}", momentum("n => [1], m => [2]")),
            "22023",
            "backtest_grid: `m` is no argument of backtest_grid and does not stand in the strategy",
        ),
        (
            format!("backtest_grid{}", momentum("n => range(5, 5)")),
            "22023",
            "backtest_grid: `n` must be a list with at least one value, found an empty list",
        ),
        (
            format!("backtest_grid{}", momentum("n => [1, NULL]")),
            "22023",
            "backtest_grid: `n` must be a list of values that are known, found NULL",
        ),
        (
            format!("backtest_grid{}", momentum("n => close")),
            "22023",
            "backtest_grid: `n` must be a constant or a list of constants, found close",
        ),
        (
            format!("backtest_grid{}", momentum("n => [1], n => [2]")),
            "22023",
            "backtest_grid: `n` is given twice",
        ),
        (
            format!(
                "backtest_grid{}",
                momentum("n => range(1, 2000), commission => range(1, 2000)")
            ),
            "22023",
            "backtest_grid: `n` x `commission` must make at most 1000000 combinations, found 3996001",
        ),
        (
            format!("backtest_grid{}", momentum("n => range(1, 30000)")),
            "22023",
            "backtest_grid: `strategy` must be an expression of at most 20000 window columns, found 29999",
        ),
        (
            format!(
                "backtest_grid{}",
                momentum("n => [1], commission => [0.1, -1]")
            ),
            "22023",
            "backtest_grid: `commission` must be",
        ),
        (
            "backtest_grid((SELECT * FROM bars WHERE ts > '2031-01-01'), strategy => n, n => [1])"
                .into(),
            "22000",
            "backtest_grid: the query gives no rows, so there is nothing to search",
        ),
        (
            format!(
                "walk_forward{}",
                momentum("n => [1, 2], train => 500, test => 101")
            ),
            "22023",
            "walk_forward: `train` + `purge` + `test` must be at most the number of timestamps (600), found 500 + 0 + 101",
        ),
        (
            format!(
                "walk_forward{}",
                momentum("n => [1, 2], train => 100, test => 50, commission => [0, 0.1]")
            ),
            "22023",
            "walk_forward: `commission` must be one value, as all folds trade one account; only parameters of the strategy may be lists, found a list",
        ),
        (
            format!("optimise{}", momentum("n => [1, 2], purge => 500")),
            "22023",
            "optimise: of 600 timestamps",
        ),
        (
            format!(
                "cpcv{}",
                momentum("n => [1, 2], groups => 6, test_groups => 6")
            ),
            "22023",
            "cpcv: `test_groups` must be below `groups` (6), found 6",
        ),
        (
            format!(
                "cpcv{}",
                momentum("n => [1, 2], groups => 24, test_groups => 12")
            ),
            "22023",
            "cpcv: `groups` and `test_groups` must make at most 20000 splits, found 2704156",
        ),
        (
            format!("cpcv{}", momentum("n => [1, 2], groups => 3, purge => 400")),
            "22023",
            "cpcv: `purge` and `embargo` leave no bar to fit on",
        ),
    ];
    for (call, state, message) in cases {
        let error = error(&session, &format!("SELECT * FROM {call}")).await;
        assert!(
            error.message.starts_with(message),
            "{}\n{message}",
            error.message
        );
        assert_eq!(error.state.code(), state, "{call}");
    }
    assert_eq!(book.told(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_fit_into_memory_is_refused() {
    let book = Arc::new(TestBook::default());
    let session = session(&book, 32 << 20);
    let sql = |values: usize| {
        // The parameter stands outside of windows: each of its values is a column of the search.
        format!(
            "SELECT count(*) FROM backtest_grid((SELECT ts, open, close FROM bars), strategy => CASE WHEN close > x THEN 1 ELSE 0 END, x => range(1, {values}))"
        )
    };
    Table::of(&session, &sql(5)).await;
    let error = Table::try_of(&session, &sql(20_000))
        .await
        .expect_err("96 MB");
    assert!(
        matches!(error.find_root(), DataFusionError::ResourcesExhausted(m) if m.contains("for backtest_grid")),
        "{error}"
    );
    assert_eq!(session.runtime_env().memory_pool.reserved(), 0);
    assert_eq!(book.told().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_nobody_waits_for_ends_and_counts_nothing() {
    let book = Arc::new(TestBook::default());
    let session = session(&book, AMPLE);
    let strategy = crossing();
    let sql = format!(
        "SELECT * FROM backtest_grid((SELECT * FROM bars), strategy => {strategy},
           fast => range(1, 300), slow => range(300, 600))"
    );
    let frame = session.sql(&sql).await.expect(&sql);
    let plan = frame.create_physical_plan().await.expect(&sql);
    let mut rows = plan.execute(0, session.task_ctx()).expect("a stream");
    let first = tokio::time::timeout(Duration::from_millis(300), rows.next()).await;
    assert!(first.is_err(), "90,000 simulations take longer");
    drop((rows, plan));
    // Its thread gives the memory back when it has ended.
    let dropped = Instant::now();
    while session.runtime_env().memory_pool.reserved() > 0 {
        assert!(dropped.elapsed() < Duration::from_secs(5), "it goes on");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(book.told(), []);
}
