//! What time costs: interest on cash, the loan of shares sold short, funding of perpetual swaps.

/// Nanoseconds in a year of 365 days, the year of all annual rates.
pub const YEAR_NS: f64 = 365.0 * 86_400.0 * 1e9;

/// Annual rates, as fractions. The default costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Financing {
    /// Earned on positive cash.
    pub cash_rate: f64,
    /// Paid on negative cash.
    pub debit_rate: f64,
    /// Paid on the value of short positions, where the symbol has no rate of its own.
    pub borrow: f64,
}

impl Financing {
    /// Whether time costs nothing, columns aside.
    pub fn is_free(&self) -> bool {
        *self == Self::default()
    }

    /// Interest earned (negative: paid) on this cash over a stretch of years, simple.
    pub fn interest(&self, cash: f64, years: f64) -> f64 {
        let rate = if cash < 0.0 {
            self.debit_rate
        } else {
            self.cash_rate
        };
        cash * rate * years
    }

    /// What a position pays for borrowed shares over a stretch of years, at most 0.
    ///
    /// `value` is the position at its last mark, negative for a short one; `own_rate` the symbol's
    /// annual rate, NaN for none.
    pub fn borrow_flow(&self, value: f64, own_rate: f64, years: f64) -> f64 {
        let rate = if own_rate.is_finite() {
            own_rate
        } else {
            self.borrow
        };
        value.min(0.0) * rate * years
    }
}

/// What a position of this value at its last mark (negative for a short one) receives at a funding
/// time: a long one pays a positive rate, a short one receives it. An unknown rate moves nothing.
pub fn funding_flow(value: f64, rate: f64) -> f64 {
    if rate.is_finite() { -value * rate } else { 0.0 }
}

/// Years of 365 days between two times in nanoseconds.
pub fn years_between(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64 / YEAR_NS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_of_a_year_is_earned_in_365_days() {
        let financing = Financing {
            cash_rate: 0.05,
            debit_rate: 0.1,
            borrow: 0.02,
        };
        let year = years_between(0, 365 * 86_400 * 1_000_000_000);
        assert_eq!(year, 1.0);
        assert_eq!(financing.interest(1000.0, year), 50.0);
        assert_eq!(financing.interest(-1000.0, year), -100.0);
        assert_eq!(financing.borrow_flow(-1000.0, f64::NAN, year), -20.0);
        assert_eq!(financing.borrow_flow(-1000.0, 0.3, year), -300.0);
        assert_eq!(financing.borrow_flow(1000.0, 0.3, year), 0.0);
    }

    #[test]
    fn a_long_position_pays_positive_funding_and_a_short_one_receives_it() {
        assert_eq!(funding_flow(1000.0, 0.01), -10.0);
        assert_eq!(funding_flow(-1000.0, 0.01), 10.0);
        assert_eq!(funding_flow(1000.0, f64::NAN), 0.0);
    }
}
