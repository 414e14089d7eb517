//! What a fold accepts, what it computes, and what it says about the rest.

use datafusion::common::ScalarValue;
use quantlake_alpha::fold::{compile::compile, fold, lambda::Lambda};
use quantlake_core::{Args, Function, QlError, SqlState};

/// Runs a lambda over one series, with NaN as a result that is NULL.
fn over(lambda: &str, init: f64, x: &[f64]) -> Vec<f64> {
    let program = compile(&Lambda::parse(lambda).expect(lambda)).expect(lambda);
    let mut out = vec![f64::NAN; x.len()];
    fold(init, &program, &[x], &mut out);
    out
}

/// The value of an expression of s and x.
fn value(expression: &str, s: f64, x: f64) -> f64 {
    over(&format!("(s, x) -> {expression}"), s, &[x])[0]
}

/// Checks a call as the planner does: `n_series` expressions over rows after the lambda.
fn check(init: Option<f64>, lambda: &str, n_series: usize) -> Result<(), QlError> {
    let functions = quantlake_alpha::functions();
    let function: &Function = functions
        .iter()
        .find(|f| f.spec.name == "fold")
        .expect("fold");
    let mut given = vec![
        init.map(|i| ScalarValue::Float64(Some(i))),
        Some(ScalarValue::from(lambda)),
    ];
    given.resize(2 + n_series, None);
    (function.check)(&Args::bind(&function.spec, &given)?)
}

fn message(lambda: &str) -> (SqlState, String) {
    let error = check(Some(0.0), lambda, 1).expect_err(lambda);
    (error.state, error.message)
}

#[test]
fn operators_compute_what_sql_computes() {
    for (expression, expected) in [
        ("s + 2 * x", 10.0),
        ("(s + 2) * x", 18.0),
        ("s / x", 4.0 / 3.0),
        ("1 / 2", 0.5),
        ("-s % x", -1.0),
        ("s ^ 2", 16.0),
        ("power(s, 0.5)", 2.0),
        ("abs(-s) + sign(-x) + sign(0)", 3.0),
        ("sqrt(s) + exp(0) + ln(1) + log10(100)", 5.0),
        ("floor(1.5) + ceil(1.5) + round(2.5)", 6.0),
        ("tanh(0)", 0.0),
        ("least(s, x, 1) + greatest(s, x)", 5.0),
        ("coalesce(NULL, s)", 4.0),
        ("coalesce(nullif(x, 3), 7)", 7.0),
        ("1e-3 + .5", 0.501),
        ("CASE WHEN s > x AND NOT s <= x THEN 1 ELSE 2 END", 1.0),
        (
            "CASE WHEN s < x OR s <> 4 THEN 1 WHEN x >= 3 THEN 5 END",
            5.0,
        ),
        ("CASE x WHEN 1 THEN 10 WHEN 3 THEN 30 END", 30.0),
        ("CASE WHEN x BETWEEN 3 AND 4 THEN 1 ELSE 0 END", 1.0),
        ("CASE WHEN x NOT BETWEEN 3 AND 4 THEN 1 ELSE 0 END", 0.0),
        (
            "CASE WHEN NULL IS NULL AND x IS NOT NULL THEN 1 ELSE 0 END",
            1.0,
        ),
        ("CASE WHEN true THEN +x ELSE s END", 3.0),
    ] {
        assert_eq!(value(expression, 4.0, 3.0), expected, "{expression}");
    }
}

#[test]
fn null_has_three_valued_logic() {
    for (expression, expected) in [
        ("CASE WHEN NULL > x OR x = 3 THEN 1 ELSE 0 END", 1.0),
        ("CASE WHEN NULL > x AND x = 4 THEN 1 ELSE 0 END", 0.0),
        ("CASE WHEN NOT (NULL > x) THEN 1 ELSE 0 END", 0.0),
        (
            "CASE WHEN (NULL > x AND x = 3) IS NULL THEN 1 ELSE 0 END",
            1.0,
        ),
        (
            "CASE WHEN (NULL > x OR x = 4) IS NULL THEN 1 ELSE 0 END",
            1.0,
        ),
        ("least(NULL, x)", 3.0),
        ("coalesce(s / 0, 9)", 9.0),
        ("coalesce(NULL ^ 0, 8)", 8.0),
    ] {
        assert_eq!(value(expression, 4.0, 3.0), expected, "{expression}");
    }
}

#[test]
fn a_result_that_is_unknown_leaves_the_state() {
    let got = over("(s, x) -> s + 1 / x", 0.0, &[1.0, 0.0, 2.0]);
    assert_eq!((got[0], got[2]), (1.0, 1.5));
    assert!(got[1].is_nan());
    let got = over(
        "(s, x) -> CASE WHEN x > 0 THEN s + x END",
        0.0,
        &[1.0, -5.0, 2.0],
    );
    assert_eq!((got[0], got[2]), (1.0, 3.0));
    assert!(got[1].is_nan());
    let got = over("(s, x) -> s * x", 1e200, &[1e200, 2.0]);
    assert!(got[0].is_nan() && got[1] == 2e200);
}

#[test]
fn several_series_have_several_names() {
    let lambda = Lambda::parse("(s, x, w) -> s + x * w").expect("a lambda");
    let program = compile(&lambda).expect("a program");
    let mut out = [f64::NAN; 2];
    fold(1.0, &program, &[&[2.0, 3.0], &[10.0, 100.0]], &mut out);
    assert_eq!(out, [21.0, 321.0]);
}

#[test]
fn names_and_their_number_are_checked() {
    let (state, text) = message("(s, x) -> s + volume");
    assert_eq!(state, SqlState::UndefinedColumn);
    assert_eq!(
        text,
        "fold: `step` must use only the names before its arrow (s, x), found volume"
    );
    let (state, text) = message("(s, x, y) -> s");
    assert_eq!(state, SqlState::InvalidParameter);
    assert_eq!(
        text,
        "fold: `step` must be a lambda of 2 names, the state and one for each series, found (s, x, y)"
    );
    let (_, text) = message("(s, S) -> s");
    assert_eq!(
        text,
        "fold: `step` must be a lambda whose names differ, found (s, s)"
    );
    assert!(check(Some(0.0), "(s, x, y) -> s + x + y", 2).is_ok());
}

#[test]
fn what_no_row_can_compute_is_refused_with_what_is_allowed() {
    let (state, text) = message("(s, x) -> random() + s");
    assert_eq!(state, SqlState::UndefinedFunction);
    assert!(
        text.contains("abs, sign") && text.ends_with("found random"),
        "{text}"
    );
    for (lambda, found) in [
        ("(s, x) -> (SELECT 1)", "found (SELECT 1)"),
        ("(s, x) -> x IN (1, 2)", "found x IN (1, 2)"),
        ("(s, x) -> s || x", "found s || x"),
        ("(s, x) -> 'a'", "found 'a'"),
        ("(s, x) -> t.x", "found t.x"),
        ("(s, x) -> $1 + s", "found $1"),
        ("(s, x) -> abs(s, x)", "found abs(s, x)"),
        ("(s, x) -> sum(s) OVER ()", "found sum(s) OVER ()"),
        ("(s, x) -> s > x", "found the condition s > x"),
        ("(s, x) -> CASE WHEN s THEN 1 END", "found the number s"),
        ("(s, x) -> s + (x > 1)", "found the condition (x > 1)"),
        (
            "(s, x) -> CASE WHEN x > 1 THEN x ELSE x > 1 END",
            "found both, at x",
        ),
        ("(s, x) -> 1e999", "found 1e999"),
        ("s + x", "found s + x"),
    ] {
        let (_, text) = message(lambda);
        assert!(
            text.starts_with("fold: `step` must") && text.ends_with(found),
            "{text}"
        );
    }
}

#[test]
fn the_state_before_the_first_row_is_a_constant() {
    let error = check(None, "(s, x) -> s", 1).expect_err("a column");
    assert_eq!(
        error.message,
        "fold: `init` must be a constant, found an expression over rows"
    );
    assert!(check(Some(0.0), "(s, x) -> s", 0).is_err());
}

#[test]
fn a_lambda_that_nests_too_deep_is_an_error() {
    let deep = format!("(s, x) -> {}s{}", "(".repeat(5000), ")".repeat(5000));
    let (state, _) = message(&deep);
    assert_eq!(state, SqlState::InvalidParameter);
    let wide = |n: usize| format!("(s, x) -> s{}", " + x".repeat(n));
    assert!(check(Some(0.0), &wide(490), 1).is_ok());
    let (_, text) = message(&wide(100_000));
    assert_eq!(
        text,
        "fold: `step` must be of at most 1000 words and signs, found 200007"
    );
}
