//! The SQL that QuantLake adds to DataFusion's: own statements and rewrites of the syntax tree.
//!
//! [`parser`] splits a script and dispatches; each own statement has its file with syntax tree,
//! parser and `Display`. The rewrites ([`rewrite`]) run on every other statement before planning;
//! [`CheckFields`] looks at fields of results while DataFusion plans.

mod fields;
pub mod fold;
pub mod model;
pub mod parser;
pub mod rewrite;
pub mod strategy;
pub mod user;

pub use fields::CheckFields;
pub use parser::{Statement, parse};
