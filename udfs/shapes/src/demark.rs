//! Tom DeMark's studies.
//!
//! Where the state machines of `wickra-core` differ from the books, the books' rules are written
//! here: the countdown starts again after a completed 13, the combo counts from the first bar of
//! the setup and compares with the combo bar before, REI joins its four conditions as "(1 or 3)
//! and (2 or 4)", TD Camouflage looks at the true low of two bars before, TD Clop and TD Trap
//! trade intrabar, the TD moving average is the conditional average of lows and highs.
//!
//! Left out: TD Propulsion and TD D-Wave, of which the library has only stand-ins with the name;
//! DeMark's pivot points belong to the pivots.

mod bars;
mod countdown;
mod oscillators;
mod setup;

use quantlake_core::Function;

const FAMILY: &str = "demark";

/// All functions of this family.
pub fn functions() -> Vec<Function> {
    [
        setup::functions(),
        countdown::functions(),
        oscillators::functions(),
        bars::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
