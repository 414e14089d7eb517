//! How well formed a double top or bottom is.
//!
//! The score is the mean of the components that can be computed, each from 0 to 1:
//!
//! * level: 1 when both extremes are at one price, 0 when they differ by the tolerance;
//! * depth: the height over [`FULL_DEPTH`] average true ranges of the bars from first to second,
//!   at most 1, so that a shape no larger than the noise scores low;
//! * time: 1 when the middle is half-way between the extremes, 0 when it is next to one;
//! * volume: the share of the first extreme in the average volumes around both, so 1/2 when they
//!   are equal and more when interest fades at the second. Left out where volume is not known.
//!
//! All of it is known when the pattern is, so the score does not change afterwards.

use crate::bars::Bars;
use crate::double::{DoubleRules, DoubleShape};

/// The height, in average true ranges, from which the depth counts in full.
pub const FULL_DEPTH: f64 = 8.0;

/// The score of a shape from 0 to 1; `level_gap` is the relative difference of its extremes.
pub fn score(bars: &Bars, shape: &DoubleShape, level_gap: f64, rules: &DoubleRules) -> f64 {
    let components = [
        Some(level(level_gap, rules.tolerance)),
        Some(depth(bars, shape)),
        Some(time(shape)),
        volume(bars, shape, rules.pivot_bars),
    ];
    mean(components.into_iter().flatten()).unwrap_or(0.0)
}

fn level(gap: f64, tolerance: f64) -> f64 {
    if gap > 0.0 {
        1.0 - gap / tolerance
    } else {
        1.0
    }
}

fn depth(bars: &Bars, shape: &DoubleShape) -> f64 {
    let ranges = (shape.first..=shape.second).map(|bar| true_range(bars, bar));
    match mean(ranges) {
        Some(range) if range > 0.0 => (shape.height / (FULL_DEPTH * range)).min(1.0),
        _ => 1.0,
    }
}

fn true_range(bars: &Bars, bar: usize) -> f64 {
    let (high, low) = (bars.high[bar], bars.low[bar]);
    match bar.checked_sub(1) {
        Some(before) => high.max(bars.close[before]) - low.min(bars.close[before]),
        None => high - low,
    }
}

fn time(shape: &DoubleShape) -> f64 {
    let left = (shape.middle - shape.first) as f64;
    let right = (shape.second - shape.middle) as f64;
    1.0 - (left - right).abs() / (left + right)
}

fn volume(bars: &Bars, shape: &DoubleShape, span: usize) -> Option<f64> {
    let around = |bar: usize| {
        let known = bars.volume[bar - span..=bar + span].iter().copied();
        mean(known.filter(|v| v.is_finite() && *v >= 0.0))
    };
    let (first, second) = (around(shape.first)?, around(shape.second)?);
    (first + second > 0.0).then(|| first / (first + second))
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (n, sum) = values.fold((0_u32, 0.0), |(n, sum), v| (n + 1, sum + v));
    (n > 0).then(|| sum / f64::from(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: DoubleRules = DoubleRules {
        pivot_bars: 1,
        tolerance: 0.04,
        min_depth: 0.0,
        min_bars: 1,
        max_bars: 10,
        min_trend: 0.0,
        trend_bars: 1,
        confirm_within: 1,
        stop_margin: 0.0,
    };

    const SHAPE: DoubleShape = DoubleShape {
        first: 1,
        middle: 3,
        second: 5,
        known: 6,
        neckline: 96.0,
        height: 4.0,
        stop: 104.0,
        score: 0.0,
    };

    /// Seven bars whose true range is 1.
    fn bars(volume: [f64; 7]) -> Bars {
        Bars {
            ts: (0..7).collect(),
            high: vec![100.5; 7],
            low: vec![99.5; 7],
            close: vec![100.0; 7],
            volume: volume.to_vec(),
        }
    }

    #[test]
    fn the_score_is_the_mean_of_level_depth_time_and_volume() {
        let volume = [3.0, 3.0, 3.0, 1.0, 1.0, 1.0, 1.0];
        let got = score(&bars(volume), &SHAPE, 0.01, &RULES);
        assert_eq!(got, (0.75 + 0.5 + 1.0 + 0.75) / 4.0);
    }

    #[test]
    fn without_volume_the_other_components_count() {
        for volume in [[f64::NAN; 7], [0.0; 7]] {
            let got = score(&bars(volume), &SHAPE, 0.01, &RULES);
            assert_eq!(got, (0.75 + 0.5 + 1.0) / 3.0);
        }
    }

    #[test]
    fn equal_extremes_score_in_full_even_without_tolerance() {
        let exact = DoubleRules {
            tolerance: 0.0,
            ..RULES
        };
        let got = score(&bars([f64::NAN; 7]), &SHAPE, 0.0, &exact);
        assert_eq!(got, (1.0 + 0.5 + 1.0) / 3.0);
    }

    #[test]
    fn a_middle_next_to_an_extreme_scores_low_in_time() {
        let lopsided = DoubleShape { middle: 2, ..SHAPE };
        assert_eq!(time(&lopsided), 0.5);
    }
}
