//! Functions over a query.

pub(crate) mod johansen;
pub(crate) mod lttb;
pub(crate) mod panel;
pub(crate) mod pca;

use quantlake_core::Function;

pub(crate) fn functions() -> Vec<Function> {
    vec![
        pca::components(),
        pca::factors(),
        johansen::function(),
        lttb::function(),
    ]
}
