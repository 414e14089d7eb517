//! The functions of the crate against independent values, against themselves, and through SQL.

#[path = "../../../indicators/tests/support/reference.rs"]
mod reference;

mod golden;
mod properties;
mod rowwise;
mod sql;
