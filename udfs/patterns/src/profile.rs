//! Bars seen so that a pattern's extremes are always maxima.
//!
//! A double bottom is a double top of the negated prices. With `outer` the side of the extremes
//! and `inner` the side of the trough between them, every rule is written once. Distances in
//! percent use absolute values and are therefore percentages of the true prices.

use crate::bars::Bars;

/// Which way a pattern points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Extremes are highs; the price is expected to fall.
    Top,
    /// Extremes are lows; the price is expected to rise.
    Bottom,
}

impl Side {
    /// -1 when the price is expected to fall, 1 when it is expected to rise.
    pub fn direction(self) -> f64 {
        match self {
            Self::Top => -1.0,
            Self::Bottom => 1.0,
        }
    }

    /// The true price of a price in the profile, and the other way round.
    pub fn price(self, value: f64) -> f64 {
        match self {
            Self::Top => value,
            Self::Bottom => -value,
        }
    }
}

/// The prices of bars, mirrored for bottoms.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Which way the prices are seen.
    pub side: Side,
    /// Highs for tops, negated lows for bottoms.
    pub outer: Vec<f64>,
    /// Lows for tops, negated highs for bottoms.
    pub inner: Vec<f64>,
    /// Closes, negated for bottoms.
    pub close: Vec<f64>,
}

impl Profile {
    /// The bars as seen from one side.
    pub fn new(bars: &Bars, side: Side) -> Self {
        let (outer, inner) = match side {
            Side::Top => (&bars.high, &bars.low),
            Side::Bottom => (&bars.low, &bars.high),
        };
        let seen = |prices: &[f64]| prices.iter().map(|p| side.price(*p)).collect();
        Self {
            side,
            outer: seen(outer),
            inner: seen(inner),
            close: seen(&bars.close),
        }
    }
}
