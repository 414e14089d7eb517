//! Runs of strategies: recorded whole or not at all, repeated to the last bit, and shown.

#[path = "runs/report.rs"]
mod report;
#[path = "runs/searches.rs"]
mod searches;

use datafusion::arrow::util::display::array_value_to_string;
use futures::TryStreamExt;
use quantlake::engine::errors::sql_state;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use quantlake_core::QlError;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

const STRATEGY: &str = "CREATE STRATEGY sma_cross (fast INTEGER DEFAULT 10, slow INTEGER DEFAULT 50) AS
    WITH market AS (SELECT ts, avg(close) AS level, stddev(close) AS spread_of FROM bars GROUP BY ts)
    SELECT bars.*, CASE WHEN sma(close, $fast) OVER w > sma(close, $slow) OVER w AND level > spread_of
           THEN 0.2 ELSE 0 END AS target
    FROM bars JOIN market USING (ts) WINDOW w AS (PARTITION BY symbol ORDER BY ts)";

/// DataFusion's planner recurses deeply on nested queries; the program gives its threads as much.
const STACK_BYTES: usize = 16 << 20;

/// Runs a test as the program runs its work.
fn on_a_deep_stack(work: impl Future<Output = ()> + Send + 'static) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_stack_size(STACK_BYTES)
        .enable_all()
        .build()
        .expect("a runtime");
    runtime
        .block_on(runtime.spawn(work))
        .expect("the test does not panic");
}

async fn open(folder: &Path, threads: usize) -> Arc<Engine> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let options = EngineOptions {
        allowed_paths: vec![root.join("data"), root.join("models")],
        threads: Some(threads),
        ..EngineOptions::default()
    };
    Engine::open(folder, options).await.expect("an engine")
}

/// A folder with daily bars of five symbols and a strategy over them.
async fn with_strategy(threads: usize) -> (tempfile::TempDir, Arc<Engine>) {
    let folder = tempfile::tempdir().expect("a folder");
    let engine = open(folder.path(), threads).await;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/us5_daily.parquet");
    let session = engine.session("tester");
    let load = format!(
        "CREATE EXTERNAL TABLE file STORED AS PARQUET LOCATION '{}'; CREATE TABLE bars AS SELECT * FROM file",
        file.display()
    );
    run(&session, &load).await.expect("bars");
    run(&session, STRATEGY).await.expect("a strategy");
    (folder, engine)
}

/// Runs a script; the cells of the last result as text.
async fn run(session: &Session, sql: &str) -> Result<Vec<Vec<String>>, QlError> {
    let mut rows = Vec::new();
    for statement in session.parse(sql).map_err(|e| sql_state(&e))? {
        let outcome = session.execute(&statement, &[]).await;
        let Outcome::Rows(stream) = outcome.map_err(|e| sql_state(&e))? else {
            continue;
        };
        let batches: Vec<_> = stream.try_collect().await.map_err(|e| sql_state(&e))?;
        rows = batches
            .iter()
            .flat_map(|batch| {
                (0..batch.num_rows()).map(|row| {
                    let cells = batch.columns().iter();
                    cells
                        .map(|c| array_value_to_string(c, row).expect("a cell"))
                        .collect()
                })
            })
            .collect();
    }
    Ok(rows)
}

async fn number(session: &Session, sql: &str) -> f64 {
    let rows = run(session, sql).await.expect(sql);
    rows[0][0]
        .parse()
        .unwrap_or_else(|_| panic!("{sql}: {rows:?}"))
}

#[test]
fn a_replay_gives_the_same_bytes_after_a_restart_on_other_threads_and_other_data() {
    on_a_deep_stack(async {
        let (folder, engine) = with_strategy(4).await;
        let session = engine.session("tester");
        let answer = run(&session, "RUN BACKTEST sma_cross WITH (commission = 0.001)")
            .await
            .expect("a run");
        assert_eq!(answer[0][..2], ["1", "sma_cross"]);
        let digest = run(&session, "SELECT digest FROM quantlake.runs")
            .await
            .expect("a digest");
        let changed = "DELETE FROM bars WHERE symbol = 'AAPL'; SET timezone = 'Asia/Tokyo';
                   SET datafusion.execution.batch_size = 7";
        run(&session, changed).await.expect("changes");
        let replay = run(&session, "REPLAY RUN 1").await.expect("a replay");
        assert_eq!(replay[0][1], "identical");
        assert_eq!(replay[0][3], digest[0][0]);
        drop(session);
        engine.lake().close();
        drop(engine);

        let engine = open(folder.path(), 1).await;
        let session = engine.session("somebody");
        let replay = run(&session, "REPLAY RUN 1")
            .await
            .expect("a replay after a restart");
        assert_eq!(replay[0][3], digest[0][0]);
    });
}

#[test]
fn the_deflated_sharpe_ratio_is_that_of_the_ledgers_trials() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        let sweep = "RUN BACKTEST sma_cross WITH (fast = (5, 10, 20), slow = (50, 100))";
        assert_eq!(run(&session, sweep).await.expect("runs").len(), 6);
        let variance = number(
            &session,
            "SELECT var_samp(sharpe_per_period) FROM quantlake.trials",
        )
        .await;
        let metric = |name: &str| {
            format!(
                "SELECT value FROM quantlake.run_metrics WHERE run_id = 4 AND metric = '{name}'"
            )
        };
        assert_eq!(number(&session, &metric("trials")).await, 6.0);
        let stored = number(&session, &metric("trials_variance")).await;
        assert!((stored / variance - 1.0).abs() < 1e-12);
        // The same by the SQL function over the run's returns.
        let sql = format!(
            "SELECT deflated_sharpe(ret, 6, {variance:e}) FROM quantlake.run_equity WHERE run_id = 4"
        );
        let by_function = number(&session, &sql).await;
        let by_ledger = number(&session, &metric("deflated_sharpe")).await;
        assert!(
            (by_ledger / by_function - 1.0).abs() < 1e-12,
            "{by_ledger} {by_function}"
        );
        // The variants of a sweep that is no run count too.
        let swept = |i: i32| quantlake::lake::ledger::NewTrial {
            source: "backtest_grid".into(),
            label: format!("variant {i}"),
            fingerprint: format!("variant {i}"),
            n_returns: 2515,
            sharpe: Some(f64::from(i) * 1e-3),
        };
        let trials: Vec<_> = (0..100).map(swept).collect();
        engine
            .lake()
            .ledger()
            .add_trials("sma_cross", "tester", trials)
            .expect("trials");
        run(&session, "RUN BACKTEST sma_cross WITH (fast = 7)")
            .await
            .expect("a run");
        let sql = "SELECT value FROM quantlake.run_metrics WHERE run_id = 7 AND metric = 'trials'";
        assert_eq!(number(&session, sql).await, 107.0);
    });
}

#[test]
fn a_cancelled_run_leaves_nothing() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        let sweep = "RUN BACKTEST sma_cross WITH (fast = (2, 3, 4, 5, 6, 7, 8, 9), slow = (50, 60, 70, 80, 90))";
        let running = {
            let session = Arc::clone(&session);
            tokio::spawn(async move { run(&session, sweep).await })
        };
        tokio::time::sleep(Duration::from_millis(400)).await;
        session.cancel();
        let error = running.await.expect("no panic").expect_err("cancelled");
        assert_eq!(error.state.code(), "57014");
        for table in ["runs", "trials", "run_metrics", "run_equity", "run_trades"] {
            let sql = format!("SELECT count(*) FROM quantlake.{table}");
            assert_eq!(number(&session, &sql).await, 0.0, "{table}");
        }
    });
}

#[test]
fn a_replay_that_differs_says_where() {
    on_a_deep_stack(async {
        let (folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        run(&session, "RUN BACKTEST sma_cross")
            .await
            .expect("a run");
        drop(session);
        engine.lake().close();
        drop(engine);
        // Somebody changes what the run was made with.
        let ledger =
            duckdb::Connection::open(folder.path().join("ledger.duckdb")).expect("the ledger");
        let sql = "UPDATE runs SET frozen_sql = replace(frozen_sql, '0.2', '0.1')";
        assert_eq!(ledger.execute(sql, []).expect("an update"), 1);
        drop(ledger);

        let engine = open(folder.path(), 2).await;
        let session = engine.session("tester");
        let error = run(&session, "REPLAY RUN 1")
            .await
            .expect_err("another run");
        assert_eq!(error.state.code(), "22000");
        assert!(error.message.contains("the replay differs in"), "{error}");
        assert!(
            error.message.contains(" was ") && error.message.contains(" and is "),
            "{error}"
        );
    });
}

#[test]
fn a_replay_needs_the_models_of_its_run() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/testdata");
        let create = |verb: &str, file: &str| {
            format!(
                "CREATE {verb} m USING onnx FROM '{}'",
                models.join(file).display()
            )
        };
        let setup = format!(
        "{}; CREATE STRATEGY learnt AS SELECT *, CASE WHEN predict('m', close, volume) > 0 THEN 0.1 ELSE 0 END AS target FROM bars;
         RUN BACKTEST learnt; REPLAY RUN 1",
        create("MODEL", "linear2.onnx")
    );
        assert_eq!(
            run(&session, &setup).await.expect("a run and its replay")[0][1],
            "identical"
        );
        run(&session, &create("OR REPLACE MODEL", "named_inputs.onnx"))
            .await
            .expect("another model");
        let error = run(&session, "REPLAY RUN 1")
            .await
            .expect_err("the model is another one");
        assert_eq!(error.state.code(), "55000");
        assert_eq!(
            error.message,
            "run 1: it used version 1 of model \"m\", and now it is version 2"
        );
        run(&session, &create("OR REPLACE MODEL", "linear2.onnx"))
            .await
            .expect("the first one again");
        assert_eq!(
            run(&session, "REPLAY RUN 1").await.expect("a replay")[0][1],
            "identical"
        );
    });
}

#[test]
fn time_stands_still_in_a_run() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        let sql = "CREATE STRATEGY recent AS SELECT *, CASE WHEN ts < now() - INTERVAL '3000 days' THEN 0.1 ELSE 0.2 END AS target FROM bars;
               RUN BACKTEST recent";
        run(&session, sql).await.expect("a run");
        let frozen = run(&session, "SELECT frozen_sql FROM quantlake.runs")
            .await
            .expect("a text");
        assert!(
            frozen[0][0].contains("TIMESTAMP WITH TIME ZONE '"),
            "{frozen:?}"
        );
        assert!(!frozen[0][0].contains("now()"), "{frozen:?}");
        run(&session, "REPLAY RUN 1").await.expect("a replay");
    });
}

#[test]
fn the_benchmark_is_the_query_given_or_else_the_symbols_bought_and_held() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        run(&session, "RUN BACKTEST sma_cross WITH (cash = 50000)")
            .await
            .expect("a run");
        let grown = number(
            &session,
            "SELECT avg(b / a) FROM (SELECT symbol, first_value(close ORDER BY ts) AS a,
           last_value(close ORDER BY ts) AS b FROM bars GROUP BY symbol)",
        )
        .await;
        let last =
            "SELECT benchmark FROM quantlake.run_equity WHERE run_id = 1 ORDER BY ts DESC LIMIT 1";
        let held = number(&session, last).await;
        assert!(
            (held / (50_000.0 * grown) - 1.0).abs() < 1e-12,
            "{held} {grown}"
        );
        // What both have is computed by one function.
        let sql = "SELECT benchmark FROM quantlake.run_metrics WHERE metric = 'total_return'";
        let total = number(&session, sql).await;
        assert!(
            (total / (grown - 1.0) - 1.0).abs() < 1e-9,
            "{total} {grown}"
        );
    });
}

/// What a page would load from somewhere else.
fn outside(page: &str) -> Vec<&str> {
    let marks = ["http://", "https://", "src=", "@import", "url(", "<link"];
    marks
        .into_iter()
        .filter(|mark| page.contains(mark))
        .collect()
}

#[test]
fn the_report_is_one_page_that_needs_nothing_else() {
    on_a_deep_stack(async {
        let (_folder, engine) = with_strategy(2).await;
        let session = engine.session("tester");
        run(
            &session,
            "RUN BACKTEST sma_cross WITH (fast = (5, 20), note = '<script>alert(1)</script>')",
        )
        .await
        .expect("runs");
        let page = run(&session, "REPORT RUN 2").await.expect("a page")[0][0].clone();
        assert_eq!(outside(&page), Vec::<&str>::new());
        assert!(!page.contains("<script>alert"), "the note is text");
        for part in [
            "How honest is this?",
            "2 in the family sma_cross",
            "Drawdown",
            "Monthly returns",
            "Rolling Sharpe",
            "exposure",
            "Costs",
            "Trades of AAPL",
            "Benchmark",
            "next_open",
        ] {
            assert!(page.contains(part), "{part}");
        }
        let text = run(&session, "REPORT RUN 2 AS text").await.expect("a text")[0][0].clone();
        assert!(text.contains("Deflated Sharpe ratio"), "{text}");
        let picture = run(&session, "REPORT RUN 2 AS svg")
            .await
            .expect("a picture")[0][0]
            .clone();
        assert!(picture.starts_with("<svg ") && picture.trim_end().ends_with("</svg>"));
    });
}

fn command(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quantlake"))
        .env("QUANTLAKE_DATA", folder)
        .args(arguments)
        .output()
        .expect("quantlake runs")
}

#[test]
fn the_command_writes_the_report_and_says_whom_to_ask_when_the_folder_is_open() {
    on_a_deep_stack(async {
        let (folder, engine) = with_strategy(2).await;
        run(&engine.session("tester"), "RUN BACKTEST sma_cross")
            .await
            .expect("a run");
        let busy = command(folder.path(), &["report", "1"]);
        let said = String::from_utf8_lossy(&busy.stderr).into_owned();
        assert_eq!(busy.status.code(), Some(1), "{said}");
        assert!(
            said.contains("psql -AtX -c 'REPORT RUN 1' > report.html"),
            "{said}"
        );
        engine.lake().close();
        drop(engine);

        let page = folder.path().join("report.html");
        let done = command(
            folder.path(),
            &["report", "1", "-o", &page.to_string_lossy()],
        );
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let page = std::fs::read_to_string(page).expect("the page");
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains("sma_cross"));
        let shown = command(folder.path(), &["report", "1", "-o", "-"]);
        assert!(String::from_utf8_lossy(&shown.stdout).contains("Equity"));
        for (arguments, said) in [
            (["report", "9", "-o", "-"], "run 9 does not exist"),
            (
                ["report", "1", "-o", "x.docx"],
                "must be a file that ends in",
            ),
        ] {
            let refused = command(folder.path(), &arguments);
            assert_eq!(refused.status.code(), Some(1));
            assert!(String::from_utf8_lossy(&refused.stderr).contains(said));
        }
        let script = command(
            folder.path(),
            &[
                "sql",
                "-c",
                "RUN BACKTEST sma_cross; RUN BACKTEST nobody; RUN BACKTEST sma_cross",
            ],
        );
        assert_eq!(script.status.code(), Some(1));
        let after = command(
            folder.path(),
            &[
                "sql",
                "--format",
                "csv",
                "-c",
                "SELECT count(*) AS n FROM quantlake.runs",
            ],
        );
        assert_eq!(String::from_utf8_lossy(&after.stdout), "n\n2\n");
    });
}
