//! How `pattern_events` answers to input that is empty, unsorted or wrong.

mod support;

use datafusion::arrow::array::RecordBatch;
use quantlake_core::{QlError, SqlState};
use support::session;

async fn rows(sql: &str) -> Result<Vec<RecordBatch>, QlError> {
    let root = |error| {
        QlError::of(&error)
            .cloned()
            .unwrap_or_else(|| panic!("not ours: {error}"))
    };
    let frame = session().await.sql(sql).await.map_err(root)?;
    frame.collect().await.map_err(root)
}

async fn count(sql: &str) -> usize {
    let batches = rows(sql).await.expect("rows");
    batches.iter().map(RecordBatch::num_rows).sum()
}

async fn refused(sql: &str) -> (SqlState, String) {
    let error = rows(sql).await.expect_err("an error");
    (error.state, error.message)
}

const HEADER: &str = "SELECT * FROM pattern_events((SELECT column1 AS symbol, \
    to_timestamp(column2) AS ts, column3 AS high, column4 AS low, column4 AS close FROM VALUES ";

#[tokio::test]
async fn the_example_of_the_spec_gives_its_result() {
    let registry = support::registry();
    let example = registry
        .get("pattern_events")
        .map(|f| f.spec.example.clone());
    let example = example.expect("an example");
    let batches = rows(&example.sql).await.expect("rows");
    let mut csv = Vec::new();
    let mut writer = datafusion::arrow::csv::WriterBuilder::new()
        .with_header(false)
        .build(&mut csv);
    for batch in &batches {
        writer.write(batch).expect("csv");
    }
    drop(writer);
    assert_eq!(String::from_utf8_lossy(&csv).trim_end(), example.result);
}

#[tokio::test]
async fn an_empty_query_and_a_symbol_of_one_bar_have_no_events() {
    assert_eq!(
        count("SELECT * FROM pattern_events((SELECT * FROM us5 WHERE false))").await,
        0
    );
    assert_eq!(count(&format!("{HEADER} ('X', 1, 2.0, 1.0)))")).await, 0);
}

#[tokio::test]
async fn unsorted_bars_give_the_events_of_sorted_bars() {
    let sorted = count("SELECT * FROM pattern_events((SELECT * FROM us5))").await;
    let shuffled = "SELECT * FROM us5 ORDER BY volume";
    assert!(sorted > 0);
    assert_eq!(
        count(&format!("SELECT * FROM pattern_events(({shuffled}))")).await,
        sorted
    );
}

#[tokio::test]
async fn two_bars_of_one_time_are_refused_by_symbol_and_time() {
    let sql = format!("{HEADER} ('X', 1, 2.0, 1.0), ('Y', 1, 2.0, 1.0), ('Y', 1, 2.0, 1.0)))");
    let (state, message) = refused(&sql).await;
    assert_eq!(state, SqlState::DataException);
    let expected = "pattern_events: symbol 'Y' at 1970-01-01 00:00:01: found more than one bar";
    assert_eq!(message, expected);
}

#[tokio::test]
async fn a_price_that_is_not_positive_is_refused_by_symbol_and_time() {
    let (state, message) = refused(&format!("{HEADER} ('X', 1, 2.0, -1.0)))")).await;
    assert_eq!(state, SqlState::DataException);
    assert_eq!(
        message,
        "pattern_events: symbol 'X' at 1970-01-01 00:00:01: prices must be positive, found -1"
    );
}

#[tokio::test]
async fn a_high_below_its_low_is_refused() {
    let (_, message) = refused(&format!("{HEADER} ('X', 1, 1.0, 2.0)))")).await;
    assert_eq!(
        message,
        "pattern_events: symbol 'X' at 1970-01-01 00:00:01: `high` must not be below `low` 2, found 1"
    );
}

#[tokio::test]
async fn missing_and_infinite_prices_are_skipped() {
    let sql = format!(
        "{HEADER} ('X', 1, 2.0, 1.0), ('X', 2, NULL, 1.0), ('X', 3, 2.0, CAST('inf' AS DOUBLE)), \
         ('X', 4, CAST('nan' AS DOUBLE), -5.0)))"
    );
    assert_eq!(count(&sql).await, 0);
}

#[tokio::test]
async fn an_unknown_pattern_is_refused_with_the_known_ones() {
    let sql = "SELECT * FROM pattern_events((SELECT * FROM us5), pattern => 'double_top, wedge')";
    let (state, message) = refused(sql).await;
    assert_eq!(state, SqlState::InvalidParameter);
    assert_eq!(
        message,
        "pattern_events: `pattern` must be NULL or a list of 'double_top', 'double_bottom', found 'wedge'"
    );
}

#[tokio::test]
async fn more_bars_at_least_than_at_most_are_refused() {
    let sql = "SELECT * FROM pattern_events((SELECT * FROM us5), min_bars => 30, max_bars => 20)";
    let (state, message) = refused(sql).await;
    assert_eq!(state, SqlState::InvalidParameter);
    assert_eq!(
        message,
        "pattern_events: `min_bars` must be at most `max_bars` (20), found 30"
    );
}

#[tokio::test]
async fn a_pivot_without_bars_is_refused() {
    let (state, message) =
        refused("SELECT * FROM pattern_events((SELECT * FROM us5), pivot_bars => 0)").await;
    assert_eq!(state, SqlState::InvalidParameter);
    assert_eq!(
        message,
        "pattern_events: `pivot_bars` must be a whole number between 1 and 1000000, found 0"
    );
}
