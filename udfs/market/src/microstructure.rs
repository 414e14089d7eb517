//! Order books and trades.
//!
//! Prices are in the instrument's currency, sizes in its units. `side` is who began the trade:
//! above 0 a buyer, below 0 a seller, 0 unknown. [`trades`] has rules that guess it.
//!
//! Left out of what `wickra-core` has: `Footprint` (a list that grows with every row; in SQL it is
//! `GROUP BY round(price / tick)`), and `Pin`, which is not the probability of informed trading
//! but the imbalance of the numbers of buys and sells (`trade_imbalance` with sizes of 1).
//! Where that library gives 0 or 0.5 for what is unknown (no size, no variance), NULL stands here.

pub mod book;
pub mod impact;
pub mod information_share;
pub mod spreads;
pub mod trades;

use quantlake_core::{Function, FunctionSpec, Kind};

/// The family in the catalogue.
const FAMILY: &str = "microstructure";

/// All functions of order books and trades.
pub fn functions() -> Vec<Function> {
    [
        book::functions(),
        trades::functions(),
        spreads::functions(),
        impact::functions(),
        information_share::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn scalar(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, FAMILY, Kind::Scalar, summary)
}

fn window(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, FAMILY, Kind::Window, summary)
}

/// What the parameter `side` takes.
const SIDE: (&str, &str) = (
    "side",
    "Who began the trade: above 0 a buyer, below 0 a seller, 0 unknown",
);

/// The size of a trade.
const SIZE: (&str, &str) = ("size", "Traded units, not negative");

/// The middle between bid and ask.
const MID: (&str, &str) = ("mid", "Middle between best bid and best ask at the trade");

/// A fraction in basis points.
const BASIS_POINTS: f64 = 10_000.0;

/// `+1` for a buyer, `-1` for a seller, NaN for neither.
fn sign(side: f64) -> f64 {
    match side {
        s if s > 0.0 => 1.0,
        s if s < 0.0 => -1.0,
        _ => f64::NAN,
    }
}
