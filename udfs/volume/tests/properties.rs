//! What holds for every function: no look-ahead, a promised history, and no panic on odd input.

#[path = "../../indicators/tests/support/reference.rs"]
#[allow(dead_code, reason = "the golden test uses the rest")]
mod reference;

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{Float64Type, Int64Type};
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};
use quantlake_core::{Args, Function, ParamKind, Stability};
use std::collections::HashMap;

type Cells = Vec<Option<f64>>;

/// Small constants, so that values appear within a few rows.
const CONSTANTS: [(&str, &str); 13] = [
    ("period", "9"),
    ("beta_period", "4"),
    ("z_period", "3"),
    ("ma_period", "3"),
    ("rsi_period", "3"),
    ("fast", "2"),
    ("slow", "4"),
    ("signal", "2"),
    ("max_lag", "2"),
    ("tenkan_period", "2"),
    ("kijun_period", "3"),
    ("senkou_b_period", "5"),
    ("displacement", "3"),
];

/// A function's result over the series `name -> cells`, each value as bits of a double.
fn bits(function: &Function, series: &HashMap<&str, Cells>) -> Vec<Vec<Option<u64>>> {
    let inputs = series.iter().map(|(name, cells)| (*name, cells)).collect();
    let constants = CONSTANTS
        .into_iter()
        .filter(|(name, _)| function.spec.params.iter().any(|p| p.name == *name))
        .collect();
    columns(&reference::evaluate(function, &inputs, &constants))
}

fn columns(result: &ArrayRef) -> Vec<Vec<Option<u64>>> {
    if let Some(record) = result.as_struct_opt() {
        return record.columns().iter().flat_map(columns).collect();
    }
    let bits = match result.as_primitive_opt::<Float64Type>() {
        Some(numbers) => numbers.iter().map(|v| v.map(f64::to_bits)).collect(),
        None => {
            let integers = result.as_primitive::<Int64Type>().iter();
            integers.map(|v| v.map(|v| (v as f64).to_bits())).collect()
        }
    };
    vec![bits]
}

/// Random bars with every series that the functions take.
fn bars(rows: std::ops::Range<usize>) -> impl Strategy<Value = HashMap<&'static str, Cells>> {
    let bar = (
        -3.0..3.0f64,
        0.0..2.0f64,
        0.0..2.0f64,
        0.0..100.0f64,
        0..8u8,
    );
    proptest::collection::vec(bar, rows).prop_map(|steps| {
        let mut series: HashMap<&'static str, Cells> = HashMap::new();
        let mut open = 100.0;
        for (step, up, down, volume, event) in steps {
            let close: f64 = if event == 0 { open } else { open + step };
            let volume = if event == 1 { 0.0 } else { volume };
            let row = [
                ("open", open),
                ("high", open.max(close) + up),
                ("low", open.min(close) - down),
                ("close", close),
                ("volume", volume),
                ("x", close),
                ("a", close),
                ("b", 50.0 + volume + up),
                ("anchor", f64::from(event == 2)),
            ];
            for (name, value) in row {
                series.entry(name).or_default().push(Some(value));
            }
            open = close;
        }
        series
    })
}

fn cut(
    series: &HashMap<&'static str, Cells>,
    rows: std::ops::Range<usize>,
) -> HashMap<&'static str, Cells> {
    let part = |cells: &Cells| cells.get(rows.clone()).unwrap_or_default().to_vec();
    series
        .iter()
        .map(|(name, cells)| (*name, part(cells)))
        .collect()
}

/// Runs a check of every function over random series.
fn for_all(check: impl Fn(&Function, &HashMap<&'static str, Cells>) -> Result<(), TestCaseError>) {
    let functions = quantlake_volume::functions();
    let mut runner = TestRunner::new(ProptestConfig::with_cases(64));
    let result = runner.run(&bars(20..60), |series| {
        functions.iter().try_for_each(|f| check(f, &series))
    });
    if let Err(TestError::Fail(reason, _)) = result {
        panic!("{reason}");
    }
}

#[test]
fn later_rows_change_no_earlier_value() {
    for_all(|function, series| {
        let whole = bits(function, series);
        for (all, part) in whole.iter().zip(bits(function, &cut(series, 0..17))) {
            prop_assert_eq!(
                all.get(..17),
                Some(part.as_slice()),
                "{}",
                function.spec.name
            );
        }
        Ok(())
    });
}

#[test]
fn an_exact_value_has_the_same_bits_wherever_the_input_starts() {
    // No function looks further back than this with the constants above.
    const LONGEST: usize = 13;
    for_all(|function, series| {
        if function.spec.stability != Stability::Exact {
            return Ok(());
        }
        let n_rows = series.values().map(Vec::len).min().unwrap_or_default();
        let tail = bits(function, &cut(series, n_rows - LONGEST..n_rows));
        for (all, tail) in bits(function, series).iter().zip(tail) {
            prop_assert_eq!(all.last(), tail.last(), "{}", function.spec.name);
        }
        Ok(())
    });
}

#[test]
fn a_missing_row_changes_no_other_value() {
    for_all(|function, series| {
        let mut gap = series.clone();
        for cells in gap.values_mut() {
            cells.insert(11, None);
        }
        let with_gap = bits(function, &gap);
        for (mut with_gap, without) in with_gap.into_iter().zip(bits(function, series)) {
            prop_assert_eq!(with_gap.remove(11), None, "{}", function.spec.name);
            prop_assert_eq!(with_gap, without, "{}", function.spec.name);
        }
        Ok(())
    });
}

#[test]
fn odd_input_is_null_or_a_number() {
    let odd = [
        0.0,
        -1.0,
        1e300,
        -1e300,
        1e-300,
        f64::NAN,
        f64::INFINITY,
        7.0,
    ];
    for function in quantlake_volume::functions() {
        for n_rows in [0, 1, 2, 40] {
            for value in odd {
                let constant = |_| Some(value);
                let mixed = |row: usize| odd.get(row * 5 % 8).copied();
                for cells in [
                    (0..n_rows).map(constant).collect::<Cells>(),
                    (0..n_rows).map(mixed).collect(),
                ] {
                    let series = function.spec.params.iter().filter(|p| !p.kind.is_option());
                    let series = series.map(|p| (p.name.as_str(), cells.clone())).collect();
                    for column in bits(&function, &series) {
                        assert_eq!(column.len(), n_rows, "{}", function.spec.name);
                        assert!(
                            column
                                .iter()
                                .flatten()
                                .all(|v| f64::from_bits(*v).is_finite())
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn the_largest_constants_are_taken() {
    for function in quantlake_volume::functions() {
        let spec = &function.spec;
        let bound = spec.params.iter().map(|param| match param.kind {
            ParamKind::Integer { max, .. } => {
                Some(datafusion::common::ScalarValue::Int64(Some(max)))
            }
            _ => param
                .default
                .as_ref()
                .map(quantlake_core::ParamValue::to_scalar),
        });
        let given: Vec<_> = bound.collect();
        let args = Args::bind(spec, &given).expect("the spec's own bounds");
        // Fast has to be below slow, so its maximum is refused; everything else is taken.
        let result = (function.check)(&args);
        assert!(
            result.is_ok() || spec.name == "volume_weighted_macd",
            "{result:?}"
        );
    }
}
