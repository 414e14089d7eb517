//! The metrics as DataFusion calls them: against other programs, over partial results, in SQL.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod adapter;
mod conventions;
mod golden;
mod relations;
mod sql;
mod support;
mod table;
