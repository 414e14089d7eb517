//! Events on real bars, through SQL, against a brute-force reference.
//!
//! `tests/golden/patterns.py` makes the files with 14 significant digits. Prices are copied or
//! scaled once, scores are means of a few ratios, so 1e-9 leaves no room for another bar.

mod support;

use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::DataType;
use datafusion::arrow::util::display::array_value_to_string;
use support::{repository_file, session};

/// Times as the files have them; prices as text.
const COLUMNS: &str = "symbol, pattern, direction, to_char(first_ts, '%Y-%m-%d %H:%M'), first_price, \
    to_char(middle_ts, '%Y-%m-%d %H:%M'), middle_price, to_char(second_ts, '%Y-%m-%d %H:%M'), \
    second_price, to_char(known_ts, '%Y-%m-%d %H:%M'), to_char(event_ts, '%Y-%m-%d %H:%M'), \
    status, neckline, target, stop, height, score";

async fn events(call: &str) -> Vec<Vec<String>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM {call} ORDER BY symbol, event_ts NULLS LAST, known_ts, pattern DESC"
    );
    let frame = session().await.sql(&sql).await.expect("a plan");
    let batches = frame.collect().await.expect("rows");
    let batch = concat_batches(&batches[0].schema(), &batches).expect("one batch");
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|c| cast(c, &DataType::Utf8).expect("text"))
        .collect();
    (0..batch.num_rows())
        .map(|row| {
            let text = |c| array_value_to_string(c, row).expect("a cell");
            columns.iter().map(|c| text(c.as_ref())).collect()
        })
        .collect()
}

fn expected(file: &str) -> Vec<Vec<String>> {
    let path = repository_file("tests/golden/patterns").join(file);
    let text = std::fs::read_to_string(path).expect("a golden file");
    text.lines()
        .skip(1)
        .map(|line| line.split(',').map(ToString::to_string).collect())
        .collect()
}

fn is_same(got: &str, expected: &str) -> bool {
    match (got.parse::<f64>(), expected.parse::<f64>()) {
        (Ok(got), Ok(expected)) => (got - expected).abs() <= 1e-9 * expected.abs(),
        _ => got == expected,
    }
}

async fn check(call: &str, file: &str) {
    let (got, expected) = (events(call).await, expected(file));
    for (row, (got, expected)) in got.iter().zip(&expected).enumerate() {
        for (got_cell, expected_cell) in got.iter().zip(expected) {
            assert!(
                is_same(got_cell, expected_cell),
                "{file}, event {row}: got {got:?}, expected {expected:?}"
            );
        }
    }
    assert_eq!(got.len(), expected.len(), "{file}: number of events");
}

#[tokio::test]
async fn defaults_on_adjusted_daily_bars_give_the_reference_events() {
    let query = "SELECT symbol, ts, high * (adj_close / close) AS high, \
        low * (adj_close / close) AS low, close * (adj_close / close) AS close, volume FROM us5";
    check(&format!("pattern_events(({query}))"), "adjusted.csv").await;
}

#[tokio::test]
async fn other_parameters_on_raw_bars_give_the_reference_events() {
    let call = "pattern_events((SELECT symbol, ts, high, low, close FROM us5), pivot_bars => 3, \
        tolerance => 0.015, min_depth => 0.03, min_bars => 6, max_bars => 60, min_trend => 0.5, \
        trend_bars => 40, confirm_within => 15, stop_margin => 0.03, forming => true)";
    check(call, "raw.csv").await;
}

#[tokio::test]
async fn hourly_bars_give_the_reference_events() {
    let call = "pattern_events((SELECT * FROM eurusd), pivot_bars => 8, tolerance => 0.002, min_depth => 0.004, \
        min_bars => 12, max_bars => 240, min_trend => 1, trend_bars => 240, confirm_within => 120, \
        stop_margin => 0, forming => true)";
    check(call, "eurusd.csv").await;
}

#[tokio::test]
async fn one_pattern_at_a_time_gives_its_part_of_all() {
    let query = "(SELECT symbol, ts, high, low, close, volume FROM us5)";
    let all = events(&format!("pattern_events({query})")).await;
    for pattern in ["double_top", "double_bottom"] {
        let one = events(&format!("pattern_events({query}, pattern => '{pattern}')")).await;
        let part: Vec<_> = all.iter().filter(|e| e[1] == pattern).cloned().collect();
        assert_eq!(one, part);
    }
}
