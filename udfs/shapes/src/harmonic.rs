//! Harmonic patterns: swings whose lengths stand in Fibonacci ratios, signalled at the bar that
//! confirms the last point.
//!
//! Each is a list of windows for the ratios of its legs. Two differ from `wickra-core`: the Shark
//! is Carney's 0-X-A-B-C read as X-A-B-C-D (the library mixes both labellings), and the Three
//! Drives are three drives with the two corrections between them (the library asks for a third
//! correction before the first drive and leaves out how deep corrections are).

use crate::bind::{Describe, over_prices};
use crate::swings::{Swing, View, is_level, over_swings, swing_spec, threshold};
use quantlake_core::Function;
use std::sync::Arc;

const FAMILY: &str = "harmonic";

const CARNEY: &str = "Carney, Harmonic Trading (volume 1, 2010; Shark: volume 3, 2016)";

/// A pattern over `N` points.
struct Pattern<const N: usize> {
    name: &'static str,
    title: &'static str,
    /// The windows in words.
    ratios: &'static str,
    source: &'static str,
    matches: fn(&[f64; N]) -> bool,
    example: &'static [f64],
}

fn is_in(value: f64, (low, high): (f64, f64)) -> bool {
    value >= low && value <= high
}

fn bind<const N: usize>(pattern: Pattern<N>) -> Function {
    let Pattern {
        name,
        title,
        ratios,
        source,
        matches,
        example,
    } = pattern;
    let summary = format!(
        "{title}: +1 where its last point is a low (bullish), -1 where it is a high (bearish), at the bar that confirms that point, else 0. {ratios}."
    );
    let spec = swing_spec(name, FAMILY, vec![threshold()], &summary, source)
        .integer()
        .with_example(&over_prices(name, "", "", example), "");
    over_swings(spec, move |_| {
        let rule = move |view: &View| match <&[Swing; N]>::try_from(view.swings) {
            Ok(swings) if view.is_new && matches(&swings.map(|s| s.price)) => match swings.last() {
                Some(last) if last.is_high => [-1.0],
                _ => [1.0],
            },
            _ => [0.0],
        };
        Ok((N, N, Arc::new(rule)))
    })
}

/// Windows of AB/XA, BC/AB, CD/BC and AD/XA.
fn has_ratios([x, a, b, c, d]: &[f64; 5], windows: [(f64, f64); 4]) -> bool {
    let (xa, ab, bc) = ((a - x).abs(), (b - a).abs(), (c - b).abs());
    let (cd, ad) = ((d - c).abs(), (d - a).abs());
    let ratios = [ab / xa, bc / ab, cd / bc, ad / xa];
    ratios
        .into_iter()
        .zip(windows)
        .all(|(ratio, window)| is_in(ratio, window))
}

/// How far C takes back AB in all patterns of Gartley's family.
const BC: (f64, f64) = (0.382, 0.886);

fn five_points() -> Vec<Function> {
    vec![
        bind(Pattern {
            name: "harmonic_gartley",
            title: "Gartley pattern X-A-B-C-D",
            ratios: "AB/XA in 0.55..0.70 (0.618), BC/AB in 0.382..0.886, CD/BC in 1.13..1.618, AD/XA in 0.74..0.84 (0.786)",
            source: CARNEY,
            matches: |p| has_ratios(p, [(0.55, 0.70), BC, (1.13, 1.618), (0.74, 0.84)]),
            example: &[150.0, 100.0, 200.0, 138.0, 172.0, 122.0, 140.0],
        }),
        bind(Pattern {
            name: "harmonic_bat",
            title: "Bat pattern X-A-B-C-D",
            ratios: "AB/XA in 0.382..0.50, BC/AB in 0.382..0.886, CD/BC in 1.618..2.618, AD/XA in 0.84..0.93 (0.886)",
            source: CARNEY,
            matches: |p| has_ratios(p, [(0.382, 0.50), BC, (1.618, 2.618), (0.84, 0.93)]),
            example: &[150.0, 100.0, 200.0, 155.0, 185.0, 112.0, 130.0],
        }),
        bind(Pattern {
            name: "harmonic_butterfly",
            title: "Butterfly pattern X-A-B-C-D",
            ratios: "AB/XA in 0.74..0.84 (0.786), BC/AB in 0.382..0.886, CD/BC in 1.618..2.618, AD/XA in 1.27..1.618",
            source: CARNEY,
            matches: |p| has_ratios(p, [(0.74, 0.84), BC, (1.618, 2.618), (1.27, 1.618)]),
            example: &[150.0, 100.0, 200.0, 121.0, 170.0, 70.0, 90.0],
        }),
        bind(Pattern {
            name: "harmonic_crab",
            title: "Crab pattern X-A-B-C-D",
            ratios: "AB/XA in 0.382..0.618, BC/AB in 0.382..0.886, CD/BC in 2.24..3.618, AD/XA in 1.55..1.65 (1.618)",
            source: CARNEY,
            matches: |p| has_ratios(p, [(0.382, 0.618), BC, (2.24, 3.618), (1.55, 1.65)]),
            example: &[150.0, 100.0, 200.0, 145.0, 187.0, 40.0, 60.0],
        }),
        bind(Pattern {
            name: "harmonic_shark",
            title: "Shark pattern, Carney's 0-X-A-B-C as X-A-B-C-D",
            ratios: "BC/AB in 1.13..1.618, CD/BC in 1.618..2.24, AD/XA in 0.886..1.13",
            source: CARNEY,
            matches: |p| {
                has_ratios(
                    p,
                    [
                        (0.0, f64::INFINITY),
                        (1.13, 1.618),
                        (1.618, 2.24),
                        (0.886, 1.13),
                    ],
                )
            },
            example: &[150.0, 100.0, 200.0, 150.0, 215.0, 98.0, 110.0],
        }),
        bind(Pattern {
            name: "harmonic_cypher",
            title: "Cypher pattern X-A-B-C-D",
            ratios: "AB/XA in 0.382..0.618, XC/XA in 1.272..1.414, CD/XC in 0.74..0.83 (0.786)",
            source: "Oglesbee's Cypher as in Carney, Harmonic Trading (volume 2, 2010)",
            matches: is_cypher,
            example: &[150.0, 100.0, 200.0, 150.0, 235.0, 129.0, 140.0],
        }),
    ]
}

fn is_cypher([x, a, b, c, d]: &[f64; 5]) -> bool {
    let (xa, xc) = ((a - x).abs(), (c - x).abs());
    is_in((b - a).abs() / xa, (0.382, 0.618))
        && is_in(xc / xa, (1.272, 1.414))
        && is_in((d - c).abs() / xc, (0.74, 0.83))
}

/// How much the legs AB and CD may differ, as a fraction of the longer.
const EQUAL_LEGS: f64 = 0.1;

fn is_abcd([a, b, c, d]: &[f64; 4]) -> bool {
    let (ab, bc, cd) = ((b - a).abs(), (c - b).abs(), (d - c).abs());
    is_in(bc / ab, BC) && is_in(cd / bc, (1.13, 2.618)) && is_level(ab, cd, EQUAL_LEGS)
}

/// Start, first drive, correction, second drive, correction, third drive.
fn is_three_drives([start, one, low, two, other, three]: &[f64; 6]) -> bool {
    let corrections = [(low - one) / (one - start), (other - two) / (two - low)];
    let drives = [(two - low) / (one - low), (three - other) / (two - other)];
    corrections
        .iter()
        .all(|ratio| is_in(ratio.abs(), (0.55, 0.84)))
        && drives.iter().all(|ratio| is_in(ratio.abs(), (1.13, 1.75)))
}

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = vec![bind(Pattern {
        name: "harmonic_abcd",
        title: "AB=CD pattern",
        ratios: "BC/AB in 0.382..0.886, CD/BC in 1.13..2.618, AB and CD equal within 10 % of the longer",
        source: CARNEY,
        matches: is_abcd,
        example: &[200.0, 150.0, 180.0, 130.0, 140.0],
    })];
    functions.extend(five_points());
    functions.push(bind(Pattern {
        name: "harmonic_three_drives",
        title: "Three Drives pattern",
        ratios: "Each of the two corrections takes back 0.55..0.84 (0.618 to 0.786) of the drive before it, and each of the two drives after them is 1.13..1.75 (1.272 to 1.618) of the correction before it",
        source: "Carney, The Harmonic Trader (1999); Pesavento, Fibonacci Ratios with Pattern Recognition (1997)",
        matches: is_three_drives,
        example: &[200.0, 150.0, 185.0, 137.0, 170.0, 125.0, 140.0],
    }));
    functions
}
