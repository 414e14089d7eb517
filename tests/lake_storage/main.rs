//! The lake through its own interface: what is stored, stays, and is found again.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod crash;
mod db;
mod ddl;
mod dml;
mod external;
mod import;
mod import_refused;
mod order;
mod range_scan;
mod restart;
mod time_travel;
mod types;
mod views;
