//! Volatility of a price, from its returns or from the ranges of its bars.
//!
//! Figures are fractions (0.2 is 20 %), as in `volatility` and TA-Lib's `rogerssatchell`, and only
//! functions with `annualization` are per year.
//!
//! Left to TA-Lib: `atr`, `natr`, `trange`, `bbands`, `bbw`, `percentb`, `kc`, `donchian`,
//! `ta_stddev`, `cvi` (Chaikin), `rvi` and `rvir` (Dorsey), `rogerssatchell`: the same in meaning.
//! `realized_volatility` belongs to the price statistics.

mod dynamics;
mod range;
mod realized;

use quantlake_core::Function;

/// Family name of these functions.
pub(crate) const FAMILY: &str = "volatility";

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        range::functions(),
        realized::functions(),
        dynamics::functions(),
    ]
    .concat()
}
