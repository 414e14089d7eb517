//! Searches through the engine: their trials stand in the ledger beside those of runs.

use super::{number, on_a_deep_stack, run, with_strategy};
use std::sync::Arc;
use std::time::{Duration, Instant};

const GRID: &str =
    "SELECT * FROM backtest_grid(strategy => 'sma_cross', fast => [5, 10, 20], slow => [50, 100])";

#[test]
fn a_run_and_a_search_of_one_variant_are_one_trial() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("ada");
        let runs = "RUN BACKTEST sma_cross WITH (fast = (5, 10), slow = (50, 100))";
        run(&session, runs).await.expect("runs");
        assert_eq!(run(&session, GRID).await.expect("a grid").len(), 6);
        let counted = "SELECT count(*) FROM quantlake.trials WHERE counts";
        assert_eq!(number(&session, counted).await, 6.0);
        // Both measured the same to the last bit: what was run before is not written again.
        let new = "SELECT count(*) FROM quantlake.trials WHERE source = 'backtest_grid'";
        assert_eq!(number(&session, new).await, 2.0);
        run(&session, "RUN BACKTEST sma_cross WITH (fast = 7)")
            .await
            .expect("a run");
        let trials =
            "SELECT value FROM quantlake.run_metrics WHERE run_id = 5 AND metric = 'trials'";
        assert_eq!(number(&session, trials).await, 7.0);
        let who = "SELECT DISTINCT family, created_by FROM quantlake.trials";
        assert_eq!(
            run(&session, who).await.expect("who"),
            [["sma_cross", "ada"]]
        );
    });
}

#[test]
fn the_deflated_sharpe_ratio_of_a_search_knows_what_was_tried_before() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("ada");
        let optimise = |rest: &str| {
            format!(
                "SELECT deflated_sharpe FROM optimise((SELECT * FROM bars), family => 'cross',
                   strategy => CASE WHEN sma(close, fast) > sma(close, slow) THEN 0.2 ELSE 0 END,
                   fast => [5, 10], slow => [50, 100], method => 'grid'{rest}) WHERE is_best"
            )
        };
        let first = number(&session, &optimise("")).await;
        let family = |what: &str| {
            format!("SELECT {what} FROM quantlake.trials WHERE family = 'cross' AND counts")
        };
        assert_eq!(number(&session, &family("count(*)")).await, 4.0);
        assert_eq!(
            number(&session, &optimise("")).await,
            first,
            "nothing new was tried"
        );
        let written = "SELECT count(*) FROM quantlake.trials";
        assert_eq!(number(&session, written).await, 4.0);

        let wider = "SELECT count(*) FROM backtest_grid((SELECT * FROM bars), family => 'cross',
            strategy => CASE WHEN sma(close, fast) > sma(close, slow) THEN 0.2 ELSE 0 END,
            fast => range(2, 20), slow => [30, 40, 200])";
        assert_eq!(number(&session, wider).await, 54.0);
        assert_eq!(number(&session, &family("count(*)")).await, 58.0);
        assert!(number(&session, &optimise("")).await < first);
    });
}

#[test]
fn a_strategy_without_a_name_is_counted_under_its_text() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("ada");
        let sql = "SELECT count(*) FROM cpcv((SELECT * FROM bars WHERE symbol = 'IBM'),
            strategy => case when SMA(close, n) < close then 1 else 0 end, n => [10, 20, 30])";
        run(&session, sql).await.expect("paths");
        let families =
            "SELECT family, source, label FROM quantlake.trials ORDER BY trial_id LIMIT 1";
        assert_eq!(
            run(&session, families).await.expect("trials"),
            [[
                "CASE WHEN sma(close, n) < close THEN 1 ELSE 0 END",
                "cpcv",
                "{\"n\":10}"
            ]]
        );
    });
}

#[test]
fn a_cancelled_search_ends_at_once_and_counts_nothing() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("ada");
        let sql = "SELECT count(*) FROM backtest_grid((SELECT * FROM bars),
            strategy => CASE WHEN sma(close, fast) > sma(close, slow) THEN 0.2 ELSE 0 END,
            fast => range(2, 100), slow => range(100, 400))";
        for timeout in ["0", "2s"] {
            let set = format!("SET statement_timeout = '{timeout}'");
            run(&session, &set).await.expect("a setting");
            let running = {
                let session = Arc::clone(&session);
                tokio::spawn(async move { run(&session, sql).await })
            };
            tokio::time::sleep(Duration::from_secs(2)).await;
            let stopped = Instant::now();
            session.cancel();
            let error = running.await.expect("no panic").expect_err("stopped");
            assert_eq!(error.state.code(), "57014", "{error}");
            // What it held is free again as soon as its thread has seen that nobody waits.
            let pool = &engine.session("eve").context().runtime_env().memory_pool;
            while pool.reserved() > 0 {
                assert!(stopped.elapsed() < Duration::from_secs(10), "it goes on");
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        run(&session, "SET statement_timeout = '0'")
            .await
            .expect("a setting");
        assert_eq!(
            number(&session, "SELECT count(*) FROM quantlake.trials").await,
            0.0
        );
    });
}
