//! Cash dividends.

/// What a position going ex receives, negative for what a short one pays, in the account's
/// currency. `per_unit` is cash per unit in the instrument's currency, after a split of the same
/// bar; `unit_value` is multiplier times currency rate. An unknown dividend moves nothing.
pub fn dividend_flow(units: f64, per_unit: f64, unit_value: f64) -> f64 {
    if per_unit.is_finite() {
        units * per_unit * unit_value
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_position_receives_and_a_short_one_pays() {
        assert_eq!(dividend_flow(10.0, 0.5, 2.0), 10.0);
        assert_eq!(dividend_flow(-10.0, 0.5, 1.0), -5.0);
        assert_eq!(dividend_flow(10.0, f64::NAN, 1.0), 0.0);
    }
}
