//! Every metric against empyrical, quantstats, skfolio and numpy on real daily returns.
//!
//! Tolerance: 1e-12 relative. Both sides round each of up to 3,300 steps to 1.1e-16, which leaves
//! about 1e-14. Annualised growth raises that to a power and has a tolerance of its own.

use crate::support::Call;
use datafusion::common::ScalarValue;
use serde_json::Value;
use std::collections::HashMap;

const RELATIVE: f64 = 1e-12;

fn read(name: &str) -> String {
    let path = format!(
        "{}/../../tests/golden/risk/{name}",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn returns_by_symbol() -> HashMap<String, Vec<Option<f64>>> {
    let mut series: HashMap<String, Vec<Option<f64>>> = HashMap::new();
    for line in read("returns.csv").lines().skip(2) {
        let (symbol, ret) = line.split_once(',').unwrap();
        series
            .entry(symbol.into())
            .or_default()
            .push(Some(ret.parse().unwrap()));
    }
    series
}

fn constant(value: &Value) -> ScalarValue {
    match value {
        Value::String(text) => ScalarValue::from(text.as_str()),
        Value::Number(number) if number.is_i64() => ScalarValue::Int64(number.as_i64()),
        other => ScalarValue::Float64(other.as_f64()),
    }
}

fn call_of(case: &Value) -> Call {
    let constants = case["args"].as_array().unwrap().iter().map(constant);
    Call::new(case["function"].as_str().unwrap(), constants.collect())
}

/// How far a correct answer may be from the other program's.
fn tolerance(case: &Value, expected: f64) -> f64 {
    let n_rows = case["to"].as_f64().unwrap() - case["from"].as_f64().unwrap();
    let relative = RELATIVE * expected.abs();
    match case["function"].as_str().unwrap() {
        // The power periods / n multiplies the roundings of n factors 1 + r.
        "annual_return" | "calmar" => {
            relative + (252.0 + n_rows) * f64::EPSILON * (1.0 + expected.abs())
        }
        _ => relative,
    }
}

#[test]
fn metrics_agree_with_independent_programs_on_real_returns() {
    let series = returns_by_symbol();
    let golden: Value = serde_json::from_str(&read("expected.json")).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 1200);
    let mut wrong = Vec::new();
    for case in cases {
        let bound = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let returns = &series[case["series"].as_str().unwrap()][bound("from")..bound("to")];
        let found = call_of(case).over(returns);
        let agrees = match (found, case["value"].as_f64()) {
            (Some(found), Some(value)) => (found - value).abs() <= tolerance(case, value),
            (None, None) => true,
            _ => false,
        };
        if !agrees {
            wrong.push(format!("{case}\n    found {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
