//! Scores against vaderSentiment 3.3.2 for Python, and the functions in queries.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use datafusion::arrow::array::{Array, AsArray, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use proptest::prelude::*;
use quantlake_core::{Implementation, QlError};
use quantlake_sentiment::vader::{MAX_TEXT_BYTES, score};
use serde_json::Value;
use std::sync::Arc;

fn golden_cases() -> Vec<Value> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/sentiment/scores.json"
    );
    let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut golden: Value = serde_json::from_str(&text).unwrap();
    serde_json::from_value(golden["cases"].take()).unwrap()
}

#[test]
fn scores_equal_those_of_the_reference_program_to_every_printed_digit() {
    let cases = golden_cases();
    assert_eq!(cases.len(), 238);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let found = score(text).unwrap();
        let expected = ["compound", "pos", "neu", "neg"].map(|k| case[k].as_f64().unwrap());
        let found_values = [
            found.compound,
            found.positive,
            found.neutral,
            found.negative,
        ];
        assert_eq!(found_values, expected, "{text:?}");
        assert_eq!(found.label().name(), case["label"], "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_has_scores_within_their_bounds(text in "\\PC{0,200}") {
        let scores = score(&text).unwrap();
        prop_assert!((-1.0..=1.0).contains(&scores.compound));
        for share in [scores.positive, scores.neutral, scores.negative] {
            prop_assert!((0.0..=1.0).contains(&share));
        }
    }
}

fn context() -> SessionContext {
    let ctx = SessionContext::new();
    for function in quantlake_sentiment::functions() {
        match function.implementation {
            Implementation::Scalar(udf) => ctx.register_udf(udf.as_ref().clone()),
            _ => panic!("{} is of another kind", function.spec.name),
        }
    }
    ctx
}

async fn run(ctx: &SessionContext, sql: &str) -> RecordBatch {
    let frame = ctx.sql(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let schema = Arc::new(frame.schema().as_arrow().clone());
    let batches = frame.collect().await.unwrap();
    datafusion::arrow::compute::concat_batches(&schema, &batches).unwrap()
}

fn to_csv(batch: &RecordBatch) -> String {
    let options = FormatOptions::default();
    let columns: Vec<_> = batch
        .columns()
        .iter()
        .map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap())
        .collect();
    let row = |i| {
        let cells: Vec<_> = columns.iter().map(|c| c.value(i).to_string()).collect();
        cells.join(",")
    };
    (0..batch.num_rows())
        .map(row)
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn every_example_prints_its_result() {
    let ctx = context();
    for function in quantlake_sentiment::functions() {
        let example = &function.spec.example;
        assert_eq!(to_csv(&run(&ctx, &example.sql).await), example.result);
    }
}

#[tokio::test]
async fn null_has_no_sentiment_and_a_blank_text_has_a_neutral_one() {
    let ctx = context();
    let batch = run(
        &ctx,
        "SELECT sentiment(t) AS s, sentiment_score(t) AS c FROM \
         (VALUES (1, NULL), (2, ''), (3, 'great')) AS v(i, t) ORDER BY i",
    )
    .await;
    let structs = batch.column(0).as_struct();
    assert!(structs.is_null(0) && structs.is_valid(1));
    let labels: &StringArray = structs.column_by_name("label").unwrap().as_string();
    assert_eq!(
        labels.iter().collect::<Vec<_>>(),
        [None, Some("neutral"), Some("positive")]
    );
    let scores = batch.column(1).as_primitive::<Float64Type>();
    assert!(scores.is_null(0));
    assert_eq!((scores.value(1), scores.value(2)), (0.0, 0.6249));
}

#[tokio::test]
async fn null_constants_are_null() {
    let batch = run(
        &context(),
        "SELECT sentiment(NULL) IS NULL, sentiment_score(NULL) IS NULL",
    )
    .await;
    assert_eq!(to_csv(&batch), "true,true");
}

#[tokio::test]
async fn ten_megabytes_are_refused_with_a_code() {
    let ctx = context();
    for name in ["sentiment", "sentiment_score"] {
        let sql = format!("SELECT {name}(repeat(t, 1048576)) FROM (VALUES ('good news ')) AS v(t)");
        let error = ctx.sql(&sql).await.unwrap().collect().await.unwrap_err();
        let error = QlError::of(&error).unwrap();
        assert_eq!(error.state.code(), "22023");
        assert_eq!(
            error.message,
            format!(
                "{name}: `text` must be at most {MAX_TEXT_BYTES} bytes long, found 10485760 bytes"
            )
        );
    }
}

#[tokio::test]
async fn a_number_is_no_text() {
    let error = context().sql("SELECT sentiment(1)").await.unwrap_err();
    let message = "sentiment: `text` must be a text expression, found type Int64";
    assert!(error.to_string().contains(message), "{error}");
}
