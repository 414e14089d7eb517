//! Market profile: how volume or time is spread over prices.
//!
//! The composite profile of `wickra-core` is `value_area` with a longer period and is left out.
//! A volume profile as a table is a relation function, because a window function gives one value
//! a row. The naked point of control takes sessions from the calendar instead of a count of bars.

mod histogram;
mod levels;
mod naked;
mod table;

use quantlake_core::{Function, ParamKind, ParamSpec, ParamValue};
use quantlake_indicators::machine::number;

const FAMILY: &str = "market_profile";

/// Where the counting rules come from.
const SOURCE: &str =
    "Steidlmayer and Hawkins, Steidlmayer on Markets (2003); Dalton, Markets in Profile (2007)";

fn bins(min: i64) -> ParamSpec {
    let kind = ParamKind::Integer { min, max: 500 };
    ParamSpec::optional(
        "bins",
        kind,
        ParamValue::Integer(50),
        "equal price steps from the lowest low to the highest high",
    )
}

fn period(default: i64) -> ParamSpec {
    let kind = ParamKind::Integer { min: 1, max: 2000 };
    ParamSpec::optional(
        "period",
        kind,
        ParamValue::Integer(default),
        "bars in the profile",
    )
}

fn share() -> ParamSpec {
    number(
        "share",
        0.7,
        0.01,
        1.0,
        "fraction of the whole that the value area holds",
    )
}

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = levels::functions();
    functions.push(naked::naked_poc());
    functions.push(table::volume_profile());
    functions
}
