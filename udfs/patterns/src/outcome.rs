//! What becomes of a pattern once it is known.
//!
//! From the bar at which it is known on, a double top is
//!
//! * failed at the first bar whose high is above the stop,
//! * confirmed at the first bar that closes below the neckline,
//! * expired at bar known + `confirm_within` when neither happened up to and including that bar.
//!
//! A bar that does both has failed: its close came after its high. A close beyond the neckline
//! before the pattern was known does not count by itself, because nobody could have acted on it;
//! if the price is still there when the pattern becomes known, that bar confirms it.

use crate::double::DoubleShape;
use crate::profile::Profile;

/// The state of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// A close beyond the neckline.
    Confirmed,
    /// A price beyond the stop.
    Failed,
    /// Neither in time.
    Expired,
    /// The data end before any of these.
    Forming,
}

impl Status {
    /// The word in the `status` column.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Expired => "expired",
            Self::Forming => "forming",
        }
    }
}

/// The state of a shape, and the bar at which it got there; no bar while it is forming.
pub fn outcome(
    profile: &Profile,
    shape: &DoubleShape,
    confirm_within: usize,
) -> (Status, Option<usize>) {
    let last = shape.known.saturating_add(confirm_within);
    let prices = profile.outer.iter().zip(&profile.close).enumerate();
    for (bar, (outer, close)) in prices.take(last.saturating_add(1)).skip(shape.known) {
        if *outer > shape.stop {
            return (Status::Failed, Some(bar));
        }
        if *close < shape.neckline {
            return (Status::Confirmed, Some(bar));
        }
    }
    if last < profile.close.len() {
        (Status::Expired, Some(last))
    } else {
        (Status::Forming, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Side;

    const SHAPE: DoubleShape = DoubleShape {
        first: 0,
        middle: 1,
        second: 2,
        known: 3,
        neckline: 90.0,
        height: 10.0,
        stop: 103.0,
        score: 0.5,
    };

    /// The outcome when bars of (high, close) follow from the bar at which the shape is known.
    fn after(bars: &[(f64, f64)]) -> (Status, Option<usize>) {
        let mut outer = vec![100.0; SHAPE.known];
        // Closes below the neckline before the shape is known, which must not count.
        let mut close = vec![80.0; SHAPE.known];
        outer.extend(bars.iter().map(|b| b.0));
        close.extend(bars.iter().map(|b| b.1));
        let profile = Profile {
            side: Side::Top,
            inner: close.clone(),
            outer,
            close,
        };
        outcome(&profile, &SHAPE, 2)
    }

    #[test]
    fn a_close_below_the_neckline_confirms_and_one_at_it_does_not() {
        let got = after(&[(95.0, 95.0), (95.0, 90.0), (95.0, 89.0)]);
        assert_eq!(got, (Status::Confirmed, Some(5)));
    }

    #[test]
    fn a_close_already_beyond_confirms_at_the_bar_of_knowledge() {
        assert_eq!(after(&[(95.0, 89.0)]), (Status::Confirmed, Some(3)));
    }

    #[test]
    fn a_high_above_the_stop_fails_even_if_the_same_bar_closes_below_the_neckline() {
        let got = after(&[(103.0, 95.0), (103.5, 80.0)]);
        assert_eq!(got, (Status::Failed, Some(4)));
    }

    #[test]
    fn time_expires_at_the_last_allowed_bar() {
        let quiet = [(95.0, 95.0); 3];
        assert_eq!(after(&quiet), (Status::Expired, Some(5)));
        assert_eq!(after(&quiet[..2]), (Status::Forming, None));
        assert_eq!(after(&[]), (Status::Forming, None));
    }
}
