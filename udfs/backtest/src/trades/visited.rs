//! The prices of a bar in the order in which they are visited.

use crate::settings::Intrabar;

/// Whether a bar visits its high before its low, for a symbol with a position of this sign (0 for
/// none, or for one on each side) when the path begins. An unknown price goes to the low first
/// with [`Intrabar::Adaptive`].
pub fn is_high_first(intrabar: Intrabar, held: f64, open: f64, high: f64, low: f64) -> bool {
    match intrabar {
        Intrabar::Pessimistic => held < 0.0,
        Intrabar::Optimistic => held >= 0.0,
        Intrabar::Ohlc => true,
        Intrabar::Olhc => false,
        Intrabar::Adaptive => high - open < open - low,
    }
}

/// A walk along the known prices of a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visited {
    at: f64,
    rest: [f64; 3],
}

impl Visited {
    pub(super) fn new(is_high_first: bool, [open, high, low, close]: [f64; 4]) -> Self {
        let rest = if is_high_first {
            [high, low, close]
        } else {
            [low, high, close]
        };
        Self { at: open, rest }
    }

    /// Goes on to the next visit of this price; lowest and highest price on the way.
    pub(super) fn go_to(&mut self, price: f64) -> (f64, f64) {
        let (mut low, mut high) = (price.min(self.at), price.max(self.at));
        for corner in &mut self.rest {
            let (bottom, top) = (self.at.min(*corner), self.at.max(*corner));
            if bottom <= price && price <= top {
                break;
            }
            (low, high) = (low.min(bottom), high.max(top));
            // An unknown corner is not on the path.
            self.at = if corner.is_nan() { self.at } else { *corner };
            *corner = f64::NAN;
        }
        self.at = price;
        (low, high)
    }

    /// Goes on to the end; lowest and highest price on the way.
    pub(super) fn finish(self) -> (f64, f64) {
        let fold = |start: f64, of: fn(f64, f64) -> f64| self.rest.iter().copied().fold(start, of);
        (fold(self.at, f64::min), fold(self.at, f64::max))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BAR: [f64; 4] = [10.0, 13.0, 8.0, 11.0];

    #[test]
    fn a_stop_on_the_way_down_has_not_seen_the_high() {
        let mut path = Visited::new(false, BAR);
        assert_eq!(path.go_to(9.0), (9.0, 10.0));
        assert_eq!(path.finish(), (8.0, 13.0));
    }

    #[test]
    fn a_price_on_a_later_leg_has_seen_the_legs_before() {
        let mut path = Visited::new(true, BAR);
        assert_eq!(path.go_to(9.0), (9.0, 13.0));
        assert_eq!(path.go_to(10.5), (8.0, 10.5));
        assert_eq!(path.finish(), (10.5, 11.0));
    }

    #[test]
    fn unknown_prices_are_not_on_the_path() {
        let mut path = Visited::new(false, [f64::NAN, 13.0, f64::NAN, 11.0]);
        assert_eq!(path.go_to(12.0), (12.0, 13.0));
        assert_eq!(path.finish(), (11.0, 12.0));
    }
}
