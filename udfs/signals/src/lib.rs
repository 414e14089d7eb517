//! From several opinions to one signal.
//!
//! Forecast, pattern, sentiment and indicator each give a score from -1 (sell) to 1 (buy).
//! [`squash()`] brings an unbounded number to that range, [`fuse()`] makes one score out of up to
//! four, and [`Thresholds`] name it. Nothing here looks at more than one row.

mod columns;
mod fuse;
mod signal_label;
mod squash;

pub use fuse::{Weights, fuse};
pub use signal_label::{Signal, Thresholds};
pub use squash::squash;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    vec![
        fuse::function(),
        signal_label::function(),
        squash::function(),
    ]
}
