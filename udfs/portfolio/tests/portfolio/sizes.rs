//! Position sizes against scipy (roots) and a walk along Jones' levels.

use crate::support::{Table, golden, numbers, session};
use serde_json::Value;

/// scipy's brentq stops at 4 units in the last place of the root; the derivative is flat there.
const RELATIVE: f64 = 1e-9;

fn cases(function: &str) -> Vec<Value> {
    let mut cases = golden("sizing.json");
    cases.retain(|c| c["function"] == function);
    assert!(!cases.is_empty());
    cases
}

fn values(name: &str, values: &[f64]) -> String {
    let rows: Vec<String> = values.iter().map(|v| format!("({v:?})")).collect();
    format!("(VALUES {}) AS v({name})", rows.join(", "))
}

fn assert_close(found: f64, expected: f64, case: &Value) {
    let is_close = (found - expected).abs() <= RELATIVE * expected.abs().max(1.0);
    assert!(
        is_close || (found.is_nan() && expected.is_nan()),
        "{found} {expected} {case}"
    );
}

#[tokio::test]
async fn kelly_sizes_are_the_roots_of_the_derivative() {
    let session = session();
    for case in cases("kelly") {
        let rows = values("r", &numbers(&case["returns"]));
        let rf = case["risk_free"].as_f64().unwrap();
        let sql = format!(
            "SELECT kelly_fraction(r, 'growth', {rf:?}) AS growth, kelly_fraction(r, 'moments', {rf:?}) AS moments FROM {rows}"
        );
        let table = Table::of(&session, &sql).await;
        for form in ["growth", "moments"] {
            assert_close(table.numbers(form)[0], case[form].as_f64().unwrap(), &case);
        }
    }
}

#[tokio::test]
async fn optimal_f_is_the_root_of_the_derivative() {
    let session = session();
    for case in cases("optimal_f") {
        let rows = values("pnl", &numbers(&case["trades"]));
        let sql = format!(
            "SELECT o['f'] AS f, o['geometric_mean'] AS geometric_mean, o['per_unit'] AS per_unit \
             FROM (SELECT optimal_f(pnl) AS o FROM {rows})"
        );
        let table = Table::of(&session, &sql).await;
        for field in ["f", "geometric_mean", "per_unit"] {
            let expected = case[field].as_f64().unwrap_or(f64::NAN);
            assert_close(table.numbers(field)[0], expected, &case);
        }
    }
}

#[tokio::test]
async fn contracts_by_the_formula_are_those_of_a_walk_along_the_levels() {
    let session = session();
    for start in [1, 3, 10] {
        let mut cases = cases("fixed_ratio");
        cases.retain(|c| c["start"] == start);
        let profits: Vec<f64> = cases
            .iter()
            .map(|c| c["profit"].as_f64().unwrap())
            .collect();
        let sql = format!(
            "SELECT fixed_ratio(p, 5000, {start}) AS n FROM {} ORDER BY p",
            values("p", &profits)
        );
        let found = Table::of(&session, &sql).await.numbers("n");
        let expected: Vec<f64> = cases
            .iter()
            .map(|c| c["contracts"].as_f64().unwrap())
            .collect();
        assert_eq!(found, expected);
    }
}
