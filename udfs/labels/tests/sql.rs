//! How the label functions answer to missing rows, partitions and wrong arguments.

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::prelude::SessionContext;
use quantlake_core::{Implementation, QlError, SqlState};

fn session() -> SessionContext {
    let context = SessionContext::new();
    for function in quantlake_labels::functions() {
        if let Implementation::Window(udf) = function.implementation {
            context.register_udwf(udf.as_ref().clone());
        }
    }
    context
}

async fn rows(sql: &str) -> datafusion::error::Result<Vec<RecordBatch>> {
    session().sql(sql).await?.collect().await
}

/// The result as CSV without header.
async fn csv(sql: &str) -> String {
    let batches = rows(sql).await.expect("rows");
    let mut text = Vec::new();
    let mut writer = WriterBuilder::new().with_header(false).build(&mut text);
    for batch in &batches {
        writer.write(batch).expect("csv");
    }
    drop(writer);
    String::from_utf8_lossy(&text).trim_end().to_string()
}

async fn refused(call: &str) -> (SqlState, String) {
    let sql = format!(
        "SELECT {call} OVER (ORDER BY column1) FROM (VALUES (1, 2.0), (2, 3.0)) AS v(column1, x)"
    );
    let error = rows(&sql).await.expect_err("an error");
    let ours = QlError::of(&error).unwrap_or_else(|| panic!("not ours: {error}"));
    (ours.state, ours.message.clone())
}

#[tokio::test]
async fn the_examples_of_the_specs_give_their_results() {
    for function in quantlake_labels::functions() {
        let example = &function.spec.example;
        assert_eq!(
            csv(&example.sql).await,
            example.result,
            "{}",
            function.spec.name
        );
    }
}

#[tokio::test]
async fn a_missing_price_is_no_bar_and_the_horizon_counts_bars() {
    let sql = "SELECT t, forward_return(x) OVER (ORDER BY t) FROM (VALUES (1, 2.0), (2, NULL), \
        (3, CAST('nan' AS DOUBLE)), (4, 3.0), (5, CAST('inf' AS DOUBLE)), (6, 6.0)) AS v(t, x) ORDER BY t";
    assert_eq!(csv(sql).await, "1,0.5\n2,\n3,\n4,1.0\n5,\n6,");
}

#[tokio::test]
async fn the_last_bars_of_a_symbol_do_not_look_into_the_next_one() {
    let sql = "SELECT s, t, forward_return(x) OVER (PARTITION BY s ORDER BY t) FROM (VALUES \
        ('a', 1, 2.0), ('a', 2, 3.0), ('b', 1, 100.0), ('b', 2, 50.0)) AS v(s, t, x) ORDER BY s, t";
    assert_eq!(csv(sql).await, "a,1,0.5\na,2,\nb,1,-0.5\nb,2,");
}

#[tokio::test]
async fn a_row_whose_label_is_not_known_is_null_as_a_whole() {
    let sql = "SELECT t, b IS NULL FROM (SELECT t, triple_barrier(x, x, x, 0.1, 1, 1, 2) \
        OVER (ORDER BY t) AS b FROM (VALUES (1, 100.0), (2, 101.0)) AS v(t, x)) AS l ORDER BY t";
    assert_eq!(csv(sql).await, "1,true\n2,true");
}

#[tokio::test]
async fn a_tie_of_unknown_order_keeps_its_bar_and_its_hits() {
    let sql = "SELECT b['label'], b['ret'], b['bars'], b['hit_profit'], b['hit_stop'] FROM (\
        SELECT t, triple_barrier(c, h, l, 0.125, 1, 1, 2, 'high_low', 'unknown') OVER (ORDER BY t) AS b \
        FROM (VALUES (1, 8.0, 8.0, 8.0), (2, 8.0, 10.0, 6.0)) AS v(t, c, h, l)) AS x WHERE t = 1";
    assert_eq!(csv(sql).await, ",,1,true,true");
}

#[tokio::test]
async fn options_outside_their_range_are_refused_with_what_is_allowed() {
    let barrier = |options: &str| format!("triple_barrier(x, x, x, 0.1, {options})");
    let cases = [
        (
            "forward_return(x, 0)".to_string(),
            "forward_return: `horizon` must be a whole number between 1 and 1000000, found 0",
        ),
        (
            barrier("-1"),
            "triple_barrier: `profit` must be a number between 0 and 1000000, found -1",
        ),
        (
            barrier("1, 1, 5, 'open'"),
            "triple_barrier: `path` must be one of 'high_low', 'close', found 'open'",
        ),
        (
            barrier("1, 1, 5, 'close', 'coin'"),
            "triple_barrier: `tie` must be one of 'stop_first', 'profit_first', 'unknown', found 'coin'",
        ),
        (
            barrier("1, 1, 5, 'close', 'unknown', 'zero', 'open'"),
            "triple_barrier: `gap` must be one of 'barrier', 'traded', found 'open'",
        ),
        (
            "forward_return(x, column1)".to_string(),
            "forward_return: `horizon` must be a constant, found an expression over rows",
        ),
    ];
    for (call, message) in cases {
        assert_eq!(
            refused(&call).await,
            (SqlState::InvalidParameter, message.to_string())
        );
    }
}
