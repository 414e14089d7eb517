//! Trades and attribution against pyfolio, vectorbt and books kept in fractions.

mod rules_golden;

use proptest::prelude::*;
use quantlake_backtest::attribution::{Dimension, Row, attribute};
use quantlake_backtest::trades::{
    BookFill, Flow, Mark, Matching, Reason, Rolled, Trade, TradeBook,
};
use rules_golden::{assert_close, list, load, number, pair};
use serde_json::Value;
use std::collections::BTreeMap;

fn fill(time: usize, units: f64, price: f64, commission: f64) -> BookFill {
    BookFill {
        slot: 0,
        symbol: 0,
        time,
        bar: time as i64,
        units,
        price,
        value: price,
        unit_value: 1.0,
        slippage: 0.0,
        commission,
        reason: Reason::Signal,
        source: 0,
    }
}

fn trades_of(matching: Matching, fills: impl Iterator<Item = BookFill>) -> Vec<Trade> {
    let mut book = TradeBook::new(matching, 1);
    let mut trades = Vec::new();
    fills.for_each(|fill| book.fill(&fill, &mut |trade| trades.push(trade)));
    trades
}

#[test]
fn round_trips_first_in_first_out_are_those_of_pyfolio() {
    let golden = load("zipline");
    for case in list(&golden["round_trips"]) {
        let fills = list(&case["fills"]).iter().map(pair).enumerate();
        let fills = fills.map(|(time, (units, price))| fill(time, units, price, 0.0));
        let mut by_exit = BTreeMap::new();
        for trade in trades_of(Matching::Fifo, fills) {
            let exit = trade.exit.expect("a closed trade");
            *by_exit.entry(exit.time as u64).or_insert(0.0) += trade.pnl;
        }
        let expected = list(&case["pnl"]);
        assert_eq!(by_exit.len(), expected.len(), "{case}");
        for ((time, pnl), expected) in by_exit.into_iter().zip(expected) {
            assert_eq!(expected[0].as_u64(), Some(time), "{case}");
            assert_close(pnl, number(&expected[1]), &case.to_string());
        }
    }
}

#[test]
fn trades_at_the_average_price_are_those_of_vectorbt() {
    let golden = load("vectorbt");
    for case in list(&golden["average_trades"]) {
        let (rate, fixed) = (number(&case["rate"]), number(&case["fixed"]));
        let fills = list(&case["fills"]).iter().map(pair).enumerate();
        let fills = fills.map(|(time, (units, price))| {
            fill(time, units, price, units.abs() * price * rate + fixed)
        });
        let found = trades_of(Matching::Average, fills);
        let expected = list(&case["trades"]);
        assert_eq!(found.len(), expected.len(), "{case}");
        for (trade, expected) in found.iter().zip(expected) {
            check_average_trade(trade, expected);
        }
    }
}

/// Exit, size, direction (0 long), entry price, fees and profit, as vectorbt has them.
fn check_average_trade(trade: &Trade, expected: &Value) {
    let what = expected.to_string();
    let exit = trade.exit.expect("a closed trade");
    assert_eq!(expected[0].as_u64(), Some(exit.time as u64), "{what}");
    assert_close(trade.units.abs(), number(&expected[1]), &what);
    assert_eq!(trade.units < 0.0, expected[2] == 1, "{what}");
    assert_close(trade.entry_price, number(&expected[3]), &what);
    assert_close(trade.costs, number(&expected[4]), &what);
    // A profit near 0 is the difference of two values: its error is theirs.
    let error = (trade.pnl - number(&expected[5])).abs();
    assert!(error <= 1e-9 * trade.entry_value, "{what}: {}", trade.pnl);
}

/// A book fed with the events of a case.
fn replay(case: &Value) -> Vec<Trade> {
    let mut book = TradeBook::new(Matching::Fifo, 2);
    let mut trades = Vec::new();
    for (time, event) in list(&case["events"]).iter().enumerate() {
        let slot = event[1].as_u64().expect("a symbol") as usize;
        let at = |place: usize| number(&event[place]);
        match event[0].as_str().expect("a kind") {
            "fill" => {
                let [units, base, paid, commission, point, source] = [2, 3, 4, 5, 6, 7].map(at);
                let fill = BookFill {
                    slot,
                    symbol: slot as u32,
                    value: base * point,
                    unit_value: point,
                    slippage: (paid - base) * units * point,
                    source: source as u32,
                    ..fill(time, units, paid, commission)
                };
                book.fill(&fill, &mut |trade| trades.push(trade));
            }
            "flow" => book.flow(slot, flow_of(event), at(3)),
            "split" => book.split(slot, at(2)),
            kind => {
                assert_eq!(kind, "roll");
                let [price_shift, raw_shift, unit_value, slippage, commission] =
                    [2, 3, 4, 5, 6].map(at);
                let roll = Rolled {
                    price_shift,
                    raw_shift,
                    unit_value,
                    slippage,
                    commission,
                };
                book.roll(slot, &roll);
            }
        }
    }
    let mark = |slot: usize| {
        let (price, point) = pair(&case["marks"][slot]);
        let value = price * point;
        Mark {
            bar: 0,
            price,
            value,
        }
    };
    book.open_trades(mark, &mut |trade| trades.push(trade));
    trades
}

fn flow_of(event: &Value) -> Flow {
    match event[2].as_str() {
        Some("dividends") => Flow::Dividend,
        Some("borrow") => Flow::Borrow,
        Some("funding") => Flow::Funding,
        other => panic!("{other:?} is no flow"),
    }
}

fn row_of<'a>(rows: &'a [Row], key: &str) -> &'a Row {
    let (dimension, group) = key.split_once(':').expect("dimension:group");
    let number = match dimension {
        "cost" => Row::KINDS.iter().position(|kind| *kind == group),
        _ => group.parse().ok(),
    };
    let wanted = number.and_then(|n| u32::try_from(n).ok());
    let is_it = |row: &&Row| row.dimension.name() == dimension && row.group == wanted;
    rows.iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("no row for {key}"))
}

#[test]
fn the_attribution_is_that_of_books_in_fractions_and_adds_up_to_the_equity() {
    let golden = load("formulas");
    for case in list(&golden["books"]) {
        let trades = replay(case);
        let moved: f64 = trades.iter().map(|t| t.entry_value).sum();
        let rows = attribute(&trades, &[], 0.0).rows;
        let close = |found: f64, expected: f64, what: &str| {
            assert!(
                (found - expected).abs() <= 1e-12 * moved,
                "{what}: {found}, {expected}"
            );
        };
        let total = rows.iter().find(|row| row.dimension == Dimension::Total);
        close(
            total.map_or(f64::NAN, |row| row.total),
            number(&case["equity"]),
            "equity",
        );
        for (key, expected) in case["groups"].as_object().expect("groups") {
            close(row_of(&rows, key).total, number(expected), key);
        }
    }
}

#[test]
fn what_belongs_to_no_group_is_a_row_of_its_own() {
    let trades = trades_of(
        Matching::Fifo,
        [fill(0, 10.0, 5.0, 1.0), fill(1, -10.0, 6.0, 1.0)].into_iter(),
    );
    let rows = attribute(&trades, &[], 3.0).rows;
    let total_of = |dimension: Dimension, group: Option<u32>| {
        let row = rows
            .iter()
            .find(|r| r.dimension == dimension && r.group == group);
        row.map(|row| row.total)
    };
    assert_eq!(total_of(Dimension::Total, Some(0)), Some(11.0));
    assert_eq!(total_of(Dimension::Symbol, Some(0)), Some(8.0));
    assert_eq!(total_of(Dimension::Symbol, None), Some(3.0));
    // Without sectors the trade and the interest are both of none.
    assert_eq!(total_of(Dimension::Sector, None), Some(11.0));
    assert_eq!(row_of(&rows, "cost:interest").total, 3.0);
    assert_eq!(row_of(&rows, "cost:commission").total, -2.0);
}

#[test]
fn an_empty_account_has_a_total_of_nothing() {
    let rows = attribute(&[], &[], 0.0).rows;
    assert_eq!(
        rows.first().map(|row| (row.dimension, row.total)),
        Some((Dimension::Total, 0.0))
    );
    assert!(rows.iter().all(|row| row.total == 0.0 && row.n_trades == 0));
}

#[test]
fn a_turn_closes_everything_and_opens_the_other_side() {
    let mut book = TradeBook::new(Matching::Fifo, 1);
    let mut trades = Vec::new();
    let mut emit = |trade| trades.push(trade);
    book.fill(&fill(0, 8.0, 100.0, 1.0), &mut emit);
    book.fill(&fill(2, 4.0, 110.0, 1.0), &mut emit);
    book.fill(&fill(5, -16.0, 120.0, 4.0), &mut emit);
    let mark = |_: usize| Mark {
        bar: 7,
        price: 90.0,
        value: 90.0,
    };
    book.open_trades(mark, &mut emit);
    let seen: Vec<_> = trades
        .iter()
        .map(|t| (t.units, t.pnl, t.bars, t.costs))
        .collect();
    assert_eq!(
        seen,
        [
            (8.0, 157.0, 5, 3.0),
            (4.0, 38.0, 3, 2.0),
            (-4.0, 119.0, 2, 1.0)
        ]
    );
    let reasons: Vec<_> = trades.iter().map(|t| t.exit.map(|e| e.reason)).collect();
    assert_eq!(
        reasons,
        [Some(Reason::Reversal), Some(Reason::Reversal), None]
    );
}

#[test]
fn excursions_are_of_the_prices_between_entry_and_exit() {
    let mut book = TradeBook::new(Matching::Fifo, 1);
    let mut trades = Vec::new();
    book.see(0, 1.0, 1_000.0);
    book.fill(&fill(0, 10.0, 100.0, 0.0), &mut |t| trades.push(t));
    book.see(0, 90.0, 105.0);
    book.fill(&fill(1, 10.0, 100.0, 0.0), &mut |t| trades.push(t));
    book.see(0, 98.0, 130.0);
    book.fill(&fill(2, -20.0, 110.0, 0.0), &mut |t| trades.push(t));
    book.see(0, 1.0, 1_000.0);
    let found: Vec<_> = trades.iter().map(|t| (t.mae, t.mfe)).collect();
    assert_eq!(found.len(), 2);
    for ((mae, mfe), (low, high)) in found.into_iter().zip([(-0.1, 0.3), (-0.02, 0.3)]) {
        assert!(
            (mae - low).abs() < 1e-12 && (mfe - high).abs() < 1e-12,
            "{mae} {mfe}"
        );
    }
}

#[test]
fn a_split_and_a_roll_leave_a_trade_what_it_was() {
    let mut book = TradeBook::new(Matching::Fifo, 1);
    let mut trades = Vec::new();
    book.fill(&fill(0, 10.0, 100.0, 2.0), &mut |t| trades.push(t));
    book.split(0, 4.0);
    let roll = Rolled {
        price_shift: 1.0,
        raw_shift: 1.0,
        unit_value: 1.0,
        slippage: 0.0,
        commission: 3.0,
    };
    book.roll(0, &roll);
    book.fill(&fill(3, -40.0, 28.0, 2.0), &mut |t| trades.push(t));
    let trade = trades[0];
    assert_eq!(
        (trade.units, trade.entry_price, trade.costs),
        (40.0, 26.0, 7.0)
    );
    assert_eq!(trade.pnl, 2.0 * 40.0 - 7.0);
}

fn fills() -> impl Strategy<Value = Vec<(f64, f64, f64)>> {
    let fill = (-50_i32..50, 1.0..200.0_f64, 0.0..5.0_f64);
    let fills = prop::collection::vec(fill, 1..60);
    fills.prop_map(|fills| {
        let some = fills.into_iter().filter(|(units, ..)| *units != 0);
        some.map(|(units, price, fee)| (f64::from(units), price, fee))
            .collect()
    })
}

proptest! {
    #[test]
    fn trades_add_up_to_cash_and_position(fills in fills(), is_average: bool, last in 1.0..200.0_f64) {
        let matching = if is_average { Matching::Average } else { Matching::Fifo };
        let mut book = TradeBook::new(matching, 1);
        let mut trades = Vec::new();
        let (mut cash, mut held, mut moved) = (0.0, 0.0, 0.0);
        for (time, &(units, price, fee)) in fills.iter().enumerate() {
            book.fill(&fill(time, units, price, fee), &mut |t| trades.push(t));
            cash -= units * price + fee;
            held += units;
            moved += (units * price).abs();
        }
        let closed: f64 = trades.iter().map(|t| t.units.abs()).sum();
        let mark = |_: usize| Mark { bar: 0, price: last, value: last };
        book.open_trades(mark, &mut |t| trades.push(t));
        let open: f64 = trades.iter().filter(|t| t.exit.is_none()).map(|t| t.units).sum();
        prop_assert!((open - held).abs() <= 1e-9 * (1.0 + closed));
        let equity = cash + held * last;
        let total: f64 = trades.iter().map(|t| t.parts.total()).sum();
        prop_assert!((total - equity).abs() <= 1e-9 * moved.max(1.0), "{total} is not {equity}");
        prop_assert!(trades.iter().all(|t| t.mae <= 0.0 && t.mfe >= 0.0));
    }

    #[test]
    fn groups_of_every_dimension_add_up_to_the_total(fills in fills(), interest in -10.0..10.0_f64) {
        let mut book = TradeBook::new(Matching::Fifo, 3);
        let mut trades = Vec::new();
        for (time, &(units, price, fee)) in fills.iter().enumerate() {
            let slot = time % 3;
            let fill = BookFill { slot, symbol: slot as u32, source: (time % 4) as u32, ..fill(time, units, price, fee) };
            book.fill(&fill, &mut |t| trades.push(t));
        }
        let rows = attribute(&trades, &[0, 1], interest).rows;
        let total = rows.iter().find(|r| r.dimension == Dimension::Total).map_or(f64::NAN, |r| r.total);
        let moved: f64 = trades.iter().map(|t| t.entry_value).sum::<f64>().max(1.0);
        for dimension in [Dimension::Symbol, Dimension::Side, Dimension::Sector, Dimension::Source, Dimension::Kind] {
            let sum: f64 = rows.iter().filter(|r| r.dimension == dimension).map(|r| r.total).sum();
            prop_assert!((sum - total).abs() <= 1e-12 * moved, "{dimension:?}: {sum} is not {total}");
        }
    }
}
