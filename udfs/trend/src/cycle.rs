//! Ehlers' filters and cycle measures that TA-Lib does not have.
//!
//! Left to TA-Lib, which computes the same: MAMA and FAMA, the Hilbert transform's period, phase,
//! phasor, sine and trend mode (`ht_...`), centre of gravity (`cg`), correlation trend indicator
//! (`cti`), band-pass filter (`swak_bp`), Fisher transform (`fisher(x, x)` for one series), inverse
//! Fisher transform (`ta_tanh(scale * x)`). Left out: half of the dominant cycle, rounded.
//!
//! Written out here, because the library differs from the publication: the cyber cycle and the
//! instantaneous trendline (Ehlers gives the factor itself, 0.07, and starts the recursion at the
//! seventh row), the roofing filter (two poles), the stochastic on it (smoothed by the super
//! smoother), the autocorrelation periodogram (two poles), the empirical mode decomposition (its
//! bands, and a free bandwidth); the filters with a high pass, which give nothing before it has
//! its three rows.
//!
//! * [`filters`]: the recursions and the functions that are filters,
//! * [`oscillators`]: what swings around 0,
//! * [`periodogram`]: the dominant cycle and the oscillators that adapt to it.

pub mod filters;
pub mod oscillators;
pub mod periodogram;

use quantlake_core::Function;

pub(crate) const FAMILY: &str = "cycle";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = filters::functions();
    functions.extend(oscillators::functions());
    functions.extend(periodogram::functions());
    functions
}
