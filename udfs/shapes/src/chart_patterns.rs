//! Chart patterns of three to five swings, signalled at the bar that confirms the last one.
//!
//! Where the detectors of `wickra-core` are looser than the books: the wedge compares slopes per
//! bar, the handle of a cup has to stay in the upper part of the cup, and the three extremes of a
//! triple top are compared with each other, not only with the next. A pattern that follows up
//! with neckline, target and stop is `pattern_events`.

use crate::bind::{Describe, over_prices};
use crate::swings::{Swing, View, is_level, over_swings, swing_spec, threshold, tolerance};
use quantlake_core::{Function, FunctionSpec, ParamSpec};
use quantlake_indicators::machine::number;
use std::sync::Arc;

const FAMILY: &str = "patterns";

const BULKOWSKI: &str = "Bulkowski, Encyclopedia of Chart Patterns (2nd ed. 2005)";

fn spec(name: &str, extra: Vec<ParamSpec>, summary: &str, prices: &[f64]) -> FunctionSpec {
    let mut params = vec![threshold()];
    params.extend(extra);
    swing_spec(name, FAMILY, params, summary, BULKOWSKI)
        .integer()
        .with_example(&over_prices(name, "", "", prices), "")
}

/// A pattern over the last `n` swings: `found` says +1, -1 or 0; 0 at bars that confirm nothing.
fn over_last<const N: usize>(
    spec: FunctionSpec,
    constant: &'static str,
    found: fn(&[Swing; N], f64) -> f64,
) -> Function {
    over_swings(spec, move |args| {
        let constant = match constant {
            "" => 0.0,
            name => args.number(name)?,
        };
        let rule = move |view: &View| match <&[Swing; N]>::try_from(view.swings) {
            Ok(swings) if view.is_new => [found(swings, constant)],
            _ => [0.0],
        };
        Ok((N, N, Arc::new(rule)))
    })
}

/// The signal of a reversal whose last swing is a high (falling) or a low (rising).
fn reversal(is_found: bool, last: &Swing) -> f64 {
    match (is_found, last.is_high) {
        (false, _) => 0.0,
        (true, true) => -1.0,
        (true, false) => 1.0,
    }
}

fn double_top_bottom() -> Function {
    let spec = spec(
        "double_top_bottom",
        vec![tolerance()],
        "Double top (-1) or double bottom (+1): two highs, or two lows, in a row at one level, at the bar that confirms the second; else 0.",
        &[100.0, 110.0, 100.0, 110.0, 101.0, 100.0],
    );
    over_last(spec, "tolerance", |[first, _, last], tolerance| {
        reversal(is_level(first.price, last.price, tolerance), last)
    })
}

fn triple_top_bottom() -> Function {
    let spec = spec(
        "triple_top_bottom",
        vec![tolerance()],
        "Triple top (-1) or triple bottom (+1): three highs, or three lows, in a row at one level, at the bar that confirms the third; else 0.",
        &[100.0, 110.0, 100.0, 110.0, 101.0, 111.0, 100.0],
    );
    over_last(
        spec,
        "tolerance",
        |[first, _, middle, _, last], tolerance| {
            let same = |a: &Swing, b: &Swing| is_level(a.price, b.price, tolerance);
            reversal(
                same(first, middle) && same(middle, last) && same(first, last),
                last,
            )
        },
    )
}

fn head_and_shoulders() -> Function {
    let spec = spec(
        "head_and_shoulders",
        vec![tolerance()],
        "Head and shoulders top (-1) or bottom (+1): three highs of which the middle one is the highest, the outer two at one level, with the two lows between at one level (or the mirror image), at the bar that confirms the second shoulder; else 0.",
        &[100.0, 110.0, 100.0, 120.0, 101.0, 111.0, 100.0],
    );
    over_last(
        spec,
        "tolerance",
        |[left, neck, head, other, right], tolerance| {
            let sign = if head.is_high { 1.0 } else { -1.0 };
            let is_head =
                sign * (head.price - left.price) > 0.0 && sign * (head.price - right.price) > 0.0;
            let levels = is_level(left.price, right.price, tolerance)
                && is_level(neck.price, other.price, tolerance);
            reversal(is_head && levels, right)
        },
    )
}

/// The last two highs and the last two lows of four swings, each older one first.
fn sides(swings: &[Swing; 4]) -> ([Swing; 2], [Swing; 2]) {
    let [a, b, c, d] = *swings;
    match d.is_high {
        true => ([b, d], [a, c]),
        false => ([a, c], [b, d]),
    }
}

fn triangle_pattern() -> Function {
    let spec = spec(
        "triangle_pattern",
        vec![tolerance()],
        "Triangle of the last four swings: +1 for level highs over rising lows (ascending), -1 for falling highs over level lows (descending); of falling highs over rising lows (symmetrical) the sign of the last swing, +1 from a low; else 0.",
        &[100.0, 120.0, 100.0, 120.0, 110.0, 120.0],
    );
    over_last(spec, "tolerance", |swings, tolerance| {
        let ([high1, high2], [low1, low2]) = sides(swings);
        let level_highs = is_level(high1.price, high2.price, tolerance);
        let level_lows = is_level(low1.price, low2.price, tolerance);
        let falling = high2.price < high1.price && !level_highs;
        let rising = low2.price > low1.price && !level_lows;
        match (level_highs, level_lows) {
            (true, false) if rising => 1.0,
            (false, true) if falling => -1.0,
            (false, false) if falling && rising => reversal(true, &swings[3]),
            _ => 0.0,
        }
    })
}

/// Price per bar from one swing to the next of its side.
fn slope([first, second]: [Swing; 2]) -> f64 {
    (second.price - first.price) / (second.bar as f64 - first.bar as f64)
}

fn wedge_pattern() -> Function {
    let spec = spec(
        "wedge_pattern",
        vec![],
        "Wedge of the last four swings: -1 where highs and lows rise and the lows rise faster per bar (rising wedge), +1 where both fall and the highs fall faster (falling wedge), else 0.",
        &[100.0, 120.0, 100.0, 121.0, 110.0, 121.0, 112.0],
    );
    over_last(spec, "", |swings, _| {
        let (highs, lows) = sides(swings);
        let (high, low) = (slope(highs), slope(lows));
        let is_rising = high > 0.0 && low > high;
        let is_falling = low < 0.0 && high < low;
        f64::from(i8::from(is_falling) - i8::from(is_rising))
    })
}

fn rectangle_pattern() -> Function {
    let spec = spec(
        "rectangle_pattern",
        vec![tolerance()],
        "Rectangle of the last four swings: two highs at one level and two lows at one level; +1 where the last swing is a low (a bounce off support), -1 where it is a high, else 0.",
        &[100.0, 120.0, 100.0, 120.0, 101.0, 120.0],
    );
    over_last(spec, "tolerance", |swings, tolerance| {
        let (highs, lows) = sides(swings);
        let is_flat = |[a, b]: [Swing; 2]| is_level(a.price, b.price, tolerance);
        reversal(is_flat(highs) && is_flat(lows), &swings[3])
    })
}

fn flag_pennant() -> Function {
    let extra = vec![number(
        "max_retrace",
        0.5,
        0.0,
        1.0,
        "the pull-back has to be shorter than this fraction of the pole",
    )];
    let spec = spec(
        "flag_pennant",
        extra,
        "Flag or pennant: a swing (the pole) and a shorter pull-back, at the bar that confirms the end of the pull-back; +1 after a rising pole, -1 after a falling one, else 0.",
        &[100.0, 90.0, 120.0, 112.0, 120.0],
    );
    over_last(spec, "max_retrace", |[start, pole, end], max_retrace| {
        let height = (pole.price - start.price).abs();
        let is_shallow = (end.price - pole.price).abs() < max_retrace * height;
        reversal(is_shallow, end)
    })
}

fn cup_and_handle() -> Function {
    let extra = vec![
        tolerance(),
        number(
            "max_handle",
            0.5,
            0.0,
            1.0,
            "the handle has to be shallower than this fraction of the cup",
        ),
    ];
    let spec = spec(
        "cup_and_handle",
        extra,
        "Cup with handle (+1) or its mirror image (-1): two rims at one level, and after the second a handle shallower than `max_handle` of the cup, at the bar that confirms the end of the handle; else 0.",
        &[100.0, 120.0, 100.0, 120.0, 113.0, 120.0],
    );
    over_swings(spec, |args| {
        let (tolerance, max_handle) = (args.number("tolerance")?, args.number("max_handle")?);
        let rule = move |view: &View| match view.swings {
            [rim, cup, other, handle] if view.is_new => {
                let depth = (other.price - cup.price).abs();
                let is_shallow = (other.price - handle.price).abs() < max_handle * depth;
                [reversal(
                    is_shallow && is_level(rim.price, other.price, tolerance),
                    handle,
                )]
            }
            _ => [0.0],
        };
        Ok((4, 4, Arc::new(rule)))
    })
}

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    vec![
        double_top_bottom(),
        triple_top_bottom(),
        head_and_shoulders(),
        triangle_pattern(),
        wedge_pattern(),
        rectangle_pattern(),
        flag_pennant(),
        cup_and_handle(),
    ]
}
