//! Risk of portfolios: value at risk, what each position adds to it, factors, stress.
//!
//! * one series: [`tail_risk`] (value at risk, expected shortfall, drawdown at risk)
//! * many: [`covariance`] (plain, weighted, shrunk), [`contribution`] (component and marginal
//!   risk), [`regression`] (factor exposures)
//! * what if: [`stress`], [`liquidity`]
//! * how much money: [`capacity`]
//!
//! Risks are returns or money gained: a loss is negative.

pub mod capacity;
mod capacity_function;
pub mod contribution;
pub mod covariance;
pub mod liquidity;
mod liquidity_function;
mod portfolio_functions;
mod positions;
pub mod regression;
mod series_functions;
pub mod stress;
mod stress_function;
pub mod tail_risk;

use quantlake_core::Function;

/// The functions of this folder.
pub fn functions() -> Vec<Function> {
    [
        series_functions::functions(),
        portfolio_functions::functions(),
        vec![
            stress_function::function(),
            liquidity_function::function(),
            capacity_function::function(),
        ],
    ]
    .concat()
}
