//! Fill by fill and equity by equity against vectorbt, backtesting.py and bt, each under the arguments
//! that make ours its conventions. `tests/golden/backtest_peers.py` ran the programs and says how
//! their calls are translated; docs/backtest_conventions.md is the table of what agrees.
//!
//! Tolerance: 1e-9 relative, the sums of some thousand rounded products.

mod common;

use common::{Table, session};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

const TOLERANCE: f64 = 1e-9;

fn repository() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn golden(file: &str) -> PathBuf {
    repository().join("tests/golden/backtest/peers").join(file)
}

fn cases() -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(golden("cases.json")).expect("the golden file ships");
    let all: Value = serde_json::from_str(&text).expect("the golden file is JSON");
    let cases = all["cases"].as_object().expect("cases").clone();
    cases.into_iter().collect()
}

async fn register(session: &SessionContext, table: &str, file: &str) {
    let path = golden(file);
    let path = path.to_str().expect("a printable path");
    let read = session.register_csv(table, path, CsvReadOptions::new());
    read.await.expect("a readable CSV file");
}

/// The bars with what the case adds to them.
async fn bars(session: &SessionContext, name: &str, about: &Value) -> String {
    let path = repository().join("data/us5_daily.parquet");
    let path = path.to_str().expect("a printable path");
    let read = session.register_parquet("us5", path, ParquetReadOptions::default());
    read.await.expect("the sample data ships");
    let symbols = about["symbols"].as_array().expect("symbols").iter();
    let symbols = symbols.map(|s| format!("'{}'", s.as_str().expect("a symbol")));
    let (first, last) = (text(about, "first"), text(about, "last"));
    let bars = format!(
        "SELECT * FROM us5 WHERE symbol IN ({}) AND ts BETWEEN '{first}' AND '{last}'",
        symbols.collect::<Vec<_>>().join(", ")
    );
    if about["has_signals"] != Value::Bool(true) {
        return bars;
    }
    register(session, "signals", &format!("{name}_signals.csv")).await;
    let signals = session.table("signals").await.expect("registered above");
    let columns = signals.schema().fields().iter().map(|f| f.name().clone());
    let columns: Vec<String> = columns
        .filter(|c| c != "ts" && c != "symbol")
        .map(|c| format!("s.\"{c}\""))
        .collect();
    format!(
        "SELECT p.*, {} FROM ({bars}) p LEFT JOIN signals s ON p.ts = s.ts AND p.symbol = s.symbol",
        columns.join(", ")
    )
}

fn text<'a>(about: &'a Value, name: &str) -> &'a str {
    about[name].as_str().expect("a text")
}

/// Units and fees of the fills by time, symbol and price: a reversal is one fill of ours and two of
/// backtesting.py's.
fn by_price(table: &Table, units: &[f64], fee: &str) -> Vec<(String, String, f64, f64, f64)> {
    let keys = table.texts("ts").into_iter().zip(table.texts("symbol"));
    let numbers = table
        .numbers("price")
        .into_iter()
        .zip(units)
        .zip(table.numbers(fee));
    let mut rows: Vec<(String, String, f64, f64, f64)> = keys
        .zip(numbers)
        .map(|((ts, symbol), ((price, units), fee))| (ts, symbol, price, *units, fee))
        .collect();
    rows.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)).then(a.2.total_cmp(&b.2)));
    rows.dedup_by(|next, first| {
        let is_same = (&next.0, &next.1) == (&first.0, &first.1)
            && (next.2 - first.2).abs() <= TOLERANCE * first.2;
        if is_same {
            first.3 += next.3;
            first.4 += next.4;
        }
        is_same
    });
    rows.retain(|row| row.3.abs() > 1e-9);
    rows
}

fn signed(fills: &Table) -> Vec<f64> {
    let sides = fills.texts("side");
    let quantities = fills.numbers("quantity").into_iter();
    let sign = |(q, side): (f64, &String)| if side == "buy" { q } else { -q };
    quantities.zip(&sides).map(sign).collect()
}

fn is_close(found: f64, expected: f64, scale: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * scale.max(expected.abs())
}

/// Runs one case through SQL and compares every fill and the equity.
async fn check(name: &str, about: &Value) {
    let session = session();
    let bars = bars(&session, name, about).await;
    let mut arguments = text(about, "arguments").to_owned();
    if about["has_query"] == Value::Bool(true) {
        register(&session, "requests", &format!("{name}_query.csv")).await;
        arguments += ", orders => (SELECT * FROM requests)";
    }
    register(&session, "fills", &format!("{name}_fills.csv")).await;
    register(&session, "curve", &format!("{name}_curve.csv")).await;
    let sql = |view: &str| format!("SELECT * FROM {view}(({bars}), {arguments})");
    let found = Table::of(&session, &sql("backtest_fills")).await;
    let expected = Table::of(&session, "SELECT * FROM fills").await;
    let ours = by_price(&found, &signed(&found), "commission");
    let theirs = by_price(&expected, &expected.numbers("units"), "fee");
    for (a, b) in ours.iter().zip(&theirs) {
        let is_same = (&a.0, &a.1) == (&b.0, &b.1)
            && is_close(a.2, b.2, 1.0)
            && is_close(a.3, b.3, 1.0)
            && is_close(a.4, b.4, 1.0);
        assert!(
            is_same,
            "{name}: found {a:?}, {} {b:?}",
            text(about, "program")
        );
    }
    assert_eq!(ours.len(), theirs.len(), "{name}: fills");
    assert_curve(name, &session, &sql("backtest")).await;
}

async fn assert_curve(name: &str, session: &SessionContext, sql: &str) {
    let joined = format!(
        "SELECT f.equity AS found, c.equity AS expected FROM ({sql}) f JOIN curve c ON f.ts = c.ts"
    );
    let table = Table::of(session, &joined).await;
    let n_rows = Table::of(session, "SELECT * FROM curve").await.len();
    assert_eq!(table.len(), n_rows, "{name}: timestamps of the curve");
    let pairs = table
        .numbers("found")
        .into_iter()
        .zip(table.numbers("expected"));
    for (found, expected) in pairs {
        assert!(
            is_close(found, expected, 0.0),
            "{name}: equity {found}, expected {expected}"
        );
    }
}

async fn check_all(prefix: &str, at_least: usize) {
    let cases = cases();
    let mine: Vec<_> = cases
        .iter()
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    assert!(mine.len() >= at_least, "{} cases of {prefix}", mine.len());
    for (name, about) in mine {
        check(name, about).await;
    }
}

#[tokio::test]
async fn orders_signals_and_stops_agree_with_vectorbt() {
    check_all("vbt_", 15).await;
}

#[tokio::test]
async fn strategies_of_the_documentation_agree_with_backtesting_py() {
    check_all("btpy_", 7).await;
}

#[tokio::test]
async fn monthly_weights_agree_with_bt() {
    check_all("bt_", 2).await;
}
