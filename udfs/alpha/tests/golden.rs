//! Every window function of the crate against pandas, scipy, statsmodels and polars_ta.
//!
//! `tests/golden/alpha.py` makes the files. Tolerance: the programs' own rolling sums carry
//! rounding from row to row, up to about 1e-12 of prices near 100 and 1e-11 of their squares;
//! 1e-9 leaves room for that and for no other convention.

#[path = "../../indicators/tests/support/reference.rs"]
mod reference;

use quantlake_alpha::cross::regress::regress_out;
use quantlake_alpha::fold::{compile::compile, fold, lambda::Lambda};
use quantlake_core::Function;
use std::collections::HashMap;
use std::path::PathBuf;

const TOLERANCE: f64 = 1e-9;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/alpha")
}

/// The columns of a file that has no missing cells.
fn plain(file: &str) -> HashMap<String, Vec<f64>> {
    let text = std::fs::read_to_string(folder().join("plain").join(file)).expect("a golden file");
    let mut lines = text.lines().filter(|l| !l.starts_with('#'));
    let titles: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let rows: Vec<Vec<f64>> = lines
        .map(|l| l.split(',').map(|c| c.parse().expect("a number")).collect())
        .collect();
    let column = |i: usize| rows.iter().map(|row| row[i]).collect();
    titles
        .iter()
        .enumerate()
        .map(|(i, title)| (title.to_string(), column(i)))
        .collect()
}

fn assert_close(got: &[f64], expected: &[f64], what: &str) {
    assert_eq!(got.len(), expected.len());
    for (row, (g, e)) in got.iter().zip(expected).enumerate() {
        assert!(
            (g - e).abs() <= TOLERANCE * e.abs().max(1.0),
            "{what}, row {row}: expected {e}, got {g}"
        );
    }
}

#[test]
fn window_functions_give_the_programs_values() {
    // A lambda holds commas, which these files cannot; its values are below.
    let functions: Vec<Function> = quantlake_alpha::functions()
        .into_iter()
        .filter(|f| f.spec.name != "fold")
        .collect();
    reference::check_folder(&functions, &folder(), TOLERANCE);
}

#[test]
fn a_factor_that_the_others_explain_changes_no_residual() {
    let table = plain("factors.csv");
    let (y, a, b, c) = (&table["y"], &table["a"], &table["b"], &table["c"]);
    let mut out = vec![f64::NAN; y.len()];
    regress_out(y, &[a, b, c], &mut out);
    assert_close(
        &out,
        &table["residual"],
        "three factors, one of them dependent",
    );
    regress_out(y, &[c, b, a, b], &mut out);
    assert_close(&out, &table["residual"], "another order, one factor twice");
}

#[test]
fn folds_give_what_loops_in_python_give() {
    let table = plain("fold.csv");
    for (lambda, init, input, expected) in [
        ("(s, x) -> 0.9 * s + 0.1 * x", table["x"][0], "x", "smooth"),
        ("(s, r) -> greatest(0, s + r - 0.002)", 0.0, "r", "cusum"),
        (
            "(stop, price) -> CASE WHEN price > stop THEN greatest(stop, price * 0.9) ELSE price * 0.9 END",
            0.0,
            "x",
            "stop",
        ),
        (
            "(v, r) -> 0.00001 + 0.08 * r ^ 2 + 0.9 * v",
            0.0004,
            "r",
            "garch",
        ),
    ] {
        let program = compile(&Lambda::parse(lambda).expect(lambda)).expect(lambda);
        let mut out = vec![f64::NAN; table[input].len()];
        fold(init, &program, &[&table[input]], &mut out);
        assert_close(&out, &table[expected], lambda);
    }
}
