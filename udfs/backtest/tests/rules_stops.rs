//! Exits of single positions against vectorbt and backtesting.py, and their properties.

mod rules_golden;

use proptest::prelude::*;
use quantlake_backtest::stops::{Distances, Entry, ExitRules, Exits, StopUnit};
use rules_golden::{assert_close, list, load, number};
use serde_json::Value;

/// Open, high, low, close.
type Bar = [f64; 4];

fn bars_of(case: &Value) -> Vec<Bar> {
    let bar = |bar: &Value| [0, 1, 2, 3].map(|place| number(&bar[place]));
    list(&case["bars"]).iter().map(bar).collect()
}

fn entry(side: f64, price: f64) -> Entry {
    Entry {
        side,
        price,
        units: 10.0,
        atr: f64::NAN,
        overrides: Distances::default(),
    }
}

/// Walks a leg; the price at which the position is closed on it.
fn walk(exits: &mut Exits, rules: &ExitRules, side: f64, from: f64, to: f64) -> Option<f64> {
    let past = |price: f64, level: f64| (price - level) * side;
    let (stop, take) = (exits.stop(), exits.take(rules, |units| units).price);
    if past(to, stop) <= 0.0 {
        return Some(if past(from, stop) <= 0.0 { from } else { stop });
    }
    if past(to, take) >= 0.0 {
        return Some(if past(from, take) >= 0.0 { from } else { take });
    }
    exits.after_leg(rules, to);
    None
}

/// Walks a bar with what harms the position first.
fn walk_bar(exits: &mut Exits, rules: &ExitRules, side: f64, bar: Bar) -> Option<f64> {
    let [open, high, low, close] = bar;
    let (worst, best) = if side > 0.0 { (low, high) } else { (high, low) };
    let legs = [(open, open), (open, worst), (worst, best), (best, close)];
    legs.into_iter()
        .find_map(|(from, to)| walk(exits, rules, side, from, to))
}

/// The bar and price of the exit of a position whose exits act from bar `first` on.
fn exit(
    exits: &mut Exits,
    rules: &ExitRules,
    side: f64,
    bars: &[Bar],
    first: usize,
) -> Option<(usize, f64)> {
    for (place, bar) in bars.iter().enumerate().skip(first) {
        exits.start_bar(rules, f64::NAN);
        let quiet = !exits.may_act(rules, bar[2], bar[1]);
        if let Some(price) = walk_bar(exits, rules, side, *bar) {
            assert!(!quiet, "a bar that acts was called quiet");
            return Some((place, price));
        }
    }
    None
}

fn check_exit(case: &Value, found: Option<(usize, f64)>) {
    let expected = case["exit_bar"].as_u64();
    assert_eq!(found.map(|(bar, _)| bar as u64), expected, "{case}");
    if let Some((_, price)) = found {
        assert_close(price, number(&case["exit_price"]), &case.to_string());
    }
}

#[test]
fn stops_of_a_position_entered_at_a_close_are_those_of_vectorbt() {
    let golden = load("vectorbt");
    for case in list(&golden["stops"]) {
        let (bars, side) = (bars_of(case), number(&case["side"]));
        let stop = case["stop"].as_f64().unwrap_or(f64::NAN);
        let trails = case["trails"] == true;
        let rules = ExitRules {
            distances: Distances {
                stop_loss: if trails { f64::NAN } else { stop },
                trailing: if trails { stop } else { f64::NAN },
                take_profit: case["take"].as_f64().unwrap_or(f64::NAN),
            },
            ..ExitRules::default()
        };
        let mut exits = Exits::new(&rules, &entry(side, bars[0][3]));
        check_exit(case, exit(&mut exits, &rules, side, &bars, 1));
    }
}

#[test]
fn stops_that_act_in_the_bar_of_the_entry_are_those_of_backtesting_py() {
    let golden = load("vectorbt");
    for case in list(&golden["backtesting"]) {
        let (bars, side) = (bars_of(case), number(&case["side"]));
        let price = bars[2][0];
        let distance = |key: &str| {
            case[key]
                .as_f64()
                .map_or(f64::NAN, |level| (level - price).abs())
        };
        let rules = ExitRules {
            unit: StopUnit::Price,
            distances: Distances {
                stop_loss: distance("stop"),
                take_profit: distance("take"),
                trailing: f64::NAN,
            },
            ..ExitRules::default()
        };
        let mut exits = Exits::new(&rules, &entry(side, price));
        let found = exit(&mut exits, &rules, side, &bars, 2);
        // The last bar is where that program closes what is open: the case says no exit there.
        let found = found.filter(|(bar, _)| bar + 1 < bars.len());
        check_exit(case, found);
    }
}

fn bars() -> impl Strategy<Value = Vec<Bar>> {
    let steps = prop::collection::vec(
        (
            -0.02..0.02_f64,
            0.0..0.03_f64,
            0.0..0.03_f64,
            -0.03..0.03_f64,
        ),
        2..40,
    );
    steps.prop_map(|steps| {
        let mut close = 100.0;
        let mut bar = |(gap, up, down, move_): (f64, f64, f64, f64)| {
            let open = close * (1.0 + gap);
            close = open * (1.0 + move_);
            let (top, bottom) = (open.max(close), open.min(close));
            [open, top * (1.0 + up), bottom * (1.0 - down), close]
        };
        steps.into_iter().map(&mut bar).collect()
    })
}

fn all_rules() -> impl Strategy<Value = ExitRules> {
    let maybe = || prop_oneof![Just(f64::NAN), 0.005..0.2_f64];
    (maybe(), maybe(), maybe(), maybe(), 0.0..0.05_f64).prop_map(
        |(stop_loss, take_profit, trailing, break_even, trailing_start)| ExitRules {
            distances: Distances {
                stop_loss,
                take_profit,
                trailing,
            },
            break_even,
            trailing_start,
            ..ExitRules::default()
        },
    )
}

proptest! {
    #[test]
    fn a_quiet_bar_does_what_its_better_extreme_does(rules in all_rules(), bars in bars(), is_long: bool) {
        let side = if is_long { 1.0 } else { -1.0 };
        let mut walked = Exits::new(&rules, &entry(side, bars[0][3]));
        let mut skipped = walked;
        for bar in &bars[1..] {
            walked.start_bar(&rules, f64::NAN);
            skipped.start_bar(&rules, f64::NAN);
            let quiet = !skipped.may_act(&rules, bar[2], bar[1]);
            let exit = walk_bar(&mut walked, &rules, side, *bar);
            if !quiet {
                break;
            }
            prop_assert_eq!(exit, None);
            skipped.after_leg(&rules, if is_long { bar[1] } else { bar[2] });
            prop_assert_eq!(walked.best(), skipped.best());
            prop_assert!(walked.stop() == skipped.stop() || walked.stop().is_nan());
        }
    }

    #[test]
    fn every_exit_lies_inside_its_bar_and_the_stop_never_moves_away(
        rules in all_rules(),
        bars in bars(),
        is_long: bool,
    ) {
        let side = if is_long { 1.0 } else { -1.0 };
        let mut exits = Exits::new(&rules, &entry(side, bars[0][3]));
        let mut before = f64::NAN;
        for bar in &bars[1..] {
            exits.start_bar(&rules, f64::NAN);
            if let Some(price) = walk_bar(&mut exits, &rules, side, *bar) {
                prop_assert!((bar[2]..=bar[1]).contains(&price), "{price} in {bar:?}");
                break;
            }
            prop_assert!(before.is_nan() || (exits.stop() - before) * side >= 0.0);
            before = exits.stop();
        }
    }

    #[test]
    fn a_mirrored_market_has_the_mirrored_exit(rules in all_rules(), bars in bars()) {
        // In price units around 0 a short position sees what a long one sees upside down.
        let rules = ExitRules { unit: StopUnit::Price, ..rules };
        let scaled = |distance: f64| distance * 100.0;
        let rules = ExitRules {
            distances: Distances {
                stop_loss: scaled(rules.distances.stop_loss),
                take_profit: scaled(rules.distances.take_profit),
                trailing: scaled(rules.distances.trailing),
            },
            break_even: scaled(rules.break_even),
            trailing_start: scaled(rules.trailing_start),
            ..rules
        };
        let mirror: Vec<Bar> = bars.iter().map(|[o, h, l, c]| [-o, -l, -h, -c]).collect();
        let mut long = Exits::new(&rules, &entry(1.0, bars[0][3]));
        let mut short = Exits::new(&rules, &entry(-1.0, mirror[0][3]));
        let found = exit(&mut long, &rules, 1.0, &bars, 1);
        let mirrored = exit(&mut short, &rules, -1.0, &mirror, 1);
        prop_assert_eq!(found, mirrored.map(|(bar, price)| (bar, -price)));
    }
}
