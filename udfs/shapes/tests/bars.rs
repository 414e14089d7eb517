//! Functions that turn rows into bars, against the values of an independent program
//! (tests/golden/shapes.py), and against input that is empty or wrong.

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, Float64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::common::ScalarValue;
use quantlake_core::relation::{InputType, RelationFunction, Rows};
use quantlake_core::{Args, Implementation, ParamKind, QlError, SqlState};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

const NANOS_PER_MICRO: f64 = 1000.0;

type Table = Vec<(String, Vec<f64>)>;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/machines/shapes/bars")
}

/// The call that stands in the file, and its columns; an empty cell is NaN.
fn read(path: PathBuf) -> (String, Table) {
    let text = std::fs::read_to_string(path).expect("a readable file");
    let call = text.lines().find_map(|l| l.strip_prefix("# call "));
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let names = lines.next().expect("a header").split(',');
    let mut table: Table = names.map(|n| (n.to_string(), vec![])).collect();
    for line in lines {
        for ((_, cells), cell) in table.iter_mut().zip(line.split(',')) {
            cells.push(match cell {
                "" => f64::NAN,
                number => number.parse().expect("a number"),
            });
        }
    }
    (call.unwrap_or_default().to_string(), table)
}

fn function(name: &str) -> Arc<RelationFunction> {
    let functions = quantlake_shapes::functions();
    let found = functions.iter().find(|f| f.spec.name == name);
    match found.map(|f| &f.implementation) {
        Some(Implementation::Relation(relation)) => Arc::clone(relation),
        _ => panic!("{name} is no relation function"),
    }
}

fn bind(function: &RelationFunction, constants: &str) -> Result<Args, QlError> {
    let constant = |text: &str| -> (String, ScalarValue) {
        let (name, value) = text.split_once('=').expect("name=value");
        let param = function.spec.params.iter().find(|p| p.name == name);
        let ty = match param.map(|p| &p.kind) {
            Some(ParamKind::Integer { .. }) => DataType::Int64,
            Some(ParamKind::Number { .. }) => DataType::Float64,
            _ => DataType::Utf8,
        };
        let value = ScalarValue::from(value).cast_to(&ty).expect("a constant");
        (name.to_string(), value)
    };
    let given: Vec<_> = constants
        .split(';')
        .filter(|c| !c.is_empty())
        .map(constant)
        .collect();
    Args::bind_named(&function.spec, &given)
}

/// Rows of one symbol, in the columns that the function reads.
fn batch(function: &RelationFunction, rows: &HashMap<&str, Vec<f64>>) -> RecordBatch {
    let n = rows["ts"].len();
    let column = |name: &str, ty: InputType| -> ArrayRef {
        let cells = rows.get(name).cloned().unwrap_or_else(|| vec![f64::NAN; n]);
        match ty {
            InputType::Text => Arc::new(StringArray::from(vec!["X"; n])),
            InputType::Time => {
                let nanos = cells.iter().map(|us| (us * NANOS_PER_MICRO) as i64);
                Arc::new(nanos.map(Some).collect::<TimestampNanosecondArray>())
            }
            InputType::Number => {
                let known = cells.iter().map(|v| (!v.is_nan()).then_some(*v));
                Arc::new(known.collect::<Float64Array>())
            }
        }
    };
    let columns = function
        .columns
        .iter()
        .map(|c| column(&c.name, c.ty))
        .collect();
    RecordBatch::try_new(Arc::new(function.input_schema()), columns).expect("a batch")
}

fn run(call: &str, rows: &HashMap<&str, Vec<f64>>) -> Result<RecordBatch, QlError> {
    let (name, constants) = call.trim_end_matches(')').split_once('(').expect("a call");
    let function = function(name);
    let args = bind(&function, constants)?;
    let mut kernel = (function.factory)(&args)?;
    kernel.run(&Rows::new(batch(&function, rows), function.kernel_schema()))
}

fn numbers(result: &RecordBatch, name: &str) -> Vec<f64> {
    let column = result.column_by_name(name).expect("a column");
    let is_time = matches!(column.data_type(), DataType::Timestamp(..));
    let column = match is_time {
        true => cast(column, &DataType::Int64).expect("whole numbers"),
        false => Arc::clone(column),
    };
    let column = cast(&column, &DataType::Float64).expect("numbers");
    let scale = if is_time { NANOS_PER_MICRO } else { 1.0 };
    let cells = column.as_primitive::<Float64Type>().iter();
    cells.map(|v| v.map_or(f64::NAN, |v| v / scale)).collect()
}

/// The rows of one symbol (numbered in the column `symbol`), without that column.
fn of_symbol(table: &Table, symbol: f64) -> HashMap<&str, Vec<f64>> {
    let symbols = &table[0].1;
    let of = |cells: &[f64]| -> Vec<f64> {
        let rows = cells.iter().zip(symbols);
        rows.filter(|(_, s)| **s == symbol)
            .map(|(v, _)| *v)
            .collect()
    };
    table[1..]
        .iter()
        .map(|(name, cells)| (name.as_str(), of(cells)))
        .collect()
}

#[test]
fn every_bar_function_gives_the_bars_of_its_published_rule() {
    let (_, input) = read(folder().join("input.csv"));
    let mut seen = HashSet::new();
    for entry in std::fs::read_dir(folder()).expect("the folder") {
        let path = entry.expect("a file").path();
        let (call, expected) = read(path);
        let Some((name, _)) = call.split_once('(') else {
            continue;
        };
        seen.insert(name.to_string());
        for symbol in [0.0, 1.0] {
            let got = run(&call, &of_symbol(&input, symbol)).expect("bars");
            assert!(got.num_rows() > 2, "{call} makes {} rows", got.num_rows());
            for (column, cells) in of_symbol(&expected, symbol) {
                assert_same(&format!("{call} {column}"), &cells, &numbers(&got, column));
            }
        }
    }
    let functions = quantlake_shapes::functions();
    for function in functions {
        let is_relation = matches!(function.implementation, Implementation::Relation(_));
        assert!(
            !is_relation || seen.contains(&function.spec.name),
            "{}",
            function.spec.name
        );
    }
}

fn assert_same(what: &str, expected: &[f64], got: &[f64]) {
    for (row, (e, g)) in expected.iter().zip(got).enumerate() {
        let is_same = (e.is_nan() && g.is_nan()) || (e - g).abs() <= 1e-9 * e.abs().max(1.0);
        assert!(is_same, "{what}, row {row}: expected {e}, got {g}");
    }
    assert_eq!(expected.len(), got.len(), "{what}");
}

const CALLS: [&str; 11] = [
    "renko_bars(brick=1)",
    "range_bars(range=1)",
    "kagi_bars(reversal=1)",
    "point_and_figure_bars(box=1)",
    "line_break_bars()",
    "tick_bars(ticks=2)",
    "volume_bars(volume=5)",
    "dollar_bars(value=5)",
    "imbalance_bars(threshold=2)",
    "run_bars(threshold=2)",
    "volume_profile(bins=3)",
];

fn closes(prices: &[f64]) -> HashMap<&'static str, Vec<f64>> {
    let ts = (0..prices.len()).map(|i| i as f64).collect();
    let volume = vec![2.0; prices.len()];
    HashMap::from([
        ("ts", ts),
        ("high", prices.to_vec()),
        ("low", prices.to_vec()),
        ("close", prices.to_vec()),
        ("volume", volume),
    ])
}

#[test]
fn bars_that_are_complete_never_change_when_rows_arrive() {
    let prices: Vec<f64> = (0..60)
        .map(|i| 100.0 + f64::from((i * 37) % 23) * 0.7)
        .collect();
    for call in CALLS.iter().filter(|c| !c.starts_with("volume_profile")) {
        let all = run(call, &closes(&prices)).expect("bars");
        for n in 0..prices.len() {
            let part = run(call, &closes(&prices[..n])).expect("bars");
            assert_eq!(part, all.slice(0, part.num_rows()), "{call} after {n} rows");
        }
    }
}

#[test]
fn odd_prices_give_bars_or_an_error_and_no_panic() {
    let odd: [&[f64]; 6] = [
        &[],
        &[5.0],
        &[5.0, 5.0, 5.0],
        &[0.0, -1.0, 0.0, -2.0, 3.0],
        &[f64::NAN, 1.0, f64::NAN, 2.0],
        &[1.0, 1e300, -1e300, f64::MAX, f64::MIN, 1e-300],
    ];
    for call in CALLS {
        for prices in odd {
            if let Err(error) = run(call, &closes(prices)) {
                assert_eq!(
                    error.state,
                    SqlState::DataException,
                    "{call} {prices:?}: {error}"
                );
            }
        }
    }
}

#[test]
fn a_size_far_too_small_for_the_prices_is_refused() {
    for call in ["renko_bars(brick=1e-9)", "range_bars(range=1e-9)"] {
        let error = run(call, &closes(&[1.0, 2.0])).expect_err("too many bars");
        assert_eq!(error.state, SqlState::DataException);
        assert!(
            error.message.contains("symbol X: prices move by more than"),
            "{error}"
        );
    }
}

#[test]
fn a_size_has_to_be_given_and_positive() {
    let missing = run("renko_bars()", &closes(&[1.0])).expect_err("no brick");
    assert_eq!(missing.state, SqlState::UndefinedFunction);
    let zero = run("renko_bars(brick=0)", &closes(&[1.0])).expect_err("brick 0");
    assert_eq!(zero.state, SqlState::InvalidParameter);
}
