//! All families in one registry, and the registry in DataFusion.

use datafusion::prelude::SessionContext;
use quantlake_core::{Implementation, QlError, Registry};
use quantlake_models::ModelStore;
use std::sync::Arc;

/// Every function of every family.
///
/// # Errors
/// XX000 when two functions share a name.
pub fn registry(models: &Arc<ModelStore>) -> Result<Registry, QlError> {
    Registry::try_new(
        quantlake_indicators::functions()
            .into_iter()
            .chain(quantlake_trend::functions())
            .chain(quantlake_volatility::functions())
            .chain(quantlake_volume::functions())
            .chain(quantlake_market::functions())
            .chain(quantlake_shapes::functions())
            .chain(quantlake_alpha::functions())
            .chain(quantlake_stats::functions())
            .chain(quantlake_labels::functions())
            .chain(quantlake_patterns::functions())
            .chain(quantlake_models::functions(Arc::clone(models)))
            .chain(quantlake_sentiment::functions())
            .chain(quantlake_signals::functions())
            .chain(quantlake_risk::functions())
            .chain(quantlake_portfolio::functions())
            .chain(quantlake_backtest::functions())
            .chain(quantlake_search::functions()),
    )
}

/// Makes the functions known to a context. Relation functions are found by their planner.
pub fn register(ctx: &SessionContext, registry: &Registry) {
    for function in registry.iter() {
        match &function.implementation {
            Implementation::Scalar(udf) => ctx.register_udf(udf.as_ref().clone()),
            Implementation::Window(udwf) => ctx.register_udwf(udwf.as_ref().clone()),
            Implementation::Aggregate(udaf) => ctx.register_udaf(udaf.as_ref().clone()),
            Implementation::Relation(_) => {}
        }
    }
}
