//! Backtests in SQL: signals and orders over bars become fills, an equity curve and trades.
//!
//! `backtest`, `backtest_trades`, `backtest_orders`, `backtest_fills`, `backtest_positions`,
//! `backtest_events`, `backtest_metrics` and `backtest_attribution` are views of one simulation,
//! which follows `docs/backtest.md` rule by rule. Its parts know no Arrow: [`market`] holds the bars
//! by column, [`account`] the cash and positions, [`engine`] the order of events; [`costs`],
//! [`actions`], [`stops`], [`sizing`] and [`limits`] are the rules it asks, [`trades`] the round
//! trips, [`attribution`] where the profit came from and [`metrics`] the statistics. The SQL side is
//! in [`mod@functions`] and its texts in [`specs`].

pub mod account;
pub mod actions;
pub mod attribution;
pub mod check;
pub mod costs;
pub mod engine;
pub mod excursion;
pub mod functions;
pub mod limits;
pub mod market;
pub mod metrics;
pub mod request;
pub mod settings;
pub mod sizing;
pub mod specs;
pub mod stops;
pub mod trades;

pub use engine::{Run, Simulator, simulate};
pub use functions::functions;
pub use market::{Columns, Market};
pub use settings::Settings;
