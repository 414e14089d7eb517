//! Honest statistics: what a backtest proves, given how it was found.
//!
//! * one record: [`inference`] (probabilistic and deflated Sharpe ratio, how long a record has to be)
//! * many trials: [`overfitting`] (PBO), [`superiority`] (reality check, SPA, stepwise),
//!   [`confidence_set`], [`multiple_testing`] (adjusted p-values, haircut Sharpe ratio)
//! * other histories: [`simulation`] (Monte Carlo of returns and trades), [`bootstrap`]
//!
//! What is random has a seed, and gives the same result on any number of threads ([`random`]).

pub(crate) mod binding;
pub mod bootstrap;
mod bootstrap_functions;
pub mod confidence_set;
pub(crate) mod description;
mod haircut;
pub mod inference;
pub mod multiple_testing;
mod other_functions;
pub mod overfitting;
mod overfitting_functions;
pub(crate) mod panel;
pub mod random;
mod sharpe_functions;
pub mod simulation;
pub mod student;
pub mod superiority;
mod trials;

pub use inference::{
    FourMoments, MomentRule, SharpeEstimate, deflated_sharpe, expected_maximum_sharpe,
    min_backtest_length, min_track_record_length, probabilistic_sharpe,
};

use quantlake_core::Function;

/// The functions of this folder.
pub fn functions() -> Vec<Function> {
    [
        sharpe_functions::functions(),
        overfitting_functions::functions(),
        bootstrap_functions::functions(),
        vec![haircut::function()],
        other_functions::functions(),
    ]
    .concat()
}
