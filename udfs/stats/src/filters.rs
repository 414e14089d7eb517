//! Window functions that carry a state or weights of their own along a series.

pub(crate) mod cusum;
pub(crate) mod frac_diff;
pub(crate) mod hampel;
pub(crate) mod kalman_hedge;

use quantlake_core::{Function, FunctionSpec, Kind};

/// A spec with what the functions of this module share.
fn window_spec(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "statistics", Kind::Window, summary)
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        frac_diff::fixed_width(),
        frac_diff::expanding(),
        kalman_hedge::function(),
        hampel::function(),
        cusum::function(),
    ]
}
