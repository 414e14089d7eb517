//! Small markets whose every fill can be followed by hand.

use quantlake_backtest::costs::{Commission, Costs, Slippage};
use quantlake_backtest::engine::{Run, simulate};
use quantlake_backtest::market::{Columns, Market};
use quantlake_backtest::metrics::metrics;
use quantlake_backtest::settings::{FillAt, Rebalance, Settings, Sizing};
use quantlake_backtest::trades::{ExitReason, Trade};

const UNKNOWN: f64 = f64::NAN;
const HOLD: f64 = f64::NAN;

/// Time, symbol, open, close, target.
type Bar = (i64, u32, f64, f64, f64);

struct Result {
    run: Run,
    trades: Vec<Trade>,
}

fn run(bars: &[Bar], settings: Settings) -> Result {
    let column = |value: fn(&Bar) -> f64| bars.iter().map(value).collect::<Vec<_>>();
    let ts: Vec<i64> = bars.iter().map(|b| b.0).collect();
    let symbol: Vec<u32> = bars.iter().map(|b| b.1).collect();
    let (open, close, target) = (column(|b| b.2), column(|b| b.3), column(|b| b.4));
    let (high, low) = (
        column(|b| b.2.max(b.3) + 1.0),
        column(|b| b.2.min(b.3) - 1.0),
    );
    let market = Market::try_new(Columns {
        ts: &ts,
        symbol: &symbol,
        open: &open,
        high: &high,
        low: &low,
        close: &close,
        target: &target,
        ..Columns::default()
    })
    .expect("good bars");
    let run = simulate(&market, &settings);
    let trades = run.trades.clone();
    Result { run, trades }
}

/// A rate, money per order, and a fraction of the price.
fn costs(rate: f64, fixed: f64, slippage: f64) -> Costs {
    Costs {
        commission: Commission {
            rate,
            fixed,
            ..Commission::default()
        },
        slippage: Slippage {
            fraction: slippage,
            ..Slippage::default()
        },
        ..Costs::default()
    }
}

fn thousand() -> Settings {
    Settings {
        cash: 1000.0,
        ..Settings::default()
    }
}

/// Timestamp number, symbol, units and price of each fill.
fn fills(result: &Result) -> Vec<(usize, u32, f64, f64)> {
    let fills = result.run.fills.iter();
    fills
        .map(|f| (f.time, f.symbol, f.units, f.price))
        .collect()
}

#[test]
fn a_target_fills_at_the_open_of_the_next_bar() {
    let bars = [
        (1, 0, 10.0, 11.0, 1.0),
        (2, 0, 12.5, 13.0, 1.0),
        (3, 0, 14.0, 15.0, 0.0),
        (4, 0, 16.0, 17.0, 0.0),
    ];
    let result = run(&bars, thousand());
    assert_eq!(fills(&result), [(1, 0, 80.0, 12.5), (3, 0, -80.0, 16.0)]);
    assert_eq!(result.run.curve.equity(), [1000.0, 1040.0, 1200.0, 1280.0]);
    assert_eq!(result.run.curve.cash, [1000.0, 0.0, 0.0, 1280.0]);
}

#[test]
fn other_fills_are_asked_for_by_name() {
    let bars = [(1, 0, 10.0, 8.0, 1.0), (2, 0, 12.5, 20.0, 1.0)];
    let at = |fill| {
        let settings = Settings { fill, ..thousand() };
        fills(&run(&bars, settings))
    };
    assert_eq!(at(FillAt::NextOpen), [(1, 0, 80.0, 12.5)]);
    assert_eq!(at(FillAt::NextClose), [(1, 0, 50.0, 20.0)]);
    assert_eq!(at(FillAt::SameClose), [(0, 0, 125.0, 8.0)]);
}

#[test]
fn null_keeps_the_position_and_a_repeated_target_lets_it_drift() {
    let bars = [
        (1, 0, 10.0, 10.0, 0.5),
        (2, 0, 10.0, 20.0, HOLD),
        (3, 0, 20.0, 20.0, 0.5),
        (4, 0, 20.0, 20.0, 0.5),
    ];
    assert_eq!(fills(&run(&bars, thousand())), [(1, 0, 50.0, 10.0)]);
    let settings = Settings {
        rebalance: Rebalance::Always,
        ..thousand()
    };
    // At 20 the account is worth 1500: half of it is 37.5 units.
    let expected = [(1, 0, 50.0, 10.0), (3, 0, -12.5, 20.0)];
    assert_eq!(fills(&run(&bars, settings)), expected);
}

#[test]
fn an_order_waits_for_the_next_bar_with_a_price() {
    let bars = [
        (1, 0, 10.0, 10.0, 1.0),
        (2, 0, UNKNOWN, 11.0, HOLD),
        (3, 0, 14.0, UNKNOWN, HOLD),
        (4, 0, 12.5, 15.0, 0.0),
    ];
    let result = run(&bars, thousand());
    assert_eq!(fills(&result), [(3, 0, 80.0, 12.5)]);
    // The third bar has no close, so trading was halted: nothing fills, and the mark stays.
    assert_eq!(result.run.curve.equity(), [1000.0, 1000.0, 1000.0, 1200.0]);
    assert_eq!(result.run.counts.expired, 1);
}

#[test]
fn symbols_trade_on_their_own_calendars_and_are_valued_at_their_last_price() {
    let bars = [
        (1, 0, 10.0, 10.0, 0.5),
        (2, 1, 5.0, 5.0, 0.5),
        (3, 0, 10.0, 12.0, HOLD),
        (4, 1, 5.0, 6.0, HOLD),
        (5, 0, 12.0, 14.0, HOLD),
    ];
    let result = run(&bars, thousand());
    // At time 4 the account holds 50 units at 12 and is worth 1100: half buys 100 units at 5,
    // because no more than 500 is left in cash.
    assert_eq!(fills(&result), [(2, 0, 50.0, 10.0), (3, 1, 100.0, 5.0)]);
    assert_eq!(result.run.counts.reduced, 1);
    assert_eq!(
        result.run.curve.equity(),
        [1000.0, 1000.0, 1100.0, 1200.0, 1300.0]
    );
}

#[test]
fn sales_pay_for_the_purchases_of_the_same_moment() {
    // The symbol that buys comes first in the data.
    let bars = [
        (1, 0, 10.0, 10.0, 0.0),
        (1, 1, 10.0, 10.0, 1.0),
        (2, 0, 10.0, 10.0, 1.0),
        (2, 1, 10.0, 10.0, 0.0),
        (3, 0, 10.0, 10.0, HOLD),
        (3, 1, 10.0, 10.0, HOLD),
    ];
    let expected = [
        (1, 1, 100.0, 10.0),
        (2, 1, -100.0, 10.0),
        (2, 0, 100.0, 10.0),
    ];
    assert_eq!(fills(&run(&bars, thousand())), expected);
}

#[test]
fn a_target_of_the_other_side_is_one_order_and_two_trades() {
    let bars = [
        (1, 0, 10.0, 10.0, 1.0),
        (2, 0, 10.0, 10.0, -1.0),
        (3, 0, 20.0, 20.0, HOLD),
        (4, 0, 25.0, 25.0, HOLD),
    ];
    let result = run(&bars, thousand());
    assert_eq!(fills(&result), [(1, 0, 100.0, 10.0), (2, 0, -200.0, 20.0)]);
    let [long, short] = result.trades.as_slice() else {
        panic!("two trades, found {}", result.trades.len());
    };
    assert_eq!((long.units, long.pnl, long.bars), (100.0, 1000.0, 1));
    assert_eq!(long.exit.map(|e| e.reason), Some(ExitReason::Reversal));
    assert_eq!((short.units, short.pnl, short.exit), (-100.0, -500.0, None));
}

#[test]
fn lots_are_closed_first_in_first_out() {
    let bars = [
        (1, 0, 10.0, 10.0, 10.0),
        (2, 0, 10.0, 10.0, 30.0),
        (3, 0, 12.0, 12.0, 15.0),
        (4, 0, 14.0, 14.0, HOLD),
    ];
    let settings = Settings {
        sizing: Sizing::Units,
        costs: costs(0.0, 3.0, 0.0),
        ..thousand()
    };
    let trades = run(&bars, settings).trades;
    let parts: Vec<_> = trades
        .iter()
        .map(|t| (t.units, t.entry_price, t.pnl, t.costs))
        .collect();
    // The sale of 15 closes the lot of 10 and 5 of the lot of 20; its fee of 3 is shared 2 : 1.
    let expected = [
        (10.0, 10.0, 40.0 - 5.0, 3.0 + 2.0),
        (5.0, 12.0, 10.0 - 1.75, 0.75 + 1.0),
        (15.0, 12.0, 30.0 - 2.25, 2.25),
    ];
    for (part, expected) in parts.iter().zip(expected) {
        assert!((part.2 - expected.2).abs() < 1e-12, "{part:?} {expected:?}");
        assert!((part.3 - expected.3).abs() < 1e-12, "{part:?} {expected:?}");
        assert_eq!((part.0, part.1), (expected.0, expected.1));
    }
    assert_eq!(parts.len(), 3);
}

#[test]
fn the_excursion_of_a_trade_leaves_out_what_came_after_its_exit() {
    let bars = [
        (1, 0, 10.0, 10.0, 1.0),
        (2, 0, 10.0, 12.0, HOLD),
        (3, 0, 12.0, 8.0, 0.0),
        (4, 0, 9.0, 50.0, HOLD),
    ];
    let trades = run(&bars, thousand()).trades;
    // Lowest low 7 and highest high 13 of the bars held; the bar of the exit counts by its open.
    assert!((trades[0].mae - -0.3).abs() < 1e-12, "{}", trades[0].mae);
    assert!((trades[0].mfe - 0.3).abs() < 1e-12, "{}", trades[0].mfe);
}

#[test]
fn close_at_end_sells_at_the_last_price_with_costs() {
    let bars = [(1, 0, 10.0, 10.0, 0.5), (2, 0, 10.0, 12.0, HOLD)];
    let settings = Settings {
        close_at_end: true,
        costs: costs(0.01, 0.0, 0.1),
        ..thousand()
    };
    let result = run(&bars, settings);
    let last = result.run.fills[1];
    assert!((last.price - 10.8).abs() < 1e-12);
    assert_eq!(result.run.curve.positions, [0.0, 0.0]);
    let exit = result.trades[0].exit.expect("a closed trade");
    assert_eq!((exit.time, exit.reason), (1, ExitReason::End));
}

#[test]
fn without_short_selling_a_negative_target_closes_and_is_counted() {
    let bars = [
        (1, 0, 10.0, 10.0, 1.0),
        (2, 0, 10.0, 10.0, -1.0),
        (3, 0, 10.0, 10.0, HOLD),
    ];
    let settings = Settings {
        allow_short: false,
        ..thousand()
    };
    let result = run(&bars, settings);
    assert_eq!(fills(&result), [(1, 0, 100.0, 10.0), (2, 0, -100.0, 10.0)]);
    assert_eq!(result.run.counts.reduced, 1);
}

#[test]
fn a_ruined_account_opens_nothing_any_more() {
    let bars = [
        (1, 0, 10.0, 10.0, -1.0),
        (2, 0, 10.0, 30.0, 1.0),
        (3, 0, 30.0, 30.0, 0.5),
        (4, 0, 30.0, 30.0, HOLD),
    ];
    let result = run(&bars, thousand());
    // 100 units short at 10 are bought back at 30: a loss of 2000 with 1000 in the account.
    assert_eq!(fills(&result), [(1, 0, -100.0, 10.0), (2, 0, 100.0, 30.0)]);
    assert_eq!(
        result.run.curve.equity(),
        [1000.0, -1000.0, -1000.0, -1000.0]
    );
    assert_eq!(result.run.counts.rejected, 0);
    assert_eq!(result.run.events[0].rule, "bankrupt");
}

#[test]
fn statistics_that_are_not_defined_are_nan_and_the_others_can_be_checked_by_hand() {
    let bars = [
        (1, 0, 10.0, 10.0, 1.0),
        (2, 0, 10.0, 12.0, 0.0),
        (3, 0, 11.0, 9.0, 1.0),
        (4, 0, 9.0, 9.0, HOLD),
    ];
    let settings = thousand();
    let result = run(&bars, settings.clone());
    let report = metrics(&settings, &result.run, &result.trades);
    let value = |name| report.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    assert_eq!(value("end_equity"), Some(1100.0));
    // 1000, 1200, 1100, 1100: below the high for two bars, invested on two of four.
    assert_eq!(value("max_drawdown"), Some(1100.0 / 1200.0 - 1.0));
    assert_eq!(value("max_drawdown_bars"), Some(2.0));
    assert_eq!(value("exposure_time"), Some(0.5));
    assert_eq!(
        (value("n_trades"), value("n_open_trades")),
        (Some(1.0), Some(1.0))
    );
    assert_eq!(
        (value("win_rate"), value("avg_win")),
        (Some(1.0), Some(100.0))
    );
    // Nothing was lost, and one trade has no dispersion.
    for name in ["profit_factor", "avg_loss", "sqn"] {
        assert!(value(name).is_some_and(f64::is_nan), "{name}");
    }
}

#[test]
fn one_bar_trades_nothing_and_no_bar_gives_no_row() {
    let result = run(&[(1, 0, 10.0, 10.0, 1.0)], thousand());
    assert_eq!(result.run.curve.equity(), [1000.0]);
    assert_eq!(result.run.counts.expired, 1);
    assert!(run(&[], thousand()).run.curve.cash.is_empty());
}
