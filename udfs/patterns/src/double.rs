//! Double tops and bottoms: two extremes at one level with a trough between them.
//!
//! The words are those of a double top; [`Profile`] makes a double bottom the same case.
//!
//! A pair of pivots (first, second) with the lowest bar strictly between them (the middle, the
//! earlier one of equals) is a double top when
//!
//! 1. first and second are `min_bars` to `max_bars` apart,
//! 2. their prices differ by at most `tolerance` of the larger price,
//! 3. the middle lies at least `min_depth` of the lower extreme below it,
//! 4. no bar from first to middle is above first, and none from middle to second above second,
//! 5. there is something to reverse: before first, over at most `trend_bars` bars and back to the
//!    last bar above first, the price came up by at least `min_trend` pattern heights. The height
//!    is the higher extreme minus the middle.
//!
//! The pair is known when the second pivot is. Of several firsts for one second, the pair with the
//! highest score is taken, the later first of equals. A middle serves one pattern only, the one
//! known first: a third touch of the same level above the same trough is not another event.
//!
//! Source: Bulkowski, Encyclopedia of Chart Patterns (2nd ed. 2005), chapters on double tops and
//! bottoms, for the trough, the close beyond it as confirmation and the measure rule; Edwards and
//! Magee, Technical Analysis of Stock Trends, for the prior trend and the lower second volume.
//! Checked against an independent reference (`tests/golden/patterns.py`).

use crate::bars::Bars;
use crate::pivots::pivot_highs;
use crate::profile::Profile;
use crate::score::score;

/// The parameters of double tops and bottoms; the module says what they mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubleRules {
    /// Bars on each side of a swing pivot; the second extreme is known this many bars later.
    pub pivot_bars: usize,
    /// Largest difference between the extremes, as a fraction of the larger price.
    pub tolerance: f64,
    /// Smallest distance from the nearer extreme to the middle, as a fraction of that extreme.
    pub min_depth: f64,
    /// Fewest bars between the extremes.
    pub min_bars: usize,
    /// Most bars between the extremes.
    pub max_bars: usize,
    /// Smallest move into the first extreme, in pattern heights.
    pub min_trend: f64,
    /// Most bars that the move into the first extreme may take.
    pub trend_bars: usize,
    /// Bars after the pattern is known in which it has to be confirmed.
    pub confirm_within: usize,
    /// Distance of the stop beyond the outer extreme, as a fraction of that extreme.
    pub stop_margin: f64,
}

/// Two extremes, the trough between them, and when that is known. Prices are the profile's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DoubleShape {
    /// Bar of the first extreme.
    pub first: usize,
    /// Bar of the trough.
    pub middle: usize,
    /// Bar of the second extreme.
    pub second: usize,
    /// Bar at which the second extreme is known to be a pivot.
    pub known: usize,
    /// Price of the trough.
    pub neckline: f64,
    /// From the trough to the outer extreme.
    pub height: f64,
    /// Beyond both extremes by the stop margin: the price that proves the pattern wrong.
    pub stop: f64,
    /// How well formed the pattern is, 0 to 1.
    pub score: f64,
}

/// Finds the double tops of a profile in the order in which they become known.
pub fn double_shapes(bars: &Bars, profile: &Profile, rules: &DoubleRules) -> Vec<DoubleShape> {
    let pivots = pivot_highs(&profile.outer, rules.pivot_bars);
    let mut search = Search {
        bars,
        profile,
        rules,
        is_pivot: vec![false; profile.outer.len()],
        is_used: vec![false; profile.outer.len()],
    };
    for pivot in &pivots {
        search.is_pivot[*pivot] = true;
    }
    pivots
        .into_iter()
        .filter_map(|second| search.take(second))
        .collect()
}

struct Search<'a> {
    bars: &'a Bars,
    profile: &'a Profile,
    rules: &'a DoubleRules,
    is_pivot: Vec<bool>,
    /// Middles that serve a pattern already.
    is_used: Vec<bool>,
}

/// What lies between a bar and the second extreme, while walking back from it.
struct Between {
    middle: usize,
    /// Highest outer price after the walker's bar, up to the middle.
    left_top: f64,
    /// Highest outer price from the middle up to the second extreme.
    right_top: f64,
    /// Highest outer price of all bars walked over.
    top: f64,
}

impl Search<'_> {
    fn take(&mut self, second: usize) -> Option<DoubleShape> {
        let shape = self.best(second)?;
        self.is_used[shape.middle] = true;
        Some(shape)
    }

    /// Walks back from the second extreme and keeps the best pair.
    fn best(&self, second: usize) -> Option<DoubleShape> {
        let mut best: Option<DoubleShape> = None;
        let mut between = self.start(second)?;
        let farthest = second.saturating_sub(self.rules.max_bars);
        for first in (farthest..second - 1).rev() {
            if between.right_top > self.profile.outer[second] {
                break;
            }
            if let Some(shape) = self.pair(first, &between, second)
                && best.is_none_or(|b| shape.score > b.score)
            {
                best = Some(shape);
            }
            self.widen(&mut between, first);
        }
        best
    }

    fn start(&self, second: usize) -> Option<Between> {
        let middle = second.checked_sub(1)?;
        let top = self.profile.outer[middle];
        Some(Between {
            middle,
            left_top: top,
            right_top: top,
            top,
        })
    }

    fn widen(&self, between: &mut Between, bar: usize) {
        let outer = self.profile.outer[bar];
        between.top = between.top.max(outer);
        if self.profile.inner[bar] <= self.profile.inner[between.middle] {
            between.middle = bar;
            between.left_top = outer;
            between.right_top = between.top;
        } else {
            between.left_top = between.left_top.max(outer);
        }
    }

    fn pair(&self, first: usize, between: &Between, second: usize) -> Option<DoubleShape> {
        let (outer, rules) = (&self.profile.outer, self.rules);
        let fits = self.is_pivot[first]
            && !self.is_used[between.middle]
            && second - first >= rules.min_bars
            && between.left_top <= outer[first];
        if !fits {
            return None;
        }
        let (nearer, farther) = (
            outer[first].min(outer[second]),
            outer[first].max(outer[second]),
        );
        let neckline = self.profile.inner[between.middle];
        let level_gap = relative_gap(nearer, farther);
        let height = farther - neckline;
        let is_formed = level_gap <= rules.tolerance
            && nearer - neckline >= rules.min_depth * nearer.abs()
            && self.run_into(first) >= rules.min_trend * height;
        is_formed.then(|| {
            let mut shape = DoubleShape {
                first,
                middle: between.middle,
                second,
                known: second + rules.pivot_bars,
                neckline,
                height,
                stop: farther + rules.stop_margin * farther.abs(),
                score: 0.0,
            };
            shape.score = score(self.bars, &shape, level_gap, rules);
            shape
        })
    }

    /// How far the price came up to a bar, over the bars before it that stay at or below it.
    fn run_into(&self, bar: usize) -> f64 {
        let (outer, inner) = (&self.profile.outer, &self.profile.inner);
        let from = bar.saturating_sub(self.rules.trend_bars);
        let start = outer[from..bar]
            .iter()
            .zip(&inner[from..bar])
            .rev()
            .take_while(|(top, _)| **top <= outer[bar])
            .fold(outer[bar], |lowest, (_, low)| lowest.min(*low));
        outer[bar] - start
    }
}

/// The difference of two levels as a fraction of the larger true price.
fn relative_gap(nearer: f64, farther: f64) -> f64 {
    (farther - nearer) / farther.abs().max(nearer.abs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Side;

    const RULES: DoubleRules = DoubleRules {
        pivot_bars: 1,
        tolerance: 0.03,
        min_depth: 0.05,
        min_bars: 2,
        max_bars: 20,
        min_trend: 1.0,
        trend_bars: 20,
        confirm_within: 10,
        stop_margin: 0.01,
    };

    fn shapes(prices: &[f64], side: Side, rules: DoubleRules) -> Vec<(usize, usize, usize, usize)> {
        let ts: Vec<i64> = (0..).take(prices.len()).collect();
        let none = vec![f64::NAN; prices.len()];
        let Ok(bars) = Bars::try_new(&ts, prices, prices, prices, &none) else {
            return Vec::new();
        };
        double_shapes(&bars, &Profile::new(&bars, side), &rules)
            .iter()
            .map(|s| (s.first, s.middle, s.second, s.known))
            .collect()
    }

    const TOP: [f64; 8] = [80.0, 90.0, 100.0, 90.0, 85.0, 92.0, 99.0, 95.0];

    #[test]
    fn two_highs_at_one_level_above_a_trough_are_a_double_top() {
        assert_eq!(shapes(&TOP, Side::Top, RULES), [(2, 4, 6, 7)]);
        assert!(shapes(&TOP, Side::Bottom, RULES).is_empty());
    }

    #[test]
    fn two_lows_at_one_level_below_a_peak_are_a_double_bottom() {
        let prices = TOP.map(|p| 200.0 - p);
        assert_eq!(shapes(&prices, Side::Bottom, RULES), [(2, 4, 6, 7)]);
        assert!(shapes(&prices, Side::Top, RULES).is_empty());
    }

    #[test]
    fn the_second_high_has_to_be_a_known_pivot() {
        assert!(shapes(&TOP[..7], Side::Top, RULES).is_empty());
    }

    #[test]
    fn highs_too_far_apart_in_price_are_no_pair() {
        let tight = DoubleRules {
            tolerance: 0.009,
            ..RULES
        };
        assert!(shapes(&TOP, Side::Top, tight).is_empty());
        let exact = DoubleRules {
            tolerance: 0.01,
            ..RULES
        };
        assert_eq!(shapes(&TOP, Side::Top, exact).len(), 1);
    }

    #[test]
    fn a_shallow_trough_is_no_middle() {
        let deep = DoubleRules {
            min_depth: 0.15,
            ..RULES
        };
        assert!(shapes(&TOP, Side::Top, deep).is_empty());
    }

    #[test]
    fn without_a_rise_before_it_there_is_nothing_to_reverse() {
        assert!(shapes(&TOP[1..], Side::Top, RULES).is_empty());
        let any = DoubleRules {
            min_trend: 0.0,
            ..RULES
        };
        assert_eq!(shapes(&TOP[1..], Side::Top, any).len(), 1);
    }

    #[test]
    fn a_bar_above_the_first_high_before_the_trough_breaks_the_pair() {
        let prices = [80.0, 99.0, 98.0, 99.5, 85.0, 92.0, 99.0, 95.0];
        assert_eq!(shapes(&prices, Side::Top, RULES), [(3, 4, 6, 7)]);
    }

    #[test]
    fn a_third_touch_above_the_same_trough_is_not_another_pattern() {
        let prices = [80.0, 100.0, 85.0, 99.0, 96.0, 99.5, 95.0];
        let rules = DoubleRules {
            min_trend: 0.5,
            ..RULES
        };
        assert_eq!(shapes(&prices, Side::Top, rules), [(1, 2, 3, 4)]);
    }
}
