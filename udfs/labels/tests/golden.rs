//! The label functions, through SQL, against independent programs on real bars.
//!
//! `tests/golden/labels.py` makes the files. Tolerance: they carry 12 significant digits, and
//! `barrier / close - 1` loses about 4 of 16 to cancellation, so 1e-9 leaves room for neither a
//! wrong bar nor a wrong barrier.

use datafusion::arrow::array::{Array, AsArray, Float64Array, StructArray};
use datafusion::arrow::compute::{cast, concat_batches};
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::prelude::{CsvReadOptions, SessionContext};
use quantlake_core::Implementation;
use std::path::PathBuf;

type Cells = Vec<Option<f64>>;

fn golden(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/labels")
        .join(file)
}

/// The columns of a file; true and false are 1 and 0.
fn columns(file: &str) -> Vec<Cells> {
    let text = std::fs::read_to_string(golden(file)).expect("a golden file");
    let rows: Vec<Vec<Option<f64>>> = text
        .lines()
        .skip(1)
        .map(|line| line.split(',').map(cell).collect())
        .collect();
    let n_columns = rows.first().map_or(0, Vec::len);
    (0..n_columns)
        .map(|c| rows.iter().map(|row| row[c]).collect())
        .collect()
}

fn cell(text: &str) -> Option<f64> {
    match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        "" => None,
        number => Some(number.parse().expect("a number")),
    }
}

/// The columns of a label call over the golden bars, in the order of the file.
async fn label(call: &str) -> Vec<Cells> {
    let context = SessionContext::new();
    for function in quantlake_labels::functions() {
        if let Implementation::Window(udf) = function.implementation {
            context.register_udwf(udf.as_ref().clone());
        }
    }
    let path = golden("bars.csv");
    let path = path.to_str().expect("a path in UTF-8");
    context
        .register_csv("bars", path, CsvReadOptions::new())
        .await
        .expect("the golden bars");
    let sql = format!(
        "SELECT {call} OVER (PARTITION BY symbol ORDER BY ts) AS out FROM bars \
         ORDER BY symbol, ts"
    );
    let frame = context.sql(&sql).await.expect("a plan");
    let batches = frame.collect().await.expect("rows");
    let batch = concat_batches(&batches[0].schema(), &batches).expect("one batch");
    let out = batch.column(0);
    match out.data_type() {
        DataType::Struct(_) => fields(out.as_struct()),
        _ => vec![numbers(out)],
    }
}

fn fields(rows: &StructArray) -> Vec<Cells> {
    rows.columns()
        .iter()
        .map(|column| {
            let known = |(row, cell): (usize, Option<f64>)| cell.filter(|_| rows.is_valid(row));
            numbers(column).into_iter().enumerate().map(known).collect()
        })
        .collect()
}

fn numbers(column: &dyn Array) -> Cells {
    let column = cast(column, &DataType::Float64).expect("numbers");
    let column: &Float64Array = column.as_primitive::<Float64Type>();
    column.iter().collect()
}

fn assert_same(what: &str, got: &Cells, expected: &Cells) {
    assert_eq!(got.len(), expected.len(), "{what}: rows");
    for (row, (got, expected)) in got.iter().zip(expected).enumerate() {
        let same = match (got, expected) {
            (Some(g), Some(e)) => (g - e).abs() <= 1e-9 * e.abs().max(1e-3),
            (None, None) => true,
            _ => false,
        };
        assert!(
            same,
            "{what}, row {row}: got {got:?}, expected {expected:?}"
        );
    }
}

async fn check_rules(case: &str, options: &str) {
    let got = label(&format!(
        "triple_barrier(close, high, low, volatility{options})"
    ))
    .await;
    let expected = columns(&format!("rules_{case}.csv"));
    assert_eq!(got.len(), expected.len());
    let names = ["label", "ret", "bars", "hit_profit", "hit_stop"];
    for ((got, expected), name) in got.iter().zip(&expected).zip(names) {
        assert_same(&format!("{case}.{name}"), got, expected);
    }
}

#[tokio::test]
async fn triple_barrier_follows_its_rules_with_defaults() {
    check_rules("default", "").await;
}

#[tokio::test]
async fn triple_barrier_follows_its_rules_on_closes() {
    check_rules("close", ", 1.5, 0.75, 10, 'close'").await;
}

#[tokio::test]
async fn triple_barrier_follows_its_rules_when_profit_wins_ties_and_gaps_are_traded() {
    let options = ", 0.5, 0.5, 5, 'high_low', 'profit_first', 'zero', 'traded'";
    check_rules("profit_first", options).await;
}

#[tokio::test]
async fn triple_barrier_follows_its_rules_when_ties_are_unknown() {
    check_rules("unknown", ", 0.5, 0.25, 3, 'high_low', 'unknown', 'sign'").await;
}

#[tokio::test]
async fn triple_barrier_follows_its_rules_without_a_stop() {
    check_rules("no_stop", ", 3, 0, 60, 'high_low', 'stop_first', 'sign'").await;
}

#[tokio::test]
async fn triple_barrier_on_closes_agrees_with_mlfinpy() {
    for (case, options) in [("symmetric", "2, 2, 10"), ("asymmetric", "1.5, 0.75, 20")] {
        let call = format!("triple_barrier(close, high, low, volatility, {options}, 'close')");
        let got = label(&call).await;
        let expected = columns(&format!("mlfinpy_{case}.csv"));
        assert_same(&format!("{case}.label"), &got[0], &expected[0]);
        assert_same(&format!("{case}.bars"), &got[2], &expected[1]);
    }
}

#[tokio::test]
async fn triple_barrier_on_highs_and_lows_agrees_with_polars_ta() {
    let call = "triple_barrier(close, high, low, 0.01, 4, 3, 10, 'high_low', 'stop_first', 'sign')";
    let got = label(call).await;
    let expected = &columns("polars_ta.csv")[0];
    let is_tie = |row: usize| got[3][row] == Some(1.0) && got[4][row] == Some(1.0);
    // It has no label in the last rows and a tie rule of its own (the extreme farther from the close).
    let comparable: Vec<usize> = (0..expected.len())
        .filter(|&row| expected[row].is_some() && !is_tie(row))
        .collect();
    assert!(comparable.len() > 2_200, "compared {}", comparable.len());
    for row in comparable {
        assert_eq!(got[0][row], expected[row], "row {row}");
    }
}

#[tokio::test]
async fn forward_return_agrees_with_pandas() {
    let expected = columns("forward.csv");
    let simple = label("forward_return(close)").await;
    assert_same("simple", &simple[0], &expected[0]);
    let logs = label("forward_return(close, 21, true)").await;
    assert_same("log", &logs[0], &expected[1]);
}
