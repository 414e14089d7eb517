//! Corporate actions: what happens to a position before its bar's open.
//!
//! At one bar they come in the order split, dividend, roll.

pub mod dividend;
pub mod roll;
pub mod split;

pub use dividend::dividend_flow;
pub use roll::Roll;
pub use split::Split;
