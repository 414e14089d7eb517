//! Every statistic against statsmodels, scipy, arch and others on real prices and returns.
//!
//! Tolerance: 1e-9 relative. Regressions with several lags amplify the rounding of their inputs by
//! the condition of the design, about 1e4 to 1e6 here, which leaves 1e-10 to 1e-9. p-values of
//! cancelled tails (`2 - 2 cdf`) lose digits in the other program, so they are compared to 1e-8
//! absolute. Parameters of GARCH are where a flat likelihood ends a search: 1e-3 of the largest
//! reasonable value, with a likelihood that must not be below the other program's.

use crate::reference;
use crate::support::Call;
use datafusion::common::ScalarValue;
use quantlake_core::{Function, ParamKind};
use serde_json::Value;
use std::path::PathBuf;

const RELATIVE: f64 = 1e-9;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/stats")
}

pub fn json(name: &str) -> Value {
    let path = folder().join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap()
}

/// A column of series.csv.
fn series(name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(folder().join("series.csv")).unwrap();
    let mut lines = text.lines();
    let at = lines
        .next()
        .unwrap()
        .split(',')
        .position(|n| n == name)
        .unwrap();
    lines
        .map(|l| l.split(',').nth(at).unwrap().parse().unwrap())
        .collect()
}

#[test]
fn window_functions_agree_with_independent_programs() {
    let functions: Vec<Function> = quantlake_stats::functions();
    let files = folder().join("rolling");
    reference::check_folder(&without_garch(functions), &files, RELATIVE);
}

/// GARCH has a tolerance of its own.
fn without_garch(functions: Vec<Function>) -> Vec<Function> {
    let others = functions.into_iter();
    others.filter(|f| f.spec.name != "rolling_garch").collect()
}

#[test]
fn a_rolling_garch_agrees_with_arch() {
    let functions = vec![crate::support::function("rolling_garch")];
    reference::check_folder(&functions, &folder().join("garch"), 1e-3);
}

fn constant(kind: &ParamKind, value: &Value) -> ScalarValue {
    match (kind, value) {
        (_, Value::String(text)) => ScalarValue::from(text.as_str()),
        (_, Value::Bool(flag)) => ScalarValue::from(*flag),
        (ParamKind::Integer { .. }, number) => ScalarValue::Int64(number.as_i64()),
        (_, number) => ScalarValue::Float64(number.as_f64()),
    }
}

fn call_of(case: &Value) -> Call {
    let name = case["function"].as_str().unwrap();
    let mut call = Call::new(name, &[]);
    for (option, value) in case["options"].as_object().unwrap() {
        let params = call.function.spec.params.iter();
        let kind = params.clone().find(|p| p.name == *option).map(|p| &p.kind);
        let value = constant(kind.expect("a parameter"), value);
        call.constants.push((option.clone(), value));
    }
    call
}

fn is_close(function: &str, field: &str, found: f64, expected: f64) -> bool {
    let difference = found - expected;
    match (function, field) {
        ("garch", "log_likelihood") => difference > -1e-6 * expected.abs(),
        ("garch", "alpha" | "beta") => difference.abs() < 2e-3,
        ("garch", _) => difference.abs() < 2e-3 * expected.abs().max(1e-3),
        (_, "p_value") => difference.abs() < 1e-8,
        // A residual is a small difference of large numbers.
        (_, "residual") => difference.abs() < 1e-11,
        _ => difference.abs() <= RELATIVE * expected.abs().max(1e-6),
    }
}

#[test]
fn aggregates_agree_with_independent_programs_on_real_prices() {
    let golden = json("expected.json");
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 190, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let bound = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let call = call_of(case);
        let kind = case["series"].as_str().unwrap();
        let columns: Vec<Vec<Option<f64>>> = call
            .series()
            .iter()
            .map(|s| series(&format!("{kind}_{s}"))[bound("from")..bound("to")].to_vec())
            .map(|c| c.into_iter().map(Some).collect())
            .collect();
        for (field, found) in call.over(&columns) {
            let expected = match field.as_str() {
                "" => case["value"].as_f64(),
                name => case["value"][name].as_f64(),
            };
            let agrees = match (found, expected) {
                (Some(f), Some(e)) => is_close(&call.function.spec.name, &field, f, e),
                (None, None) => true,
                _ => false,
            };
            if !agrees {
                wrong.push(format!(
                    "{case}\n    {field}: found {found:?}, expected {expected:?}"
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
