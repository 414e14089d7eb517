//! The worst and best price during a trade.

/// Lowest and highest price seen, NaN before the first.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Extremes {
    /// Lowest price.
    pub low: f64,
    /// Highest price.
    pub high: f64,
}

impl Default for Extremes {
    fn default() -> Self {
        Self {
            low: f64::NAN,
            high: f64::NAN,
        }
    }
}

impl Extremes {
    /// Prices between these two were seen; an unknown one is left out.
    pub fn see(&mut self, low: f64, high: f64) {
        // `min` and `max` of floats leave NaN out.
        self.low = self.low.min(low);
        self.high = self.high.max(high);
    }

    /// What both have seen.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.see(other.low, other.high);
        self
    }

    /// On the scale after a split.
    pub fn split(&mut self, ratio: f64) {
        self.low /= ratio;
        self.high /= ratio;
    }

    /// Shifted by a roll.
    pub fn shift(&mut self, by: f64) {
        self.low += by;
        self.high += by;
    }

    /// Worst and best return of a position of this sign entered at `price`: at most 0, at least 0.
    pub fn excursion(mut self, price: f64, units: f64) -> (f64, f64) {
        self.see(price, price);
        let (low, high) = (self.low / price - 1.0, self.high / price - 1.0);
        if units > 0.0 {
            (low, high)
        } else {
            (-high, -low)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_prices_are_left_out() {
        let mut seen = Extremes::default();
        seen.see(f64::NAN, 12.0);
        seen.see(9.0, f64::NAN);
        assert_eq!((seen.low, seen.high), (9.0, 12.0));
    }

    #[test]
    fn the_entry_price_bounds_both_excursions() {
        let mut seen = Extremes::default();
        assert_eq!(seen.excursion(10.0, 1.0), (0.0, 0.0));
        seen.see(11.0, 12.0);
        let (mae, mfe) = seen.excursion(10.0, 1.0);
        assert_eq!(mae, 0.0);
        assert!((mfe - 0.2).abs() < 1e-12);
        let (mae, mfe) = seen.excursion(10.0, -1.0);
        assert!((mae + 0.2).abs() < 1e-12);
        assert_eq!(mfe, 0.0);
    }
}
