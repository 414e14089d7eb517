//! The newest rows of a window: what they cost, and that they are the rows of the full query.

use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use std::path::Path;
use std::sync::Arc;

struct Db {
    _folder: tempfile::TempDir,
    session: Arc<Session>,
}

impl Db {
    /// Daily bars of five symbols, sorted by symbol and time, and a copy without an order.
    async fn with_bars() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let options = EngineOptions {
            allowed_paths: vec![data.clone()],
            ..EngineOptions::default()
        };
        let engine = Engine::open(folder.path(), options)
            .await
            .expect("an engine");
        let session = engine.session("tester");
        let db = Self {
            _folder: folder,
            session,
        };
        let file = data.join("us5_daily.parquet");
        db.run(&format!(
            "CREATE EXTERNAL TABLE bars STORED AS PARQUET \
             WITH ORDER (symbol ASC NULLS LAST, ts ASC NULLS LAST) LOCATION '{}'",
            file.display()
        ))
        .await;
        db.run("CREATE TABLE unsorted AS SELECT * FROM bars ORDER BY volume")
            .await;
        db
    }

    /// The rows of the last statement as comma-separated values.
    async fn run(&self, sql: &str) -> String {
        let mut text = String::new();
        for statement in self.session.parse(sql).expect("it parses") {
            let outcome = self.session.execute(&statement, &[]).await;
            if let Outcome::Rows(rows) = outcome.unwrap_or_else(|e| panic!("{sql}: {e}")) {
                let batches: Vec<_> = rows.try_collect().await.expect("rows");
                text = quantlake::cli::csv(&batches).expect("text");
            }
        }
        text
    }

    /// Whether the query reads the ends of symbols only; its rows are those of the full query.
    async fn reads_the_end(&self, sql: &str) -> bool {
        let got = self.run(sql).await;
        let expected = self.run(&sql.replace("FROM bars", "FROM unsorted")).await;
        assert!(
            !got.is_empty() && got == expected,
            "{sql}\n{got}\n{expected}"
        );
        self.run(&format!("EXPLAIN {sql}"))
            .await
            .contains("LatestRowsExec")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_rows_cost_their_look_back_where_that_is_exact() {
    let db = Db::with_bars().await;
    for (end_is_enough, sql) in [
        (
            true,
            "SELECT ts, willr(high, low, close, 14) OVER w AS r FROM bars WHERE symbol = 'AAPL' \
                WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC LIMIT 1",
        ),
        (
            true,
            "SELECT symbol, ts, mom(close, 10) OVER w AS m, ta_max(high, 50) OVER w AS h FROM bars \
                WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC, symbol LIMIT 5",
        ),
        (
            false,
            "SELECT ts, aroon(high, low) OVER (ORDER BY ts) AS a FROM bars WHERE symbol = 'FB' \
                ORDER BY ts DESC LIMIT 3",
        ),
        // A recursion needs every row, a sum that slides along carries the past's rounding.
        (
            false,
            "SELECT ts, rsi(close, 14) OVER w AS r FROM bars WHERE symbol = 'AAPL' \
                 WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC LIMIT 1",
        ),
        (
            false,
            "SELECT ts, mom(close, 10) OVER w AS m, sma(close, 10) OVER w AS s FROM bars \
                 WHERE symbol = 'AAPL' WINDOW w AS (PARTITION BY symbol ORDER BY ts) \
                 ORDER BY ts DESC LIMIT 1",
        ),
        // Other rows than the newest are asked for.
        (
            false,
            "SELECT ts, mom(close, 10) OVER w AS m FROM bars WHERE symbol = 'AAPL' \
                 WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY m DESC, ts LIMIT 1",
        ),
        (
            false,
            "SELECT ts, mom(close, 10) OVER w AS m FROM bars WHERE symbol = 'AAPL' \
                 WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts LIMIT 12",
        ),
        (
            false,
            "SELECT ts, mom(close, 10) OVER w AS m FROM bars WHERE symbol = 'AAPL' AND close > 100 \
                 WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC LIMIT 1",
        ),
    ] {
        assert_eq!(db.reads_the_end(sql).await, end_is_enough, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_values_make_the_look_back_longer_and_the_answer_stays_right() {
    let db = Db::with_bars().await;
    // Of the last year nine rows in ten have no value: the look-back goes years back.
    let holes = "CASE WHEN ts > '2012-03-01' AND extract(day FROM ts) > 3 THEN NULL ELSE close END";
    let sql = format!(
        "SELECT symbol, ts, ta_max({holes}, 100) OVER w AS h FROM bars \
         WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC, symbol LIMIT 600"
    );
    assert!(db.reads_the_end(&sql).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inserted_bar_is_the_newest_one() {
    let db = Db::with_bars().await;
    db.run("CREATE TABLE live AS SELECT symbol, ts, close FROM bars")
        .await;
    db.run("INSERT INTO live VALUES ('AAPL', '2013-03-04', 500.0)")
        .await;
    let sql = "SELECT ts, mom(close, 1) OVER (PARTITION BY symbol ORDER BY ts) AS m FROM live \
               WHERE symbol = 'AAPL' ORDER BY ts DESC LIMIT 1";
    let newest = db.run(sql).await;
    assert_eq!(newest.trim(), "2013-03-04T00:00:00,69.52999999999997");
}
