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

#[tokio::test]
async fn keys_separate_runs_and_come_first_in_the_result() {
    let sql = "SELECT * FROM backtest((SELECT * FROM (VALUES \
        (1, TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), (1, TIMESTAMP '2024-01-03', 'A', 10.0, 20.0, 1.0), \
        (2, TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 0.5), (2, TIMESTAMP '2024-01-03', 'A', 10.0, 20.0, 0.5)) \
        AS v(fast, ts, symbol, open, close, target)), cash => 1000, keys => 'fast') ORDER BY fast, ts";
    let table = Table::of(&session(), sql).await;
    assert_eq!(table.numbers("fast"), [1.0, 1.0, 2.0, 2.0]);
    assert_eq!(table.numbers("equity"), [1000.0, 2000.0, 1000.0, 1500.0]);
}

#[tokio::test]
async fn keys_that_the_query_or_the_result_cannot_have_are_refused() {
    let (state, text) = error(&query("backtest", BARS, ", keys => 'fast'")).await;
    assert_eq!(state, "42703");
    assert_eq!(
        text,
        "backtest: the query has no column `fast`; it has ts, symbol, open, close, target"
    );
    let (state, text) = error(&query("backtest", BARS, ", keys => 'ts'")).await;
    assert_eq!(state, "22023");
    assert_eq!(
        text,
        "backtest: `keys` must be columns whose names the result does not have, found ts"
    );
}

#[tokio::test]
async fn accounts_share_nothing_but_the_call() {
    let sql = "SELECT account, equity FROM backtest((SELECT * FROM (VALUES \
        ('x', TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), ('y', TIMESTAMP '2024-01-02', 'B', 10.0, 10.0, 1.0), \
        ('x', TIMESTAMP '2024-01-03', 'A', 10.0, 20.0, 1.0), ('y', TIMESTAMP '2024-01-03', 'B', 10.0, 5.0, 1.0)) \
        AS v(account, ts, symbol, open, close, target)), cash => 1000) ORDER BY account, ts";
    let table = Table::of(&session(), sql).await;
    assert_eq!(table.texts("account"), ["x", "x", "y", "y"]);
    assert_eq!(table.numbers("equity"), [1000.0, 2000.0, 1000.0, 500.0]);
}

#[tokio::test]
async fn positions_in_another_currency_are_worth_their_rate() {
    let bars = "(SELECT *, 'EUR' AS currency FROM (VALUES (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), \
        (TIMESTAMP '2024-01-03', 'A', 10.0, 10.0, 1.0), (TIMESTAMP '2024-01-04', 'A', 10.0, 10.0, 1.0)) \
        AS v(ts, symbol, open, close, target))";
    let rates = "rates => (SELECT * FROM (VALUES (TIMESTAMP '2024-01-01', 'EUR', 2.0), \
        (TIMESTAMP '2024-01-04', 'EUR', 3.0)) AS r(ts, currency, rate))";
    let sql = format!("SELECT * FROM backtest({bars}, cash => 1000, currency => 'USD', {rates})");
    let equity = Table::of(&session(), &sql).await.numbers("equity");
    assert_eq!(equity, [1000.0, 1000.0, 1500.0]);
    let sql =
        format!("SELECT * FROM backtest_orders({bars}, cash => 1000) WHERE state = 'rejected'");
    assert_eq!(
        Table::of(&session(), &sql).await.texts("reason"),
        ["no rate"]
    );
}

#[tokio::test]
async fn a_bracket_takes_its_profit_and_cancels_its_stop() {
    let sql = "SELECT id, state, price, reason FROM backtest_orders((SELECT * FROM (VALUES \
        (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 10.0, 10.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 10.0, 10.0, 10.0), \
        (TIMESTAMP '2024-01-04', 'A', 10.0, 13.0, 10.0, 12.0)) AS v(ts, symbol, open, high, low, close)), \
        orders => (SELECT * FROM (VALUES (TIMESTAMP '2024-01-02', 'A', 'in', 'buy', 10.0, 'market', NULL, NULL, NULL, NULL), \
        (TIMESTAMP '2024-01-02', 'A', 'take', 'sell', 10.0, 'limit', 12.5, NULL, 'in', 'exit'), \
        (TIMESTAMP '2024-01-02', 'A', 'stop', 'sell', 10.0, 'stop', NULL, 9.0, 'in', 'exit')) \
        AS o(ts, symbol, id, side, quantity, type, limit_price, stop_price, parent, oco))) \
        WHERE state NOT IN ('submitted', 'accepted')";
    let table = Table::of(&session(), sql).await;
    assert_eq!(table.texts("id"), ["in", "stop", "take"]);
    assert_eq!(table.texts("state"), ["filled", "cancelled", "filled"]);
    assert_eq!(table.texts("reason"), ["", "oco", ""]);
    assert_eq!(table.numbers("price")[2], 12.5);
}

#[tokio::test]
async fn the_attribution_adds_up_to_the_change_of_equity_under_every_heading() {
    let rows = "(TIMESTAMP '2024-01-02', 'A', 10.0, 11.0, 0.5), (TIMESTAMP '2024-01-02', 'B', 10.0, 9.0, -0.5), \
        (TIMESTAMP '2024-01-03', 'A', 11.0, 12.0, 0.0), (TIMESTAMP '2024-01-03', 'B', 9.0, 9.5, NULL), \
        (TIMESTAMP '2024-01-04', 'A', 12.0, 12.0, 0.0), (TIMESTAMP '2024-01-04', 'B', 9.5, 9.0, NULL)";
    let arguments = ", cash => 1000, commission => 0.01, slippage_bps => 20, cash_rate => 0.05";
    let session = session();
    let curve = Table::of(&session, &query("backtest", rows, arguments)).await;
    let gained = curve.numbers("equity").last().copied().unwrap_or(f64::NAN) - 1000.0;
    let parts = Table::of(&session, &query("backtest_attribution", rows, arguments)).await;
    let (dimensions, totals) = (parts.texts("dimension"), parts.numbers("total"));
    for dimension in ["total", "symbol", "side", "source", "cost"] {
        let pairs = dimensions.iter().zip(&totals);
        let sum: f64 = pairs.filter(|(d, _)| *d == dimension).map(|(_, v)| v).sum();
        assert!(
            (sum - gained).abs() < 1e-9,
            "{dimension}: {sum}, the account {gained}"
        );
    }
}

#[tokio::test]
async fn metrics_beside_a_benchmark_and_given_the_trials() {
    let rows = format!(
        "{BARS}, (TIMESTAMP '2024-01-05', 'A', 12.5, 11.0, -0.5), (TIMESTAMP '2024-01-06', 'A', 10.0, 10.5, 0.5), \
        (TIMESTAMP '2024-01-07', 'A', 10.0, 9.5, NULL)"
    );
    let benchmark = "benchmark => (SELECT * FROM (VALUES (TIMESTAMP '2024-01-02', 100.0), (TIMESTAMP '2024-01-03', 101.0), \
        (TIMESTAMP '2024-01-05', 99.0), (TIMESTAMP '2024-01-06', 100.0), (TIMESTAMP '2024-01-07', 98.0)) AS b(ts, close))";
    let session = session();
    let of = async |arguments: String| {
        Table::of(&session, &query("backtest_metrics", &rows, &arguments)).await
    };
    let one = of(format!(", {benchmark}")).await;
    let many = of(format!(", {benchmark}, trials => 100")).await;
    let value = |table: &Table, name: &str| {
        let place = table.texts("metric").iter().position(|n| n == name);
        table.numbers("value")[place.expect("a metric")]
    };
    assert!(value(&one, "capm_beta").is_finite());
    assert_eq!(
        value(&one, "deflated_sharpe"),
        value(&one, "probabilistic_sharpe")
    );
    assert!(value(&many, "deflated_sharpe") < value(&one, "deflated_sharpe"));
    let mut names = many.texts("metric");
    names.sort();
    names.dedup();
    assert_eq!(names.len(), many.len());
}
