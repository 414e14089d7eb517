//! The lake through its own interface: what is stored, stays, and is found again.

mod crash;
mod db;
mod ddl;
mod dml;
mod external;
mod import;
mod import_refused;
mod order;
mod restart;
mod time_travel;
mod types;
mod views;
