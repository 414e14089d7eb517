//! Constants that are each in range and do not fit together.

use datafusion::common::ScalarValue;
use quantlake_alpha::ewm::{mean, std};
use quantlake_alpha::scalars::{clip, signed_power};
use quantlake_alpha::weights::Decay;
use quantlake_core::recurrence::Recurrence;
use quantlake_core::{Args, QlError};

/// Checks a call with these constants by name; series come from rows.
fn check(name: &str, constants: &[(&str, ScalarValue)]) -> Result<(), QlError> {
    let functions = quantlake_alpha::functions();
    let function = functions
        .iter()
        .find(|f| f.spec.name == name)
        .expect("a function");
    let given: Vec<Option<ScalarValue>> = function
        .spec
        .params
        .iter()
        .map(|p| match constants.iter().find(|(n, _)| *n == p.name) {
            Some((_, value)) => Some(value.clone()),
            None => p.default.as_ref().map(|d| d.to_scalar()),
        })
        .collect();
    (function.check)(&Args::bind(&function.spec, &given)?)
}

fn message(name: &str, constants: &[(&str, ScalarValue)]) -> String {
    check(name, constants).expect_err(name).message
}

#[test]
fn a_window_cannot_need_more_rows_than_it_has() {
    assert_eq!(
        message(
            "ts_mean",
            &[("period", 5_i64.into()), ("min_periods", 6_i64.into())]
        ),
        "ts_mean: `min_periods` must be a whole number between 1 and `period`, which is 5, found 6"
    );
    assert_eq!(
        message("ts_corr", &[("period", 1_i64.into())]),
        "ts_corr: `period` must be a whole number between 2 and 100000, found 1"
    );
    assert!(
        check(
            "ts_mean",
            &[("period", 5_i64.into()), ("min_periods", 1_i64.into())]
        )
        .is_ok()
    );
}

#[test]
fn exactly_one_word_says_how_fast_weights_fall() {
    assert_eq!(
        message("ewm_mean", &[]),
        "ewm_mean: exactly one of `span`, `halflife`, `alpha`, `com` must be given, found none"
    );
    assert_eq!(
        message("ewm_corr", &[("span", 5_i64.into()), ("alpha", 0.5.into())]),
        "ewm_corr: exactly one of `span`, `halflife`, `alpha`, `com` must be given, found span => 5, alpha => 0.5"
    );
    assert!(check("ewm_std", &[("com", 0_i64.into())]).is_ok());
}

#[test]
fn more_than_all_rows_cannot_be_drawn_in() {
    assert_eq!(
        message("cs_winsorize", &[("limit", 0.5.into())]),
        "cs_winsorize: `limit` must be less than 0.5 with method => 'quantile', found 0.5"
    );
    assert!(
        check(
            "cs_winsorize",
            &[("limit", 2.5.into()), ("method", "std".into())]
        )
        .is_ok()
    );
}

#[test]
fn weighted_moments_of_equal_rows_are_exact() {
    let decay = Decay {
        alpha: 0.3,
        adjust: true,
    };
    let x = [1e6 + 0.1; 5];
    let mut means = mean(decay);
    assert_eq!(x.map(|value| means.next([value])[0]), x);
    let mut deviations = std(decay, false);
    let out = x.map(|value| deviations.next([value])[0]);
    assert!(out[0].is_nan());
    assert_eq!(out[1..], [0.0; 4]);
}

#[test]
fn bounds_may_be_open_but_not_crossed() {
    assert_eq!(clip(7.0, f64::NAN, 5.0), 5.0);
    assert_eq!(clip(7.0, 0.0, f64::NAN), 7.0);
    assert!(clip(f64::NAN, 0.0, 5.0).is_nan());
    assert!(clip(1.0, 5.0, 0.0).is_nan());
}

#[test]
fn a_signed_power_keeps_the_sign() {
    assert_eq!(signed_power(-3.0, 2.0), -9.0);
    assert_eq!(signed_power(3.0, 0.0), 1.0);
    assert_eq!(signed_power(0.0, 0.0), 0.0);
    assert_eq!(signed_power(-4.0, 0.5), -2.0);
}
