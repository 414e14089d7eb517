//! Fused scores, labels and squashed numbers against numpy, and the functions in queries.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::DataFusionError;
use datafusion::prelude::SessionContext;
use quantlake_core::{Implementation, QlError};
use quantlake_signals::{Thresholds, Weights, fuse, squash};

/// The rows of a golden file below its two header lines.
fn rows(name: &str) -> Vec<Vec<String>> {
    let path = format!(
        "{}/../../tests/golden/signals/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    text.lines()
        .skip(2)
        .map(|line| line.split(',').map(String::from).collect())
        .collect()
}

fn number(cell: &str) -> f64 {
    if cell.is_empty() {
        f64::NAN
    } else {
        cell.parse().unwrap()
    }
}

#[test]
fn fused_scores_agree_with_a_masked_average() {
    let rows = rows("fuse.csv");
    assert_eq!(rows.len(), 400);
    for row in rows {
        let cells: Vec<f64> = row.iter().map(|c| number(c)).collect();
        let scores: [f64; 4] = cells[..4].try_into().unwrap();
        let weights = Weights::try_new(cells[4..8].try_into().unwrap()).unwrap();
        let (found, expected) = (fuse(scores, &weights), cells[8]);
        // Four products and two sums of numbers up to 20, divided by at least 0.001.
        let agrees = (found - expected).abs() <= 1e-14 || (found.is_nan() && expected.is_nan());
        assert!(agrees, "{row:?}: {found}");
    }
}

#[test]
fn labels_agree_with_a_sorted_search_on_and_beside_every_threshold() {
    let rows = rows("label.csv");
    assert_eq!(rows.len(), 168);
    for row in rows {
        let thresholds = Thresholds::try_new(number(&row[0]), number(&row[1])).unwrap();
        let found = thresholds.signal(number(&row[2])).unwrap();
        assert_eq!(found.name(), row[3], "{row:?}");
    }
}

#[test]
fn squashed_numbers_agree_with_numpy() {
    for row in rows("squash.csv") {
        let (found, expected) = (squash(number(&row[0]), number(&row[1])), number(&row[2]));
        // Mathematical libraries round tanh to within two units in the last place.
        let difference = (found - expected).abs();
        assert!(
            difference <= 4.0 * f64::EPSILON * expected.abs(),
            "{row:?}: {found}"
        );
    }
}

fn context() -> SessionContext {
    let ctx = SessionContext::new();
    for function in quantlake_signals::functions() {
        match function.implementation {
            Implementation::Scalar(udf) => ctx.register_udf(udf.as_ref().clone()),
            _ => panic!("{} is of another kind", function.spec.name),
        }
    }
    ctx
}

async fn try_run(sql: &str) -> Result<String, DataFusionError> {
    let batches: Vec<RecordBatch> = context().sql(sql).await?.collect().await?;
    let options = FormatOptions::default();
    let mut lines = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            lines.push(cells.join(","));
        }
    }
    Ok(lines.join("\n"))
}

async fn run(sql: &str) -> String {
    try_run(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

#[tokio::test]
async fn every_example_prints_its_result() {
    for function in quantlake_signals::functions() {
        let example = &function.spec.example;
        assert_eq!(run(&example.sql).await, example.result, "{}", example.sql);
    }
}

#[tokio::test]
async fn missing_scores_are_null_nan_and_infinite_alike() {
    let found = run(
        "SELECT fuse(x, NULL, NULL, 0.5) AS fused, signal_label(x) AS label, squash(x) AS score \
         FROM (VALUES (1, CAST(NULL AS DOUBLE)), (2, CAST('NaN' AS DOUBLE)), \
         (3, CAST('inf' AS DOUBLE)), (4, CAST('-inf' AS DOUBLE))) AS v(i, x) ORDER BY i",
    )
    .await;
    assert_eq!(found, ["0.5,,"; 4].join("\n"));
}

#[tokio::test]
async fn left_out_scores_are_missing() {
    assert_eq!(
        run("SELECT fuse(0.25), fuse(NULL, 0.75)").await,
        "0.25,0.75"
    );
    assert_eq!(run("SELECT fuse() IS NULL").await, "true");
}

#[tokio::test]
async fn weights_and_thresholds_are_checked_with_a_code() {
    let cases = [
        (
            "SELECT fuse(0.1, 0.2, 0.3, 0.4, -1)",
            "fuse: `forecast_weight` must be a number between 0 and 1000000, found -1",
        ),
        (
            "SELECT fuse(0.1, 0.2, 0.3, 0.4, 0, 0, 0, 0)",
            "fuse: one of `forecast_weight`, `pattern_weight`, `sentiment_weight`, \
             `indicator_weight` must be greater than 0, found 0 for all",
        ),
        (
            "SELECT signal_label(0.5, 0.2, 0.6)",
            "signal_label: `weak` must be at least 0 and less than `strong`, which is 0.2, found 0.6",
        ),
        (
            "SELECT signal_label(0.5, 1.5)",
            "signal_label: `strong` must be a number between 0 and 1, found 1.5",
        ),
        (
            "SELECT squash(0.5, 0)",
            "squash: `scale` must be a number of at least 0.000000000001, found 0",
        ),
    ];
    for (sql, message) in cases {
        let error = try_run(sql).await.unwrap_err();
        let error = QlError::of(&error).unwrap_or_else(|| panic!("{sql}: {error}"));
        assert_eq!(
            (error.state.code(), error.message.as_str()),
            ("22023", message)
        );
    }
}
