//! Stops at fixed distances: a percentage, a grid, a brick.

use super::FAMILY;
use crate::params::{positive, price, spec, told, value};
use quantlake_core::{Function, FunctionSpec, ParamSpec, Stability};
use quantlake_indicators::machine::wickra_core::{
    PercentageTrailingStop, RenkoTrailingStop, StepTrailingStop,
};
use quantlake_indicators::machine::{one, over_values};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        percent_trailing_stop(),
        step_trailing_stop(),
        renko_trailing_stop(),
    ]
}

fn described(name: &str, summary: &str, option: ParamSpec, source: &str) -> FunctionSpec {
    let spec = spec(name, FAMILY, summary, vec![price(), option], value());
    told(spec, "0", Stability::PathDependent, source)
}

fn percent_trailing_stop() -> Function {
    let spec = described(
        "percent_trailing_stop",
        "Percentage trailing stop: a percentage of the price behind it, moving only towards it, and changing sides when the price crosses it, in units of x; starts long",
        positive(
            "percent",
            5.0,
            "distance of the stop, in percent of the price",
        ),
        "max(stop[t-1], x - d) while long, min(stop[t-1], x + d) while short, d = |x| * percent / 100; after a crossing x + d or x - d",
    );
    over_values(
        spec,
        |a| Ok(PercentageTrailingStop::new(a.number("percent")?)),
        one,
    )
}

fn step_trailing_stop() -> Function {
    let spec = described(
        "step_trailing_stop",
        "Step trailing stop: a stop on a grid of whole steps, at least one step behind the price, moving only towards it, and changing sides when the price crosses it, in units of x; starts long",
        positive("step", 1.0, "width of the grid, in units of x"),
        "max(stop[t-1], floor((x - step) / step) * step) while long, min(stop[t-1], ceil((x + step) / step) * step) while short",
    );
    over_values(spec, |a| Ok(StepTrailingStop::new(a.number("step")?)), one)
}

fn renko_trailing_stop() -> Function {
    let spec = described(
        "renko_trailing_stop",
        "Renko trailing stop: one brick behind the last whole brick of the price since the last reversal, changing sides when the price crosses it, in units of x; starts long at the first price",
        positive("brick", 1.0, "height of a brick, in units of x"),
        "anchor moves by whole bricks in the direction of the position, stop = anchor -+ brick; a crossing starts a new anchor at the price",
    );
    over_values(
        spec,
        |a| Ok(RenkoTrailingStop::new(a.number("brick")?)),
        one,
    )
}
