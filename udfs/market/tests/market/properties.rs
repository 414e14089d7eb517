//! What holds for all functions: the future changes nothing, odd numbers do no harm.

use crate::reference::evaluate;
use crate::rowwise;
use datafusion::arrow::array::{Array, ArrayRef};
use proptest::prelude::*;
use quantlake_core::{Function, Implementation, ParamKind};
use std::collections::HashMap;

type Cells = Vec<Option<f64>>;

/// Constants for parameters without default.
fn required() -> HashMap<&'static str, &'static str> {
    HashMap::from([("bucket_volume", "25")])
}

fn run(function: &Function, columns: &[Cells]) -> ArrayRef {
    let series = function.spec.params.iter().filter(|p| !p.kind.is_option());
    let inputs = series.map(|p| p.name.as_str()).zip(columns).collect();
    evaluate(function, &inputs, &required())
}

fn windows() -> impl Iterator<Item = Function> {
    quantlake_market::functions()
        .into_iter()
        .filter(|f| matches!(f.implementation, Implementation::Window(_)))
}

/// The columns of a function: rising times, numbers as they come.
fn columns(function: &Function, numbers: &[f64], n_rows: usize) -> Vec<Cells> {
    let series = function.spec.params.iter().filter(|p| !p.kind.is_option());
    series
        .enumerate()
        .map(|(i, param)| match param.kind {
            ParamKind::Times => (0..n_rows)
                .map(|row| Some(1.636e15 + 1.8e9 * row as f64))
                .collect(),
            _ => (0..n_rows)
                .map(|row| numbers.get((row * 7 + i * 3) % numbers.len()).copied())
                .collect(),
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn later_rows_change_nothing(
        numbers in prop::collection::vec(-3.0..120.0f64, 40..90),
        cut in 0usize..150,
    ) {
        for function in windows() {
            let all = columns(&function, &numbers, 150);
            let head: Vec<Cells> = all.iter().map(|c| c[..cut].to_vec()).collect();
            let (whole, part) = (run(&function, &all), run(&function, &head));
            prop_assert!(whole.slice(0, cut) == part, "{}", function.spec.name);
        }
    }
}

#[test]
fn odd_numbers_and_few_rows_do_no_harm() {
    let odd = [
        [0.0; 4],
        [-1.0; 4],
        [1e300; 4],
        [1.0; 4],
        [1e-300, -1e300, 0.0, 1e300],
    ];
    for function in windows() {
        for numbers in &odd {
            for n_rows in [0, 1, 2, 130] {
                let result = run(&function, &columns(&function, numbers, n_rows));
                assert_eq!(result.len(), n_rows, "{}", function.spec.name);
            }
        }
    }
}

#[test]
fn odd_numbers_in_one_row_do_no_harm() {
    for function in quantlake_market::functions() {
        if !matches!(function.implementation, Implementation::Scalar(_)) {
            continue;
        }
        let odd = [
            0.0,
            -1.0,
            1e300,
            f64::NAN,
            f64::INFINITY,
            1e-300,
            9e18,
            -9e18,
        ];
        let series = function.spec.params.iter().filter(|p| !p.kind.is_option());
        let named = series.enumerate().map(|(i, p)| {
            let cells = (0..64).map(|row| Some(odd[(row * (i + 1) + row / 8) % odd.len()]));
            let finite = cells.map(|c: Option<f64>| c.filter(|v| v.is_finite()));
            (format!("in:{}", p.name), finite.collect())
        });
        let field = function
            .spec
            .output
            .fields()
            .first()
            .map(|f| f.name.clone());
        let got = rowwise::evaluate(&function, &named.collect(), "", field.as_deref());
        assert_eq!(got.len(), 64, "{}", function.spec.name);
    }
}
