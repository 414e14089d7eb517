//! The ranges of the constants, at both ends and one step outside.

use crate::support::{Bars, Cells, FUNCTIONS, evaluate, function, is_announced};
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use quantlake_core::{Function, ParamKind, ParamSpec, QlError, SqlState};

/// A call with the defaults, but this value for one constant.
fn call(
    function: &Function,
    param: &str,
    value: ScalarValue,
) -> Result<Vec<Cells>, DataFusionError> {
    let series = Bars::random(3, 60).inputs(function);
    let options: Vec<ScalarValue> = function
        .spec
        .params
        .iter()
        .filter(|p| p.kind.is_option())
        .map(|p| match &p.default {
            _ if p.name == param => value.clone(),
            Some(default) => default.to_scalar(),
            None => panic!("{} has no default", p.name),
        })
        .collect();
    evaluate(function, &series, &options)
}

/// The values at the ends of a range, and those one step outside.
fn ends(param: &ParamSpec) -> (Vec<ScalarValue>, Vec<ScalarValue>) {
    let integer = |v: i64| ScalarValue::Int64(Some(v));
    let number = |v: f64| ScalarValue::Float64(Some(v));
    let text = |v: &str| ScalarValue::Utf8(Some(v.into()));
    match &param.kind {
        ParamKind::Integer { min, max } => (
            vec![integer(*min), integer(*max)],
            vec![integer(min - 1), integer(max + 1), number(3.5), text("14")],
        ),
        ParamKind::Number { min, max } => (
            vec![number(*min), number(*max)],
            vec![
                number(min.next_down()),
                number(max.next_up()),
                number(f64::NAN),
                text("2"),
            ],
        ),
        ParamKind::Choice(choices) => (
            choices.iter().map(|(name, _)| text(name)).collect(),
            vec![
                text("none"),
                integer(choices.len() as i64),
                integer(-1),
                ScalarValue::Null,
            ],
        ),
        ParamKind::Flag => (
            [true, false]
                .map(|v| ScalarValue::Boolean(Some(v)))
                .to_vec(),
            vec![integer(1), text("yes"), ScalarValue::Null],
        ),
        other => panic!("{}: no constant of TA-Lib is {other:?}", param.name),
    }
}

/// The call works, or two constants do not go together in a way that the summary announces.
fn is_accepted(function: &Function, result: &Result<Vec<Cells>, DataFusionError>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => is_announced(function, error),
    }
}

#[test]
fn every_constant_takes_both_ends_of_its_range_and_nothing_outside() {
    for function in FUNCTIONS.iter() {
        for param in function.spec.params.iter().filter(|p| p.kind.is_option()) {
            let (allowed, refused) = ends(param);
            for value in allowed {
                let result = call(function, &param.name, value.clone());
                assert!(
                    is_accepted(function, &result),
                    "{} {} {value}: {result:?}",
                    function.spec.name,
                    param.name
                );
            }
            for value in refused {
                let Err(error) = call(function, &param.name, value.clone()) else {
                    panic!("{} takes {} => {value}", function.spec.name, param.name);
                };
                let state = QlError::of(&error).map(|e| e.state);
                assert_eq!(state, Some(SqlState::InvalidParameter), "{error}");
            }
        }
    }
}

#[test]
fn the_message_names_function_parameter_range_and_value() {
    let message = |name: &str, param: &str, value: ScalarValue| {
        let error = call(function(name), param, value).expect_err("a refused value");
        QlError::of(&error).expect("an error of ours").to_string()
    };
    assert_eq!(
        message("rsi", "period", ScalarValue::Int64(Some(0))),
        "rsi: `period` must be a whole number between 2 and 100000, found 0"
    );
    assert_eq!(
        message("mama", "fast_limit", ScalarValue::Float64(Some(1.5))),
        "mama: `fast_limit` must be a number between 0.01 and 0.99, found 1.5"
    );
    assert_eq!(
        message("ma", "ma", ScalarValue::Utf8(Some("wilder".into()))),
        "ma: `ma` must be one of 'sma', 'ema', 'wma', 'dema', 'tema', 'trima', 'kama', 'mama', \
         't3', 'hma', 'disabled', 'default', 'zlema', 'rma', 'vidya', 'alma', found 'wilder'"
    );
}

#[test]
fn constants_that_do_not_go_together_are_named() {
    let integer = |v: i64| ScalarValue::Int64(Some(v));
    let number = |v: f64| ScalarValue::Float64(Some(v));
    for (name, param, value, message) in [
        (
            "frama",
            "period",
            integer(11),
            "frama: `period` must be even, found period => 11",
        ),
        (
            "mavp",
            "min_period",
            integer(40),
            "mavp: `min_period` must be at most `max_period`, found min_period => 40, \
             max_period => 30",
        ),
        (
            "sqzmom",
            "factor_normal",
            number(2.5),
            "sqzmom: `factor_narrow` must be at most `factor_normal`, and that at most \
             `factor_wide`, found factor_wide => 2, factor_normal => 2.5, factor_narrow => 1",
        ),
    ] {
        let error = call(function(name), param, value).expect_err("a refused combination");
        let error = QlError::of(&error).expect("an error of ours");
        assert_eq!(error.to_string(), message);
        assert_eq!(error.state, SqlState::InvalidParameter);
    }
}

#[test]
fn no_combination_of_range_ends_is_refused_without_a_rule() {
    for function in FUNCTIONS.iter() {
        let series = Bars::random(5, 200).inputs(function);
        let options: Vec<&ParamSpec> = function
            .spec
            .params
            .iter()
            .filter(|p| p.kind.is_option())
            .collect();
        for pick in 0..(1usize << options.len().min(6)) {
            let values: Vec<ScalarValue> = options
                .iter()
                .enumerate()
                .map(|(i, param)| {
                    let (allowed, _) = ends(param);
                    allowed[(pick >> (i % 6)) % allowed.len()].clone()
                })
                .collect();
            let result = evaluate(function, &series, &values);
            assert!(
                is_accepted(function, &result),
                "{} {values:?}: {result:?}",
                function.spec.name
            );
        }
    }
}

#[test]
fn a_period_longer_than_the_series_gives_only_null() {
    for name in [
        "sma",
        "rsi",
        "bbands",
        "adx",
        "percentile",
        "mavp",
        "kst",
        "ta_max",
    ] {
        let function = function(name);
        let series = Bars::random(9, 60).inputs(function);
        let longest: Vec<ScalarValue> = function
            .spec
            .params
            .iter()
            .filter(|p| p.kind.is_option())
            .map(|p| match (&p.kind, &p.default) {
                (ParamKind::Integer { max, .. }, _) => ScalarValue::Int64(Some(*max)),
                (_, Some(default)) => default.to_scalar(),
                (_, None) => ScalarValue::Null,
            })
            .collect();
        let outputs = evaluate(function, &series, &longest).expect("an allowed call");
        assert!(outputs.iter().flatten().all(Option::is_none), "{name}");
    }
}
