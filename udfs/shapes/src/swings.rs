//! Swings: the turning points that chart patterns, harmonic patterns and Fibonacci levels join.
//!
//! A swing is known once price has come back from its extreme by `threshold`, as a fraction of
//! the extreme; it never changes afterwards. From the first bar on, the highest high is followed
//! until a low lies the threshold below it: that bar makes the high a swing, and its low is
//! followed next, until a high lies the threshold above. A bar that extends the extreme does not
//! end it.
//!
//! `wickra-core` fixes the threshold at 5 % and its tolerances likewise; here they are arguments.

use crate::bars::Bars;
use crate::bind::{Describe, Rule, over, over_bar_rules, put};
use quantlake_core::{Args, Function, FunctionSpec, ParamSpec, QlError, Stability};
use quantlake_indicators::machine::number;
use std::collections::VecDeque;
use std::sync::Arc;

/// A turning point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Swing {
    /// Price of the extreme.
    pub price: f64,
    /// Whether it is a high.
    pub is_high: bool,
    /// The bar of the extreme, not the later bar at which it is known.
    pub bar: usize,
}

/// The extreme that is followed until price turns.
#[derive(Debug, Clone, Copy)]
struct Tracker {
    threshold: f64,
    extreme: Swing,
}

impl Tracker {
    /// Follows the high of the first bar.
    fn start(threshold: f64, high: f64) -> Self {
        let extreme = Swing {
            price: high,
            is_high: true,
            bar: 0,
        };
        Self { threshold, extreme }
    }

    /// Takes in a bar; gives the swing that it confirms.
    fn update(&mut self, high: f64, low: f64, bar: usize) -> Option<Swing> {
        let Swing { price, is_high, .. } = self.extreme;
        let (ahead, behind) = if is_high { (high, low) } else { (low, high) };
        // Distances in the direction of the swing.
        let sign = if is_high { 1.0 } else { -1.0 };
        if sign * (ahead - price) > 0.0 {
            self.extreme = Swing {
                price: ahead,
                is_high,
                bar,
            };
            return None;
        }
        let retreat = sign * (price - behind);
        if retreat > 0.0 && retreat >= self.threshold * price.abs() {
            let confirmed = self.extreme;
            self.extreme = Swing {
                price: behind,
                is_high: !is_high,
                bar,
            };
            return Some(confirmed);
        }
        None
    }
}

/// What a swing function sees at a bar.
#[derive(Debug)]
pub struct View<'a> {
    /// The last swings, the oldest first, as many as the function asked for.
    pub swings: &'a [Swing],
    /// The bar.
    pub bar: usize,
    /// Whether this bar confirmed the last of the swings.
    pub is_new: bool,
}

/// A value of the last swings, `N` numbers a row.
pub type SwingRule<const N: usize> = Arc<dyn Fn(&View) -> [f64; N] + Send + Sync>;

/// A window function of the last swings: `keep` is how many it looks at, `least` how many there
/// have to be.
pub fn over_swings<const N: usize>(
    spec: FunctionSpec,
    make: impl Fn(&Args) -> Result<(usize, usize, SwingRule<N>), QlError> + Send + Sync + 'static,
) -> Function {
    over_bar_rules(spec, move |args| {
        let (keep, least, rule) = make(args)?;
        Ok(Swings {
            threshold: args.number("threshold")?,
            keep,
            least,
            rule,
            n_bars: 0,
            tracker: None,
            swings: VecDeque::with_capacity(keep + 1),
        })
    })
}

/// The last swings of the bars so far.
#[derive(Clone)]
struct Swings<const N: usize> {
    threshold: f64,
    keep: usize,
    least: usize,
    rule: SwingRule<N>,
    n_bars: usize,
    tracker: Option<Tracker>,
    swings: VecDeque<Swing>,
}

impl<const N: usize> Rule for Swings<N> {
    fn lookback(&self) -> usize {
        0
    }

    fn next(&mut self, bars: &Bars, t: usize, out: &mut [f64]) {
        let (high, low, bar) = (bars.high[t], bars.low[t], self.n_bars);
        self.n_bars += 1;
        let Some(tracker) = &mut self.tracker else {
            self.tracker = Some(Tracker::start(self.threshold, high));
            return;
        };
        let confirmed = tracker.update(high, low, bar);
        self.swings.extend(confirmed);
        if self.swings.len() > self.keep {
            self.swings.pop_front();
        }
        if self.swings.len() >= self.least {
            let view = View {
                swings: self.swings.make_contiguous(),
                bar,
                is_new: confirmed.is_some(),
            };
            put(out, (self.rule)(&view));
        }
    }

    fn held(&self) -> usize {
        size_of::<Swing>() * self.swings.capacity()
    }
}

/// The constant `threshold`.
pub fn threshold() -> ParamSpec {
    number(
        "threshold",
        0.05,
        1e-6,
        0.99,
        "how far price has to come back from an extreme to make it a swing, as a fraction of the extreme",
    )
}

/// The constant `tolerance`.
pub fn tolerance() -> ParamSpec {
    number(
        "tolerance",
        0.03,
        0.0,
        0.5,
        "largest difference of two levels that count as one, as a fraction of the larger",
    )
}

/// The spec of a swing function over `high` and `low`.
pub fn swing_spec(
    name: &str,
    family: &str,
    params: Vec<ParamSpec>,
    summary: &str,
    source: &str,
) -> FunctionSpec {
    over(name, family, &["high", "low"], summary)
        .constants(params)
        .facts(
            "until enough swings are known",
            Stability::PathDependent,
            source,
        )
}

/// Whether two prices differ by no more than a fraction of the larger.
pub fn is_level(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * a.abs().max(b.abs())
}
