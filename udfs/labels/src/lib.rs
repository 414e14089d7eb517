//! Labels: what happened after each bar, as window functions.
//!
//! A label looks ahead on purpose, so every function here declares
//! [`Causality::Forward`](quantlake_core::Causality::Forward) with the parameter that says how far.
//! Labels are targets for training and evaluation; as an input of a signal they are a leak.
//! Where the future that a label needs is not in the data yet, the label is NULL, never a guess.
//!
//! * [`forward_return`]: the return over the next bars,
//! * [`triple_barrier`]: which of a profit, a stop and a time barrier is met first; the rules are
//!   in [`barriers`], the search for the first touch in [`price_path`].

pub mod barriers;
pub mod forward_return;
pub mod price_path;
pub mod triple_barrier;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    vec![forward_return::function(), triple_barrier::function()]
}
