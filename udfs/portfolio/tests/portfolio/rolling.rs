//! Portfolios over time: point in time, at the right times, equal to single portfolios.

use crate::support::{DAY, FIRST_DAY, Table, five, golden, numbers, session, universes};
use datafusion::prelude::SessionContext;
use serde_json::Value;

const CALL: &str = "method => 'min_variance', lookback => 60";

#[tokio::test]
async fn each_portfolio_is_the_one_of_the_returns_before_it() {
    let session = session();
    five().register(&session);
    let sql = format!(
        "SELECT ts, symbol, weight FROM rolling_weights((SELECT * FROM t), {CALL}) ORDER BY ts, symbol"
    );
    let rolling = Table::of(&session, &sql).await;
    assert!(rolling.len() >= 5 * 7);
    let (times, weights) = (rolling.texts("ts"), rolling.numbers("weight"));
    for i in (0..rolling.len()).step_by(5 * 2) {
        let single = format!(
            "SELECT weight FROM portfolio_weights((SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY symbol ORDER BY ts DESC) AS age \
             FROM t WHERE ts <= TIMESTAMP '{}') WHERE age <= 60), method => 'min_variance') ORDER BY symbol",
            times[i]
        );
        assert_eq!(
            Table::of(&session, &single).await.numbers("weight"),
            weights[i..i + 5]
        );
    }
}

#[tokio::test]
async fn later_rows_change_nothing_that_was_said() {
    let session = session();
    five().register(&session);
    let whole =
        format!("SELECT * FROM rolling_weights((SELECT * FROM t), {CALL}, max_turnover => 0.5)");
    let whole = Table::of(&session, &whole).await.csv();
    for days in [88, 131, 200, 280] {
        let end = FIRST_DAY + days;
        let prefix = format!(
            "SELECT * FROM rolling_weights((SELECT * FROM t WHERE ts <= to_timestamp_nanos({})), {CALL}, max_turnover => 0.5)",
            end * DAY
        );
        let prefix = Table::of(&session, &prefix).await.csv();
        assert!(!prefix.is_empty() && whole.starts_with(&prefix), "{days}");
    }
}

#[tokio::test]
async fn portfolios_are_made_at_the_first_time_of_a_period() {
    let session = session();
    five().register(&session);
    let dates = |options: &str| {
        format!(
            "SELECT DISTINCT CAST(ts AS DATE) AS d FROM rolling_weights((SELECT * FROM t), {CALL}, {options}) ORDER BY d"
        )
    };
    // Rows are days from Monday 2023-09-04 on; 60 of them end at 2023-11-02.
    let months = Table::of(&session, &dates("rebalance => 'month'"))
        .await
        .texts("d");
    assert_eq!(months[..3], ["2023-12-01", "2024-01-01", "2024-02-01"]);
    let quarters = Table::of(&session, &dates("rebalance => 'quarter'"))
        .await
        .texts("d");
    assert_eq!(quarters[..2], ["2024-01-01", "2024-04-01"]);
    let weeks = Table::of(&session, &dates("rebalance => 'week', every => 2"))
        .await
        .texts("d");
    assert_eq!(weeks[..3], ["2023-11-06", "2023-11-20", "2023-12-04"]);
    let bars = Table::of(&session, &dates("rebalance => 'bars', every => 10"))
        .await
        .texts("d");
    assert_eq!(bars[..3], ["2023-11-02", "2023-11-12", "2023-11-22"]);
    let years = Table::of(&session, &dates("rebalance => 'year'"))
        .await
        .texts("d");
    assert_eq!(years, ["2024-01-01"]);
}

/// The portfolios of ten bars each over the table `t`, weights in the order of times and symbols.
async fn limited(session: &SessionContext, limit: &Value) -> Vec<f64> {
    let sql = format!(
        "SELECT weight FROM rolling_weights((SELECT * FROM t), {CALL}, max_turnover => {limit}, \
         rebalance => 'bars', every => 10) ORDER BY ts, symbol"
    );
    Table::of(session, &sql).await.numbers("weight")
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum()
}

// Tolerance: 1e-6 a weight is what the other optimiser leaves; each portfolio starts from the one
// before.
#[tokio::test]
async fn turnover_is_counted_from_what_returns_made_of_the_portfolio_as_skfolio_says() {
    let session = session();
    for case in golden("rolling.json") {
        let universe = &universes()[case["universe"].as_str().unwrap()];
        universe.register(&session);
        let found = limited(&session, &case["max_turnover"]).await;
        let limit = case["max_turnover"].as_f64().unwrap();
        let portfolios = case["portfolios"].as_array().unwrap();
        let n = universe.symbols.len();
        assert_eq!(found.len(), n * portfolios.len());
        let mut binds = 0;
        for (weights, portfolio) in found.chunks(n).zip(portfolios) {
            let expected = numbers(&portfolio["weight"]);
            let worst = weights
                .iter()
                .zip(&expected)
                .fold(0.0_f64, |m, (f, e)| m.max((f - e).abs()));
            assert!(
                worst <= 1e-6,
                "{portfolio}: {weights:?} is off by {worst:e}"
            );
            if portfolio["held"].is_array() {
                let turnover = distance(weights, &numbers(&portfolio["held"]));
                assert!(turnover <= limit + 1e-6, "{portfolio}: {turnover}");
                binds += usize::from(turnover > limit - 1e-6);
            }
        }
        assert!(binds > 3, "the limit of {limit} binds {binds} times");
    }
}

#[tokio::test]
async fn prices_drift_as_their_returns_do() {
    let session = session();
    let mut universe = five();
    universe.register(&session);
    let limit = Value::from(0.1);
    let of_returns = limited(&session, &limit).await;
    for returns in &mut universe.returns {
        let mut price = 100.0;
        let grown = returns.iter().map(|r| {
            price *= 1.0 + r;
            price
        });
        *returns = std::iter::once(100.0).chain(grown).collect();
    }
    session.deregister_table("t").unwrap();
    session
        .register_batch("t", universe.batch("close"))
        .unwrap();
    let of_prices = limited(&session, &limit).await;
    assert_eq!(of_prices.len(), of_returns.len());
    for (price, ret) in of_prices.iter().zip(&of_returns) {
        assert!((price - ret).abs() < 1e-9, "{price} {ret}");
    }
}

#[tokio::test]
async fn a_symbol_that_is_not_there_yet_or_no_more_has_weight_0() {
    let session = session();
    let mut universe = five();
    universe.returns[0][..200].fill(f64::NAN);
    universe.returns[1][250..].fill(f64::NAN);
    universe.register(&session);
    let of = |symbol: &str| {
        format!(
            "SELECT ts, weight FROM rolling_weights((SELECT * FROM t), method => 'equal', lookback => 60, \
             rebalance => 'bars', every => 1) WHERE symbol = '{symbol}' ORDER BY ts"
        )
    };
    let late = Table::of(&session, &of(&universe.symbols[0]))
        .await
        .numbers("weight");
    let gone = Table::of(&session, &of(&universe.symbols[1]))
        .await
        .numbers("weight");
    // Row 0 is bar 59. Half of 60 values are needed, and one within 5 bars.
    assert_eq!((late[229 - 59 - 1], late[229 - 59]), (0.0, 0.2));
    assert_eq!((gone[254 - 59], gone[255 - 59]), (0.2, 0.0));
}

#[tokio::test]
async fn a_time_without_an_answer_keeps_the_positions() {
    let session = session();
    let mut universe = five();
    for returns in &mut universe.returns {
        returns[100..200]
            .iter_mut()
            .for_each(|r| *r = -r.abs() - 0.001);
    }
    universe.register(&session);
    let sql = "SELECT ts, count(weight) AS known, count(*) AS n FROM rolling_weights((SELECT * FROM t), \
         method => 'max_sharpe', lookback => 60, rebalance => 'bars', every => 20) GROUP BY ts ORDER BY ts";
    let table = Table::of(&session, sql).await;
    let known = table.numbers("known");
    assert!(known.contains(&0.0) && known.contains(&5.0));
    assert!(table.numbers("n").iter().all(|n| *n == 5.0));
}
