//! The mathematics of portfolios over plain numbers.
//!
//! * [`matrix`]: covariance matrices, [`program`]: quadratic and linear programs,
//!   [`limits`]: what weights may be, [`sectors`]: the text of some of them
//! * estimates: [`expected`], [`black_litterman`]
//! * weights: [`optimise`], [`tail`], [`risk_parity`], [`simple`], [`hierarchical`] over
//!   [`linkage`], and all of them by name in [`method`]
//! * whole units: [`allocation`]

pub mod allocation;
pub mod black_litterman;
pub mod expected;
pub mod hierarchical;
pub mod limits;
pub mod linkage;
pub mod matrix;
pub mod method;
pub mod optimise;
pub mod program;
pub mod risk_parity;
pub mod sectors;
pub mod simple;
pub mod tail;
