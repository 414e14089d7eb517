//! Where the money came from: the profit of an account by symbol, side, sector, source and kind.
//!
//! The parts of every table add up to the change of equity since the start, to the rounding of
//! the sums: trades carry all that a position did ([`crate::trades::Parts`]), and what belongs to
//! no position, interest on cash, is a row of its own.

pub mod sum;
pub mod table;

pub use sum::Sum;
pub use table::{Attribution, Dimension, Row, attribute};
