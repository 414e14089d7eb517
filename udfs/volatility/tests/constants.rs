//! Constants that are each in range and do not go together.

use quantlake_core::{Args, Function, QlError};
use quantlake_volatility::functions;

fn refused(name: &str, constants: &[(&str, f64)]) -> QlError {
    let all = functions();
    let function: &Function = all
        .iter()
        .find(|f| f.spec.name == name)
        .expect("a function of this crate");
    let given: Vec<_> = constants
        .iter()
        .map(|(name, value)| (name.to_string(), (*value).into()))
        .collect();
    Args::bind_named(&function.spec, &given)
        .and_then(|args| (function.check)(&args))
        .expect_err("a refusal")
}

#[test]
fn an_outer_band_inside_the_inner_one_is_refused() {
    let error = refused("double_bollinger", &[("inner", 2.0), ("outer", 1.5)]);
    let message = "double_bollinger: `outer` must be greater than `inner` (2), found 1.5";
    assert_eq!(
        (error.message.as_str(), error.state.code()),
        (message, "22023")
    );
}

#[test]
fn a_garch_model_without_long_run_variance_is_refused() {
    let error = refused("garch_volatility", &[("alpha", 0.2), ("beta", 0.8)]);
    let message = "garch_volatility: `beta` must be less than 1 - alpha, found 0.8";
    assert_eq!(
        (error.message.as_str(), error.state.code()),
        (message, "22023")
    );
}

#[test]
fn windows_have_bounds() {
    let error = refused("rolling_sharpe", &[("annualization", 0.0)]);
    assert!(
        error
            .message
            .starts_with("rolling_sharpe: `annualization` must be a number between")
    );
    for function in functions() {
        for param in &function.spec.params {
            let allowed = param.kind.allowed();
            assert!(
                !param.kind.is_option() || allowed.contains("between"),
                "{}: `{}` is {allowed}",
                function.spec.name,
                param.name
            );
        }
    }
}
