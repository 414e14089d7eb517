//! Trailing stops: levels that follow the price, known at the close of their row and meant for the
//! next one.
//!
//! Left to TA-Lib: `sar`, `sarext`, `supertrend`, `cksp` (Chande and Kroll), `donchian` (the
//! Turtles' exit). Not bound: `TimeBasedStop`, which is `row_number()`; `YoyoExit`, which ratchets
//! and re-enters where LeBeau's follows the close both ways (`atr_bands` is that line).

mod fixed;
mod hilo;
mod ranges;
mod reversal;

use quantlake_core::Function;

/// Family name of these functions.
pub(crate) const FAMILY: &str = "stops";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        ranges::functions(),
        reversal::functions(),
        fixed::functions(),
        hilo::functions(),
    ]
    .concat()
}
