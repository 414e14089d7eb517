//! QuantLake: a SQL engine for quantitative research.
//!
//! [`engine::Engine::open`] opens a data directory; [`engine::Engine::session`] gives a session;
//! [`engine::session::Session::execute`] runs SQL. `server` speaks the PostgreSQL wire protocol
//! over such sessions and `cli` is the command line. Functions live in the `udfs/*` crates.

pub mod cli;
pub mod dialect;
pub mod engine;
pub mod lake;
pub mod pg_catalog;
pub mod report;
pub mod server;

pub use engine::{Engine, EngineOptions};
