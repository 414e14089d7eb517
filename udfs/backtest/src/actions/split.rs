//! Share splits.

/// How far from a whole number of lots, in lots, a quantity is still whole: 3 units times one
/// third is a little less than 1.
const WHOLE: f64 = 1e-9;

/// New units per old unit, applied before the bar's open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    ratio: f64,
}

/// What a split makes of a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SplitUnits {
    /// Units that stay.
    pub kept: f64,
    /// Units paid out in cash at the last mark divided by the ratio; of the position's sign.
    pub paid_out: f64,
}

impl Split {
    /// A split, or `None` for no split: an unknown ratio, one that is not above 0, or 1.
    pub fn try_new(ratio: f64) -> Option<Self> {
        let is_split = ratio.is_finite() && ratio > 0.0 && ratio != 1.0;
        is_split.then_some(Self { ratio })
    }

    /// New units per old unit.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    /// A price on the new scale: marks, stops, limits, entry prices.
    pub fn price(&self, price: f64) -> f64 {
        price / self.ratio
    }

    /// A quantity on the new scale: units, open orders.
    pub fn quantity(&self, units: f64) -> f64 {
        units * self.ratio
    }

    /// A position on the new scale. With `lot` above 0 the part below a lot is paid out.
    pub fn units(&self, units: f64, lot: f64) -> SplitUnits {
        let all = self.quantity(units);
        if lot <= 0.0 {
            let paid_out = 0.0;
            return SplitUnits {
                kept: all,
                paid_out,
            };
        }
        let lots = all / lot;
        let nearest = lots.round();
        let is_whole = (lots - nearest).abs() <= WHOLE * nearest.abs().max(1.0);
        let whole = if is_whole { nearest } else { lots.trunc() };
        let kept = whole * lot;
        let paid_out = if is_whole { 0.0 } else { all - kept };
        SplitUnits { kept, paid_out }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_stays_and_fractions_below_a_lot_are_paid_out() {
        let split = Split::try_new(1.5).expect("a split");
        let after = split.units(101.0, 1.0);
        assert_eq!((after.kept, after.paid_out), (151.0, 0.5));
        assert_eq!(split.price(30.0), 20.0);
        let short = split.units(-101.0, 1.0);
        assert_eq!((short.kept, short.paid_out), (-151.0, -0.5));
        assert_eq!(split.units(101.0, 0.0).kept, 151.5);
    }

    #[test]
    fn a_third_of_three_is_one() {
        let split = Split::try_new(1.0 / 3.0).expect("a split");
        for units in (3..3000).step_by(3) {
            let after = split.units(f64::from(units), 1.0);
            assert_eq!((after.kept, after.paid_out), (f64::from(units / 3), 0.0));
        }
    }

    #[test]
    fn what_is_no_split_is_none() {
        for ratio in [f64::NAN, 0.0, -2.0, 1.0, f64::INFINITY] {
            assert_eq!(Split::try_new(ratio), None);
        }
    }
}
