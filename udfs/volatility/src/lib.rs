//! Volatility, bands, trailing stops and rolling risk metrics as window functions.
//!
//! * [`volatility`]: estimators from returns and from ranges, jumps, regimes, recursions,
//! * [`bands`]: envelopes and channels around a price,
//! * [`stops`]: levels that follow the price,
//! * [`risk`]: ratios and drawdowns over the last rows,
//! * [`window`]: kernels of a fixed number of rows, [`params`] and [`example`]: what specs share.

pub mod bands;
pub mod example;
pub mod params;
pub mod risk;
pub mod stops;
pub mod volatility;
pub mod window;

use quantlake_core::Function;

/// The functions of all four families.
pub fn functions() -> Vec<Function> {
    [
        volatility::functions(),
        bands::functions(),
        stops::functions(),
        risk::functions(),
    ]
    .concat()
}
