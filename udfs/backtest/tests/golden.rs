//! Whole runs through SQL against backtesting.py and vectorbt; `tests/golden/backtest.py` makes
//! the files and says which arguments stand for which program's rules.
//!
//! Tolerance: 1e-9 relative, the sums of some thousand rounded products. Against backtesting.py
//! also half a cent absolute would do; the values agree far beyond that.

mod common;

use common::{Table, session};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use serde_json::Value;
use std::path::PathBuf;

const TOLERANCE: f64 = 1e-9;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden(file: &str) -> PathBuf {
    repository().join("tests/golden/backtest").join(file)
}

/// The prices of backtesting.py's package; they do not ship with this project.
fn goog_csv() -> PathBuf {
    let folder = match std::env::var_os("QUANTLAKE_TEST_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => repository().join(".deps/test-data"),
    };
    let file = folder.join("GOOG.csv");
    assert!(
        file.is_file(),
        "{} is missing: `make test-data` fetches it, QUANTLAKE_TEST_DATA names another folder for it",
        file.display()
    );
    file
}

fn case(name: &str) -> Value {
    let text = std::fs::read_to_string(golden("cases.json")).expect("the golden file ships");
    let mut all: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    all["cases"][name].take()
}

async fn register_csv(session: &SessionContext, table: &str, path: PathBuf) {
    let path = path.to_str().expect("a printable path");
    session
        .register_csv(table, path, CsvReadOptions::new())
        .await
        .expect("a readable CSV file");
}

/// One case: its session, the bars with targets as a query, and its arguments.
struct Case {
    name: &'static str,
    about: Value,
    session: SessionContext,
    bars: &'static str,
}

impl Case {
    async fn goog(name: &'static str) -> Self {
        let session = session();
        register_csv(&session, "goog", goog_csv()).await;
        let prepared = "CREATE VIEW prices AS SELECT \"\"::timestamp AS ts, \"Open\" AS open, \
            \"High\" AS high, \"Low\" AS low, \"Close\" AS close FROM goog";
        session
            .sql(prepared)
            .await
            .expect("a view over the CSV file");
        let bars = "SELECT p.*, t.target FROM prices p LEFT JOIN targets t ON p.ts = t.ts";
        Self::with(name, session, bars).await
    }

    async fn us4(name: &'static str) -> Self {
        let session = session();
        let path = repository().join("data/us5_daily.parquet");
        let path = path.to_str().expect("a printable path");
        session
            .register_parquet("us5", path, ParquetReadOptions::default())
            .await
            .expect("the sample data ships");
        let last_year = &case(name)["last_year"];
        let prepared = format!(
            "CREATE VIEW prices AS SELECT * FROM us5 WHERE symbol <> 'FB' \
             AND date_part('year', ts) BETWEEN 2005 AND {last_year}"
        );
        session
            .sql(&prepared)
            .await
            .expect("a view over the sample data");
        let bars = "SELECT p.*, t.target FROM prices p LEFT JOIN targets t ON p.ts = t.ts AND p.symbol = t.symbol";
        Self::with(name, session, bars).await
    }

    async fn with(name: &'static str, session: SessionContext, bars: &'static str) -> Self {
        register_csv(&session, "targets", golden(&format!("{name}_targets.csv"))).await;
        let about = case(name);
        Self {
            name,
            about,
            session,
            bars,
        }
    }

    /// A view of the run, in a declared order.
    async fn run(&self, function: &str, order: &str) -> Table {
        let arguments = self.about["arguments"].as_str().expect("arguments");
        let sql = format!(
            "SELECT * FROM {function}(({}), {arguments}) ORDER BY {order}",
            self.bars
        );
        Table::of(&self.session, &sql).await
    }

    async fn expected(&self, file: &str, order: &str) -> Table {
        let table = format!("expected_{file}");
        register_csv(
            &self.session,
            &table,
            golden(&format!("{}_{file}.csv", self.name)),
        )
        .await;
        Table::of(
            &self.session,
            &format!("SELECT * FROM {table} ORDER BY {order}"),
        )
        .await
    }

    fn stat(&self, name: &str) -> f64 {
        let value = &self.about["stats"][name];
        value
            .as_f64()
            .unwrap_or_else(|| panic!("no statistic {name}"))
    }

    async fn metric(&self, name: &str) -> f64 {
        let report = self.run("backtest_metrics", "metric").await;
        let names = report.texts("metric");
        let place = names.iter().position(|n| n == name).expect("a metric");
        report.numbers("value")[place]
    }

    async fn assert_curve(&self, columns: &[&str]) {
        let found = self.run("backtest", "ts").await;
        let expected = self.expected("curve", "ts").await;
        assert_eq!(found.texts("ts"), expected.texts("ts"));
        let scale = self.stat("end_equity");
        for column in columns {
            // Cash may be next to nothing: it is compared on the scale of the account.
            assert_close(
                &found.numbers(column),
                &expected.numbers(column),
                scale,
                column,
            );
        }
    }

    async fn assert_trades(&self) {
        let found = self.run("backtest_trades", "entry_ts").await;
        let expected = self.expected("trades", "entry_ts").await;
        let exits = found.texts("exit_ts");
        let n_closed = exits.iter().filter(|e| !e.is_empty()).count();
        assert_eq!(n_closed, expected.len());
        assert_eq!(
            found.texts("entry_ts")[..n_closed],
            expected.texts("entry_ts")
        );
        assert_eq!(exits[..n_closed], expected.texts("exit_ts"));
        assert_eq!(found.numbers("bars")[..n_closed], expected.numbers("bars"));
        assert_eq!(signed_units(&found)[..n_closed], expected.numbers("units"));
        for column in ["pnl", "ret", "costs"] {
            let found = &found.numbers(column)[..n_closed];
            assert_close(found, &expected.numbers(column), 1.0, column);
        }
    }

    /// Compares the fills, which the trades of a run show as entries and exits.
    async fn assert_orders(&self) {
        let trades = self.run("backtest_trades", "entry_ts, symbol").await;
        let units = signed_units(&trades);
        let entries = legs(&trades, "entry", &units, 1.0);
        let exits = legs(&trades, "exit", &units, -1.0);
        let expected = self.expected("orders", "ts, symbol").await;
        let keys = expected
            .texts("ts")
            .into_iter()
            .zip(expected.texts("symbol"));
        let (sizes, prices) = (expected.numbers("units"), expected.numbers("price"));
        for (i, key) in keys.enumerate() {
            let same: Vec<&Leg> = entries
                .iter()
                .chain(&exits)
                .filter(|l| l.key == key)
                .collect();
            let size: f64 = same.iter().map(|leg| leg.units).sum();
            assert_close(&[size], &[sizes[i]], sizes[i], "units");
            for leg in same {
                assert_close(&[leg.price], &[prices[i]], prices[i], "price");
            }
        }
    }

    async fn assert_metrics(&self) {
        let stats = self.about["stats"].as_object().expect("statistics");
        for (name, value) in stats {
            let value = value.as_f64().expect("a number");
            assert_close(&[self.metric(name).await], &[value], value, name);
        }
    }
}

/// One side of a trade.
struct Leg {
    key: (String, String),
    units: f64,
    price: f64,
}

fn legs(trades: &Table, side: &str, units: &[f64], sign: f64) -> Vec<Leg> {
    let times = trades.texts(&format!("{side}_ts")).into_iter();
    let keys = times.zip(trades.texts("symbol"));
    let prices = trades.numbers(&format!("{side}_price"));
    let leg = |((key, units), price): ((_, &f64), f64)| Leg {
        key,
        units: sign * units,
        price,
    };
    keys.zip(units).zip(prices).map(leg).collect()
}

fn signed_units(trades: &Table) -> Vec<f64> {
    let sides = trades.texts("side");
    let quantities = trades.numbers("quantity");
    let signed = |(q, side): (f64, &String)| if side == "long" { q } else { -q };
    quantities.into_iter().zip(&sides).map(signed).collect()
}

fn assert_close(found: &[f64], expected: &[f64], scale: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = TOLERANCE * expected.abs().max(scale.abs());
        assert!(
            (found - expected).abs() <= allowed,
            "{what}, row {i}: found {found}, expected {expected}"
        );
    }
}

#[tokio::test]
async fn the_published_goog_sma_cross_of_backtesting_py_comes_out_to_the_cent() {
    let case = Case::goog("goog_10_30").await;
    case.assert_trades().await;
    case.assert_curve(&["equity"]).await;
    assert_close(
        &[case.metric("total_return").await * 100.0],
        &[414.229_899_999_999_6],
        1.0,
        "return",
    );
    assert_close(
        &[case.metric("max_drawdown").await * 100.0],
        &[case.stat("max_drawdown_percent")],
        1.0,
        "max_drawdown",
    );
    assert_eq!(case.metric("n_trades").await, 66.0);
    assert_close(&[case.metric("sqn").await], &[case.stat("sqn")], 1.0, "sqn");
    assert_close(
        &[case.metric("win_rate").await * 100.0],
        &[case.stat("win_rate_percent")],
        1.0,
        "win_rate",
    );
}

#[tokio::test]
async fn a_goog_sma_cross_with_commission_agrees_with_backtesting_py_trade_by_trade() {
    let case = Case::goog("goog_10_20_commission").await;
    case.assert_trades().await;
    case.assert_curve(&["equity"]).await;
    assert_eq!(case.metric("n_trades").await, 93.0);
    assert_close(&[case.metric("sqn").await], &[case.stat("sqn")], 1.0, "sqn");
}

#[tokio::test]
async fn four_symbols_that_trade_on_changes_agree_with_vectorbt() {
    let case = Case::us4("us4_change").await;
    case.assert_curve(&["equity", "cash"]).await;
    case.assert_orders().await;
    case.assert_metrics().await;
}

#[tokio::test]
async fn a_long_short_book_rebalanced_every_bar_agrees_with_vectorbt() {
    let case = Case::us4("us4_long_short").await;
    case.assert_curve(&["equity", "cash"]).await;
    case.assert_metrics().await;
}

#[tokio::test]
async fn a_book_that_spends_all_its_cash_every_week_agrees_with_vectorbt() {
    let case = Case::us4("us4_all_cash").await;
    case.assert_curve(&["equity", "cash"]).await;
    case.assert_metrics().await;
}

#[tokio::test]
async fn trading_at_the_close_of_the_signal_agrees_with_vectorbt() {
    let case = Case::us4("us4_same_close").await;
    case.assert_curve(&["equity", "cash"]).await;
    case.assert_metrics().await;
}
