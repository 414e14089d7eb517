//! Portfolio construction: weights from a query, frontiers, position sizes, whole units.
//!
//! * relation functions over bars or returns of many symbols: [`weights`] (`portfolio_weights`),
//!   [`rolling`] (`rolling_weights`, point in time, for backtests), [`frontier`]
//!   (`efficient_frontier`), [`discrete`] (`discrete_allocation`)
//! * position sizes, row by row or over trades: [`sizing`]
//!
//! The mathematics is in [`kernel`], which knows neither SQL nor Arrow; [`panel`] turns rows into
//! what it reads, [`views`] the rows of a second query into views, [`options`] names
//! the arguments and [`settings`] reads them, and [`construct`] joins the two.

pub mod construct;
pub mod discrete;
pub mod frontier;
pub mod kernel;
pub mod options;
pub mod panel;
pub mod rolling;
pub mod settings;
pub mod sizing;
pub mod views;
pub mod weights;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    let mut functions = vec![
        weights::function(),
        rolling::function(),
        frontier::function(),
        discrete::function(),
    ];
    functions.extend(sizing::functions());
    functions
}

/// The family of all functions here.
pub(crate) const FAMILY: &str = "portfolio";
