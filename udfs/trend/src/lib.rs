//! Trend, momentum, moving averages and cycles that TA-Lib does not have.
//!
//! Most functions run a state machine of the crate `wickra-core`; those whose published formula
//! differs from that crate's are written out here from the publication.
//!
//! * [`moving_averages`]: averages, their displaced and adaptive forms,
//! * [`momentum`]: RSI relatives and other momentum oscillators,
//! * [`trend`]: direction and strength of a trend,
//! * [`price_oscillators`]: price against its average or forecast,
//! * [`cycle`]: Ehlers' filters and cycle measures,
//! * [`steps`], [`describe`]: how a step becomes a function, and what its spec says.
//!
//! # Rules that hold for all of them
//! * A row with a missing input is NULL and changes nothing, and so is a bar that is none: a high
//!   below its open, close or low.
//! * An exponential average starts at the mean of its first `period` values, as in TA-Lib; Wilder's
//!   averages do too. Where a function starts otherwise, its source says so.
//! * A ratio of 0 to 0 is NULL, except where the field has a neutral value (50 for RSI relatives).

pub mod cycle;
pub mod describe;
pub mod momentum;
pub mod moving_averages;
pub mod price_oscillators;
pub mod steps;
pub mod trend;

use quantlake_core::Function;

/// All functions of this crate, ready for registration.
pub fn functions() -> Vec<Function> {
    [
        moving_averages::functions(),
        momentum::functions(),
        trend::functions(),
        price_oscillators::functions(),
        cycle::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
