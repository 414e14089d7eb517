//! Return metrics and position sizing.
//!
//! The metrics are aggregates over the returns of equal periods: `sharpe(ret)` works in GROUP BY
//! and as a rolling window with OVER. Missing returns (NULL, NaN, infinite) are left out. What
//! cannot be told from the returns at hand, such as a ratio over no dispersion, is NULL and never
//! an infinity. Conventions that differ between libraries are arguments; the defaults are
//! empyrical's.
//!
//! * dispersion: [`sharpe`], [`sortino`], [`volatility`]
//! * compounded wealth: [`total_return`], [`annual_return`], [`max_drawdown`], [`calmar`]
//! * the worst returns: [`var_historical`], [`cvar_historical`]
//! * sizing: [`volatility_target`]

pub mod annual_return;
pub mod calmar;
pub mod cvar_historical;
pub mod max_drawdown;
mod moments;
mod params;
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
    vec![
        sharpe::function(),
        sortino::function(),
        volatility::function(),
        total_return::function(),
        annual_return::function(),
        max_drawdown::function(),
        calmar::function(),
        var_historical::function(),
        cvar_historical::function(),
        volatility_target::function(),
    ]
}
