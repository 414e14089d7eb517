//! Files of expected values, and what is found against them at 1e-9 relative.

use serde_json::Value;

/// How far a correct answer may be from that of the other program.
pub const RELATIVE: f64 = 1e-9;

/// The text of a file of tests/golden.
pub fn read(folder: &str, name: &str) -> String {
    let root = env!("CARGO_MANIFEST_DIR");
    let path = format!("{root}/../../tests/golden/{folder}/{name}");
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// A file of values.
pub fn values(folder: &str, name: &str) -> Value {
    serde_json::from_str(&read(folder, name)).unwrap()
}

/// Names and columns of a table of numbers.
pub fn table(folder: &str, name: &str) -> (Vec<String>, Vec<Vec<f64>>) {
    let text = read(folder, name);
    let mut lines = text.lines();
    let names: Vec<String> = lines.next().unwrap().split(',').map(String::from).collect();
    let mut columns = vec![vec![]; names.len()];
    for line in lines {
        for (column, cell) in columns.iter_mut().zip(line.split(',')) {
            column.push(cell.parse().unwrap());
        }
    }
    (names, columns)
}

/// A list of numbers.
pub fn numbers(value: &Value) -> Vec<f64> {
    let list = value.as_array().unwrap().iter();
    list.map(|v| v.as_f64().unwrap()).collect()
}

/// A count.
pub fn count(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

/// Columns as kernels take them.
pub fn slices(columns: &[Vec<f64>]) -> Vec<&[f64]> {
    columns.iter().map(Vec::as_slice).collect()
}

pub fn assert_near(found: f64, expected: f64, what: &str) {
    let distance = (found - expected).abs();
    assert!(
        distance <= RELATIVE * expected.abs(),
        "{what}: found {found}, expected {expected}"
    );
}

pub fn assert_all_near(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (f, e)) in found.iter().zip(expected).enumerate() {
        assert_near(*f, *e, &format!("{what} [{i}]"));
    }
}
