//! Shapes in bars: DeMark's studies, market profile, candlestick and chart patterns, harmonic
//! patterns, Fibonacci levels, and bars that are not of time (Renko, range, volume, ...).
//!
//! One module per family. Most functions are window functions over bars and share the adapter in
//! [`bind`] over the columns of [`bars`]; the swing functions also share [`swings`]. What turns
//! rows into other rows is a relation function: [`alt_bars`] and `volume_profile`.

pub mod alt_bars;
pub mod bars;
pub mod bind;
pub mod candles;
pub mod chart_patterns;
pub mod demark;
pub mod fibonacci;
pub mod harmonic;
pub mod market_profile;
pub mod swings;

use quantlake_core::Function;

/// All functions of this crate, ready for registration.
pub fn functions() -> Vec<Function> {
    [
        demark::functions(),
        market_profile::functions(),
        candles::functions(),
        chart_patterns::functions(),
        harmonic::functions(),
        fibonacci::functions(),
        alt_bars::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
