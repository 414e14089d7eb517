//! The statistics as DataFusion calls them: against other programs, over bad input, in SQL.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod adapter;
mod golden;
#[path = "../../../indicators/tests/support/reference.rs"]
mod reference;
mod relations;
mod sql;
mod support;
