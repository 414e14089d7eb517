//! Metrics of returns and of trades, each described once.
//!
//! [`RETURN_METRICS`] lists what can be told from returns, [`TRADE_METRICS`] what can be told from
//! trades. A line of the table is a name, a sentence, a source, the conventions a caller may
//! choose and a kernel over slices. The SQL aggregates, the relation functions
//! `return_metrics` and `trade_metrics` and the report of a backtest all come from these lines:
//!
//! ```
//! use quantlake_risk::metrics::{Conventions, Observations, all};
//! let observations = Observations::new(&[0.01, -0.02, 0.03], &[], &[]);
//! let report = all(&observations.series(), &Conventions::default());
//! assert!(report.iter().any(|(name, _)| *name == "sharpe"));
//! ```
//!
//! Kernels take dense rows: [`Observations`] takes the missing ones out.

mod aggregate;
pub mod arguments;
pub mod calendar;
pub mod conventions;
pub mod dispersion;
pub mod drawdown;
pub mod drawdown_days;
pub mod gpd;
mod gpd_aggregate;
pub mod growth;
pub mod market;
mod nelder_mead;
mod numbers;
mod relations;
pub mod series;
pub mod shape;
pub mod table;
pub mod tails;
mod trade_drawdown;
mod trade_table;
pub mod trades;
pub mod trailing;
pub mod wins;

pub use conventions::Conventions;
pub use series::{Observations, Series};
pub use table::ReturnMetric;
pub use trade_table::TRADE_METRICS;
pub use trades::{TradeMetric, Trades};

use quantlake_core::Function;

/// The metrics of returns, by idea.
pub const RETURN_METRICS: &[&[ReturnMetric]] = &[
    growth::METRICS,
    dispersion::METRICS,
    drawdown::METRICS,
    tails::METRICS,
    shape::METRICS,
    wins::METRICS,
    market::METRICS,
    calendar::METRICS,
    trailing::METRICS,
    drawdown_days::METRICS,
];

/// Every metric that the columns at hand allow, in the order of the table; NaN for unknown.
pub fn all(series: &Series<'_>, conventions: &Conventions) -> Vec<(&'static str, f64)> {
    RETURN_METRICS
        .iter()
        .copied()
        .flatten()
        .filter_map(|m| Some((m.name, m.value_in(series, conventions)?)))
        .collect()
}

/// The metric of this name.
pub fn find(name: &str) -> Option<&'static ReturnMetric> {
    let mut metrics = RETURN_METRICS.iter().copied().flatten();
    metrics.find(|m| m.name == name || m.aliases.contains(&name))
}

/// The SQL functions of this folder.
pub(crate) fn functions() -> Vec<Function> {
    let metrics = RETURN_METRICS.iter().copied().flatten();
    metrics
        .filter(|m| m.is_aggregate)
        .map(aggregate::function)
        .chain([gpd_aggregate::function()])
        .chain(relations::functions())
        .collect()
}
