//! Return metrics and position sizing.
//!
//! The metrics are aggregates over the returns of equal periods: `sharpe(ret)` works in GROUP BY
//! and as a rolling window with OVER. Missing returns (NULL, NaN, infinite) are left out. What
//! cannot be told from the returns at hand, such as a ratio over no dispersion, is NULL and never
//! an infinity. Conventions that differ between libraries are arguments; the defaults are
//! empyrical's.
//!
//! * [`metrics`]: the table of all metrics of returns and trades, and what is derived from it
//! * forms that take one return after another, for growing windows: [`sharpe`], [`sortino`],
//!   [`volatility`], [`total_return`], [`annual_return`], [`max_drawdown`], [`calmar`],
//!   [`var_historical`], [`cvar_historical`]
//! * sizing: [`volatility_target`]

pub mod annual_return;
pub mod calmar;
pub mod cvar_historical;
pub mod honest;
pub mod max_drawdown;
pub mod metrics;
mod moments;
mod params;
pub mod portfolio_risk;
pub mod sharpe;
pub mod sortino;
mod tail;
pub mod total_return;
pub mod var_historical;
pub mod volatility;
pub mod volatility_target;
mod wealth;

pub use moments::Moments;
pub use wealth::Compounding;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    metrics::functions()
        .into_iter()
        .chain([volatility_target::function()])
        .chain(honest::functions())
        .chain(portfolio_risk::functions())
        .collect()
}
