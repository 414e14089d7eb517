//! Where libraries disagree: which functions have an argument for it, and what it does.
//!
//! The values of TradingView and pandas are checked in `tests/slt/indicators/conventions.slt`.

use crate::support::{Bars, Cells, FUNCTIONS, evaluate, function};
use datafusion::common::ScalarValue;
use quantlake_core::{Function, QlError};
use quantlake_indicators::kernel::{OptionValue, lookback};
use std::path::PathBuf;
use ta_lib::abstract_api::{FUNCS, FuncInfo, OptInputType};
use ta_lib::{Core, FuncUnstId};

/// Functions with an exponential average that has no `seed`, because rows before the first would
/// be more to them than a seed.
const NO_SEED: [(&str, &[&str]); 4] = [
    ("their seed is the first row already", &["ADOSC"]),
    (
        "they average changes, and the first row has none",
        &["DOSC", "EFI", "KVO", "TSI"],
    ),
    (
        "they look at a window besides",
        &[
            "BBANDS",
            "BBW",
            "CVI",
            "KC",
            "KDJ",
            "KSTEXT",
            "MASSI",
            "PERCENTB",
            "PSO",
            "SMI",
            "STC",
            "STOCH",
            "STOCHF",
            "STOCHRSI",
            "WAVETREND",
            "ZLEMA",
        ],
    ),
    ("the period changes from row to row", &["MAVP"]),
];

fn library(name: &str) -> &'static FuncInfo {
    let found = FUNCS.iter().find(|f| f.name == name);
    found.unwrap_or_else(|| panic!("no function {name}"))
}

fn has(function: &Function, param: &str) -> bool {
    function.spec.params.iter().any(|p| p.name == param)
}

/// Whether an exponential average is in it, with its defaults or with a choice.
fn averages_exponentially(function: &FuncInfo) -> bool {
    let ids = [FuncUnstId::EMA, FuncUnstId::T3, FuncUnstId::RMA];
    let grows = |options: &[Option<OptionValue>]| {
        let usual = lookback(function, &Core::new(), options);
        ids.into_iter().any(|id| {
            // More than the look-back of any other part.
            let later = Core::builder().unstable_period(id, 1_000_000).build();
            usual.is_ok() && lookback(function, &later.expect("a core"), options) != usual
        })
    };
    let mut calls = vec![Vec::new()];
    for (i, option) in function.opt_inputs.iter().enumerate() {
        if let OptInputType::IntegerList { values, .. } = option.kind {
            calls.extend(values.iter().map(|(code, _)| {
                let mut options = vec![None; i];
                options.push(Some(OptionValue::Integer(*code as i32)));
                options
            }));
        }
    }
    calls.iter().any(|options| grows(options))
}

#[test]
fn an_exponential_average_has_a_seed_or_a_reason_not_to() {
    let reasons = |name: &str| NO_SEED.iter().any(|(_, names)| names.contains(&name));
    for (function, library) in FUNCTIONS.iter().zip(FUNCS) {
        let is_candidate = averages_exponentially(library);
        let expected = is_candidate && !reasons(library.name);
        assert_eq!(has(function, "seed"), expected, "{}", library.name);
    }
    for name in NO_SEED.iter().flat_map(|(_, names)| names.iter()) {
        assert!(averages_exponentially(library(name)), "{name}");
    }
}

/// The defaults of a call, with these arguments given.
fn call(function: &Function, given: &[(&str, ScalarValue)], n_rows: usize) -> Vec<Cells> {
    try_call(function, given, n_rows).unwrap_or_else(|e| panic!("{}: {e}", function.spec.name))
}

fn try_call(
    function: &Function,
    given: &[(&str, ScalarValue)],
    n_rows: usize,
) -> datafusion::error::Result<Vec<Cells>> {
    let options: Vec<ScalarValue> = function
        .spec
        .params
        .iter()
        .filter(|p| p.kind.is_option())
        .map(|p| {
            let value = given.iter().find(|(name, _)| *name == p.name);
            let default = || p.default.as_ref().expect("a default").to_scalar();
            value.map_or_else(default, |(_, v)| v.clone())
        })
        .collect();
    evaluate(
        function,
        &Bars::random(3, n_rows).inputs(function),
        &options,
    )
}

fn text(value: &str) -> ScalarValue {
    ScalarValue::Utf8(Some(value.into()))
}

/// The arguments that ask a function for its first row as seed.
fn seeded(function: &Function) -> Vec<(&'static str, ScalarValue)> {
    let averages = ["ma", "fast_ma", "slow_ma", "signal_ma"];
    let chosen = averages.into_iter().filter(|name| has(function, name));
    let chosen = chosen.map(|name| (name, text("ema")));
    chosen.chain([("seed", text("first"))]).collect()
}

#[test]
fn a_seed_changes_the_first_values_and_is_forgotten() {
    for function in FUNCTIONS.iter().filter(|f| has(f, "seed")) {
        let first = seeded(function);
        let usual: Vec<_> = first
            .iter()
            .filter(|(n, _)| *n != "seed")
            .cloned()
            .collect();
        let name = &function.spec.name;
        for (usual, first) in call(function, &usual, 3000)
            .iter()
            .zip(call(function, &first, 3000))
        {
            let both = || {
                usual
                    .iter()
                    .zip(&first)
                    .filter_map(|(a, b)| Some(((*a)?, (*b)?)))
            };
            let largest = both().map(|(a, _)| a.abs()).fold(0.0, f64::max);
            let gap = |(a, b): (f64, f64)| (a - b).abs() / largest;
            assert!(both().next().map(gap) > Some(1e-9), "{name}");
            assert!(both().next_back().map(gap) < Some(1e-12), "{name}");
            let n_unknown = first.iter().take_while(|v| v.is_none()).count();
            assert!(n_unknown <= 1, "{name}: {n_unknown} rows without a value");
        }
    }
}

#[test]
fn an_average_without_a_seed_is_refused() {
    for (name, param) in [("ma", "ma"), ("ppo", "ma"), ("macdext", "slow_ma")] {
        let function = function(name);
        let mut given = seeded(function);
        given.retain(|(n, _)| *n != param);
        given.push((param, text("wma")));
        let error = try_call(function, &given, 50).expect_err("a moving window");
        let error = QlError::of(&error).expect("an error of ours");
        assert_eq!(
            error.to_string(),
            format!("{name}: `seed` 'first' needs exponential averages, found {param} => 'wma'")
        );
    }
}

#[test]
fn a_sample_of_one_row_has_no_deviation() {
    let integer = |v| ScalarValue::Int64(Some(v));
    let given = [("period", integer(1)), ("ddof", integer(1))];
    let found = call(function("ta_var"), &given, 20);
    assert!(found.iter().flatten().all(Option::is_none));
}

#[test]
fn the_first_bar_gives_a_value_one_row_earlier() {
    for (name, first_row) in [("trange", 0), ("atr", 13), ("natr", 13), ("supertrend", 9)] {
        let given = [("first_bar", ScalarValue::Boolean(Some(true)))];
        for column in call(function(name), &given, 60) {
            let n_unknown = column.iter().take_while(|v| v.is_none()).count();
            assert_eq!(n_unknown, first_row, "{name}");
        }
    }
}

/// A short series has no value where the library itself would have none.
#[test]
fn conventions_take_short_series() {
    let given = [
        ("seed", text("first")),
        ("ddof", ScalarValue::Int64(Some(1))),
        ("first_bar", ScalarValue::Boolean(Some(true))),
        ("start", text("down")),
        ("flat", ScalarValue::Float64(Some(100.0))),
    ];
    for function in FUNCTIONS.iter() {
        let mut own: Vec<_> = given
            .iter()
            .filter(|(n, _)| has(function, n))
            .cloned()
            .collect();
        if has(function, "seed") {
            own = seeded(function);
        }
        for n_rows in 0..4 {
            let columns = call(function, &own, n_rows);
            assert!(
                columns.iter().all(|c| c.len() == n_rows),
                "{}",
                function.spec.name
            );
        }
    }
}

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

#[test]
fn every_call_of_the_table_is_checked_against_its_values() {
    let table = read("docs/conventions.md");
    let checks = read("tests/slt/indicators/conventions.slt");
    let rows = table
        .lines()
        .filter(|l| l.starts_with("| ") && l.contains('`'));
    let calls: Vec<&str> = rows
        .flat_map(|row| row.split('`').skip(1).step_by(2))
        .filter(|code| code.contains('(') && !code.contains("adjust"))
        .collect();
    assert!(calls.len() >= 40, "{}", calls.len());
    for code in calls {
        assert!(checks.contains(code), "{code} has no check");
    }
}
