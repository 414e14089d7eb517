//! What a search tells the ledger, and what it does when it cannot.

mod common;

use common::{AMPLE, Table, TestBook, crossing, error, plain, session, with_strategy};
use quantlake_core::ParamValue;
use quantlake_search::book::What;
use std::collections::HashSet;
use std::sync::Arc;

const LISTS: &str = "fast => [2, 5, 9], slow => range(20, 60, 10)";

fn call(function: &str, rest: &str) -> String {
    let strategy = crossing();
    format!("SELECT * FROM {function}((SELECT * FROM bars), strategy => {strategy}, {LISTS}{rest})")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_combination_that_was_simulated_is_one_trial() {
    let cases = [
        ("backtest_grid", "", 12),
        ("backtest_grid", ", commission => [0, 0.001]", 24),
        ("optimise", ", method => 'random', max_trials => 7", 7),
        ("cpcv", "", 12),
        ("walk_forward", ", train => 200, test => 100", 12),
        ("walk_forward_equity", ", train => 200, test => 100", 12),
    ];
    for (function, rest, n) in cases {
        let (session, book) = plain();
        Table::of(&session, &call(function, rest)).await;
        let told = book.told();
        assert_eq!(told.len(), 1, "{function} tells once");
        assert_eq!(told[0].function, function);
        let different: HashSet<Vec<usize>> = (told[0].tried.iter())
            .filter_map(|t| match &t.what {
                What::Combination(choice) => Some(choice.clone()),
                What::Procedure(_) => None,
            })
            .collect();
        assert_eq!(different.len(), n, "{function}{rest}");
        assert!(told[0].tried.iter().all(|t| t.n_returns > 100));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ratio_of_a_trial_is_the_grids_without_the_year() {
    let (session, book) = plain();
    let sharpe = Table::of(&session, &call("backtest_grid", ", periods => 252"))
        .await
        .numbers("sharpe");
    for (trial, annual) in book.told()[0].tried.iter().zip(sharpe) {
        assert!((trial.sharpe * 252_f64.sqrt() - annual).abs() < 1e-12);
        assert_eq!(trial.n_returns, 600);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_is_one_more_trial_whose_arguments_make_it_another() {
    let walk = async |rest: &str| {
        let (session, book) = plain();
        Table::of(&session, &call("walk_forward", rest)).await;
        let tried = book.told()[0].tried.clone();
        let own = tried.into_iter().filter_map(|t| match t.what {
            What::Procedure(named) => Some(named),
            What::Combination(_) => None,
        });
        own.collect::<Vec<_>>()
    };
    let found = walk(", train => 200, test => 100").await;
    assert_eq!(found.len(), 1);
    let named = |name: &str| found[0].iter().find(|(n, _)| n == name).map(|(_, v)| v);
    assert_eq!(named("train"), Some(&ParamValue::Integer(200)));
    assert_eq!(named("fast"), Some(&ParamValue::Text("2, 5, 9".into())));
    assert_ne!(walk(", train => 150, test => 100").await, found);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_family_is_the_strategys_text_or_what_was_asked_for() {
    let (session, book) = plain();
    let grid = |strategy: &str, rest: &str| {
        format!(
            "SELECT * FROM backtest_grid((SELECT * FROM bars), strategy => {strategy}, n => [1, 2]{rest})"
        )
    };
    let texts = [
        "CASE WHEN close > lag(close, n) OVER (ORDER BY ts) THEN 1 ELSE 0 END",
        "'case when Close > LAG(close,n) over (order by ts)  then 1 else 0 end'",
    ];
    for text in texts {
        Table::of(&session, &grid(text, "")).await;
    }
    Table::of(&session, &grid(texts[0], ", family => 'momentum'")).await;
    let told = book.told();
    assert_eq!(told[0].family, texts[0]);
    assert_eq!(told[0], told[1]);
    assert_eq!(told[2].family, "momentum");
    assert_eq!(told[2].text, told[0].text, "the variants are the same ones");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bars_make_other_variants() {
    let (session, book) = plain();
    for query in ["SELECT * FROM bars", "SELECT * FROM bars WHERE day < 300"] {
        let sql = format!("SELECT * FROM backtest_grid(({query}), strategy => n, n => [1])");
        Table::of(&session, &sql).await;
    }
    let told = book.told();
    assert_eq!(told[0].family, told[1].family);
    assert_ne!(told[0].text, told[1].text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_cannot_be_counted_fails() {
    let book = Arc::new(TestBook {
        is_broken: true,
        ..TestBook::default()
    });
    let session = session(&book, AMPLE);
    for function in ["backtest_grid", "optimise", "cpcv"] {
        let error = error(&session, &call(function, "")).await;
        assert_eq!(error.message, "the ledger cannot be written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn explaining_counts_nothing() {
    let (session, book) = plain();
    let sql = format!("EXPLAIN {}", call("backtest_grid", ""));
    session
        .sql(&sql)
        .await
        .expect(&sql)
        .collect()
        .await
        .expect(&sql);
    assert_eq!(book.told(), []);
}

/// The strategy of the other tests, as a query.
fn query() -> String {
    let mean = |name: &str| common::mean(&format!("${name}"));
    format!(
        "SELECT *, CASE WHEN {} > {} THEN 100 ELSE 0 END AS target FROM bars",
        mean("fast"),
        mean("slow")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_strategy_gives_what_its_expression_gives() {
    let cases = [
        (
            "backtest_grid",
            ", sizing => 'units', commission => [0, 0.001]",
        ),
        ("optimise", ", sizing => 'units', max_trials => 9"),
        ("cpcv", ", sizing => 'units'"),
        (
            "walk_forward",
            ", sizing => 'units', train => 100, test => 50",
        ),
        (
            "walk_forward",
            ", sizing => 'units', train => 100, test => 50, step => 70",
        ),
        (
            "walk_forward_equity",
            ", sizing => 'units', train => 100, test => 50, step => 70",
        ),
    ];
    for (function, rest) in cases {
        let (session, book) = with_strategy(&query());
        let stored = format!("SELECT * FROM {function}(strategy => 'stored', {LISTS}{rest})");
        let stored = Table::of(&session, &stored).await;
        let expression = Table::of(&session, &call(function, rest)).await;
        for name in [
            "total_return",
            "sharpe",
            "in_sample",
            "equity",
            "end_equity",
        ] {
            if expression.has(name) {
                let bits = |table: &Table| {
                    let values = table.numbers(name).into_iter();
                    values.map(f64::to_bits).collect::<Vec<_>>()
                };
                assert_eq!(bits(&stored), bits(&expression), "{function}{rest} {name}");
            }
        }
        let told = book.told();
        assert_eq!(told[0].family, "stored");
        assert_eq!(told[0].tried, told[1].tried);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_of_a_stored_strategy_has_its_default_unless_given() {
    let (session, _) = with_strategy(&query());
    let sql = |rest: &str| format!("SELECT * FROM backtest_grid(strategy => stored, {rest})");
    let given = Table::of(&session, &sql("fast => 5, slow => 20")).await;
    let default = Table::of(&session, &sql("slow => 20")).await;
    assert_eq!(
        given.numbers("total_return"),
        default.numbers("total_return")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_stored_strategy_does_not_take_is_named() {
    let (session, book) = with_strategy(&query());
    let cases = [
        (
            "strategy => 'stored', slow => 20, mid => [1, 2]",
            "backtest_grid: `mid` is no argument of backtest_grid and no parameter of the strategy, which has fast, slow",
        ),
        (
            "strategy => 'stored'",
            "backtest_grid: `slow` of the strategy has to be given",
        ),
        (
            "strategy => 'stored', slow => ['a']",
            "stored: `slow` must be integer, found 'a'",
        ),
        (
            "strategy => 'other', slow => 20",
            "backtest_grid: strategy \"other\" does not exist",
        ),
        (
            "strategy => close > slow, slow => 20",
            "backtest_grid: without a query `strategy` must be the name of a stored strategy, found close > slow",
        ),
        (
            "strategy => 'stored', slow => range(1, 2000)",
            "backtest_grid: `strategy` must be an expression for so many values: the query of a stored strategy runs for each combination, at most 1000, found 1999",
        ),
    ];
    for (arguments, message) in cases {
        let sql = format!("SELECT * FROM backtest_grid({arguments})");
        assert_eq!(error(&session, &sql).await.message, message);
    }
    assert_eq!(book.told(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_strategy_has_the_same_bars_for_all_values() {
    let (session, _) = with_strategy("SELECT *, 1.0 * $fast AS target FROM bars WHERE day > $slow");
    let sql = "SELECT * FROM backtest_grid(strategy => 'stored', slow => [20, 30])";
    let error = error(&session, sql).await;
    assert_eq!(error.state.code(), "22000");
    assert_eq!(
        error.message,
        "backtest_grid: `strategy` must give the same (ts, symbol) for all values of its parameters, found other ones"
    );
}
