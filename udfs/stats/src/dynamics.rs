//! How one series depends on its own past.

pub(crate) mod autocorrelation;
pub(crate) mod cusum_test;
pub(crate) mod garch;
pub(crate) mod half_life;
pub(crate) mod hurst;
pub(crate) mod ljung_box;
pub(crate) mod variance_ratio;

use quantlake_core::Function;

pub(crate) fn functions() -> Vec<Function> {
    [
        autocorrelation::autocorrelation(),
        autocorrelation::partial_autocorrelation(),
        ljung_box::functions(),
        variance_ratio::functions(),
        hurst::functions(),
        half_life::functions(),
        cusum_test::functions(),
        garch::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
