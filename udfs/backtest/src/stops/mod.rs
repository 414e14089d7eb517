//! Exits attached to positions: what they are asked for ([`ExitRules`], one per run), and where
//! they stand for one position ([`Exits`], one per position, plain numbers).
//!
//! The engine walks a bar's path leg by leg. Before a leg it reads [`Exits::stop`] and
//! [`Exits::take`] as it reads a resting stop and limit order; after the leg it tells the price
//! at the leg's end with [`Exits::after_leg`], which moves what follows the price. A bar that
//! cannot meet a level on any path needs no walk: [`Exits::may_act`] says so.
//!
//! ```text
//! entry        Exits::new, then Exits::see for each price of the rest of its bar
//! each bar     Exits::start_bar before its open (true: the time stop is due), then its legs
//! each leg     Exits::stop and Exits::take; Exits::after_take when one had its turn; Exits::after_leg
//! more of it   Exits::increase; less of it: nothing
//! ```

pub mod exits;
pub mod levels;
pub mod rules;
pub mod trail;

pub use exits::{Entry, Exits, StopKind, Take};
pub use levels::{MAX_LEVELS, TakeLevel, parse_levels};
pub use rules::{Distances, ExitRules, NO_ATR, StopUnit};
pub use trail::Trail;
