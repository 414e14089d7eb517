//! Pivot points, support and resistance.
//!
//! * [`floor`]: levels of the next period from one bar,
//! * [`levels`]: levels from a window of bars,
//! * [`swings`]: levels and signals from confirmed swing points.
//!
//! TA-Lib has Williams' fractals (`fractal`) and the zig-zag (`zigzag`), both at confirmation.

pub mod floor;
pub mod levels;
pub mod swings;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [floor::functions(), levels::functions(), swings::functions()].concat()
}
