//! The descriptions of the functions: columns and examples; the arguments are in [`params`].

pub mod params;

use params::params;
use quantlake_core::relation::{InputColumn, InputQuery, InputType};
use quantlake_core::{
    Causality, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, Stability,
};

const FAMILY: &str = "backtest";

const SOURCE: &str = "Orders and account as in vectorbt's Portfolio.from_orders with target percent, \
    shared cash and automatic call sequence; trades as in backtesting.py (first in, first out)";

/// The columns that every view reads.
pub fn columns() -> Vec<InputColumn> {
    let optional = |names: &[&str], ty: InputType| -> Vec<InputColumn> {
        names
            .iter()
            .map(|name| InputColumn::optional(name, ty))
            .collect()
    };
    let mut columns = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("close", InputType::Number),
    ];
    let texts = ["symbol", "account", "currency", "sector", "source"];
    columns.extend(optional(&texts, InputType::Text));
    let prices = ["open", "high", "low", "volume", "vwap", "price", "spread"];
    columns.extend(optional(&prices, InputType::Number));
    let signals = [
        "target",
        "entry_long",
        "exit_long",
        "entry_short",
        "exit_short",
        "size",
    ];
    columns.extend(optional(&signals, InputType::Number));
    let scales = ["stop_loss", "take_profit", "trailing", "atr", "volatility"];
    columns.extend(optional(&scales, InputType::Number));
    let flows = [
        "dividend",
        "split",
        "funding",
        "borrow",
        "roll",
        "multiplier",
    ];
    columns.extend(optional(&flows, InputType::Number));
    columns
}

/// The other queries of a call.
pub fn queries() -> Vec<InputQuery> {
    let orders = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::optional("symbol", InputType::Text),
        InputColumn::optional("id", InputType::Text),
        InputColumn::required("side", InputType::Text),
        InputColumn::required("quantity", InputType::Number),
        InputColumn::required("type", InputType::Text),
        InputColumn::optional("limit_price", InputType::Number),
        InputColumn::optional("stop_price", InputType::Number),
        InputColumn::optional("trail", InputType::Number),
        InputColumn::optional("trail_percent", InputType::Number),
        InputColumn::optional("tif", InputType::Text),
        InputColumn::optional("expires", InputType::Time),
        InputColumn::optional("parent", InputType::Text),
        InputColumn::optional("oco", InputType::Text),
        InputColumn::optional("cancel_at", InputType::Time),
        InputColumn::optional("reduce_only", InputType::Number),
        InputColumn::optional("source", InputType::Text),
        InputColumn::optional("account", InputType::Text),
    ];
    let rates = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("currency", InputType::Text),
        InputColumn::required("rate", InputType::Number),
    ];
    let benchmark = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("close", InputType::Number),
    ];
    let query = |(param, columns): (&str, Vec<InputColumn>)| InputQuery {
        param: param.into(),
        columns,
    };
    [
        ("orders", orders),
        ("rates", rates),
        ("benchmark", benchmark),
    ]
    .map(query)
    .into()
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
                "signal, reversal (the signal asked for the other side), order, stop_loss, take_profit, trailing, time, liquidation, risk_limit, split or end (close_at_end); NULL while open",
            ),
            float("mae", "worst return during the trade, before costs, at most 0"),
            float("mfe", "best return during the trade, before costs, at least 0"),
            text("entry_reason", "what the entry was made by, named as in exit_reason"),
            float("slippage", "what slippage cost, in money; it is in the prices and in pnl"),
            float("dividends", "dividends received, negative for those paid; not in pnl"),
            float("borrow", "fees for borrowed units, negative; not in pnl"),
            float("funding", "funding received, negative for what was paid; not in pnl"),
            text("source", "source of the entry, NULL for none"),
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

fn spec(name: &str, summary: &str, mut columns: Vec<OutputField>) -> FunctionSpec {
    columns.push(text(
        "account",
        "account of the bars, NULL without the column",
    ));
    FunctionSpec::new(name, FAMILY, Kind::Relation, summary)
        .with_params(arguments())
        .with_output(Output::Rows(columns))
        .with_stability(Stability::PathDependent)
        .with_source(SOURCE)
}

fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

fn text(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Text, doc)
}

fn time(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Time, doc)
}

fn whole(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Integer, doc)
}

/// The same for all views, so that their arguments can be copied from one to the other.
fn arguments() -> Vec<ParamSpec> {
    let query =
        |name: &str, doc: &str| ParamSpec::optional(name, ParamKind::Query, ParamValue::Null, doc);
    let mut arguments = vec![ParamSpec::required(
        "bars",
        ParamKind::Query,
        "bars with ts, close, one row per (ts, symbol), and target or entry and exit flags, known at the bar's close; \
         the rules of a backtest say what other columns mean",
    )];
    arguments.extend(params());
    arguments.extend([
        query("orders", "orders with ts, symbol, side, quantity, type and, where used, prices, tif, parent, oco"),
        query("rates", "ts, currency, rate: units of the account's currency per unit of the other, from ts on"),
        query("benchmark", "ts, close of what the account is compared with in the metrics"),
    ]);
    arguments
}

/// The description of `backtest_orders`.
pub fn backtest_orders() -> FunctionSpec {
    spec(
        "backtest_orders",
        "Runs signals and orders over bars and gives every step of every order, with its reason.",
        vec![
            time("ts", "time of the step"),
            whole("order_id", "number of the order, from 1 in the order of submission"),
            text("id", "id of the orders query, NULL for other orders"),
            text("symbol", "symbol"),
            text("origin", "target, entry, exit, order, stop_loss, take_profit, trailing, time, liquidation, risk or end"),
            text("state", "submitted, accepted, rejected, triggered, partially_filled, filled, cancelled or expired"),
            text("side", "buy or sell, NULL while a size is not known"),
            float("quantity", "units asked for, filled or left, NULL while a size is not known"),
            float("price", "fill price with slippage, or the price that triggered"),
            text("reason", "why the order was rejected, cancelled or expired"),
        ],
    )
    .with_example(
        "SELECT order_id, origin, state, side, quantity, price, reason FROM backtest_orders((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 11.0)) AS v(ts, symbol, open, close)), \
         orders => (SELECT * FROM (VALUES (TIMESTAMP '2024-01-02', 'A', 'buy', 150.0, 'market')) AS o(ts, symbol, side, quantity, type)), cash => 1000)",
        "1,order,submitted,buy,150.0,,\n1,order,accepted,buy,150.0,,\n1,order,partially_filled,buy,100.0,10.0,\n\
         1,order,cancelled,buy,50.0,,insufficient cash",
    )
}

/// The description of `backtest_fills`.
pub fn backtest_fills() -> FunctionSpec {
    spec(
        "backtest_fills",
        "Runs signals and orders over bars and gives every fill, in the order in which they happened.",
        vec![
            time("ts", "time of the bar"),
            whole("order_id", "number of the order"),
            text("symbol", "symbol"),
            text("side", "buy or sell"),
            float("quantity", "units, positive"),
            float("raw_price", "price before slippage"),
            float("price", "price with slippage"),
            float("commission", "commission, in money"),
            float("slippage", "what slippage cost, in money"),
            float("position", "units held afterwards, negative for a short position"),
            text("origin", "why the order exists, as in backtest_orders"),
            text("source", "source of the signal, NULL for none"),
        ],
    )
    .with_example(
        "SELECT ts, side, quantity, price, commission, position FROM backtest_fills((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, true, false), (TIMESTAMP '2024-01-03', 'A', 10.0, 11.0, false, true), \
         (TIMESTAMP '2024-01-04', 'A', 12.0, 12.0, false, false)) AS v(ts, symbol, open, close, entry_long, exit_long)), \
         cash => 1000, size_type => 'units', size => 50, commission => 0.01)",
        "2024-01-03T00:00:00,buy,50.0,10.0,5.0,50.0\n2024-01-04T00:00:00,sell,50.0,12.0,6.0,0.0",
    )
}

/// The description of `backtest_positions`.
pub fn backtest_positions() -> FunctionSpec {
    spec(
        "backtest_positions",
        "Runs signals and orders over bars and gives what is held at each timestamp.",
        vec![
            time("ts", "time of the bars"),
            text("symbol", "symbol"),
            float("units", "units, negative for a short position"),
            float("price", "last price seen"),
            float("value", "value in the account's currency, negative for a short position"),
            float("weight", "value as a fraction of equity"),
        ],
    )
    .with_example(
        "SELECT ts, units, price, value, weight FROM backtest_positions((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 0.5), (TIMESTAMP '2024-01-03', 'A', 10.0, 10.0, 0.5), \
         (TIMESTAMP '2024-01-04', 'A', 11.0, 12.0, 0.0)) AS v(ts, symbol, open, close, target)), cash => 1000)",
        "2024-01-03T00:00:00,50.0,10.0,500.0,0.5\n2024-01-04T00:00:00,50.0,12.0,600.0,0.5454545454545454",
    )
}

/// The description of `backtest_events`.
pub fn backtest_events() -> FunctionSpec {
    spec(
        "backtest_events",
        "Runs signals and orders over bars and gives breaches of limits, margin calls and corporate actions.",
        vec![
            time("ts", "time of the event"),
            text("symbol", "symbol, NULL for the account"),
            text("rule", "name of the limit's argument, margin_call, bankrupt, split, dividend or roll"),
            float("value", "what was found, in the unit of the rule"),
            float("threshold", "what is allowed, NULL where the rule has no limit"),
        ],
    )
    .with_example(
        "SELECT ts, symbol, rule, value, threshold FROM backtest_events((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 1.0), (TIMESTAMP '2024-01-03', 'A', 10.0, 10.0, 1.0)) \
         AS v(ts, symbol, open, close, target)), max_position => 0.25)",
        "2024-01-03T00:00:00,A,max_position,1.0,0.25",
    )
}

/// The description of `backtest_attribution`.
pub fn backtest_attribution() -> FunctionSpec {
    spec(
        "backtest_attribution",
        "Runs signals and orders over bars and gives the profit, in money, by symbol, side, sector, source and cost; each of them adds up to the change of equity.",
        vec![
            text("dimension", "total, symbol, side, sector, source or cost"),
            text("name", "what of it; NULL for the total and for what belongs to none"),
            whole("n_trades", "trades, open ones included"),
            float("price", "gain of the prices before slippage"),
            float("slippage", "slippage, negative"),
            float("commission", "commission, negative"),
            float("dividends", "dividends received less paid"),
            float("borrow", "fees for borrowed units, negative"),
            float("funding", "funding received less paid"),
            float("interest", "interest on cash"),
            float("total", "the sum of these"),
        ],
    )
    .with_causality(Causality::WholePartition)
    .with_example(
        "SELECT dimension, name, price, commission, total FROM backtest_attribution((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 'A', 10.0, 10.0, 0.5), (TIMESTAMP '2024-01-03', 'A', 10.0, 12.0, 0.0), \
         (TIMESTAMP '2024-01-04', 'A', 12.0, 12.0, 0.0)) AS v(ts, symbol, open, close, target)), cash => 1000, commission => 0.01) \
         WHERE dimension IN ('total', 'symbol', 'side')",
        "total,,100.0,-11.0,89.0\nsymbol,A,100.0,-11.0,89.0\nside,long,100.0,-11.0,89.0",
    )
}
