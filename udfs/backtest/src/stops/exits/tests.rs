//! One position through prices, bars and corporate actions.

use super::*;
use crate::stops::levels::parse_levels;

const LONG: Entry = Entry {
    side: 1.0,
    price: 100.0,
    units: 10.0,
    atr: f64::NAN,
    overrides: Distances {
        stop_loss: f64::NAN,
        take_profit: f64::NAN,
        trailing: f64::NAN,
    },
};

fn rules(stop_loss: f64, take_profit: f64, trailing: f64) -> ExitRules {
    ExitRules {
        distances: Distances {
            stop_loss,
            take_profit,
            trailing,
        },
        ..ExitRules::default()
    }
}

const NONE: f64 = f64::NAN;

fn take(exits: &Exits, rules: &ExitRules) -> Take {
    exits.take(rules, |units| units)
}

#[test]
fn fractions_are_of_the_entry_price_on_both_sides() {
    let rules = rules(0.05, 0.1, NONE);
    let long = Exits::new(&rules, &LONG);
    assert_eq!((long.stop(), long.stop_kind()), (95.0, StopKind::StopLoss));
    let take = take(&long, &rules);
    assert!((take.price - 110.0).abs() < 1e-9 && take.units.is_infinite());
    let short = Exits::new(&rules, &Entry { side: -1.0, ..LONG });
    assert_eq!(
        (short.stop(), short.take(&rules, |u| u).price),
        (105.0, 90.0)
    );
}

#[test]
fn a_column_overrides_its_argument_only() {
    let overrides = Distances {
        stop_loss: 0.2,
        ..Distances::default()
    };
    let rules = rules(0.05, 0.5, NONE);
    let exits = Exits::new(&rules, &Entry { overrides, ..LONG });
    assert_eq!((exits.stop(), take(&exits, &rules).price), (80.0, 150.0));
}

#[test]
fn an_atr_that_is_needed_and_unknown_is_noticed() {
    let mut rules = rules(2.0, NONE, NONE);
    rules.unit = StopUnit::Atr;
    let none = Distances::default();
    assert!(Exits::lack_atr(&rules, &none, f64::NAN));
    assert!(!Exits::lack_atr(&rules, &none, 1.5));
    let exits = Exits::new(&rules, &Entry { atr: 1.5, ..LONG });
    assert_eq!(exits.stop(), 97.0);
    let timed = ExitRules {
        unit: StopUnit::Atr,
        max_bars: Some(3),
        ..ExitRules::default()
    };
    assert!(!Exits::lack_atr(&timed, &none, f64::NAN));
}

#[test]
fn the_nearer_stop_holds_and_at_a_tie_the_stop_loss() {
    let rules = rules(0.1, NONE, 0.1);
    let mut exits = Exits::new(&rules, &LONG);
    assert_eq!(
        (exits.stop(), exits.stop_kind()),
        (90.0, StopKind::StopLoss)
    );
    exits.after_leg(&rules, 110.0);
    assert_eq!(
        (exits.stop(), exits.stop_kind()),
        (99.0, StopKind::Trailing)
    );
    exits.after_leg(&rules, 105.0);
    assert_eq!(exits.stop(), 99.0);
}

#[test]
fn a_trailing_stop_begins_at_its_profit() {
    let rules = ExitRules {
        trailing_start: 0.1,
        ..rules(NONE, NONE, 0.05)
    };
    let mut exits = Exits::new(&rules, &LONG);
    exits.after_leg(&rules, 109.0);
    assert!(exits.stop().is_nan());
    exits.after_leg(&rules, 120.0);
    assert_eq!(exits.stop(), 114.0);
}

#[test]
fn the_stop_moves_to_the_entry_price_at_its_profit() {
    let rules = ExitRules {
        break_even: 0.05,
        ..rules(0.1, NONE, NONE)
    };
    let mut exits = Exits::new(&rules, &LONG);
    exits.after_leg(&rules, 104.0);
    assert_eq!(exits.stop(), 90.0);
    exits.after_leg(&rules, 105.0);
    assert_eq!(
        (exits.stop(), exits.stop_kind()),
        (100.0, StopKind::StopLoss)
    );
}

#[test]
fn an_adaptive_stop_tightens_with_the_atr_and_never_loosens() {
    let rules = ExitRules {
        trailing_atr: 2.0,
        ..ExitRules::default()
    };
    let mut exits = Exits::new(&rules, &Entry { atr: 3.0, ..LONG });
    exits.arm(&rules);
    assert_eq!(exits.stop(), 94.0);
    assert!(!exits.start_bar(&rules, 1.0));
    assert_eq!(exits.stop(), 98.0);
    exits.start_bar(&rules, 5.0);
    assert_eq!(exits.stop(), 98.0);
    exits.after_leg(&rules, 120.0);
    assert_eq!(exits.stop(), 110.0);
    exits.start_bar(&rules, f64::NAN);
    assert_eq!(exits.stop(), 110.0);
}

#[test]
fn the_time_stop_is_due_at_the_bar_of_the_entry_plus_max_bars() {
    let rules = ExitRules {
        max_bars: Some(2),
        ..ExitRules::default()
    };
    let mut exits = Exits::new(&rules, &LONG);
    assert!(!exits.start_bar(&rules, NONE));
    assert!(exits.start_bar(&rules, NONE));
    assert_eq!(exits.bars(), 2);
}

#[test]
fn levels_come_one_after_another_and_the_whole_take_profit_last() {
    let rules = ExitRules {
        levels: parse_levels("backtest", "0.05:0.25,0.1:0.25,0.9:0.25").expect("levels"),
        ..rules(NONE, 0.2, NONE)
    };
    let mut exits = Exits::new(&rules, &LONG);
    assert_eq!(
        (take(&exits, &rules).price, take(&exits, &rules).units),
        (105.0, 2.5)
    );
    exits.after_take(&rules, 0, 2.5);
    assert!((take(&exits, &rules).price - 110.0).abs() < 1e-9);
    exits.after_take(&rules, 1, 2.5);
    let last = take(&exits, &rules);
    assert_eq!((last.price, last.place), (120.0, MAX_LEVELS));
    assert!(last.units.is_infinite());
}

#[test]
fn a_level_that_was_filled_in_part_is_back_at_the_next_bar() {
    let rules = ExitRules {
        levels: parse_levels("backtest", "0.05:0.5").expect("levels"),
        ..ExitRules::default()
    };
    let mut exits = Exits::new(&rules, &LONG);
    exits.after_take(&rules, 0, 2.0);
    assert!(take(&exits, &rules).price.is_nan());
    assert!(exits.may_act(&rules, 99.0, 106.0));
    exits.start_bar(&rules, NONE);
    assert_eq!(
        (take(&exits, &rules).price, take(&exits, &rules).units),
        (105.0, 3.0)
    );
    exits.after_take(&rules, 0, 3.0);
    exits.start_bar(&rules, NONE);
    assert!(take(&exits, &rules).price.is_nan());
    assert!(!exits.may_act(&rules, 99.0, 106.0));
}

#[test]
fn a_level_below_one_lot_is_passed_over() {
    let rules = ExitRules {
        levels: parse_levels("backtest", "0.05:0.01,0.1:0.5").expect("levels"),
        ..ExitRules::default()
    };
    let exits = Exits::new(&rules, &LONG);
    let take = exits.take(&rules, f64::trunc);
    assert_eq!((take.place, take.units), (1, 5.0));
}

#[test]
fn an_increase_averages_the_entry_and_counts_all_units_opened() {
    let rules = ExitRules {
        levels: parse_levels("backtest", "0.1:0.5").expect("levels"),
        ..rules(0.1, NONE, NONE)
    };
    let mut exits = Exits::new(&rules, &LONG);
    let more = Entry {
        price: 130.0,
        units: 5.0,
        ..LONG
    };
    exits.increase(&rules, 10.0, &more);
    assert_eq!((exits.entry_price(), exits.stop()), (110.0, 99.0));
    assert_eq!(take(&exits, &rules).units, 7.5);
}

#[test]
fn a_split_scales_everything_and_a_roll_shifts_it() {
    let rules = ExitRules {
        unit: StopUnit::Price,
        levels: parse_levels("backtest", "10:0.5").expect("levels"),
        ..rules(8.0, NONE, 4.0)
    };
    let mut exits = Exits::new(&rules, &LONG);
    exits.after_leg(&rules, 102.0);
    exits.split(&rules, 2.0);
    assert_eq!((exits.stop(), exits.best()), (49.0, 51.0));
    assert_eq!(
        (take(&exits, &rules).price, take(&exits, &rules).units),
        (55.0, 10.0)
    );
    exits.shift(&rules, 3.0);
    assert_eq!((exits.stop(), take(&exits, &rules).price), (52.0, 58.0));
}

#[test]
fn the_bar_of_the_entry_moves_the_best_price_and_not_the_stop() {
    let rules = rules(NONE, NONE, 0.1);
    let mut exits = Exits::new(&rules, &LONG);
    exits.see(120.0);
    assert!(exits.stop().is_nan());
    exits.start_bar(&rules, NONE);
    assert_eq!((exits.best(), exits.stop()), (120.0, 108.0));
}

#[test]
fn a_quiet_bar_is_recognised() {
    let rules = rules(0.1, 0.1, 0.05);
    let mut exits = Exits::new(&rules, &LONG);
    exits.arm(&rules);
    assert!(!exits.may_act(&rules, 99.0, 101.0));
    assert!(exits.may_act(&rules, 95.0, 101.0));
    assert!(exits.may_act(&rules, 99.0, 110.1));
    // A high of 109 would pull the stop to 103.55.
    assert!(exits.may_act(&rules, 103.0, 109.0));
    assert!(!exits.may_act(&rules, NONE, 109.0));
}
