//! Volume: money flow, volume-weighted prices and volume oscillators.
//!
//! * [`flow`]: who is buying: flows by where the bar closes or how it moves,
//! * [`weighted`]: prices and averages weighted by volume,
//! * [`activity`]: how much is traded, and with what result.
//!
//! TA-Lib has, under its own names, and so not bound again: on-balance volume (`obv`), VWAP since
//! the first row (`vwap`), the accumulation/distribution line (`ad`) and Chaikin's oscillator
//! (`adosc`), Chaikin's money flow (`cmf`), the price volume trend (`pvt`), Elder's force index
//! (`efi`), ease of movement (`emv`), Klinger's oscillator (`kvo`), the volume oscillator
//! (`pvo` with `ma => 'sma'`), the positive and negative volume index (`pvi`, `nvi`), the market
//! facilitation index (`marketfi`) and Williams' accumulation/distribution line (`wad`).

pub mod activity;
pub mod flow;
pub mod weighted;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        flow::functions(),
        weighted::functions(),
        activity::functions(),
    ]
    .concat()
}
