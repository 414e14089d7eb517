//! Lines that move with time: fans, arcs, channels, time zones.

use super::FAMILY;
use super::levels::PRICES;
use crate::bind::{Describe, over_prices};
use crate::swings::{View, over_swings, swing_spec, threshold};
use quantlake_core::{Function, FunctionSpec, Output, OutputField, OutputType};
use std::sync::Arc;

fn spec(
    name: &str,
    fields: &[(&str, &str)],
    shown: &str,
    summary: &str,
    source: &str,
) -> FunctionSpec {
    swing_spec(name, FAMILY, vec![threshold()], summary, source)
        .numbers(fields)
        .with_example(&over_prices(name, "", shown, &PRICES), "")
}

/// How many bars lie between two bars.
fn bars_from(earlier: usize, later: usize) -> f64 {
    later as f64 - earlier as f64
}

fn fib_fan() -> Function {
    let fields = [
        ("fan_382", "line through the 38.2 % retracement"),
        ("fan_500", "line through the 50 % retracement"),
        ("fan_618", "line through the 61.8 % retracement"),
    ];
    let spec = spec(
        "fib_fan",
        &fields,
        "fan_618",
        "Fibonacci fan at this bar: lines from the start of the last leg through its retracement levels at the bar of its end, as prices.",
        "start + (1 - r) * (end - start) * (bar - start_bar) / (end_bar - start_bar); Murphy, Technical Analysis of the Financial Markets (1999)",
    );
    over_swings(spec, |_| {
        Ok((
            2,
            2,
            Arc::new(|view: &View| match view.swings {
                [start, end] => {
                    let progress = bars_from(start.bar, view.bar) / bars_from(start.bar, end.bar);
                    [0.382, 0.5, 0.618]
                        .map(|r| start.price + (1.0 - r) * (end.price - start.price) * progress)
                }
                _ => [f64::NAN; 3],
            }),
        ))
    })
}

fn fib_arcs() -> Function {
    let fields = [
        ("arc_382", "arc of 38.2 %, NULL after its end"),
        ("arc_500", "arc of 50 %, NULL after its end"),
        ("arc_618", "arc of 61.8 %, NULL after its end"),
    ];
    let spec = spec(
        "fib_arcs",
        &fields,
        "arc_618",
        "Fibonacci arcs at this bar: circles around the end of the last leg that cut the line back to its start at their ratio, with one bar length and one price length of the leg as units, as prices.",
        "end + (start - end) * sqrt(2 r^2 - u^2), u = (bar - end_bar) / (end_bar - start_bar); Murphy, Technical Analysis of the Financial Markets (1999)",
    );
    // A leg of four bars, so that the arcs last beyond the bar that confirms its end.
    let prices = [120.0, 115.0, 110.0, 105.0, 100.0, 106.0, 107.0, 108.0];
    let spec = spec.with_example(&over_prices("fib_arcs", "", "arc_618", &prices), "");
    over_swings(spec, |_| {
        Ok((
            2,
            2,
            Arc::new(|view: &View| match view.swings {
                [start, end] => {
                    let u = bars_from(end.bar, view.bar) / bars_from(start.bar, end.bar);
                    [0.382_f64, 0.5, 0.618].map(|r| {
                        end.price + (start.price - end.price) * (2.0 * r * r - u * u).sqrt()
                    })
                }
                _ => [f64::NAN; 3],
            }),
        ))
    })
}

fn fib_channel() -> Function {
    let fields = [
        ("base", "line through the first and the third swing"),
        ("level_618", "parallel at 61.8 % of the width"),
        ("level_1000", "parallel through the second swing"),
        ("level_1618", "parallel at 161.8 % of the width"),
    ];
    let spec = spec(
        "fib_channel",
        &fields,
        "level_1000",
        "Fibonacci channel at this bar: the line through the first and third of the last three swings and its parallels at multiples of the distance to the second, as prices.",
        "base = p0 + (p2 - p0) / (bar2 - bar0) * (bar - bar0), width = p1 - base at bar1; Fischer, Fibonacci Applications and Strategies for Traders (1993)",
    );
    over_swings(spec, |_| {
        Ok((
            3,
            3,
            Arc::new(|view: &View| match view.swings {
                [p0, p1, p2] => {
                    let slope = (p2.price - p0.price) / bars_from(p0.bar, p2.bar);
                    let base = |bar: usize| p0.price + slope * bars_from(p0.bar, bar);
                    let width = p1.price - base(p1.bar);
                    [0.0, 0.618, 1.0, 1.618].map(|ratio| base(view.bar) + ratio * width)
                }
                _ => [f64::NAN; 4],
            }),
        ))
    })
}

fn fib_time_zones() -> Function {
    let spec = spec("fib_time_zones", &[], "bars_to_next", "Fibonacci time zones: whether this bar is 1, 2, 3, 5, 8, 13, ... bars after the last confirmed swing, and how many bars it is to the next zone.", "Murphy, Technical Analysis of the Financial Markets (1999)")
        .with_output(Output::Struct(vec![
            OutputField::new("on_zone", OutputType::Flag, "whether the bar is on a zone"),
            OutputField::new("bars_to_next", OutputType::Integer, "bars to the next zone, at least 1"),
        ]));
    over_swings(spec, |_| {
        Ok((
            1,
            1,
            Arc::new(|view: &View| match view.swings {
                [.., anchor] => zone(view.bar.saturating_sub(anchor.bar)),
                [] => [f64::NAN; 2],
            }),
        ))
    })
}

fn zone(distance: usize) -> [f64; 2] {
    let (mut zone, mut next) = (1_usize, 2_usize);
    let mut is_on = false;
    while zone <= distance {
        is_on |= zone == distance;
        (zone, next) = (next, zone.saturating_add(next));
    }
    [f64::from(u8::from(is_on)), (zone - distance) as f64]
}

pub(super) fn functions() -> Vec<Function> {
    vec![fib_fan(), fib_arcs(), fib_channel(), fib_time_zones()]
}
