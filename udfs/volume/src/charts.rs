//! Ichimoku's cloud and other ways to draw a chart.
//!
//! * [`ichimoku`]: the cloud as it lies over the current bar,
//! * [`heikin_ashi`]: variants of the averaged candle,
//! * [`line_break`]: the three-line-break chart,
//! * [`box_charts`]: bars as wide as their volume.
//!
//! TA-Lib has the Ichimoku lines where they become known (`ichimoku`) and the Heikin-Ashi candle
//! (`ha`).

pub mod box_charts;
pub mod heikin_ashi;
pub mod ichimoku;
pub mod line_break;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        ichimoku::functions(),
        heikin_ashi::functions(),
        line_break::functions(),
        box_charts::functions(),
    ]
    .concat()
}
