//! Levels and signals from swing points, each known only when the bars after it are.

use crate::describe::{integer, record, spec, with_example};
use quantlake_core::{Function, Output, OutputType, Stability};
use quantlake_indicators::machine::wickra_core::{AndrewsPitchfork, PivotReversal};
use quantlake_indicators::machine::{fields, one, over_bars};

/// Every row compares all bars of the window, so the window has a bound.
const MAX_SIDE: i64 = 10_000;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![andrews_pitchfork(), pivot_reversal()]
}

fn andrews_pitchfork() -> Function {
    let spec = spec(
        "pivots",
        "andrews_pitchfork",
        &["high", "low"],
        vec![integer(
            "strength",
            2,
            1,
            MAX_SIDE,
            "Bars on each side that a swing point must exceed; it is known that many rows later",
        )],
        "Andrews' median line and its parallels through the last three alternating swing points, \
         at the current row, in price units",
    )
    .with_output(record(&[
        (
            "median",
            "Line from the first point through the middle of the other two",
        ),
        ("upper", "Parallel through the upper of the other two"),
        ("lower", "Parallel through the lower of the other two"),
    ]))
    .with_lookback("until three alternating swing points are confirmed")
    .with_stability(Stability::PathDependent)
    .with_source(
        "A. Andrews' median line method; of neighbouring swing points of one kind the more \
         extreme one is kept",
    );
    over_bars(
        with_example(spec, 22, "1"),
        |args| Ok(AndrewsPitchfork::new(args.count("strength")?)),
        |o, out| fields([o.median, o.upper, o.lower], out),
    )
}

fn pivot_reversal() -> Function {
    let side = |name, default, doc| integer(name, default, 1, MAX_SIDE, doc);
    let spec = spec(
        "pivots",
        "pivot_reversal",
        &["high", "low", "close"],
        vec![
            side("left", 4, "Bars before a pivot that it exceeds"),
            side(
                "right",
                2,
                "Bars after a pivot that it exceeds; it is known that many rows later",
            ),
        ],
        "Break of the last confirmed pivot by the close: 1 on crossing above a pivot high, -1 on \
         crossing below a pivot low, 0 otherwise",
    )
    .with_output(Output::Value(OutputType::Integer))
    .with_lookback("left + right")
    .with_stability(Stability::PathDependent)
    .with_source("the pivot reversal strategy: close now beyond the pivot, close before it not");
    over_bars(
        with_example(spec, 12, "1, 1"),
        |args| {
            let [left, right] = ["left", "right"].map(|name| args.count(name));
            Ok(PivotReversal::new(left?, right?))
        },
        one,
    )
}
