//! Slippage and market impact: how far a fill price lies from the price before it.

use super::tick;

/// How the price gives way to the size of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Impact {
    /// Not at all.
    #[default]
    None,
    /// `P · k · q/V`.
    Linear,
    /// `P · k · σ · √(q/V)`, the square-root law (Almgren and others, 2005).
    Sqrt,
    /// `P · k · (q/V)²` with `q/V` bounded: zipline's volume share.
    VolumeShare,
}

impl Impact {
    /// The names in SQL with the variants, the default first.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("none", Self::None),
        ("linear", Self::Linear),
        ("sqrt", Self::Sqrt),
        ("volume_share", Self::VolumeShare),
    ];
}

/// zipline's bound of an order's share of the bar's volume, where no participation is given.
pub const VOLUME_SHARE_LIMIT: f64 = 0.025;

/// The parts of slippage, which add up. The default moves nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slippage {
    /// Fraction of the price; basis points / 10,000.
    pub fraction: f64,
    /// Number of ticks.
    pub ticks: f64,
    /// Size of a tick in price units; 0 for none, then fill prices are not rounded.
    pub tick: f64,
    /// Share of the quoted spread (ask minus bid); one half pays from the middle to the far side.
    pub spread_share: f64,
    /// How the price gives way.
    pub impact: Impact,
    /// The coefficient k of the impact.
    pub impact_coefficient: f64,
    /// Largest `q/V` of the volume-share impact.
    pub volume_limit: f64,
    /// Multiple of the bar's volatility.
    pub volatility_share: f64,
    /// Whether a fill price stays inside its bar.
    pub clip_to_bar: bool,
}

impl Default for Slippage {
    fn default() -> Self {
        Self {
            fraction: 0.0,
            ticks: 0.0,
            tick: 0.0,
            spread_share: 0.0,
            impact: Impact::None,
            impact_coefficient: 0.0,
            volume_limit: VOLUME_SHARE_LIMIT,
            volatility_share: 0.0,
            clip_to_bar: false,
        }
    }
}

/// What a fill meets in its bar. What is not known is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quote {
    /// The price before slippage.
    pub price: f64,
    /// Lowest price of the bar.
    pub low: f64,
    /// Highest price of the bar.
    pub high: f64,
    /// Ask minus bid, in price units; unknown counts as 0.
    pub spread: f64,
    /// Units traded in the bar.
    pub volume: f64,
    /// Standard deviation of returns per bar, as a fraction.
    pub volatility: f64,
}

impl Quote {
    /// A price and nothing else.
    pub fn of_price(price: f64) -> Self {
        Self {
            price,
            low: f64::NAN,
            high: f64::NAN,
            spread: f64::NAN,
            volume: f64::NAN,
            volatility: f64::NAN,
        }
    }
}

impl Slippage {
    /// Whether every fill happens at its price.
    pub fn is_free(&self) -> bool {
        !self.moves() && self.tick == 0.0
    }

    fn moves(&self) -> bool {
        self.fraction != 0.0
            || self.ticks * self.tick != 0.0
            || self.spread_share != 0.0
            || self.has_impact()
            || self.volatility_share != 0.0
    }

    fn has_impact(&self) -> bool {
        self.impact != Impact::None
    }

    /// Whether the price of a fill depends on its size.
    pub fn depends_on_units(&self) -> bool {
        self.has_impact()
    }

    /// Whether a bar has what the price needs.
    fn has_data(&self, quote: &Quote) -> bool {
        let needs_volatility = self.impact == Impact::Sqrt || self.volatility_share != 0.0;
        let has_volume = quote.volume > 0.0 && quote.volume.is_finite();
        let has_volatility = quote.volatility >= 0.0 && quote.volatility.is_finite();
        (has_volume || !self.has_impact()) && (has_volatility || !needs_volatility)
    }

    /// How far the price moves, in price units and at least 0. NaN where the bar lacks what it
    /// needs: a volume above 0 for impact, a volatility for what is scaled by it. Nothing fills in
    /// such a bar, whatever its size.
    pub fn distance(&self, quote: &Quote, units: f64) -> f64 {
        if !self.has_data(quote) {
            return f64::NAN;
        }
        let mut distance = quote.price * self.fraction + self.ticks * self.tick;
        if self.spread_share != 0.0 && quote.spread.is_finite() {
            distance += self.spread_share * quote.spread;
        }
        if self.has_impact() {
            distance += quote.price * self.impact_coefficient * self.give(quote, units);
        }
        if self.volatility_share != 0.0 {
            distance += quote.price * self.volatility_share * quote.volatility;
        }
        distance
    }

    /// The impact per unit of price and coefficient.
    fn give(&self, quote: &Quote, units: f64) -> f64 {
        let share = units.abs() / quote.volume;
        match self.impact {
            Impact::None => 0.0,
            Impact::Linear => share,
            Impact::Sqrt => quote.volatility * share.sqrt(),
            Impact::VolumeShare => share.min(self.volume_limit).powi(2),
        }
    }

    /// The price of a market or stop fill of `units`: up for a buy (`side` 1), down for a sale
    /// (-1), rounded to the tick against the order and, where asked, kept inside the bar.
    ///
    /// NaN where the bar lacks what it needs ([`Slippage::distance`]); a sale's price may come out
    /// at 0 or below, which is no price. Limit fills do not come here, they keep their price.
    pub fn price(&self, quote: &Quote, side: f64, units: f64) -> f64 {
        if self.is_free() {
            return quote.price;
        }
        let moved = quote.price + side * self.distance(quote, units);
        if moved.is_nan() {
            return moved;
        }
        let rounded = tick::round_against(moved, side, self.tick);
        if self.clip_to_bar {
            // `max` and `min` leave an unknown bound out.
            rounded.max(quote.low).min(quote.high)
        } else {
            rounded
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTE: Quote = Quote {
        price: 100.0,
        low: 99.0,
        high: 101.0,
        spread: 0.2,
        volume: 10_000.0,
        volatility: 0.02,
    };

    fn moved(slippage: Slippage, units: f64) -> f64 {
        let up = slippage.price(&QUOTE, 1.0, units) - QUOTE.price;
        let down = QUOTE.price - slippage.price(&QUOTE, -1.0, units);
        assert!((up - down).abs() < 1e-9, "{up} up, {down} down");
        up
    }

    fn impact(impact: Impact) -> Slippage {
        Slippage {
            impact,
            impact_coefficient: 0.1,
            ..Slippage::default()
        }
    }

    #[test]
    fn each_part_moves_the_price_by_its_formula() {
        let none = Slippage::default();
        let close = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found}");
        close(
            moved(
                Slippage {
                    fraction: 5e-4,
                    ..none
                },
                1.0,
            ),
            0.05,
        );
        close(
            moved(
                Slippage {
                    ticks: 2.0,
                    tick: 0.01,
                    ..none
                },
                1.0,
            ),
            0.02,
        );
        close(
            moved(
                Slippage {
                    spread_share: 0.5,
                    ..none
                },
                1.0,
            ),
            0.1,
        );
        close(
            moved(
                Slippage {
                    volatility_share: 0.1,
                    ..none
                },
                1.0,
            ),
            0.2,
        );
        close(moved(impact(Impact::Linear), 100.0), 100.0 * 0.1 * 0.01);
        close(moved(impact(Impact::Sqrt), 100.0), 100.0 * 0.1 * 0.02 * 0.1);
        close(
            moved(impact(Impact::VolumeShare), 100.0),
            100.0 * 0.1 * 0.01 * 0.01,
        );
    }

    #[test]
    fn the_volume_share_is_bounded() {
        let most = 100.0 * 0.1 * VOLUME_SHARE_LIMIT * VOLUME_SHARE_LIMIT;
        assert!((moved(impact(Impact::VolumeShare), 9_000.0) - most).abs() < 1e-9);
    }

    #[test]
    fn a_bar_without_what_the_price_needs_has_no_price() {
        let without_volume = Quote {
            volume: 0.0,
            ..QUOTE
        };
        let without_volatility = Quote {
            volatility: f64::NAN,
            ..QUOTE
        };
        assert!(
            impact(Impact::Linear)
                .price(&without_volume, 1.0, 1.0)
                .is_nan()
        );
        assert!(
            impact(Impact::Sqrt)
                .price(&without_volatility, 1.0, 1.0)
                .is_nan()
        );
        assert!(impact(Impact::Linear).price(&without_volatility, 1.0, 1.0) > 100.0);
    }

    #[test]
    fn an_unknown_spread_counts_as_none() {
        let slippage = Slippage {
            spread_share: 0.5,
            ..Slippage::default()
        };
        let quote = Quote {
            spread: f64::NAN,
            ..QUOTE
        };
        assert_eq!(slippage.price(&quote, 1.0, 1.0), 100.0);
    }

    #[test]
    fn a_clipped_price_stays_in_the_bar_after_the_tick() {
        let slippage = Slippage {
            fraction: 0.05,
            tick: 0.3,
            clip_to_bar: true,
            ..Slippage::default()
        };
        assert_eq!(slippage.price(&QUOTE, 1.0, 1.0), 101.0);
        assert_eq!(slippage.price(&QUOTE, -1.0, 1.0), 99.0);
        let open_bar = Quote {
            high: f64::NAN,
            ..QUOTE
        };
        assert_eq!(slippage.price(&open_bar, 1.0, 1.0), 105.0);
    }

    #[test]
    fn the_default_is_free_and_a_tick_alone_is_not() {
        assert!(Slippage::default().is_free());
        let slippage = Slippage {
            tick: 0.3,
            ..Slippage::default()
        };
        assert!(!slippage.is_free());
        assert!((slippage.price(&QUOTE, 1.0, 1.0) - 100.2).abs() < 1e-9);
    }
}
