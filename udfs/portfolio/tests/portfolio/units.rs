//! Whole units against PyPortfolioOpt (greedy) and HiGHS by scipy (the smallest cost).

use crate::support::{Table, golden, numbers, session};

fn query(weights: &[f64], prices: &[f64], cash: f64, method: &str) -> String {
    let rows: Vec<String> = weights
        .iter()
        .zip(prices)
        .enumerate()
        .map(|(i, (w, p))| format!("('S{i:02}', {w:?}, {p:?})"))
        .collect();
    format!(
        "SELECT * FROM discrete_allocation((SELECT * FROM (VALUES {}) AS v(symbol, weight, price)), \
         cash => {cash:?}, method => '{method}') ORDER BY symbol",
        rows.join(", ")
    )
}

#[tokio::test]
async fn greedy_units_are_those_of_pyportfolioopt() {
    let session = session();
    let mut cases = golden("discrete.json");
    cases.retain(|c| c["greedy"].is_array());
    assert_eq!(cases.len(), 16);
    for case in cases {
        let (weights, prices) = (numbers(&case["weights"]), numbers(&case["prices"]));
        let cash = case["cash"].as_f64().unwrap();
        let table = Table::of(&session, &query(&weights, &prices, cash, "greedy")).await;
        assert_eq!(table.numbers("units"), numbers(&case["greedy"]), "{case}");
        let leftover = case["leftover"].as_f64().unwrap();
        for found in table.numbers("leftover") {
            // Their cash is what is left after each purchase, rounded every time.
            assert!((found - leftover).abs() <= 1e-9 * cash, "{case}");
        }
    }
}

#[tokio::test]
async fn exact_units_cost_what_integer_programming_finds() {
    let session = session();
    for case in golden("discrete.json") {
        let (weights, prices) = (numbers(&case["weights"]), numbers(&case["prices"]));
        let cash = case["cash"].as_f64().unwrap();
        let table = Table::of(&session, &query(&weights, &prices, cash, "exact")).await;
        let values = table.numbers("value");
        let distance: f64 = values
            .iter()
            .zip(&weights)
            .map(|(v, w)| (v - w * cash).abs())
            .sum();
        let found = distance + cash - values.iter().sum::<f64>();
        let best = case["best_cost"].as_f64().unwrap();
        assert!((found - best).abs() <= 1e-9 * cash, "{found} {best} {case}");
    }
}

#[tokio::test]
async fn short_positions_are_allocated_like_long_ones() {
    let session = session();
    let sql = query(&[0.9, 0.4, -0.3], &[70.0, 45.0, 19.0], 1000.0, "exact");
    let table = Table::of(&session, &sql).await;
    assert_eq!(table.numbers("units")[2], -15.0);
    let long = Table::of(
        &session,
        &query(&[0.9, 0.4], &[70.0, 45.0], 1000.0, "exact"),
    )
    .await;
    assert_eq!(table.numbers("units")[..2], long.numbers("units"));
}
