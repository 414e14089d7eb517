//! Reads the files of tests/golden/backtest_rules.py.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use serde_json::Value;
use std::path::Path;

/// One of the files by its name.
pub fn load(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/backtest/rules");
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The elements of a list, of which there are some.
pub fn list(value: &Value) -> &[Value] {
    let elements = value.as_array().expect("a list");
    assert!(!elements.is_empty(), "an empty list tests nothing");
    elements
}

/// A number.
pub fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// The first two numbers of a list.
pub fn pair(value: &Value) -> (f64, f64) {
    (number(&value[0]), number(&value[1]))
}

/// A text by its key.
pub fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key]
        .as_str()
        .unwrap_or_else(|| panic!("{value} has no text {key}"))
}

/// Equal to 1e-9 of the larger one, or of 1e-3 near 0: money has cents.
pub fn assert_close(found: f64, expected: f64, what: &str) {
    let scale = expected.abs().max(1e-3);
    assert!(
        (found - expected).abs() <= 1e-9 * scale,
        "{found} is not {expected}: {what}"
    );
}
