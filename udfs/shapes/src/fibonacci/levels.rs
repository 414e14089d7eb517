//! Levels that do not move with time: retracements, extensions, projections, clusters.

use super::FAMILY;
use crate::bind::{Describe, over_prices};
use crate::swings::{Swing, View, is_level, over_swings, swing_spec, threshold, tolerance};
use quantlake_core::{Args, Function, FunctionSpec, ParamKind, ParamSpec, ParamValue, QlError};
use std::sync::Arc;

const SOURCE: &str = "Fischer, Fibonacci Applications and Strategies for Traders (1993)";

/// Two legs of 20 and 10, confirmed at the fourth and fifth price.
pub(super) const PRICES: [f64; 7] = [100.0, 120.0, 100.0, 110.0, 103.0, 104.0, 112.0];

fn spec(
    name: &str,
    extra: Vec<ParamSpec>,
    fields: &[(&str, &str)],
    shown: &str,
    summary: &str,
) -> FunctionSpec {
    let mut params = vec![threshold()];
    params.extend(extra);
    swing_spec(name, FAMILY, params, summary, SOURCE)
        .numbers(fields)
        .with_example(&over_prices(name, "", shown, &PRICES), "")
}

const RETRACEMENTS: [f64; 7] = [0.0, 0.236, 0.382, 0.5, 0.618, 0.786, 1.0];

const RETRACEMENT_FIELDS: [(&str, &str); 7] = [
    ("level_0", "end of the leg"),
    ("level_236", "23.6 % of the leg back from its end"),
    ("level_382", "38.2 % back"),
    ("level_500", "half-way back"),
    ("level_618", "61.8 % back"),
    ("level_786", "78.6 % back"),
    ("level_1000", "start of the leg"),
];

/// The price after a share of the leg has been taken back.
fn back(start: &Swing, end: &Swing, ratio: f64) -> f64 {
    end.price + ratio * (start.price - end.price)
}

fn fib_retracement() -> Function {
    let spec = spec(
        "fib_retracement",
        vec![],
        &RETRACEMENT_FIELDS,
        "level_618",
        "Retracement levels of the last leg between two confirmed swings, as prices.",
    );
    over_swings(spec, |_| {
        Ok((
            2,
            2,
            Arc::new(|view: &View| match view.swings {
                [start, end] => RETRACEMENTS.map(|ratio| back(start, end, ratio)),
                _ => [f64::NAN; 7],
            }),
        ))
    })
}

/// The constant `legs` of the functions that look at several.
fn legs(args: &Args) -> Result<usize, QlError> {
    args.count("legs")
}

fn legs_param() -> ParamSpec {
    let kind = ParamKind::Integer { min: 1, max: 20 };
    ParamSpec::optional(
        "legs",
        kind,
        ParamValue::Integer(5),
        "how many of the last legs are looked at",
    )
}

fn auto_fib() -> Function {
    let spec = spec(
        "auto_fib",
        vec![legs_param()],
        &RETRACEMENT_FIELDS,
        "level_618",
        "Retracement levels of the longest of the last legs between confirmed swings (the newest of equals), as prices.",
    );
    over_swings(spec, |args| {
        Ok((
            legs(args)? + 1,
            2,
            Arc::new(|view: &View| {
                let length = |leg: &&[Swing]| {
                    leg.iter()
                        .map(|s| s.price)
                        .reduce(|a, b| (a - b).abs())
                        .unwrap_or(0.0)
                };
                let longest = view
                    .swings
                    .windows(2)
                    .max_by(|a, b| length(a).total_cmp(&length(b)));
                match longest {
                    Some([start, end]) => RETRACEMENTS.map(|ratio| back(start, end, ratio)),
                    _ => [f64::NAN; 7],
                }
            }),
        ))
    })
}

fn fib_extension() -> Function {
    let fields = [
        ("level_1272", "127.2 % of the leg from its start"),
        ("level_1414", "141.4 %"),
        ("level_1618", "161.8 %"),
        ("level_2000", "200 %"),
        ("level_2618", "261.8 %"),
    ];
    let spec = spec(
        "fib_extension",
        vec![],
        &fields,
        "level_1618",
        "Extensions of the last leg between two confirmed swings beyond its end, as prices.",
    );
    over_swings(spec, |_| {
        Ok((
            2,
            2,
            Arc::new(|view: &View| match view.swings {
                [start, end] => [1.272, 1.414, 1.618, 2.0, 2.618]
                    .map(|ratio| start.price + ratio * (end.price - start.price)),
                _ => [f64::NAN; 5],
            }),
        ))
    })
}

fn fib_projection() -> Function {
    let fields = [
        ("level_618", "61.8 % of the first leg from the third swing"),
        ("level_1000", "100 %: the measured move AB = CD"),
        ("level_1618", "161.8 %"),
        ("level_2618", "261.8 %"),
    ];
    let spec = spec(
        "fib_projection",
        vec![],
        &fields,
        "level_1000",
        "Projections of the leg A-B of the last three swings A-B-C from C, as prices.",
    );
    over_swings(spec, |_| {
        Ok((
            3,
            3,
            Arc::new(|view: &View| match view.swings {
                [a, b, c] => {
                    [0.618, 1.0, 1.618, 2.618].map(|ratio| c.price + ratio * (b.price - a.price))
                }
                _ => [f64::NAN; 4],
            }),
        ))
    })
}

fn golden_pocket() -> Function {
    let fields = [
        ("low", "lower edge of the pocket"),
        ("mid", "middle of the pocket"),
        ("high", "upper edge of the pocket"),
    ];
    let spec = spec(
        "golden_pocket",
        vec![],
        &fields,
        "mid",
        "Golden pocket: the zone from 61.8 % to 65 % back of the last leg between two confirmed swings, as prices.",
    );
    over_swings(spec, |_| {
        Ok((
            2,
            2,
            Arc::new(|view: &View| match view.swings {
                [start, end] => {
                    let (a, b) = (back(start, end, 0.618), back(start, end, 0.65));
                    [a.min(b), (a + b) / 2.0, a.max(b)]
                }
                _ => [f64::NAN; 3],
            }),
        ))
    })
}

fn fib_confluence() -> Function {
    let fields = [
        ("price", "mean of the levels in the cluster"),
        ("strength", "how many levels are in the cluster"),
    ];
    let spec = spec(
        "fib_confluence",
        vec![legs_param(), tolerance()],
        &fields,
        "price",
        "Fibonacci confluence: of the 38.2 %, 50 % and 61.8 % retracements of the last legs, the level with the most others within a tolerance (of equals the one of the newest leg and the larger ratio), as mean price and count.",
    );
    over_swings(spec, |args| {
        let tolerance = args.number("tolerance")?;
        Ok((
            legs(args)? + 1,
            3,
            Arc::new(move |view: &View| densest(view.swings, tolerance)),
        ))
    })
}

fn densest(swings: &[Swing], tolerance: f64) -> [f64; 2] {
    let legs = swings.windows(2);
    let levels: Vec<f64> = legs
        .flat_map(|leg| {
            [0.382, 0.5, 0.618].map(|ratio| match leg {
                [start, end] => back(start, end, ratio),
                _ => f64::NAN,
            })
        })
        .collect();
    let cluster = |centre: f64| {
        let members = levels
            .iter()
            .filter(|level| is_level(**level, centre, tolerance));
        members.fold((0.0, 0.0), |(count, sum), level| (count + 1.0, sum + level))
    };
    let clusters = levels.iter().map(|level| cluster(*level));
    clusters
        .reduce(|best, next| if next.0 >= best.0 { next } else { best })
        .map_or([f64::NAN; 2], |(count, sum)| [sum / count, count])
}

pub(super) fn functions() -> Vec<Function> {
    vec![
        fib_retracement(),
        auto_fib(),
        fib_extension(),
        fib_projection(),
        golden_pocket(),
        fib_confluence(),
    ]
}
