//! Building blocks of alphas.
//!
//! * over the newest rows of a series: [`shift`], [`sums`], [`extremes`], [`moments`],
//!   [`deviation`], [`ranks`], [`pairs`], [`trend`], [`decay`];
//! * over all rows so far, as a [`recurrence`](quantlake_core::recurrence): [`ewm`], [`cumulative`];
//! * over the rows of one moment: [`cross`];
//! * row by row: [`scalars`];
//! * whatever else is a recurrence: [`fold`].
//!
//! Windows are built by [`windows`], whose values depend on the rows of the window alone.

pub mod arguments;
pub mod cross;
pub mod cumulative;
pub mod decay;
mod describe;
pub mod deviation;
pub mod ewm;
pub mod extremes;
pub mod fold;
mod kernel;
pub mod moments;
pub mod pairs;
pub mod ranks;
pub mod scalars;
pub mod shift;
pub mod sorted;
pub mod sums;
pub mod trend;
pub mod weights;
pub mod windows;

use quantlake_core::Function;

/// All functions of the family.
pub fn functions() -> Vec<Function> {
    [
        shift::functions(),
        sums::functions(),
        extremes::functions(),
        moments::functions(),
        deviation::functions(),
        ranks::functions(),
        pairs::functions(),
        trend::functions(),
        decay::functions(),
        cumulative::functions(),
        ewm::functions(),
        cross::functions(),
        scalars::functions(),
        fold::functions(),
    ]
    .concat()
}
