//! Metrics over partial results, permutations and missing rows.

use crate::support::{Call, has_times, is_close, is_ordered, metric_names, state_of, value_of};
use datafusion::common::ScalarValue;
use proptest::prelude::*;

/// One call of each metric with its defaults, and one with other constants.
fn calls() -> Vec<Call> {
    let mut calls: Vec<Call> = metric_names()
        .iter()
        .map(|n| Call::new(n, vec![]))
        .collect();
    calls.push(Call::new(
        "sharpe",
        vec![52i64.into(), 0.001.into(), 0i64.into()],
    ));
    calls.push(Call::new("max_drawdown", vec!["log".into()]));
    calls.push(Call::new(
        "cvar_historical",
        vec![0.75.into(), "exact".into()],
    ));
    calls
}

fn returns(most: usize) -> impl Strategy<Value = Vec<Option<f64>>> {
    let ret = prop_oneof![
        8 => (-0.3..0.3f64).prop_map(Some),
        1 => Just(None),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY]).prop_map(Some),
    ];
    prop::collection::vec(ret, 0..most)
}

/// The value over rows with their numbers, which stand for their times.
fn over(call: &Call, rows: &[(i64, Option<f64>)]) -> Option<f64> {
    let (times, returns): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
    let mut accumulator = call.accumulator();
    accumulator
        .update_batch(&call.batch(&returns, &times))
        .unwrap();
    value_of(accumulator.as_mut())
}

/// Sums in another order differ in their last digits, more where gains and losses cancel.
fn same_up_to_rounding(a: Option<f64>, b: Option<f64>) -> bool {
    is_close(a, b, 1e-10) || matches!((a, b), (Some(a), Some(b)) if (a - b).abs() < 1e-12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn partial_results_merged_in_any_order_equal_the_whole(
        rows in returns(40),
        cuts in prop::collection::vec(0..40usize, 2),
        reversed in any::<bool>(),
    ) {
        let mut bounds = [0, cuts[0].min(rows.len()), cuts[1].min(rows.len()), rows.len()];
        bounds.sort_unstable();
        let times: Vec<i64> = (0..).take(rows.len()).collect();
        for call in calls() {
            let mut states: Vec<_> = bounds
                .windows(2)
                .map(|b| {
                    let mut part = call.accumulator();
                    let batch = call.batch(&rows[b[0]..b[1]], &times[b[0]..b[1]]);
                    part.update_batch(&batch).unwrap();
                    state_of(part.as_mut())
                })
                .collect();
            if reversed {
                states.reverse();
            }
            let mut merged = call.accumulator();
            for state in &states {
                merged.merge_batch(state).unwrap();
            }
            let (merged, whole) = (value_of(merged.as_mut()), call.over(&rows));
            prop_assert!(same_up_to_rounding(merged, whole), "{call:?}: {merged:?} {whole:?}");
        }
    }

    #[test]
    fn the_order_of_rows_matters_to_ordered_metrics_only(
        rows in returns(40).prop_flat_map(|r| (Just(r.clone()), Just(r).prop_shuffle())),
    ) {
        let (rows, shuffled) = rows;
        let unordered = |c: &&Call| !is_ordered(&c.function) && !has_times(&c.function);
        for call in calls().iter().filter(unordered) {
            let (a, b) = (call.over(&rows), call.over(&shuffled));
            prop_assert!(same_up_to_rounding(a, b), "{call:?}: {a:?} {b:?}");
        }
    }

    #[test]
    fn times_say_the_order_of_rows(
        rows in returns(40)
            .prop_map(|rows| (0..).zip(rows).collect::<Vec<(i64, Option<f64>)>>())
            .prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())),
    ) {
        let (rows, shuffled) = rows;
        for call in calls().iter().filter(|c| has_times(&c.function)) {
            let (a, b) = (over(call, &rows), over(call, &shuffled));
            prop_assert!(same_up_to_rounding(a, b), "{call:?}: {a:?} {b:?}");
        }
    }

    #[test]
    fn missing_rows_change_nothing(rows in returns(40)) {
        let rows: Vec<(i64, Option<f64>)> = (0..).zip(rows).collect();
        let is_known = |row: &&(i64, Option<f64>)| row.1.is_some_and(f64::is_finite);
        let known: Vec<_> = rows.iter().filter(is_known).copied().collect();
        for call in calls() {
            prop_assert_eq!(over(&call, &rows), over(&call, &known), "{:?}", call);
        }
    }

    #[test]
    fn drawdown_and_worst_returns_stay_in_their_bounds(rows in returns(40)) {
        let over = |name: &str, constants| Call::new(name, constants).over(&rows);
        if let Some(drawdown) = over("max_drawdown", vec![]) {
            prop_assert!((-1.0..=0.0).contains(&drawdown));
        }
        let var = over("var_historical", vec![]);
        for method in ["discrete", "exact"] {
            let cvar = over("cvar_historical", vec![0.95.into(), ScalarValue::from(method)]);
            prop_assert_eq!(cvar.is_some(), var.is_some());
            if let (Some(cvar), Some(var)) = (cvar, var) {
                prop_assert!(cvar <= var + 1e-12, "{} {} {}", method, cvar, var);
            }
        }
    }
}

proptest! {
    // Each case calls every metric once a row, twice.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_sliding_frame_equals_the_group_of_its_rows(rows in returns(30), width in 1..8usize) {
        let times: Vec<i64> = (0..).take(rows.len()).collect();
        for call in calls() {
            let mut frame = call.accumulator();
            for i in 0..rows.len() {
                frame.update_batch(&call.batch(&rows[i..=i], &times[i..=i])).unwrap();
                if i >= width {
                    let gone = i - width..=i - width;
                    frame.retract_batch(&call.batch(&rows[gone.clone()], &times[gone])).unwrap();
                }
                let first = (i + 1).saturating_sub(width);
                let mut group = call.accumulator();
                group.update_batch(&call.batch(&rows[first..=i], &times[first..=i])).unwrap();
                prop_assert_eq!(
                    value_of(frame.as_mut()), value_of(group.as_mut()), "{:?} row {}", call, i
                );
            }
        }
    }
}

#[test]
fn shuffled_rows_are_put_in_order_by_their_keys() {
    let call = Call::new("max_drawdown", vec![]);
    let rows = [0.1, -0.2, 0.05, -0.1, 0.3].map(Some);
    let mut shuffled = call.accumulator();
    for i in [3, 0, 4, 2, 1] {
        let mut part = call.accumulator();
        let time = i64::try_from(i).unwrap();
        part.update_batch(&call.batch(&rows[i..=i], &[time]))
            .unwrap();
        shuffled.merge_batch(&state_of(part.as_mut())).unwrap();
    }
    assert_eq!(value_of(shuffled.as_mut()), call.over(&rows));
}

#[test]
fn what_cannot_be_told_is_null_and_never_infinite() {
    let none: [&[f64]; 4] = [&[], &[f64::NAN], &[0.01], &[0.01, 0.01, 0.01]];
    let value = |name: &str, rows: &[f64]| {
        let rows: Vec<_> = rows.iter().copied().map(Some).collect();
        Call::new(name, vec![]).over(&rows)
    };
    for rows in none {
        assert_eq!(value("sharpe", rows), None, "{rows:?}");
        assert_eq!(value("sortino", rows), None, "{rows:?}");
        assert_eq!(value("calmar", rows), None, "{rows:?}");
    }
    for name in metric_names() {
        assert_eq!(value(&name, &[]), None, "{name}");
    }
    assert_eq!(value("volatility", &[0.01]), None);
    assert_eq!(value("volatility", &[0.01, 0.01]), Some(0.0));
    assert_eq!(value("max_drawdown", &[0.01]), Some(0.0));
    assert_eq!(value("var_historical", &[0.01]), Some(0.01));
    assert_eq!(value("cvar_historical", &[0.01]), Some(0.01));
    assert_eq!(value("sharpe", &[1e300, -1e300]), None);
    assert_eq!(value("annual_return", &[1e10]), None);
}
