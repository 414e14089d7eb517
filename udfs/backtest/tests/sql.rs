//! The functions in queries: examples, shapes, and what is said about bad input.

mod common;

use common::{Table, session};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use quantlake_core::QlError;

const BARS: &str = "(TIMESTAMP '2024-01-02', 'A', 10.0, 11.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 11.0, 12.0, 0.0), \
    (TIMESTAMP '2024-01-04', 'A', 12.0, 12.0, 0.0)";

fn query(function: &str, rows: &str, arguments: &str) -> String {
    format!(
        "SELECT * FROM {function}((SELECT * FROM (VALUES {rows}) AS v(ts, symbol, open, close, target)){arguments})"
    )
}

/// SQLSTATE and text of the error that a query ends in.
async fn error(sql: &str) -> (String, String) {
    match Table::try_of(&session(), sql).await {
        Ok(table) => panic!("expected an error, found {} rows", table.len()),
        Err(error) => match QlError::of(&error) {
            Some(found) => (found.state.code().to_string(), found.message.clone()),
            None => panic!("an error without SQLSTATE: {error}"),
        },
    }
}

fn to_csv(batches: &[RecordBatch]) -> String {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let columns = batch.columns().iter();
        let columns: Vec<_> = columns
            .map(|c| ArrayFormatter::try_new(c.as_ref(), &options).expect("a printable column"))
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            rows.push(cells.join(","));
        }
    }
    rows.join("\n")
}

#[tokio::test]
async fn every_example_prints_its_result() {
    for function in quantlake_backtest::functions() {
        let example = &function.spec.example;
        let frame = session()
            .sql(&example.sql)
            .await
            .expect("a query that plans");
        let found = to_csv(&frame.collect().await.expect("a query that runs"));
        assert_eq!(found, example.result, "{}", example.sql);
    }
}

#[tokio::test]
async fn the_curve_has_a_row_for_each_timestamp_and_the_return_starts_from_the_cash() {
    let table = Table::of(&session(), &query("backtest", BARS, ", cash => 1100")).await;
    assert_eq!(table.numbers("equity"), [1100.0, 1200.0, 1200.0]);
    assert_eq!(table.numbers("gross_exposure"), [0.0, 1.0, 0.0]);
    assert_eq!(table.numbers("n_positions"), [0.0, 1.0, 0.0]);
    assert_eq!(table.numbers("ret")[0], 0.0);
    assert!((table.numbers("ret")[1] - 1.0 / 11.0).abs() < 1e-15);
}

#[tokio::test]
async fn the_metrics_are_the_aggregates_over_the_curve() {
    let functions = quantlake_risk::functions();
    let session = session();
    for function in functions {
        if let quantlake_core::Implementation::Aggregate(udaf) = &function.implementation {
            session.register_udaf(udaf.as_ref().clone());
        }
    }
    let rows = format!(
        "{BARS}, (TIMESTAMP '2024-01-05', 'A', 12.5, 11.0, -0.5), (TIMESTAMP '2024-01-06', 'A', 10.0, 10.5, 0.5), \
        (TIMESTAMP '2024-01-07', 'A', 10.0, 9.5, NULL)"
    );
    let curve = query("backtest", &rows, "");
    let aggregates = "SELECT sharpe(ret) AS sharpe, sortino(ret) AS sortino, volatility(ret) AS volatility, \
        annual_return(ret) AS cagr, var_historical(ret) AS var_95, cvar_historical(ret) AS cvar_95";
    let aggregates = Table::of(&session, &format!("{aggregates} FROM ({curve})")).await;
    let report = Table::of(&session, &query("backtest_metrics", &rows, "")).await;
    let (names, values) = (report.texts("metric"), report.numbers("value"));
    for name in [
        "sharpe",
        "sortino",
        "volatility",
        "cagr",
        "var_95",
        "cvar_95",
    ] {
        let place = names.iter().position(|n| n == name).expect("a metric");
        assert_eq!(aggregates.numbers(name), [values[place]], "{name}");
    }
}

#[tokio::test]
async fn an_open_trade_has_no_exit() {
    let rows = "(TIMESTAMP '2024-01-02', 'A', 10.0, 11.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 11.0, 12.0, NULL)";
    let table = Table::of(
        &session(),
        &query("backtest_trades", rows, ", cash => 1100"),
    )
    .await;
    assert_eq!(table.texts("exit_ts"), [""]);
    assert_eq!(table.texts("exit_reason"), [""]);
    assert_eq!(table.numbers("pnl"), [100.0]);
}

#[tokio::test]
async fn a_query_without_symbol_and_open_is_one_symbol_that_fills_at_closes() {
    let sql = "SELECT * FROM backtest((SELECT * FROM (VALUES (DATE '2024-01-02', 10, 1), (DATE '2024-01-03', 8, NULL), \
        (DATE '2024-01-04', 12, NULL)) AS v(ts, close, target)), cash => 800, fill => 'next_close')";
    assert_eq!(
        Table::of(&session(), sql).await.numbers("equity"),
        [800.0, 800.0, 1200.0]
    );
}

#[tokio::test]
async fn input_in_any_order_gives_the_same_run() {
    let backwards: Vec<&str> = BARS.split("), ").collect();
    let backwards: Vec<&str> = backwards
        .into_iter()
        .rev()
        .map(|r| r.trim_end_matches(')'))
        .collect();
    let backwards = format!("{})", backwards.join("), "));
    let (one, two) = (
        query("backtest", BARS, ""),
        query("backtest", &backwards, ""),
    );
    let session = session();
    let equity = Table::of(&session, &one).await.numbers("equity");
    assert_eq!(equity, Table::of(&session, &two).await.numbers("equity"));
}

#[tokio::test]
async fn no_bars_give_no_rows() {
    let sql = "SELECT * FROM backtest((SELECT ts, close, target, open FROM (VALUES (DATE '2024-01-02', 10.0, 1.0, 9.0)) \
        AS v(ts, close, target, open) WHERE close < 0))";
    assert_eq!(Table::of(&session(), sql).await.len(), 0);
}

#[tokio::test]
async fn nan_and_infinity_are_missing_prices_and_missing_targets() {
    let rows = "(TIMESTAMP '2024-01-02', 'A', 10.0, 'NaN'::double, 1.0), (TIMESTAMP '2024-01-03', 'A', 'Infinity'::double, 10.0, \
        'NaN'::double), (TIMESTAMP '2024-01-04', 'A', 8.0, 12.0, 'Infinity'::double)";
    let table = Table::of(&session(), &query("backtest", rows, ", cash => 800")).await;
    assert_eq!(table.numbers("equity"), [800.0, 800.0, 1200.0]);
}

#[tokio::test]
async fn a_repeated_bar_is_refused_by_name() {
    let rows = format!("{BARS}, (TIMESTAMP '2024-01-03', 'A', 1.0, 1.0, 1.0)");
    let (state, text) = error(&query("backtest", &rows, "")).await;
    assert_eq!(state, "22000");
    assert_eq!(
        text,
        "backtest: the bar of A at 2024-01-03 00:00:00: two bars have the same time and symbol"
    );
}

#[tokio::test]
async fn a_price_that_is_not_positive_is_refused_by_name() {
    let rows = format!("{BARS}, (TIMESTAMP '2024-01-05', 'B', -1.0, 1.0, 1.0)");
    let (state, text) = error(&query("backtest_trades", &rows, "")).await;
    assert_eq!(state, "22000");
    assert_eq!(
        text,
        "backtest_trades: the bar of B at 2024-01-05 00:00:00: `open` must be above 0 or NULL, found -1"
    );
}

#[tokio::test]
async fn fills_at_a_price_that_the_query_lacks_are_refused() {
    let sql = "SELECT * FROM backtest((SELECT * FROM (VALUES (DATE '2024-01-02', 10.0, 1.0)) AS v(ts, close, target)))";
    let (state, text) = error(sql).await;
    assert_eq!(state, "22000");
    assert_eq!(
        text,
        "backtest: orders fill at `open`, and the query has no `open` that is not NULL"
    );
}

#[tokio::test]
async fn arguments_out_of_range_are_refused_while_planning() {
    for (arguments, expected) in [
        (
            ", cash => 0",
            "backtest: `cash` must be a number between 0.01 and 1000000000000000, found 0",
        ),
        (
            ", fill => 'yesterday'",
            "backtest: `fill` must be one of 'next_open', 'next_close', 'same_close', 'vwap', 'price', found 'yesterday'",
        ),
        (
            ", lot => 10",
            "backtest: `lot` must be left out while positions may be fractions, found 10",
        ),
        (
            ", commission => -0.1",
            "backtest: `commission` must be a number between 0 and 0.5, found -0.1",
        ),
    ] {
        let (state, text) = error(&query("backtest", BARS, arguments)).await;
        assert_eq!((state.as_str(), text.as_str()), ("22023", expected));
    }
}
