//! Functions of the market around a price: order books and trades, derivatives, breadth, sessions.
//!
//! * [`microstructure`]: order book, trade flow, spreads, price impact,
//! * [`derivatives`]: funding, basis, open interest, positioning, liquidations,
//! * [`breadth`]: how many issues take part in a move,
//! * [`session`]: trading sessions in local time, their profiles and seasons,
//! * [`calendar`]: the sessions of exchanges by name,
//! * [`binding`] and [`describe`]: what these functions share.

pub mod binding;
pub mod breadth;
pub mod calendar;
pub mod derivatives;
pub mod describe;
pub mod microstructure;
pub mod session;

use quantlake_core::Function;

/// All functions of the crate.
pub fn functions() -> Vec<Function> {
    [
        microstructure::functions(),
        derivatives::functions(),
        breadth::functions(),
        session::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
