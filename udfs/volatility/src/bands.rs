//! Lines above and below a price: envelopes, channels and what they say about its place.
//!
//! Left to TA-Lib: `accbands`, `bbands`, `kc` (of typical prices), `donchian` and `sqzmom`. The
//! last is the squeeze with its momentum: wickra-core's regresses closes less the mean of today
//! only, where Carter's and TA-Lib's take from each close the mean of its own day.
//! Not bound: wickra-core's `HurstChannel` under that name, because it has nothing of Hurst's
//! cycles; its formula is `range_channel` here.

mod average;
mod order;
mod regression;
mod swing;

use quantlake_core::Function;

/// Family name of these functions.
pub(crate) const FAMILY: &str = "bands";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        average::functions(),
        order::functions(),
        regression::functions(),
        swing::functions(),
    ]
    .concat()
}
