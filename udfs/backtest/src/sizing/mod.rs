//! From the size of an entry to units.

pub mod kelly;
pub mod rules;

pub use kelly::{Kelly, KellyRecord};
pub use rules::{Basis, SizeFault, SizeRule, SizeType};
