//! A case through SQL: its bars, orders and rates as tables, its arguments by name, its results from the views.

use crate::Case;
use crate::common::{Table, session};
use crate::market::{self, step};
use crate::summary::{History, end_of};
use datafusion::arrow::array::{
    ArrayRef, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::prelude::SessionContext;
use quantlake_backtest::market::{Columns, Instrument, flags};
use quantlake_backtest::request::{OrderType, Request, TimeInForce};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

const SYMBOLS: [&str; 4] = ["A", "B", "C", "D"];

/// Symbols take turns; one without bars is in the second account.
fn account(symbol: Option<u32>) -> &'static str {
    match symbol {
        Some(0 | 2) => "even",
        _ => "odd",
    }
}

fn times(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<TimestampNanosecondArray>())
}

fn texts<T: Into<String>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    let values = values.map(|v| v.map(Into::into));
    Arc::new(values.collect::<StringArray>())
}

/// Numbers, NULL for NaN.
fn numbers(values: impl Iterator<Item = f64>) -> ArrayRef {
    let known = values.map(|v| Some(v).filter(|v| !v.is_nan()));
    Arc::new(known.collect::<Float64Array>())
}

/// The columns of the bars that are there.
fn bars(columns: &Columns<'_>, instruments: &[Instrument]) -> RecordBatch {
    let symbols = || columns.symbol.iter().copied();
    let named = |symbol: u32| SYMBOLS[symbol as usize];
    let instrument = |symbol: u32| instruments[symbol as usize];
    let currency = |s| instrument(s).currency.map(|c| ["EUR", "JPY"][c as usize]);
    let sector = |s| instrument(s).sector.map(|n| ["tech", "bank"][n as usize]);
    let mut found: Vec<(&str, ArrayRef)> = vec![
        ("ts", times(columns.ts.iter().copied().map(Some))),
        ("symbol", texts(symbols().map(|s| Some(named(s))))),
        ("account", texts(symbols().map(|s| Some(account(Some(s)))))),
        ("currency", texts(symbols().map(currency))),
        ("sector", texts(symbols().map(sector))),
        (
            "multiplier",
            numbers(symbols().map(|s| instrument(s).multiplier)),
        ),
    ];
    let all = [
        ("open", columns.open),
        ("high", columns.high),
        ("low", columns.low),
        ("close", columns.close),
        ("volume", columns.volume),
        ("vwap", columns.vwap),
        ("price", columns.price),
        ("spread", columns.spread),
        ("target", columns.target),
        ("size", columns.size),
        ("stop_loss", columns.stop_loss),
        ("take_profit", columns.take_profit),
        ("trailing", columns.trailing),
        ("atr", columns.atr),
        ("volatility", columns.volatility),
        ("dividend", columns.dividend),
        ("split", columns.split),
        ("funding", columns.funding),
        ("borrow", columns.borrow),
        ("roll", columns.roll),
    ];
    let known = all.into_iter().filter(|(_, values)| !values.is_empty());
    found.extend(known.map(|(name, values)| (name, numbers(values.iter().copied()))));
    let flag = |bit: u8| {
        numbers(
            columns
                .flags
                .iter()
                .map(move |f| f64::from(u8::from(f & bit != 0))),
        )
    };
    if !columns.flags.is_empty() {
        found.extend([
            ("entry_long", flag(flags::ENTRY_LONG)),
            ("exit_long", flag(flags::EXIT_LONG)),
            ("entry_short", flag(flags::ENTRY_SHORT)),
            ("exit_short", flag(flags::EXIT_SHORT)),
        ]);
    }
    RecordBatch::try_from_iter(found).expect("columns of one length")
}

/// The name of a variant, or what a careless user writes instead.
fn name_of<T: PartialEq>(
    value: Option<T>,
    names: &[(&'static str, T)],
    wrong: &'static str,
) -> &'static str {
    let found = names.iter().find(|(_, v)| Some(v) == value.as_ref());
    found.map_or(wrong, |(name, _)| name)
}

fn orders(rows: &[Request]) -> RecordBatch {
    let rows = || rows.iter();
    let name = |id: Option<u32>| id.map(|id| format!("o{id}"));
    let side = |side: Option<f64>| side.map_or("hold", |s| if s > 0.0 { "buy" } else { "sell" });
    let symbol = |symbol: Option<u32>| symbol.map_or("ZZZ", |s| SYMBOLS[s as usize]);
    RecordBatch::try_from_iter([
        ("ts", times(rows().map(|r| Some(r.ts)))),
        ("symbol", texts(rows().map(|r| Some(symbol(r.symbol))))),
        ("account", texts(rows().map(|r| Some(account(r.symbol))))),
        ("id", texts(rows().map(|r| name(r.id)))),
        ("side", texts(rows().map(|r| Some(side(r.side))))),
        ("quantity", numbers(rows().map(|r| r.quantity))),
        (
            "type",
            texts(rows().map(|r| Some(name_of(r.order_type, &OrderType::NAMES, "iceberg")))),
        ),
        ("limit_price", numbers(rows().map(|r| r.limit_price))),
        ("stop_price", numbers(rows().map(|r| r.stop_price))),
        ("trail", numbers(rows().map(|r| r.trail))),
        ("trail_percent", numbers(rows().map(|r| r.trail_percent))),
        (
            "tif",
            texts(rows().map(|r| Some(name_of(r.tif, &TimeInForce::NAMES, "later")))),
        ),
        ("expires", times(rows().map(|r| r.expires))),
        ("parent", texts(rows().map(|r| name(r.parent)))),
        ("oco", texts(rows().map(|r| r.oco.map(|g| format!("g{g}"))))),
        ("cancel_at", times(rows().map(|r| r.cancel_at))),
        (
            "reduce_only",
            numbers(rows().map(|r| f64::from(u8::from(r.reduce_only)))),
        ),
    ])
    .expect("columns of one length")
}

fn rates(case: &Case<'_>) -> RecordBatch {
    let (ts, currency, rate) = market::rate_rows(case.number, case.n_bars, &case.has);
    RecordBatch::try_from_iter([
        ("ts", times(ts.into_iter().map(Some))),
        (
            "currency",
            texts(
                currency
                    .into_iter()
                    .map(|c| Some(["EUR", "JPY"][c as usize])),
            ),
        ),
        ("rate", numbers(rate.into_iter())),
    ])
    .expect("columns of one length")
}

/// The call of a view without its name: tables and arguments.
fn call(case: &Case<'_>) -> String {
    let mut call = String::from("((SELECT * FROM bars)");
    for given in case.arguments.split(',') {
        let (name, value) = given.split_once('=').expect("name=value");
        let is_plain = value.parse::<f64>().is_ok() || value == "true" || value == "false";
        let quote = if is_plain { "" } else { "'" };
        call += &format!(", {name} => {quote}{}{quote}", value.replace(';', ","));
    }
    for (table, feature) in [("orders", "orders"), ("rates", "currency")] {
        if case.has.contains(feature) {
            call += &format!(", {table} => (SELECT * FROM {table})");
        }
    }
    call + ")"
}

fn session_of(case: &Case<'_>) -> SessionContext {
    let session = session();
    let of_case = case.bars();
    let market = of_case.market();
    let requests = market::orders(case.number, case.n_symbols, case.n_bars, &case.has);
    let tables = [
        ("bars", bars(&market.columns, &market.instruments)),
        ("orders", orders(&requests)),
        ("rates", rates(case)),
    ];
    for (name, table) in tables {
        session.register_batch(name, table).expect("a new table");
    }
    session
}

/// What happens in a case, by SQL.
pub fn history(case: &Case<'_>) -> History {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime").block_on(found(case))
}

async fn found(case: &Case<'_>) -> History {
    let (session, call) = (session_of(case), call(case));
    let step = step(&case.has);
    let at = |n: &f64| *n as i64 * step;
    let steps = format!("CAST(ts AS BIGINT) / {step} AS n");
    let symbol = |name: &String| SYMBOLS.iter().position(|s| s == name).expect("a symbol") as u32;
    let table = async |columns: &str, view: &str| {
        Table::of(&session, &format!("SELECT {columns} FROM {view}{call}")).await
    };
    let fills = table(&format!("{steps}, *"), "backtest_fills").await;
    let curve = table(&format!("{steps}, *"), "backtest").await;
    let trades = table(
        &format!("CAST(exit_ts AS BIGINT) / {step} AS n, *"),
        "backtest_trades",
    )
    .await;
    let orders = table("*", "backtest_orders").await;
    let events = table("rule", "backtest_events").await;

    let mut history = History {
        rules: events.texts("rule"),
        ..History::default()
    };
    let (prices, fees) = (fills.numbers("price"), fills.numbers("commission"));
    let (origins, sides) = (fills.texts("origin"), fills.texts("side"));
    let (quantities, symbols) = (fills.numbers("quantity"), fills.texts("symbol"));
    for (i, n) in fills.numbers("n").iter().enumerate() {
        let sign = if sides[i] == "buy" { 1.0 } else { -1.0 };
        let (of, units) = (symbol(&symbols[i]), sign * quantities[i]);
        let fill = (at(n), of, units, prices[i], fees[i], origins[i].clone());
        history.fills.push(fill);
    }
    let (cash, equity, accounts) = (
        curve.numbers("cash"),
        curve.numbers("equity"),
        curve.texts("account"),
    );
    let mut last = BTreeMap::new();
    for (i, n) in curve.numbers("n").iter().enumerate() {
        history.curve.push((at(n), cash[i], equity[i]));
        last.insert(accounts[i].clone(), equity[i]);
    }
    history.last = last.into_values().collect();
    let (pnl, symbols) = (trades.numbers("pnl"), trades.texts("symbol"));
    let exits = trades.numbers("n").into_iter().enumerate();
    let closed = exits.filter(|(_, n)| !n.is_nan());
    history.trades = closed
        .map(|(i, n)| (at(&n), symbol(&symbols[i]), pnl[i]))
        .collect();
    history.ends = ends(&orders);
    history
}

/// The last states of orders.
fn ends(steps: &Table) -> Vec<String> {
    let (origins, states, reasons) = (
        steps.texts("origin"),
        steps.texts("state"),
        steps.texts("reason"),
    );
    let keys = steps
        .texts("account")
        .into_iter()
        .zip(steps.texts("order_id"));
    let mut ends: HashMap<(String, String), String> = HashMap::new();
    for (i, key) in keys.enumerate() {
        let end = end_of(&origins[i], &states[i], &reasons[i]);
        ends.extend(end.map(|end| (key, end)));
    }
    ends.into_values().collect()
}
