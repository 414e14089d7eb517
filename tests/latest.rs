//! The newest rows of a window: what they cost, and that they are the rows of the full query.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::concat_batches;
use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use queries::{NEWEST, live_queries};
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[path = "latest/queries.rs"]
mod queries;
#[path = "latest/states.rs"]
mod states;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data")
}

struct Db {
    folder: tempfile::TempDir,
    session: Arc<Session>,
}

impl Db {
    /// Daily bars of five symbols, sorted by symbol and time, and a copy without an order.
    async fn with_bars() -> Self {
        let db = Self::open(tempfile::tempdir().expect("a folder")).await;
        let file = data().join("us5_daily.parquet");
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

    async fn open(folder: tempfile::TempDir) -> Self {
        let options = EngineOptions {
            allowed_paths: vec![data()],
            ..EngineOptions::default()
        };
        let engine = Engine::open(folder.path(), options).await;
        let session = engine.expect("an engine").session("tester");
        Self { folder, session }
    }

    /// The same database in another process.
    async fn started_again(self) -> Self {
        let Self { folder, session } = self;
        session.engine().lake().close();
        drop(session);
        Self::open(folder).await
    }

    /// The rows of the last statement as comma-separated values.
    async fn run(&self, sql: &str) -> String {
        let rows = self.rows(sql).await;
        rows.map_or(String::new(), |r| quantlake::cli::csv(&[r]).expect("text"))
    }

    /// The rows of the last statement; none when it is a command.
    async fn rows(&self, sql: &str) -> Option<RecordBatch> {
        let mut last = None;
        for statement in self.session.parse(sql).expect("it parses") {
            let outcome = self.session.execute(&statement, &[]).await;
            if let Outcome::Rows(rows) = outcome.unwrap_or_else(|e| panic!("{sql}: {e}")) {
                let schema = rows.schema();
                let batches: Vec<_> = rows.try_collect().await.expect("rows");
                last = Some(concat_batches(&schema, &batches).expect("one schema"));
            }
        }
        last
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
            true,
            "SELECT symbol, ts, mom(close, 10) OVER w AS m FROM bars WHERE symbol = 'AAPL' \
                WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY ts DESC, symbol LIMIT 2",
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

/// What an operator's metric says in EXPLAIN ANALYZE.
fn metric(explained: &str, name: &str) -> Option<usize> {
    let (_, rest) = explained.split_once(&format!("{name}="))?;
    let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

impl Db {
    /// A table of bars, in no order, to which others are added.
    async fn with_live_table() -> Self {
        let db = Self::with_bars().await;
        db.run(
            "CREATE TABLE live AS SELECT symbol, ts, open, high, low, close, volume FROM bars \
             WHERE ts > '2012-01-01' AND symbol <> 'FB'",
        )
        .await;
        db
    }

    /// How many added rows a query read; none when it read all.
    async fn added_rows(&self, sql: &str) -> Option<usize> {
        let explained = self.run(&format!("EXPLAIN ANALYZE {sql}")).await;
        let n_resumed = metric(&explained, "resumed");
        (n_resumed == Some(1)).then(|| metric(&explained, "added_rows").expect("a count"))
    }

    /// The newest rows are those of the query for all rows, to the last bit.
    async fn check_newest(&self, sql: &str, n_rows: usize) {
        let newest = self.rows(&format!("{sql} {NEWEST} LIMIT {n_rows}")).await;
        let all = self.rows(&format!("{sql} {NEWEST}")).await.expect("rows");
        let first = all.slice(0, n_rows.min(all.num_rows()));
        assert!(
            newest.as_ref() == Some(&first),
            "{sql}\n{newest:?}\n{first:?}"
        );
    }
}

/// Values of bars without an end: SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// A bar; one in ten has no close.
    fn bar(&mut self, symbol: &str, day: u64) -> String {
        let cents = 10_000 + self.below(5_000);
        let [open, high, low] = [50, 200, 0].map(|d| (cents + d) as f64 / 100.0);
        let close = match self.below(10) {
            0 => "NULL".to_string(),
            _ => format!("{}", (cents + self.below(200)) as f64 / 100.0),
        };
        let volume = self.below(1_000_000);
        format!(
            "('{symbol}', '2013-04-01'::date + {day}, {open}, {high}, {low}, {close}, {volume})"
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn added_bars_cost_themselves_whatever_the_function() {
    let db = Db::with_live_table().await;
    let queries = live_queries();
    for (sql, n_rows) in &queries {
        let sql = format!("{sql} {NEWEST} LIMIT {n_rows}");
        assert_eq!(db.added_rows(&sql).await, None, "the first time");
        assert_eq!(db.added_rows(&sql).await, Some(0), "the second time");
    }
    let mut random = Random(7);
    for day in 0..6 {
        let symbols = ["AAPL", "GOOG", "IBM", "MSFT", "NEW"];
        let bars: Vec<String> = symbols.iter().map(|s| random.bar(s, day)).collect();
        db.run(&format!("INSERT INTO live VALUES {}", bars.join(", ")))
            .await;
        for (sql, n_rows) in &queries {
            let n_added = if sql.contains("WHERE") { 1 } else { 5 };
            let limited = format!("{sql} {NEWEST} LIMIT {n_rows}");
            assert_eq!(db.added_rows(&limited).await, Some(n_added), "{limited}");
            db.check_newest(sql, *n_rows).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_written_the_newest_rows_are_those_of_the_full_query() {
    for seed in 0..2 {
        let db = Db::with_live_table().await;
        let mut random = Random(seed);
        for day in 0..14 {
            let symbol = ["AAPL", "GOOG", "IBM", "MSFT", "NEW"][random.below(5) as usize];
            let bar = |random: &mut Random, day| random.bar(symbol, day);
            let first = bar(&mut random, 10 * day);
            let write = match (day, random.below(6)) {
                (12, _) => "DELETE FROM live WHERE symbol = 'IBM' AND ts = '2012-06-01'".into(),
                (13, _) => "UPDATE live SET close = 1 WHERE ts > '2013-04-02'".into(),
                // Of an earlier time, and twice of one time.
                (_, 0) => format!("INSERT INTO live VALUES {}", bar(&mut random, 10 * day + 1)),
                (_, 1) => format!("INSERT INTO live VALUES {first}, {}", bar(&mut random, 3)),
                (_, 2) => "INSERT INTO live SELECT * FROM live LIMIT 0".into(),
                // Several, the later one first.
                _ => format!(
                    "INSERT INTO live VALUES {}, {first}",
                    bar(&mut random, 10 * day + 5)
                ),
            };
            db.run(&write).await;
            for (sql, n_rows) in live_queries() {
                db.check_newest(&sql, n_rows).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn anything_but_later_rows_reads_the_history_again() {
    let db = Db::with_live_table().await;
    let newest = "SELECT symbol, ts, ema(close, 5) OVER (PARTITION BY symbol ORDER BY ts) AS e \
                  FROM live ORDER BY ts DESC, symbol LIMIT 4";
    let bar = |symbol: &str, day: &str| {
        format!("INSERT INTO live VALUES ('{symbol}', '{day}', 1, 1, 1, 1, 1)")
    };
    for (is_added, write) in [
        (true, bar("NEW", "2013-05-01")),
        (false, bar("NEW", "2013-04-01")),
        (true, bar("NEW", "2013-05-02")),
        (
            false,
            format!(
                "{0}, ('OLD', '2013-05-01', 1, 1, 1, 2, 1)",
                bar("OLD", "2013-05-01")
            ),
        ),
        (false, "DELETE FROM live WHERE symbol = 'OLD'".into()),
        (
            false,
            "CREATE OR REPLACE TABLE live AS SELECT * FROM live".into(),
        ),
        (true, bar("NEW", "2013-05-03")),
    ] {
        db.run(newest).await;
        db.run(&write).await;
        assert_eq!(db.added_rows(newest).await.is_some(), is_added, "{write}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_kept_beyond_the_memory_that_is_given() {
    let db = Db::with_live_table().await;
    let newest = "SELECT ts, ema(close, 5) OVER (PARTITION BY symbol ORDER BY ts) AS e FROM live \
                  ORDER BY ts DESC, symbol LIMIT 4";
    for (setting, is_kept) in [("0", false), ("1kB", false), ("1MB", true), ("0", false)] {
        db.run(&format!("SET newest_rows_memory = '{setting}'"))
            .await;
        db.run(newest).await;
        assert_eq!(db.added_rows(newest).await.is_some(), is_kept, "{setting}");
    }
    db.run("RESET newest_rows_memory").await;
    assert_eq!(db.added_rows(newest).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_moves_is_kept_when_it_comes_again() {
    let db = Db::with_live_table().await;
    let newest = "SELECT ts, ema(close, 5) OVER (PARTITION BY symbol ORDER BY ts) AS e FROM live \
                  WHERE ts > '2012-06-01' ORDER BY ts DESC, symbol LIMIT 4";
    for is_kept in [false, false, true] {
        assert_eq!(db.added_rows(newest).await.is_some(), is_kept);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_start_the_history_is_read_once() {
    let db = Db::with_live_table().await;
    let newest = "SELECT symbol, ts, ema(close, 5) OVER (PARTITION BY symbol ORDER BY ts) AS e \
                  FROM live";
    let limited = format!("{newest} {NEWEST} LIMIT 4");
    db.run(&limited).await;
    assert_eq!(db.added_rows(&limited).await, Some(0));
    let db = db.started_again().await;
    for expected in [None, Some(0)] {
        assert_eq!(db.added_rows(&limited).await, expected);
        db.check_newest(newest, 4).await;
    }
}
