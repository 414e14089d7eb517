//! Answers of models against Python's onnxruntime and numpy.
//!
//! Both sides run the same library (1.31.1) on the CPU, so the numbers agree to the last bits of
//! float32; what can differ is the order of sums for another batch size. Log returns around 0.05
//! with relative steps of 6e-8 and sums over 64 terms leave about 2e-7; the tolerance is 1e-6
//! absolute for values of that size and 1e-6 relative for larger ones.

use crate::common::{file, forecasts, load};
use quantlake_models::Model;
use quantlake_models::forecast_at::ForecastKernel;
use quantlake_models::predict::answer_rows;
use std::sync::Arc;

const TOLERANCE: f64 = 1e-6;

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= TOLERANCE * expected.abs().max(1.0)
        || (found.is_nan() && expected.is_nan())
}

/// The answers to rows of features, as one list of values.
fn answers(model: &Model, rows: &[Vec<f64>]) -> (usize, Vec<f64>) {
    let n_features = rows.first().map_or(0, Vec::len);
    let columns: Vec<Vec<f64>> = (0..n_features)
        .map(|i| rows.iter().map(|row| row[i]).collect())
        .collect();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let found =
        answer_rows(model, "predict", &slices, (0..rows.len()).collect()).expect("the model runs");
    (found.n_columns, found.values)
}

fn csv(path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = std::fs::read_to_string(file(path)).expect("the golden file is there");
    let mut lines = text
        .lines()
        .map(|line| line.split(',').map(String::from).collect());
    let header = lines.next().expect("a header");
    (header, lines.collect())
}

fn numbers(cells: &[String]) -> Vec<f64> {
    cells
        .iter()
        .map(|cell| cell.parse().unwrap_or(f64::NAN))
        .collect()
}

#[test]
fn the_shipped_forecaster_gives_what_python_onnxruntime_gives() {
    let (_, rows) = csv("models/quantile_returns/golden.csv");
    let inputs: Vec<Vec<f64>> = rows.iter().map(|row| numbers(&row[3..67])).collect();
    let model = load("quantile_returns", &[]).expect("the model loads");
    let (n_columns, found) = answers(&model, &inputs);
    assert_eq!((rows.len(), n_columns), (40, 108));
    for (row, found) in rows.iter().zip(found.chunks(n_columns)) {
        for (found, expected) in found.iter().zip(numbers(&row[67..])) {
            assert!(
                close(*found, expected),
                "{} {}: {found} {expected}",
                row[1],
                row[2]
            );
        }
    }
}

#[test]
fn models_of_all_shapes_and_types_give_what_python_onnxruntime_gives() {
    let text = std::fs::read_to_string(file("tests/golden/models/cases.json")).expect("a file");
    let cases: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let list = |value: &serde_json::Value| -> Vec<Vec<f64>> {
        let rows = value.as_array().expect("rows");
        let number = |n: &serde_json::Value| n.as_f64().unwrap_or(f64::NAN);
        rows.iter()
            .map(|row| row.as_array().expect("a row").iter().map(number).collect())
            .collect()
    };
    let cases = cases.as_object().expect("models by name");
    assert_eq!(cases.len(), 6);
    for (name, case) in cases {
        for (output, expected) in case["outputs"].as_object().expect("outputs by name") {
            let model = load(name, &[("output", output)]).expect("the model loads");
            let (n_columns, found) = answers(&model, &list(&case["rows"]));
            let expected: Vec<f64> = list(expected).concat();
            assert_eq!(found.len(), expected.len(), "{name} {output}");
            assert!(n_columns > 0);
            for (found, expected) in found.iter().zip(&expected) {
                assert!(
                    close(*found, *expected),
                    "{name} {output}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn walk_forward_forecasts_over_real_prices_agree_with_numpy() {
    let (header, rows) = csv("tests/golden/models/forecast.csv");
    let model = Arc::new(load("quantile_returns", &[]).expect("the model loads"));
    let mut compared = 0;
    for symbol in ["AAPL", "IBM", "GOOG"] {
        let rows: Vec<&Vec<String>> = rows.iter().filter(|row| row[0] == symbol).collect();
        let prices: Vec<f64> = rows.iter().map(|row| numbers(&row[2..3])[0]).collect();
        for (start, step) in [(3, 1), (8, 5), (13, 12)] {
            assert_eq!(header[start], format!("median_{step}"));
            let kernel = ForecastKernel::of(Arc::clone(&model), step).expect("a forecaster");
            let found = forecasts(&kernel, &prices);
            for (i, row) in rows.iter().enumerate() {
                for (column, expected) in numbers(&row[start..start + 5]).iter().enumerate() {
                    let found = found[column][i];
                    // A probability moves by the quantiles' rounding over their distance, 0.002.
                    let tolerance = if column == 4 { 2e-4 } else { TOLERANCE };
                    let same = found.is_nan() && expected.is_nan();
                    assert!(
                        same || (found - expected).abs() <= tolerance,
                        "{symbol} {i} {}: {found} {expected}",
                        header[start + column]
                    );
                    compared += usize::from(!same);
                }
            }
        }
    }
    assert_eq!(compared, 3 * 3 * 5 * (200 - 64));
}

#[test]
fn the_batch_that_a_row_is_in_does_not_change_its_answer() {
    let (_, rows) = csv("models/quantile_returns/golden.csv");
    let inputs: Vec<Vec<f64>> = rows.iter().map(|row| numbers(&row[3..67])).collect();
    let model = load("quantile_returns", &[]).expect("the model loads");
    let (n_columns, together) = answers(&model, &inputs);
    for (input, expected) in inputs.iter().zip(together.chunks(n_columns)) {
        let (_, alone) = answers(&model, std::slice::from_ref(input));
        assert!(alone.iter().zip(expected).all(|(a, b)| close(*a, *b)));
    }
}

#[test]
fn more_rows_than_fit_into_one_run_are_all_answered() {
    let model = load("linear2", &[]).expect("the model loads");
    let rows: Vec<Vec<f64>> = (0..10_000).map(|i| vec![f64::from(i), 1.0]).collect();
    let (n_columns, found) = answers(&model, &rows);
    assert_eq!((n_columns, found.len()), (1, 10_000));
    for (row, found) in rows.iter().zip(found) {
        assert_eq!(found, 2.0 * row[0] - 2.5);
    }
}
