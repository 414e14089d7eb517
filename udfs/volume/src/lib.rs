//! Volume, price statistics, pivots and chart transforms that TA-Lib lacks.
//!
//! The selection is that of the crate `wickra-core` 2.1 in its families Volume, Price Statistics,
//! Pivots & S/R and Ichimoku & Charts. Its machines are bound where they carry state that never
//! ends; what looks back over a finite window is computed from the window itself here, so that a
//! value has the same bits wherever the input starts, and 0/0 is NULL instead of a number.
//!
//! * [`volume`]: money flow, volume-weighted prices, volume oscillators,
//! * [`price_statistics`]: one series, two series, the shape of one bar,
//! * [`pivots`]: support and resistance levels and pivot break-outs,
//! * [`charts`]: Ichimoku cloud, Heikin-Ashi variants, line break, equivolume.
//!
//! # Rules that hold for all of them
//! * Rows on which any input is NULL, NaN or infinite are taken out first: their result is NULL
//!   and later rows are computed as if they were not there.
//! * Rows before the first value are NULL, and so is 0/0: a correlation with a flat series, a
//!   price weighted by no volume. Where a number stands for "nothing happened", the summary says so.

mod describe;
mod kernel;
mod moments;

pub mod charts;
pub mod pivots;
pub mod price_statistics;
pub mod volume;

use quantlake_core::Function;

/// All functions of this crate, ready for registration.
pub fn functions() -> Vec<Function> {
    [
        volume::functions(),
        price_statistics::functions(),
        pivots::functions(),
        charts::functions(),
    ]
    .concat()
}
