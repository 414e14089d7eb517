//! What the library asks of constants beyond the range of each one.
//!
//! The metadata does not say these. A test calls every function with random constants and fails
//! when the library refuses a call that no rule here explains.

use quantlake_core::{Args, ParamValue, QlError, SqlState};
use ta_lib::abstract_api::FuncInfo;

/// A condition on one constant or on several together.
struct JointRule {
    function: &'static str,
    params: &'static [&'static str],
    text: &'static str,
}

const JOINT_RULES: [JointRule; 3] = [
    JointRule {
        function: "FRAMA",
        params: &["period"],
        text: "`period` must be even",
    },
    JointRule {
        function: "MAVP",
        params: &["min_period", "max_period"],
        text: "`min_period` must be at most `max_period`",
    },
    JointRule {
        function: "SQZMOM",
        params: &["factor_narrow", "factor_normal", "factor_wide"],
        text: "`factor_narrow` must be at most `factor_normal`, and that at most `factor_wide`",
    },
];

/// The rule of a function, as its documentation and its errors say it.
pub fn joint_rule(function: &FuncInfo) -> Option<&'static str> {
    rule_of(function).map(|rule| rule.text)
}

/// The error for constants that the library refuses though each is in its range.
pub fn refused(function: &FuncInfo, args: &Args) -> QlError {
    let name = function.name.to_ascii_lowercase();
    let (text, given) = match rule_of(function) {
        Some(rule) => (
            rule.text,
            values(args, |param| rule.params.contains(&param)),
        ),
        None => ("TA-Lib refuses these constants", values(args, |_| true)),
    };
    QlError::new(
        SqlState::InvalidParameter,
        format!("{name}: {text}, found {given}"),
    )
}

fn rule_of(function: &FuncInfo) -> Option<&'static JointRule> {
    JOINT_RULES
        .iter()
        .find(|rule| rule.function == function.name)
}

fn values(args: &Args, is_wanted: impl Fn(&str) -> bool) -> String {
    args.iter()
        .filter(|(name, _)| is_wanted(name))
        .map(|(name, value): (&str, &ParamValue)| format!("{name} => {value}"))
        .collect::<Vec<_>>()
        .join(", ")
}
