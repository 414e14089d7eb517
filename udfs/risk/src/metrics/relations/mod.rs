//! The metrics as functions over a query.
//!
//! Those of returns take rows with `ts` and `ret`, symbol by symbol where the query has a column
//! `symbol`; those of trades take all rows as one account.

mod calendar_returns;
mod drawdowns;
mod frame;
mod return_metrics;
mod trade_metrics;

use quantlake_core::Function;

/// The functions over a query.
pub(super) fn functions() -> Vec<Function> {
    vec![
        return_metrics::function(),
        trade_metrics::function(),
        drawdowns::function(),
        calendar_returns::function(),
    ]
}
