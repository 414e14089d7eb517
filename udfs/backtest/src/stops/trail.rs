//! A stop that follows the best price.

/// How far behind the best price a trailing stop stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrailBy {
    /// Price units.
    Price(f64),
    /// Fraction of the best price.
    Fraction(f64),
}

/// The best price since a start, and the stop behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trail {
    /// 1 guards a long position (sell stop below), -1 a short one (buy stop above).
    side: f64,
    by: TrailBy,
    best: f64,
}

impl Trail {
    /// From this price on; NaN before the first price is known.
    pub fn new(side: f64, by: TrailBy, price: f64) -> Self {
        Self {
            side,
            by,
            best: price,
        }
    }

    /// The best price so far.
    pub fn best(&self) -> f64 {
        self.best
    }

    /// Where the stop stands, NaN before the first price.
    pub fn stop(&self) -> f64 {
        match self.by {
            TrailBy::Price(distance) => self.best - self.side * distance,
            TrailBy::Fraction(fraction) => self.best * (1.0 - self.side * fraction),
        }
    }

    /// The price at the end of a leg that did not trigger the stop.
    pub fn after_leg(&mut self, price: f64) {
        self.best = better(self.side, self.best, price);
    }

    /// On the scale after a split: prices divided by the ratio.
    pub fn split(&mut self, ratio: f64) {
        self.best /= ratio;
        if let TrailBy::Price(distance) = &mut self.by {
            *distance /= ratio;
        }
    }

    /// Shifted by a roll.
    pub fn shift(&mut self, by: f64) {
        self.best += by;
    }
}

/// The better of two prices for a long (`side` 1) or short (-1) position; an unknown one is none.
pub fn better(side: f64, a: f64, b: f64) -> f64 {
    if side > 0.0 { a.max(b) } else { a.min(b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_follows_up_and_never_down() {
        let mut trail = Trail::new(1.0, TrailBy::Price(2.0), f64::NAN);
        assert!(trail.stop().is_nan());
        for (price, stop) in [(10.0, 8.0), (12.0, 10.0), (9.0, 10.0), (f64::NAN, 10.0)] {
            trail.after_leg(price);
            assert_eq!(trail.stop(), stop);
        }
    }

    #[test]
    fn a_fraction_is_of_the_best_price() {
        let mut trail = Trail::new(-1.0, TrailBy::Fraction(0.25), 100.0);
        assert_eq!(trail.stop(), 125.0);
        trail.after_leg(80.0);
        assert_eq!((trail.best(), trail.stop()), (80.0, 100.0));
    }

    #[test]
    fn a_split_and_a_roll_move_the_stop_with_the_price() {
        let mut trail = Trail::new(1.0, TrailBy::Price(2.0), 10.0);
        trail.split(2.0);
        assert_eq!((trail.best(), trail.stop()), (5.0, 4.0));
        trail.shift(1.0);
        assert_eq!(trail.stop(), 5.0);
    }
}
