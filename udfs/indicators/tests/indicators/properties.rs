//! What has to hold for every function, whatever the numbers are.

use crate::support::{
    Bars, Cells, FUNCTIONS, Random, evaluate, function, is_announced, n_series, same_bits,
};
use datafusion::common::ScalarValue;
use proptest::prelude::*;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Function, FunctionSpec, Kind, ParamKind, ParamSpec, QlError, Stability};
use quantlake_indicators::stability::is_computed_anew;
use std::sync::Arc;
use ta_lib::abstract_api::FUNCS;

/// Constants that go together, in the lower part of their range, so that a few hundred rows show
/// values.
fn random_options(function: &Function, random: &mut Random) -> Vec<ScalarValue> {
    let one_row = Bars::random(0, 1).inputs(function);
    loop {
        let options = any_options(function, random);
        match evaluate(function, &one_row, &options) {
            Ok(_) => return options,
            Err(e) => assert!(is_announced(function, &e), "{options:?}: {e}"),
        }
    }
}

fn any_options(function: &Function, random: &mut Random) -> Vec<ScalarValue> {
    let options = function.spec.params.iter().filter(|p| p.kind.is_option());
    options
        .map(|param| match &param.kind {
            ParamKind::Integer { min, max } => {
                let value = min + (random.bits() % 20) as i64;
                ScalarValue::Int64(Some(value.min(*max)))
            }
            ParamKind::Choice(choices) => {
                let (name, _) = &choices[random.bits() as usize % choices.len()];
                ScalarValue::Utf8(Some(name.clone()))
            }
            _ => default_of(param),
        })
        .collect()
}

fn default_of(param: &ParamSpec) -> ScalarValue {
    let default = param.default.as_ref().expect("a constant has a default");
    default.to_scalar()
}

fn values(function: &Function, series: &[Cells], options: &[ScalarValue]) -> Vec<Cells> {
    evaluate(function, series, options)
        .unwrap_or_else(|e| panic!("{} {options:?}: {e}", function.spec.name))
}

/// Whether a value of the first rows changes when the others are appended.
fn looks_ahead(
    function: &Function,
    series: &[Cells],
    options: &[ScalarValue],
    n_prefix: usize,
) -> bool {
    let whole = values(function, series, options);
    let prefix = values(function, &first_rows(series, n_prefix), options);
    let mut pairs = whole.iter().zip(&prefix);
    pairs.any(|(whole, prefix)| !same_bits(&whole[..n_prefix], prefix))
}

fn first_rows(series: &[Cells], n_rows: usize) -> Vec<Cells> {
    series.iter().map(|c| c[..n_rows].to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_value_does_not_change_when_later_rows_are_appended(
        seed in any::<u64>(),
        n_rows in 150usize..420,
        share in 0.1f64..1.0,
    ) {
        let bars = Bars::random(seed, n_rows);
        let mut random = Random(seed);
        let n_prefix = (n_rows as f64 * share) as usize;
        for function in FUNCTIONS.iter() {
            let series = bars.inputs(function);
            for options in [Vec::new(), random_options(function, &mut random)] {
                prop_assert!(
                    !looks_ahead(function, &series, &options, n_prefix),
                    "{} {options:?} looks ahead",
                    function.spec.name
                );
            }
        }
    }

    #[test]
    fn missing_rows_anywhere_are_as_if_they_were_not_there(
        seed in any::<u64>(),
        n_rows in 150usize..420,
    ) {
        let bars = Bars::random(seed, n_rows);
        let mut random = Random(seed);
        for function in FUNCTIONS.iter() {
            let dense = bars.inputs(function);
            let options = random_options(function, &mut random);
            let expected = values(function, &dense, &options);
            let (series, rows) = spread(&dense, &mut random);
            for (found, expected) in values(function, &series, &options).iter().zip(&expected) {
                let present: Cells = rows.iter().map(|&row| found[row]).collect();
                prop_assert!(same_bits(&present, expected), "{}", function.spec.name);
                let n_known = found.iter().flatten().count();
                let n_expected = expected.iter().flatten().count();
                prop_assert_eq!(n_known, n_expected, "{}: a missing row has a value", function.spec.name);
            }
        }
    }
}

/// A centred average, which every charting program has and nobody could have traded.
struct Centred;

impl SeriesKernel for Centred {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        for (window, out) in inputs[0].windows(3).zip(outputs[0].iter_mut().skip(1)) {
            *out = window.iter().sum::<f64>() / 3.0;
        }
        Ok(())
    }
}

/// The control of the test on appended rows.
#[test]
fn a_function_that_looks_ahead_is_noticed() {
    let spec = FunctionSpec::new("centred", "overlap", Kind::Window, "Centred average")
        .with_params(vec![ParamSpec::series("x", "Series")]);
    let function = series_function(spec, Arc::new(|_| Ok(Box::new(Centred))));
    let series = Bars::random(1, 50).inputs(&function);
    assert!(looks_ahead(&function, &series, &[], 20));
    assert!(!looks_ahead(&function, &series, &[], 50));
}

/// The same rows with missing ones between them, and where they stand now.
fn spread(dense: &[Cells], random: &mut Random) -> (Vec<Cells>, Vec<usize>) {
    let missing = [
        None,
        Some(f64::NAN),
        Some(f64::INFINITY),
        Some(f64::NEG_INFINITY),
    ];
    let mut series = vec![Cells::new(); dense.len()];
    let mut rows = Vec::new();
    for row in 0..dense[0].len() {
        while random.unit() < 0.2 {
            let hole = random.bits() as usize;
            for (i, column) in series.iter_mut().enumerate() {
                let is_hole = i == hole % dense.len();
                column.push(if is_hole {
                    missing[hole / 8 % 4]
                } else {
                    Some(1.0)
                });
            }
        }
        rows.push(series[0].len());
        for (column, dense) in series.iter_mut().zip(dense) {
            column.push(dense[row]);
        }
    }
    (series, rows)
}

/// Largest difference between two columns over their last rows, in units of the larger column.
fn relative_gap(left: &[Option<f64>], right: &[Option<f64>], n_last: usize) -> f64 {
    let tail = |c: &[Option<f64>]| c[c.len() - n_last..].to_vec();
    let pairs: Vec<(f64, f64)> = tail(left)
        .into_iter()
        .zip(tail(right))
        .filter_map(|(a, b)| Some((a?, b?)))
        .collect();
    let scale = pairs.iter().map(|(a, _)| a.abs()).fold(0.0, f64::max);
    let gap = pairs.iter().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    if gap == 0.0 { 0.0 } else { gap / scale }
}

/// Sliding sums keep the rounding of the rows that left them: at 3,000 rows of prices near 100
/// that is below 1e-9 of the values.
const ROUNDING: f64 = 1e-9;

/// How far the output of a series that starts 1,000 rows later is from the original, over the
/// last rows of 3,000: all 2,000 from the later start's first value on, or fewer.
fn gap_of_later_start(function: &Function, options: &[ScalarValue], n_last: usize) -> f64 {
    let series = Bars::random(7, 3000).inputs(function);
    let later: Vec<Cells> = series.iter().map(|c| c[1000..].to_vec()).collect();
    let whole = values(function, &series, options);
    let short = values(function, &later, options);
    let gaps = whole
        .iter()
        .zip(&short)
        .map(|(w, s)| relative_gap(w, s, n_last));
    gaps.fold(0.0, f64::max)
}

#[test]
fn an_exact_function_gives_the_same_from_a_later_start_at_once() {
    assert_later_start_is_forgotten(Stability::Exact, 2000);
}

#[test]
fn a_converging_function_forgets_its_start() {
    assert_later_start_is_forgotten(Stability::Converging, 100);
}

fn assert_later_start_is_forgotten(stability: Stability, n_last: usize) {
    let mut random = Random(5);
    for function in FUNCTIONS.iter().filter(|f| f.spec.stability == stability) {
        for options in [Vec::new(), random_options(function, &mut random)] {
            let gap = gap_of_later_start(function, &options, n_last);
            assert!(gap < ROUNDING, "{} {options:?}: {gap}", function.spec.name);
        }
    }
}

/// Prices of wildly different sizes, so that no sum of them is exact by chance.
fn rough(column: &[Option<f64>]) -> Cells {
    let power = |row: usize| 2f64.powi((row * 7 % 31) as i32 - 15);
    let cells = column.iter().enumerate();
    cells.map(|(row, v)| v.map(|v| v * power(row))).collect()
}

/// Whether the rows from the look-back on have the same bits when the input starts later.
fn is_same_from_later_start(function: &Function, series: &[Cells], n_rows_later: usize) -> bool {
    let later: Vec<Cells> = series.iter().map(|c| c[n_rows_later..].to_vec()).collect();
    let whole = values(function, series, &[]);
    let short = values(function, &later, &[]);
    whole.iter().zip(&short).all(|(whole, short)| {
        let n_unknown = short.iter().take_while(|v| v.is_none()).count();
        same_bits(&whole[n_rows_later + n_unknown..], &short[n_unknown..])
    })
}

#[test]
fn what_is_computed_anew_has_the_same_bits_from_a_later_start() {
    for (function, library) in FUNCTIONS.iter().zip(FUNCS) {
        if !is_computed_anew(library) {
            continue;
        }
        for seed in 0..4 {
            let smooth = Bars::random(seed, 600).inputs(function);
            let uneven: Vec<Cells> = smooth.iter().map(|c| rough(c)).collect();
            for series in [smooth, uneven] {
                for n_rows_later in [1, 37, 250] {
                    assert!(
                        is_same_from_later_start(function, &series, n_rows_later),
                        "{} from row {n_rows_later}",
                        function.spec.name
                    );
                }
            }
        }
    }
}

/// The control of the test above: sliding sums are noticed.
#[test]
fn sliding_sums_carry_the_rounding_of_rows_that_left() {
    for name in ["adr", "cmou", "qstick", "vortex", "sma"] {
        let function = function(name);
        let series = Bars::random(1, 600).inputs(function);
        let uneven: Vec<Cells> = series.iter().map(|c| rough(c)).collect();
        assert!(!is_same_from_later_start(function, &uneven, 250), "{name}");
    }
}

/// The controls of the two tests on later starts: they would notice.
#[test]
fn functions_built_up_from_the_first_row_depend_on_it() {
    for name in ["obv", "ad", "cumsum", "vwap", "maxindex"] {
        let function = function(name);
        assert_eq!(function.spec.stability, Stability::PathDependent, "{name}");
        assert!(gap_of_later_start(function, &[], 100) > ROUNDING, "{name}");
    }
}

#[test]
fn functions_that_converge_depend_on_the_start_at_first() {
    for name in ["ema", "macd", "adxr", "trix", "dosc", "zlema"] {
        let function = function(name);
        assert_eq!(function.spec.stability, Stability::Converging, "{name}");
        assert!(gap_of_later_start(function, &[], 2000) > ROUNDING, "{name}");
    }
}

#[test]
fn numbers_out_of_the_ordinary_give_values_or_null_and_no_panic() {
    let column = |f: &dyn Fn(usize) -> f64| (0..300).map(|i| Some(f(i))).collect::<Cells>();
    let inputs = [
        column(&|_| 0.0),
        column(&|_| -0.0),
        column(&|_| 100.0),
        column(&|_| -100.0),
        column(&|i| -(i as f64) - 1.0),
        column(&|i| if i % 2 == 0 { 1e308 } else { -1e308 }),
        column(&|i| {
            if i % 2 == 0 {
                f64::MIN_POSITIVE / 4.0
            } else {
                0.0
            }
        }),
        column(&|i| (i as f64 - 150.0) * 1e15),
    ];
    let mut random = Random(11);
    for function in FUNCTIONS.iter() {
        for (i, input) in inputs.iter().enumerate() {
            let same = vec![input.clone(); n_series(function)];
            let mixed: Vec<Cells> = (0..n_series(function))
                .map(|k| inputs[(i + k) % inputs.len()].clone())
                .collect();
            for series in [same, mixed] {
                values(function, &series, &[]);
                values(function, &series, &random_options(function, &mut random));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, failure_persistence: None, ..ProptestConfig::default() })]

    /// Random bits are NaN, infinite, tiny and huge numbers of both signs.
    #[test]
    fn any_bits_whatever_give_values_or_null_and_no_panic(seed in any::<u64>(), n_rows in 0usize..250) {
        let mut random = Random(seed);
        for function in FUNCTIONS.iter() {
            let series: Vec<Cells> = (0..n_series(function))
                .map(|_| (0..n_rows).map(|_| Some(f64::from_bits(random.bits()))).collect())
                .collect();
            let outputs = values(function, &series, &random_options(function, &mut random));
            let known = outputs.iter().flatten().flatten();
            prop_assert!(known.into_iter().all(|v| v.is_finite()), "{}", function.spec.name);
        }
    }
}

#[test]
fn no_row_and_one_row_are_partitions_too() {
    for function in FUNCTIONS.iter() {
        for n_rows in [0, 1, 2] {
            let series = Bars::random(1, n_rows).inputs(function);
            let outputs = values(function, &series, &[]);
            assert!(
                outputs.iter().all(|c| c.len() == n_rows),
                "{}",
                function.spec.name
            );
        }
        let nothing = vec![vec![None; 5]; n_series(function)];
        let outputs = values(function, &nothing, &[]);
        assert!(
            outputs.iter().flatten().all(Option::is_none),
            "{}",
            function.spec.name
        );
    }
}
