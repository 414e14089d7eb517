//! Tests of the portfolio functions through SQL.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod errors;
mod properties;
mod rolling;
mod sizes;
mod sql;
mod support;
mod units;
mod weights;
