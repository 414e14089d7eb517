//! The descriptions of the three functions: parameters, columns, examples.

use quantlake_core::relation::{InputColumn, InputType};
use quantlake_core::{
    Causality, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, Stability,
};

const FAMILY: &str = "backtest";

const SOURCE: &str = "Orders and account as in vectorbt's Portfolio.from_orders with target percent, \
    shared cash and automatic call sequence; trades as in backtesting.py (first in, first out)";

/// The columns that all three functions read.
pub fn columns() -> Vec<InputColumn> {
    vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::optional("symbol", InputType::Text),
        InputColumn::optional("open", InputType::Number),
        InputColumn::optional("high", InputType::Number),
        InputColumn::optional("low", InputType::Number),
        InputColumn::required("close", InputType::Number),
        InputColumn::required("target", InputType::Number),
    ]
}

/// The description of `backtest`.
pub fn backtest() -> FunctionSpec {
    spec(
        "backtest",
        "Runs target positions over bars with one cash account for all symbols, and gives the account at each timestamp.",
        vec![
            OutputField::new("ts", OutputType::Time, "time of the bars"),
            float("equity", "cash plus positions at their last prices"),
            float("cash", "cash after all costs so far"),
            float("positions_value", "value of the positions, shorts negative"),
            float("gross_exposure", "value of the positions, shorts positive, as a fraction of equity"),
            float("net_exposure", "positions_value as a fraction of equity"),
            float("ret", "simple return of equity since the timestamp before; the first one since the starting cash"),
            float("drawdown", "equity over its highest value so far, minus 1"),
            float("turnover", "value traded at this timestamp, as a fraction of equity"),
            float("costs", "commission paid at this timestamp; slippage is in the prices"),
            OutputField::new("n_positions", OutputType::Integer, "symbols with a position"),
        ],
    )
    .with_example(
        "SELECT ts, equity, cash, net_exposure, costs FROM backtest((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 11.0, 1.0), \
         (TIMESTAMP '2024-01-04', 'A', 11.0, 12.0, 0.0), (TIMESTAMP '2024-01-05', 'A', 12.0, 12.0, 0.0)) \
         AS v(ts, symbol, open, close, target)), cash => 1001, commission => 0.001)",
        "2024-01-02T00:00:00,1001.0,1001.0,0.0,0.0\n2024-01-03T00:00:00,1100.0,0.0,1.0,1.0\n\
         2024-01-04T00:00:00,1200.0,0.0,1.0,0.0\n2024-01-05T00:00:00,1198.8,1198.8,0.0,1.2",
    )
}

/// The description of `backtest_trades`.
pub fn backtest_trades() -> FunctionSpec {
    spec(
        "backtest_trades",
        "Runs target positions over bars and gives the round trips, first in, first out.",
        vec![
            OutputField::new("symbol", OutputType::Text, "symbol"),
            OutputField::new("side", OutputType::Text, "long or short"),
            OutputField::new("entry_ts", OutputType::Time, "time of the bar of the entry"),
            float("entry_price", "price with slippage"),
            OutputField::new("exit_ts", OutputType::Time, "time of the bar of the exit, NULL while open"),
            float("exit_price", "price with slippage, NULL while open"),
            float("quantity", "units, positive on both sides"),
            float("pnl", "profit after costs; of an open trade at the last price seen"),
            float("ret", "pnl over the value at entry"),
            OutputField::new("bars", OutputType::Integer, "bars of the symbol from entry to exit"),
            float("costs", "commission of entry and exit; slippage is in the prices"),
            OutputField::new(
                "exit_reason",
                OutputType::Text,
                "signal, reversal (the target asked for the other side) or end (close_at_end); NULL while open",
            ),
            float("mae", "worst return during the trade, before costs, at most 0"),
            float("mfe", "best return during the trade, before costs, at least 0"),
        ],
    )
    .with_causality(Causality::WholePartition)
    .with_example(
        "SELECT symbol, side, entry_price, exit_price, quantity, pnl, bars, exit_reason FROM backtest_trades((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 11.0, -1.0), \
         (TIMESTAMP '2024-01-04', 'A', 11.0, 12.0, 0.0), (TIMESTAMP '2024-01-05', 'A', 12.0, 12.0, 0.0)) \
         AS v(ts, symbol, open, close, target)), cash => 1000)",
        "A,long,10.0,11.0,100.0,100.0,1,reversal\nA,short,11.0,12.0,100.0,-100.0,1,signal",
    )
}

/// The description of `backtest_metrics`.
pub fn backtest_metrics() -> FunctionSpec {
    spec(
        "backtest_metrics",
        "Runs target positions over bars and gives one row per statistic of the account and its trades.",
        vec![
            OutputField::new("metric", OutputType::Text, "name of the statistic"),
            float("value", "its value, NULL where it is not defined"),
        ],
    )
    .with_causality(Causality::WholePartition)
    .with_example(
        "SELECT metric, value FROM backtest_metrics((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 11.0, 1.0), \
         (TIMESTAMP '2024-01-04', 'A', 11.0, 12.0, 0.0), (TIMESTAMP '2024-01-05', 'A', 12.0, 12.0, 0.0)) \
         AS v(ts, symbol, open, close, target)), cash => 1000) \
         WHERE metric IN ('end_equity', 'total_costs', 'n_trades', 'win_rate')",
        "end_equity,1200.0\ntotal_costs,0.0\nn_trades,1.0\nwin_rate,1.0",
    )
}

fn spec(name: &str, summary: &str, columns: Vec<OutputField>) -> FunctionSpec {
    FunctionSpec::new(name, FAMILY, Kind::Relation, summary)
        .with_params(params())
        .with_output(Output::Rows(columns))
        .with_stability(Stability::PathDependent)
        .with_source(SOURCE)
}

fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

/// The same for all three, so that their arguments can be copied from one to the other.
fn params() -> Vec<ParamSpec> {
    let mut params = vec![ParamSpec::required(
        "bars",
        ParamKind::Query,
        "bars with ts, close, target and, where used, symbol, open, high, low; one row per (ts, symbol); \
         a target is known at its bar's close, NULL keeps the position, 0 is flat",
    )];
    params.extend(account_params());
    params.extend(order_params());
    params.push(number(
        "periods",
        1.0,
        1e7,
        252.0,
        "bars per year, for the metrics that are per year",
    ));
    params
}

fn account_params() -> Vec<ParamSpec> {
    vec![
        number("cash", 0.01, 1e15, 100_000.0, "cash at the start"),
        number(
            "commission",
            0.0,
            0.5,
            0.0,
            "commission as a fraction of the value traded",
        ),
        number(
            "commission_fixed",
            0.0,
            1e9,
            0.0,
            "commission per order, in money",
        ),
        number(
            "slippage_bps",
            0.0,
            5000.0,
            0.0,
            "how far fill prices move against the order, in hundredths of a percent",
        ),
        flag(
            "allow_short",
            true,
            "whether positions may be negative; if not, a negative target closes",
        ),
        number(
            "max_leverage",
            0.01,
            100.0,
            1.0,
            "largest gross exposure that an order may lead to, as a multiple of equity; orders are cut down to it",
        ),
    ]
}

fn order_params() -> Vec<ParamSpec> {
    vec![
        choice(
            "fill",
            &["next_open", "next_close", "same_close"],
            "the price that an order gets: open or close of the symbol's next bar, or the close that its target has just seen",
        ),
        choice(
            "sizing",
            &["weight", "units"],
            "what a target is: a fraction of the account's value at the fill prices, or a number of units",
        ),
        choice(
            "rebalance",
            &["change", "always"],
            "trade when a symbol's target changes, or at every bar that has a target",
        ),
        flag(
            "fractional",
            true,
            "whether positions may be fractions; if not, they are rounded toward zero to lots",
        ),
        ParamSpec::optional(
            "lot",
            ParamKind::Integer {
                min: 1,
                max: 1_000_000_000,
            },
            ParamValue::Integer(1),
            "units per lot, with fractional => false",
        ),
        number(
            "min_trade",
            0.0,
            1e15,
            0.0,
            "orders below this value are left out, unless they close a position",
        ),
        flag(
            "reserve_costs",
            false,
            "whether a weight pays for its own costs, as in backtesting.py, or they come on top while cash lasts, as in vectorbt",
        ),
        flag(
            "close_at_end",
            false,
            "whether what is held after the last bar is sold at its last price",
        ),
    ]
}

fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

fn flag(name: &str, default: bool, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Flag, ParamValue::Flag(default), doc)
}

/// A choice whose first name is the default; codes count from 0.
fn choice(name: &str, names: &[&str], doc: &str) -> ParamSpec {
    let choices = names.iter().zip(0_i64..);
    let kind = ParamKind::Choice(choices.map(|(n, code)| (n.to_string(), code)).collect());
    let default = names.first().map_or(String::new(), ToString::to_string);
    ParamSpec::optional(name, kind, ParamValue::Text(default), doc)
}
