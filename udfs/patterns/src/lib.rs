//! Chart patterns as events: when a pattern was known, what became of it, and when.
//!
//! [`pattern_events`] is a function over a query of bars. The kernels behind it know plain slices:
//!
//! * [`bars`]: one symbol's bars, checked, missing rows taken out,
//! * [`profile`]: the same bars seen so that tops and bottoms are one case,
//! * [`pivots`]: swing extremes and when each becomes known,
//! * [`double`]: pairs of extremes with a trough between them,
//! * [`score`]: how well formed such a pair is,
//! * [`outcome`]: confirmed, failed or expired.
//!
//! Nothing repaints: each step uses bars up to the moment it speaks of, so an event computed on
//! part of the data is the same, field by field, when more bars follow.
//! Candlestick patterns are not here; they are window functions of the indicators family.

pub mod bars;
pub mod double;
pub mod outcome;
pub mod pattern_events;
pub mod pivots;
pub mod profile;
pub mod score;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    vec![pattern_events::function()]
}
