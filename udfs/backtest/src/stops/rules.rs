//! What exits are asked for.

use super::levels::TakeLevel;

/// The unit of the distances of stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopUnit {
    /// Fraction of the entry price; of the best price for a trailing stop.
    #[default]
    Fraction,
    /// Price units.
    Price,
    /// Multiples of the column `atr` at the signal's bar.
    Atr,
}

impl StopUnit {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 3] = [
        ("fraction", Self::Fraction),
        ("price", Self::Price),
        ("atr", Self::Atr),
    ];
}

/// The reason of a rejected entry whose stop or size needs an unknown `atr`.
pub const NO_ATR: &str = "no atr";

/// Distances from the entry price, in a [`StopUnit`]; NaN for none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Distances {
    /// Loss at which the position is closed.
    pub stop_loss: f64,
    /// Profit at which the position is closed.
    pub take_profit: f64,
    /// Distance of the stop that follows the best price.
    pub trailing: f64,
}

impl Default for Distances {
    fn default() -> Self {
        Self {
            stop_loss: f64::NAN,
            take_profit: f64::NAN,
            trailing: f64::NAN,
        }
    }
}

impl Distances {
    /// These where they are known and above 0, else those of `fallback`: columns over arguments.
    #[must_use]
    pub fn or(&self, fallback: &Self) -> Self {
        let pick = |own: f64, other: f64| {
            if own.is_finite() && own > 0.0 {
                own
            } else {
                other
            }
        };
        Self {
            stop_loss: pick(self.stop_loss, fallback.stop_loss),
            take_profit: pick(self.take_profit, fallback.take_profit),
            trailing: pick(self.trailing, fallback.trailing),
        }
    }

    /// Whether none is asked for.
    pub fn is_none(&self) -> bool {
        self.stop_loss.is_nan() && self.take_profit.is_nan() && self.trailing.is_nan()
    }
}

/// What the arguments ask of every position. The default asks for nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct ExitRules {
    /// The unit of all distances here.
    pub unit: StopUnit,
    /// Stop loss, take profit and trailing stop, where a bar's columns do not override them.
    pub distances: Distances,
    /// Profit at which the trailing stop begins; 0 for at once.
    pub trailing_start: f64,
    /// Trailing stop in multiples of the current `atr`; NaN for none.
    pub trailing_atr: f64,
    /// Profit at which the stop moves to the entry price; NaN for none.
    pub break_even: f64,
    /// Bars after which the position is closed; `None` for never.
    pub max_bars: Option<u32>,
    /// Partial take-profits, ascending.
    pub levels: Vec<TakeLevel>,
}

impl Default for ExitRules {
    fn default() -> Self {
        Self {
            unit: StopUnit::Fraction,
            distances: Distances::default(),
            trailing_start: 0.0,
            trailing_atr: f64::NAN,
            break_even: f64::NAN,
            max_bars: None,
            levels: Vec::new(),
        }
    }
}

impl ExitRules {
    /// Whether a position without overriding columns has exits at all.
    pub fn is_active(&self) -> bool {
        !self.distances.is_none()
            || self.trailing_atr.is_finite()
            || self.break_even.is_finite()
            || self.max_bars.is_some()
            || !self.levels.is_empty()
    }

    /// Whether a position with these overrides has exits.
    pub fn is_active_with(&self, overrides: &Distances) -> bool {
        self.is_active() || !overrides.is_none()
    }

    /// Whether the exits of a position with these distances cannot be placed without an `atr`.
    pub fn needs_atr(&self, distances: &Distances) -> bool {
        let has_distance =
            !distances.is_none() || self.break_even.is_finite() || !self.levels.is_empty();
        self.trailing_atr.is_finite() || (self.unit == StopUnit::Atr && has_distance)
    }

    /// Price units per unit of distance, NaN where the unit is an unknown `atr`.
    pub fn scale(&self, entry_price: f64, atr: f64) -> f64 {
        match self.unit {
            StopUnit::Fraction => entry_price,
            StopUnit::Price => 1.0,
            StopUnit::Atr if atr > 0.0 && atr.is_finite() => atr,
            StopUnit::Atr => f64::NAN,
        }
    }

    /// The distance between entry and stop in price units, for sizing by risk: that of the stop
    /// loss, else of the trailing stop; NaN without either.
    pub fn stop_distance(&self, overrides: &Distances, entry_price: f64, atr: f64) -> f64 {
        let distances = overrides.or(&self.distances);
        let distance = if distances.stop_loss.is_finite() {
            distances.stop_loss
        } else {
            distances.trailing
        };
        distance * self.scale(entry_price, atr)
    }
}
