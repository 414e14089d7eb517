//! The functions in queries: their examples, the join to bars, prices instead of returns.

use crate::support::{Table, session, universes};

#[tokio::test]
async fn every_example_prints_its_result() {
    let session = session();
    let mut wrong = Vec::new();
    for function in quantlake_portfolio::functions() {
        let example = &function.spec.example;
        let found = Table::of(&session, &example.sql).await.csv();
        if found != example.result {
            wrong.push(format!("{}:\n{found}", function.spec.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[tokio::test]
async fn prices_give_the_weights_of_their_returns() {
    let session = session();
    let mut universe = universes()["us5"].clone();
    universe.register(&session);
    let call = "SELECT * FROM portfolio_weights((SELECT * FROM t), method => 'max_sharpe') ORDER BY symbol";
    let from_returns = Table::of(&session, call).await.numbers("weight");
    for prices in &mut universe.returns {
        let mut price = 100.0;
        let mut path = vec![price];
        path.extend(prices.iter().map(|r| {
            price *= 1.0 + r;
            price
        }));
        *prices = path;
    }
    for name in ["price", "close"] {
        session.deregister_table("t").unwrap();
        session.register_batch("t", universe.batch(name)).unwrap();
        let from_prices = Table::of(&session, call).await.numbers("weight");
        for (a, b) in from_returns.iter().zip(from_prices) {
            assert!((a - b).abs() < 1e-9);
        }
    }
}

#[tokio::test]
async fn a_row_in_which_a_symbol_is_missing_is_left_out_for_all() {
    let session = session();
    let full = universes()["us5"].clone();
    let mut holes = full.clone();
    let mut without = full.clone();
    for (row, symbol) in [(140, 1), (17, 3), (3, 0)] {
        holes.returns[symbol][row] = f64::NAN;
        without.returns.iter_mut().for_each(|r| {
            r.remove(row);
        });
    }
    let call =
        "SELECT * FROM portfolio_weights((SELECT * FROM t), method => 'cvar') ORDER BY symbol";
    holes.register(&session);
    let found = Table::of(&session, call).await;
    without.register(&session);
    let expected = Table::of(&session, call).await;
    assert_eq!(found.csv(), expected.csv());
}

#[tokio::test]
async fn the_risk_adds_up() {
    let session = session();
    universes()["factors"].register(&session);
    for method in ["equal", "hrp", "min_variance", "max_sharpe"] {
        let sql = format!(
            "SELECT sum(weight) AS net, sum(risk_contribution) AS risk, sum(weight * marginal_risk) AS volatility \
             FROM portfolio_weights((SELECT * FROM t), method => '{method}')"
        );
        let sums = Table::of(&session, &sql).await;
        assert!((sums.numbers("net")[0] - 1.0).abs() < 1e-12, "{method}");
        assert!((sums.numbers("risk")[0] - 1.0).abs() < 1e-12, "{method}");
        assert!(sums.numbers("volatility")[0] > 0.0);
    }
}

#[tokio::test]
async fn the_frontier_runs_from_the_safest_to_the_dearest_portfolio() {
    let session = session();
    universes()["factors"].register(&session);
    let sql = "SELECT point, max(expected_return) AS earned, max(volatility) AS volatility, sum(weight) AS net \
         FROM efficient_frontier((SELECT * FROM t), points => 9) GROUP BY point ORDER BY point";
    let frontier = Table::of(&session, sql).await;
    assert_eq!(frontier.len(), 9);
    let (earned, volatility) = (frontier.numbers("earned"), frontier.numbers("volatility"));
    assert!(earned.is_sorted() && volatility.is_sorted());
    for step in earned.windows(2) {
        assert!((step[1] - step[0] - (earned[8] - earned[0]) / 8.0).abs() < 1e-9);
    }
    let volatility_of = |call: &str| {
        format!(
            "SELECT sum(weight * marginal_risk) AS v FROM portfolio_weights((SELECT * FROM t), {call})"
        )
    };
    let safest = Table::of(&session, &volatility_of("method => 'min_variance'")).await;
    assert!((safest.numbers("v")[0] - volatility[0]).abs() < 1e-12);
    let middle = format!(
        "method => 'efficient_return', target_return => {:?}",
        earned[4]
    );
    let middle = Table::of(&session, &volatility_of(&middle)).await;
    assert!((middle.numbers("v")[0] - volatility[4]).abs() < 1e-10);
}

#[tokio::test]
async fn no_rows_give_no_rows() {
    let session = session();
    universes()["us5"].register(&session);
    let none = "(SELECT * FROM t WHERE ts < TIMESTAMP '1900-01-01')";
    for call in [
        format!("portfolio_weights({none}, method => 'hrp')"),
        format!("rolling_weights({none}, method => 'hrp')"),
        format!("efficient_frontier({none})"),
    ] {
        assert_eq!(
            Table::of(&session, &format!("SELECT * FROM {call}"))
                .await
                .len(),
            0
        );
    }
}

#[tokio::test]
async fn one_symbol_gets_everything() {
    let session = session();
    universes()["us5"].register(&session);
    for method in [
        "equal",
        "inverse_volatility",
        "risk_parity",
        "hrp",
        "herc",
        "min_variance",
        "mean_variance",
        "max_return",
        "max_diversification",
        "cvar",
        "cdar",
    ] {
        let sql = format!(
            "SELECT weight FROM portfolio_weights((SELECT * FROM t WHERE symbol = 'AAPL'), method => '{method}')"
        );
        let found = Table::of(&session, &sql).await.numbers("weight");
        assert_eq!(found.len(), 1, "{method}");
        assert!((found[0] - 1.0).abs() < 1e-12, "{method}: {found:?}");
    }
}
