//! The roll of a future from one contract to the next.

/// A position moves from the old contract, at its last mark, to the new one at the open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Roll {
    /// Where the old contract is closed: its last mark.
    pub old_price: f64,
    /// Where the new contract is opened.
    pub new_price: f64,
}

impl Roll {
    /// A roll, or `None` where a price is unknown: then nothing is rolled.
    pub fn try_new(old_price: f64, new_price: f64) -> Option<Self> {
        let known = old_price.is_finite() && new_price.is_finite();
        (known && old_price > 0.0 && new_price > 0.0).then_some(Self {
            old_price,
            new_price,
        })
    }

    /// By how much entry prices, stops and marks shift, in price units.
    pub fn shift(&self) -> f64 {
        self.new_price - self.old_price
    }

    /// The two fills, units and price before slippage: the sale of the old contract, the purchase
    /// of the new one. For a short position the signs are the other way round.
    pub fn legs(&self, units: f64) -> [(f64, f64); 2] {
        [(-units, self.old_price), (units, self.new_price)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_legs_close_the_old_contract_and_open_the_new_one() {
        let roll = Roll::try_new(100.0, 103.0).expect("known prices");
        assert_eq!(roll.shift(), 3.0);
        assert_eq!(roll.legs(5.0), [(-5.0, 100.0), (5.0, 103.0)]);
        assert_eq!(roll.legs(-5.0), [(5.0, 100.0), (-5.0, 103.0)]);
    }

    #[test]
    fn nothing_is_rolled_at_an_unknown_price() {
        assert_eq!(Roll::try_new(f64::NAN, 103.0), None);
        assert_eq!(Roll::try_new(100.0, f64::NAN), None);
    }
}
