//! The PostgreSQL wire protocol in front of the engine.
//!
//! A connection goes through these files in this order: [`listener`] accepts it, `startup`
//! negotiates TLS and logs the user in, `connection` reads messages (`frames`) and answers them,
//! `simple` and `extended` being the two ways to send a query, `rows` streams results through
//! `encode`.
//!
//! The loop is our own rather than the `pgwire` crate's, whose messages we send: its decoder
//! trusts lengths that the client wrote, its SCRAM keeps password equivalents, and its portals
//! collect a result before the first row leaves. Here a result is never held: rows are encoded
//! batch by batch, and a slow client slows the query down.
//!
//! Not here: COPY over the wire (refused with 0A000), replication, GSSAPI, LISTEN.

mod base64;
mod cancel;
mod connection;
mod encode;
mod extended;
mod fault;
mod frames;
pub mod listener;
pub mod options;
mod parameters;
mod placeholders;
mod rows;
pub mod scram;
mod simple;
mod startup;
mod tls;
mod transport;

pub use listener::Server;
pub use options::{ServerOptions, TlsFiles};

use datafusion::arrow::datatypes::{DataType, Field};
use postgres_types::Type;

/// The type that a column has on the wire, for the catalog to tell the same.
pub(crate) fn wire_type(field: &Field) -> Type {
    encode::types::pg_type(field)
}

/// The type that values have on the wire.
pub(crate) fn wire_type_of(data_type: &DataType) -> Type {
    encode::types::pg_type_of(data_type)
}
