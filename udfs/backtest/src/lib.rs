//! Backtests in SQL: target positions over bars become orders, fills, an equity curve and trades.
//!
//! `backtest`, `backtest_trades` and `backtest_metrics` are three views of one simulation. Its
//! parts know no Arrow: [`market`] holds the bars by column, [`account`] the cash and positions,
//! [`orders`] the rules from a target to a quantity, [`engine`] the loop over time, [`trades`] the
//! round trips in the fills and [`metrics`] the statistics. The SQL side is in [`mod@functions`]
//! and its texts in [`specs`].
//!
//! # What happens when
//!
//! * Bars are stamped at their close. A target in the bar at t is known at that close, and its
//!   order fills at the open of the symbol's next bar, unless `fill` says otherwise.
//! * NULL is no opinion: the position stays. 0 is flat. With `rebalance => 'change'` a target that
//!   repeats the one before gives no order, so the position drifts with its price.
//! * All symbols share one cash account. A weight is a fraction of the account's value at the fill
//!   prices of that moment, before any of its orders: what vectorbt calls a target percent with
//!   shared cash. Orders that free buying power are filled before orders that need it: with long
//!   positions only, sales before purchases.
//! * A fill price is the bar's price moved against the order by the slippage. The commission is a
//!   fraction of the value traded plus a fixed amount per order, taken from cash.
//! * An order that opens exposure is cut down to what keeps the gross exposure within
//!   `max_leverage` times the equity after costs (with 1 and no short position: to the cash), or
//!   rejected when that is nothing. Orders that reduce a position always fill. There is no margin
//!   call: an account may lose more than it has, and then opens nothing any more.
//! * A bar without the price that fills need leaves the order pending for the symbol's next bar.
//!   Positions are valued at the last price seen. Orders still pending after the last bar expire.
//! * Calendars may differ: a symbol takes part in the timestamps for which it has a bar.

pub mod account;
pub mod engine;
pub mod excursion;
pub mod functions;
pub mod market;
pub mod metrics;
pub mod orders;
pub mod settings;
pub mod specs;
pub mod trades;

pub use functions::functions;
