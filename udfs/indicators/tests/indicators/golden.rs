//! All functions that TA-Lib's C library had in 0.8.1, against its values on real bars.
//!
//! `tests/golden/indicators.py` makes the files: two symbols, each complete and with missing
//! cells, one with default constants and one with others. `indicators_formulas.py` adds functions
//! that came later, from their published formulas.

use crate::support::{Cells, evaluate, function};
use datafusion::common::ScalarValue;
use quantlake_core::{Function, Stability};
use serde::Deserialize;
use std::collections::HashMap;
use std::path::PathBuf;

#[derive(Deserialize)]
struct Expected {
    name: String,
    inputs: Vec<String>,
    constants: Vec<serde_json::Number>,
    lookback: usize,
    outputs: Vec<ExpectedOutput>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum ExpectedOutput {
    /// Whole numbers: the rows at which the value changes.
    Changes { changes: Vec<(usize, i64)> },
    /// Real numbers at some rows, as text: JSON numbers may be read with a wrong last bit.
    Sample { rows: Vec<usize>, values: String },
}

fn read(file: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/golden/indicators")
        .join(file);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn columns(series: &str) -> HashMap<String, Cells> {
    let text = read(&format!("{series}.csv"));
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    let rows: Vec<Vec<&str>> = lines.collect();
    let column = |i: usize| rows.iter().map(|row| row[i].parse().ok()).collect();
    header
        .iter()
        .enumerate()
        .map(|(i, name)| (name.to_string(), column(i)))
        .collect()
}

fn expectations(series: &str) -> Vec<Expected> {
    let text = read(&format!("{series}.jsonl"));
    let lines = text.lines().skip(1);
    lines
        .map(|l| serde_json::from_str(l).expect("a line of the script"))
        .collect()
}

/// Since 0.8.1 the recursions round otherwise: the step of an EMA is fused as `beta prev + k x` and
/// not as `prev + k (x - prev)`, Wilder's sums multiply by 1/period and do not divide
/// (`indicators_since.py` has both). So they differ in the last bits, and so does what is made
/// of them. Relative to the largest value of the output: a difference of near-equal numbers (a MACD
/// histogram) carries the rounding of those numbers, not its own.
const REROUNDED: f64 = 1e-12;

/// Windows and running sums are the same arithmetic in the same order: equal to the last bit.
const BIT_EXACT: f64 = 0.0;

fn tolerance(function: &Function) -> f64 {
    match function.spec.stability {
        Stability::Converging => REROUNDED,
        Stability::Exact | Stability::PathDependent => BIT_EXACT,
    }
}

fn check(
    series: &str,
    expected: &Expected,
    columns: &HashMap<String, Cells>,
    tolerance: impl Fn(&Function) -> f64,
) -> Result<(), String> {
    let name = format!("ta_{}", expected.name.to_ascii_lowercase());
    let inputs: Vec<Cells> = expected.inputs.iter().map(|i| columns[i].clone()).collect();
    let constants: Vec<ScalarValue> = expected.constants.iter().map(scalar).collect();
    let function = function(&name);
    let found = evaluate(function, &inputs, &constants).map_err(|e| e.to_string())?;
    if found.len() != expected.outputs.len() {
        return Err(format!("{series} {name}: {} outputs", found.len()));
    }
    let present: Vec<usize> = (0..inputs[0].len())
        .filter(|&row| inputs.iter().all(|c| c[row].is_some_and(f64::is_finite)))
        .collect();
    for (i, (found, output)) in found.iter().zip(&expected.outputs).enumerate() {
        let (rows, values) = unfold(output, &present, expected.lookback);
        compare(found, &rows, &values, tolerance(function))
            .map_err(|e| format!("{series} {name} output {i}: {e}"))?;
        check_nulls(found, &present, expected.lookback)
            .map_err(|e| format!("{series} {name} output {i}: {e}"))?;
    }
    Ok(())
}

fn scalar(number: &serde_json::Number) -> ScalarValue {
    match number.as_i64() {
        Some(integer) => ScalarValue::Int64(Some(integer)),
        None => ScalarValue::Float64(number.as_f64()),
    }
}

fn unfold(
    output: &ExpectedOutput,
    present: &[usize],
    lookback: usize,
) -> (Vec<usize>, Vec<Option<f64>>) {
    match output {
        ExpectedOutput::Sample { rows, values } => {
            let values = values.split(' ').map(|v| v.parse().ok());
            (rows.clone(), values.collect())
        }
        ExpectedOutput::Changes { changes } => {
            let rows: Vec<usize> = present.iter().copied().skip(lookback).collect();
            let value = |row: &usize| {
                let last = changes.iter().rev().find(|(start, _)| start <= row);
                last.map(|(_, value)| *value as f64)
            };
            let values = rows.iter().map(value).collect();
            (rows, values)
        }
    }
}

fn compare(
    found: &[Option<f64>],
    rows: &[usize],
    values: &[Option<f64>],
    tolerance: f64,
) -> Result<(), String> {
    let scale = values
        .iter()
        .flatten()
        .fold(0.0, |m: f64, v| m.max(v.abs()));
    for (&row, &value) in rows.iter().zip(values) {
        let agree = match (found[row], value) {
            (Some(a), Some(b)) => (a - b).abs() <= tolerance * scale,
            (None, None) => true,
            _ => false,
        };
        if !agree {
            return Err(format!(
                "row {row} is {:?}, TA-Lib has {value:?}",
                found[row]
            ));
        }
    }
    Ok(())
}

/// Missing rows and the look-back are NULL.
fn check_nulls(found: &[Option<f64>], present: &[usize], lookback: usize) -> Result<(), String> {
    let known = &present[lookback.min(present.len())..];
    let wrong = (0..found.len()).find(|row| found[*row].is_some() && !known.contains(row));
    wrong.map_or(Ok(()), |row| Err(format!("row {row} has a value")))
}

fn differences(series: &str, file: &str, tolerance: impl Fn(&Function) -> f64) -> Vec<String> {
    let columns = columns(series);
    let expectations = expectations(file);
    let results = expectations
        .iter()
        .map(|e| check(series, e, &columns, &tolerance));
    results.filter_map(Result::err).collect()
}

#[test]
fn defaults_on_complete_bars_agree_with_the_c_library() {
    assert_eq!(differences("aapl", "aapl", tolerance), Vec::<String>::new());
}

#[test]
fn defaults_on_bars_with_missing_cells_agree_with_the_c_library() {
    assert_eq!(
        differences("aapl_holes", "aapl_holes", tolerance),
        Vec::<String>::new()
    );
}

#[test]
fn other_constants_on_complete_bars_agree_with_the_c_library() {
    assert_eq!(differences("ibm", "ibm", tolerance), Vec::<String>::new());
}

#[test]
fn other_constants_on_bars_with_missing_cells_agree_with_the_c_library() {
    assert_eq!(
        differences("ibm_holes", "ibm_holes", tolerance),
        Vec::<String>::new()
    );
}

/// The formulas add up each window from scratch, in another order than the library.
#[test]
fn later_functions_agree_with_their_published_formulas() {
    assert_eq!(
        differences("ibm", "formulas", |_| REROUNDED),
        Vec::<String>::new()
    );
}

/// The control of the tests above: one wrong value, one wrong row and one extra value are found.
#[test]
fn a_wrong_value_is_noticed() {
    let columns = columns("ibm");
    let rsi = || {
        let mut all = expectations("ibm").into_iter();
        all.find(|e| e.name == "RSI").expect("RSI is in the file")
    };
    assert_eq!(check("ibm", &rsi(), &columns, tolerance), Ok(()));
    for change in [wrong_value, wrong_row, wrong_lookback] {
        let mut expected = rsi();
        change(&mut expected);
        assert!(check("ibm", &expected, &columns, tolerance).is_err());
    }
}

fn wrong_value(expected: &mut Expected) {
    if let [ExpectedOutput::Sample { values, .. }] = expected.outputs.as_mut_slice() {
        *values = values.replacen('5', "6", 1);
    }
}

fn wrong_row(expected: &mut Expected) {
    if let [ExpectedOutput::Sample { rows, .. }] = expected.outputs.as_mut_slice() {
        rows[5] += 1;
    }
}

fn wrong_lookback(expected: &mut Expected) {
    expected.lookback += 1;
}

#[test]
fn every_function_of_the_c_library_is_checked() {
    for series in ["aapl", "aapl_holes", "ibm", "ibm_holes"] {
        assert_eq!(expectations(series).len(), 201, "{series}");
    }
}
