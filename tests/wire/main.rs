//! The wire protocol, over real sockets against a server in this process.

mod cancel;
mod catalog;
mod errors;
mod extended;
mod harness;
mod limits;
mod login;
mod psql;
mod raw;
mod sessions;
mod tls;
