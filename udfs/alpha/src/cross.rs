//! Functions of all rows of a partition, `OVER (PARTITION BY ts)`: the symbols of one moment.
//!
//! The order in which the rows arrive has no meaning, and none of it reaches the results: sums
//! are taken over the sorted rows, so that even their rounding is the same for every order.

pub mod buckets;
pub mod groups;
pub mod order;
pub mod rank;
pub mod regress;
pub mod scale;
pub mod winsorize;

use quantlake_core::Function;

pub(crate) fn functions() -> Vec<Function> {
    [
        rank::functions(),
        scale::functions(),
        winsorize::functions(),
        buckets::functions(),
        groups::functions(),
        regress::functions(),
    ]
    .concat()
}
