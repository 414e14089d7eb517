//! What the distribution of one series looks like, and how predictable its patterns are.

pub(crate) mod entropy;
pub(crate) mod moments;
pub(crate) mod pattern_entropy;
pub(crate) mod quantile;

use quantlake_core::Function;

pub(crate) fn functions() -> Vec<Function> {
    [
        moments::skewness(),
        moments::excess_kurtosis(),
        moments::jarque_bera(),
        quantile::functions(),
        entropy::functions(),
        pattern_entropy::approximate(),
        pattern_entropy::sample(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
