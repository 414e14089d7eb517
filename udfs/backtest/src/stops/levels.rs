//! Several take-profits, each for a share of the position.

use crate::costs::schedule::parse_steps;
use quantlake_core::QlError;

/// A share of the entry's quantity sold at a profit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TakeLevel {
    /// Distance from the entry price, in the unit of the stops.
    pub distance: f64,
    /// Share of the quantity at entry, above 0.
    pub share: f64,
}

/// Most levels that a position may have: what each of them closed is kept with the position.
pub const MAX_LEVELS: usize = 8;

/// Shares such as 0.7, 0.2, 0.1 may add up to a little more than 1.
const FULL: f64 = 1.0 + 1e-9;

/// Reads levels such as `0.05:0.5,0.1:0.5`: profit and share of the entry's quantity.
///
/// # Errors
/// 22023 with the function's name when a level is not `distance:share`, distances are not above 0
/// and ascending, a share is not above 0, the shares add up to more than 1, or there are more than
/// [`MAX_LEVELS`]. An empty text has
/// no levels.
pub fn parse_levels(function: &str, text: &str) -> Result<Vec<TakeLevel>, QlError> {
    let refuse = || {
        let allowed = "at most 8 levels `distance:share` with ascending distances above 0 and \
                       shares above 0 that add up to at most 1, as in '0.05:0.5,0.1:0.5'";
        QlError::bad_argument(function, "take_profit_levels", allowed, format!("'{text}'"))
    };
    let (mut before, mut sum) = (0.0, 0.0);
    let mut levels = Vec::new();
    for (distance, share) in parse_steps(text).ok_or_else(refuse)? {
        sum += share;
        let is_full = levels.len() == MAX_LEVELS || sum > FULL;
        if distance <= before || share <= 0.0 || is_full {
            return Err(refuse());
        }
        before = distance;
        levels.push(TakeLevel { distance, share });
    }
    Ok(levels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_in_order() {
        let levels = parse_levels("backtest", "0.05:0.5, 0.1:0.5").expect("good levels");
        assert_eq!(
            levels,
            [
                TakeLevel {
                    distance: 0.05,
                    share: 0.5
                },
                TakeLevel {
                    distance: 0.1,
                    share: 0.5
                }
            ]
        );
        parse_levels("backtest", "1:0.7,2:0.2,3:0.1").expect("shares that add up to 1");
        assert_eq!(parse_levels("backtest", "").expect("none"), []);
    }

    #[test]
    fn levels_that_make_no_sense_are_named() {
        for bad in [
            "0.1",
            "0.1:0.5,0.05:0.5",
            "0.1:0",
            "0.1:0.6,0.2:0.6",
            "-1:0.5",
            "x:y",
            "0.1:inf",
        ] {
            let error = parse_levels("backtest", bad).expect_err(bad);
            let message = &error.message;
            assert!(
                message.starts_with("backtest: `take_profit_levels` must be"),
                "{message}"
            );
        }
    }
}
