//! Statistics of series and groups.
//!
//! A statistic of a sample is written once ([`sample::Statistic`]) and comes as an aggregate,
//! `adf(x ORDER BY ts)`, and as a rolling window, `rolling_adf(x, 250) OVER w`, with the same
//! values. Missing rows (NULL, NaN, infinite) are left out; what cannot be known, such as the
//! correlation with a constant, is NULL.
//!
//! * `association`: correlations, regression, mutual information, distance correlation
//! * `shape`: skewness, kurtosis, quantiles, entropies
//! * `dynamics`: autocorrelation, variance ratio, Hurst exponent, half-life, breaks, GARCH
//! * `unit_root`: ADF, KPSS, Phillips-Perron, Engle-Granger
//! * `filters`: window functions with a state: fractional differences, Kalman hedge ratio, outliers
//! * `extremes`: values at the largest and smallest of another column
//! * `relations`: functions over a query: principal components, Johansen, charts
//! * [`pivot`]: rows to columns and back, in FROM

mod association;
mod center;
mod distribution;
mod dynamics;
mod example;
mod extremes;
mod filters;
mod histogram;
mod linear;
mod nelder_mead;
mod params;
pub mod pivot;
mod ranks;
mod relations;
pub mod sample;
mod shape;
mod unit_root;

use quantlake_core::Function;

/// The functions of this family.
pub fn functions() -> Vec<Function> {
    [
        association::functions(),
        shape::functions(),
        dynamics::functions(),
        unit_root::functions(),
        filters::functions(),
        extremes::functions(),
        relations::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
