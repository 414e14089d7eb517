//! What cannot be done is said in words that name the argument or the symbol.

use crate::support::{Universe, error_of, session, universes};

async fn message(universe: &Universe, call: &str) -> (String, String) {
    let session = session();
    universe.register(&session);
    error_of(&session, &format!("SELECT * FROM {call}")).await
}

async fn assert_error(universe: &Universe, call: &str, code: &str, text: &str) {
    let (found_code, found) = message(universe, call).await;
    assert_eq!((found_code.as_str(), found.as_str()), (code, text));
}

fn stocks() -> Universe {
    universes()["us5"].clone()
}

#[tokio::test]
async fn limits_that_nothing_satisfies_name_their_argument() {
    let mut stocks = stocks();
    stocks.texts.insert(
        "sector".into(),
        ["A", "A", "B", "B", "B"].map(String::from).to_vec(),
    );
    stocks
        .numbers
        .insert("previous_weight".into(), vec![1.0, 0.0, 0.0, 0.0, 0.0]);
    let cases = [
        (
            "max_weight => 0.1",
            "`max_weight` must be such that the largest weights of 5 symbols sum to at least 1, found a sum of 0.5",
        ),
        (
            "min_weight => 0.3",
            "`min_weight` must be such that the smallest weights are below the largest and sum to at most 1, found a sum of 1.5",
        ),
        (
            "min_weight => 0.3, max_weight => 0.2",
            "`min_weight` must be at most max_weight, 0.2, found 0.3",
        ),
        (
            "max_gross => 0.5",
            "`max_gross` must be at least net, 1, found 0.5",
        ),
        (
            "max_sector => 0.4",
            "`max_sector` must be such that weights within all limits sum to 1, found limits that no weights satisfy",
        ),
        (
            "sector_limits => 'A <= 0.2; B <= 0.3'",
            "`sector_limits` must be such that weights within all limits sum to 1, found limits that no weights satisfy",
        ),
        (
            "sector_limits => 'C <= 0.2'",
            "`sector_limits` must be limits of sectors in the column `sector` (A, B), found 'C'",
        ),
        (
            "sector_limits => 'A < 0.2'",
            "`sector_limits` must be limits such as 'Energy <= 0.2; Technology >= 0.1', found 'A < 0.2'",
        ),
        (
            "max_weight => 0.3, max_turnover => 0.2",
            "`max_turnover` must be large enough to come from the weights before into the other limits, found 0.2",
        ),
    ];
    for (limits, text) in cases {
        let call =
            format!("portfolio_weights((SELECT * FROM t), method => 'min_variance', {limits})");
        assert_error(
            &stocks,
            &call,
            "22023",
            &format!("portfolio_weights: {text}"),
        )
        .await;
    }
}

#[tokio::test]
async fn targets_out_of_reach_say_what_is_in_reach() {
    let cases = [
        (
            "method => 'efficient_risk', target_risk => 0.01",
            "`target_risk` must be at least 0.",
            "found 0.01",
        ),
        (
            "method => 'efficient_return', target_return => 9",
            "`target_return` must be at most 0.",
            "found 9",
        ),
        (
            "method => 'max_sharpe', risk_free => 0.99",
            "`risk_free` must be below 0.",
            "found 0.99",
        ),
    ];
    for (args, start, end) in cases {
        let call = format!("portfolio_weights((SELECT * FROM t), {args})");
        let (code, text) = message(&stocks(), &call).await;
        assert_eq!(code, "22023");
        assert!(
            text.starts_with(&format!("portfolio_weights: {start}")) && text.ends_with(end),
            "{text}"
        );
    }
}

#[tokio::test]
async fn arguments_that_a_method_would_ignore_are_refused() {
    let cases = [
        (
            "method => 'hrp', max_weight => 0.3",
            "`max_weight` must be left out with this method, found 0.3",
        ),
        (
            "method => 'equal', max_gross => 2",
            "`max_gross` must be left out with this method, found 2",
        ),
        (
            "method => 'min_variance', target_risk => 0.1",
            "`target_risk` must be left out with this method, found 0.1",
        ),
        (
            "method => 'efficient_risk'",
            "`target_risk` must be given with this method, found NULL",
        ),
        (
            "method => 'min_variance', max_sector => 0.5",
            "`max_sector` must be left out where the query has no column `sector`, found 0.5",
        ),
        (
            "method => 'min_variance', max_turnover => 0.5",
            "`max_turnover` must be left out where a symbol has no `previous_weight` (0 for one not held), found 0.5",
        ),
        (
            "method => 'best'",
            "`method` must be one of 'equal', 'inverse_volatility', 'inverse_variance', 'risk_parity', 'hrp', 'herc', 'min_variance', 'mean_variance', 'max_sharpe', 'max_return', 'efficient_risk', 'efficient_return', 'max_diversification', 'cvar', 'cdar', 'black_litterman', found 'best'",
        ),
    ];
    for (args, text) in cases {
        let call = format!("portfolio_weights((SELECT * FROM t), {args})");
        assert_error(
            &stocks(),
            &call,
            "22023",
            &format!("portfolio_weights: {text}"),
        )
        .await;
    }
}

#[tokio::test]
async fn views_that_cannot_be_used_are_refused() {
    let mut stocks = stocks();
    let call = |views: &str| {
        format!(
            "portfolio_weights((SELECT * FROM t), method => 'black_litterman', views => (SELECT * FROM (VALUES {views}) \
             AS v(symbol, against, expected_return, confidence, view)))"
        )
    };
    let one = "('AAPL', NULL, 0.1, 0.5, NULL)";
    assert_error(
        &stocks,
        &call(one),
        "22000",
        "portfolio_weights: AAPL has no `market_cap`",
    )
    .await;
    stocks.numbers.insert("market_cap".into(), vec![1.0; 5]);
    let cases = [
        (
            "('AAPL', 'NONE', 0.1, 0.5, NULL)",
            "22023",
            "`views` must be views on symbols of the query, found 'NONE'",
        ),
        (
            "('AAPL', NULL, NULL, 0.5, NULL), ('AAPL', NULL, 0.1, 0.5, NULL)",
            "22000",
            "row 1 of `views`: `expected_return` is missing",
        ),
        (
            "(NULL, 'AAPL', 0.1, 0.5, NULL), ('AAPL', NULL, 0.1, 0.5, NULL)",
            "22000",
            "row 1 of `views`: `symbol` is NULL",
        ),
        (
            "('AAPL', NULL, 0.1, 1.5, NULL)",
            "22000",
            "row 1 of `views`: `confidence` must be between 0 and 1",
        ),
        (
            "('AAPL', NULL, 0.1, 0.5, 'x'), ('MSFT', NULL, 0.2, 0.5, 'x')",
            "22000",
            "row 2 of `views`: rows of one `view` must have one `expected_return` and one `confidence`",
        ),
        (
            "('AAPL', NULL, 0.1, 1.0, NULL), ('AAPL', NULL, 0.2, 1.0, NULL)",
            "22000",
            "the views contradict or repeat each other with certainty",
        ),
    ];
    for (views, code, text) in cases {
        assert_error(
            &stocks,
            &call(views),
            code,
            &format!("portfolio_weights: {text}"),
        )
        .await;
    }
}

#[tokio::test]
async fn data_that_says_nothing_is_refused_by_name() {
    let mut flat = stocks();
    flat.returns[2].fill(0.0);
    let name = flat.symbols[2].clone();
    for method in [
        "inverse_volatility",
        "inverse_variance",
        "risk_parity",
        "hrp",
        "herc",
        "max_diversification",
    ] {
        let call = format!("portfolio_weights((SELECT * FROM t), method => '{method}')");
        let text =
            format!("portfolio_weights: {name} has no variance, and the method divides by it");
        assert_error(&flat, &call, "22000", &text).await;
    }
    let mut sparse = stocks();
    sparse.returns[1][1..].fill(f64::NAN);
    let call = "portfolio_weights((SELECT * FROM t), method => 'equal')";
    let text = format!(
        "portfolio_weights: needs at least 2 rows in which all 5 symbols have a return, found 1; {} has values at 1 of 195 times",
        sparse.symbols[1]
    );
    assert_error(&sparse, call, "22000", &text).await;
}

#[tokio::test]
async fn broken_rows_are_refused() {
    let stocks = stocks();
    let equal = |query: &str| format!("portfolio_weights(({query}), method => 'equal')");
    assert_error(
        &stocks,
        &equal("SELECT * FROM t UNION ALL SELECT * FROM t WHERE symbol = ''MSFT''")
            .replace("''", "'"),
        "22000",
        "portfolio_weights: MSFT has two rows at 2023-09-04 00:00:00",
    )
    .await;
    assert_error(
        &stocks,
        &equal("SELECT ts, symbol, -1.0 AS price FROM t"),
        "22000",
        "portfolio_weights: column `price` must be above 0, found -1",
    )
    .await;
    assert_error(
        &stocks,
        &equal("SELECT ts, symbol FROM t"),
        "22000",
        "portfolio_weights: the query has no `ret`, `price` or `close` that is not NULL",
    )
    .await;
    assert_error(
        &stocks,
        &equal("SELECT ts, ret FROM t"),
        "42703",
        "portfolio_weights: the query has no column `symbol`; it has ts, ret",
    )
    .await;
    let (code, text) = message(
        &stocks,
        "rolling_weights((SELECT * FROM t), method => 'max_sharpe', risk_free => 1, lookback => 100)",
    )
    .await;
    assert_eq!(code, "22023");
    assert!(
        text.starts_with("rolling_weights: `risk_free` must be below"),
        "{text}"
    );
}

#[tokio::test]
async fn allocations_need_prices_and_cash() {
    let stocks = stocks();
    let call = |rows: &str, more: &str| {
        format!(
            "discrete_allocation((SELECT * FROM (VALUES {rows}) AS v(symbol, weight, price)), cash => 100{more})"
        )
    };
    let cases = [
        (
            "('A', 0.5, 0.0)",
            "22000",
            "`price` of A must be above 0, found 0",
        ),
        (
            "('A', NULL, 1.0), ('B', 0.5, 1.0)",
            "22000",
            "`weight` of A is missing",
        ),
        (
            "('A', 0.5, 1.0), ('A', 0.5, 1.0)",
            "22000",
            "A has two rows",
        ),
    ];
    for (rows, code, text) in cases {
        assert_error(
            &stocks,
            &call(rows, ""),
            code,
            &format!("discrete_allocation: {text}"),
        )
        .await;
    }
    let text = "discrete_allocation: `lot` must be a number between 0.000000000001 and 1000000000000, found 0";
    assert_error(
        &stocks,
        &call("('A', 0.5, 1.0)", ", lot => 0"),
        "22023",
        text,
    )
    .await;
}
