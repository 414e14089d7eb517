//! Momentum oscillators that TA-Lib does not have.
//!
//! Left to TA-Lib, which computes the same: RSI, stochastics, CCI, ROC and its ratios, Williams %R,
//! MFI, awesome oscillator (`ao`), momentum, CMO, TSI, stochastic RSI, ultimate oscillator, KST,
//! SMI, Connors RSI (`crsi`), derivative oscillator (`dosc`), Elder ray (`eri`), intraday momentum
//! index (`imi`).
//!
//! * [`rsi_relatives`]: what counts gains against losses,
//! * [`oscillators`]: the others.

pub mod oscillators;
pub mod rsi_relatives;

use quantlake_core::Function;

pub(crate) const FAMILY: &str = "momentum";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = rsi_relatives::functions();
    functions.extend(oscillators::functions());
    functions
}
