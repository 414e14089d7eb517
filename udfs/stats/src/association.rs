//! How two series go together.

pub(crate) mod distance;
pub(crate) mod kendall;
pub(crate) mod linear;
pub(crate) mod mutual_information;
pub(crate) mod regression;

use quantlake_core::Function;

pub(crate) fn functions() -> Vec<Function> {
    [
        linear::pearson(),
        linear::spearman(),
        kendall::functions(),
        regression::functions(),
        mutual_information::functions(),
        distance::functions(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
