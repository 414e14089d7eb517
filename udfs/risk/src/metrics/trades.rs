//! Metrics of closed trades.
//!
//! Slices are by trade, in the order of the exits. A column that the caller lacks is empty, and
//! what needs it is NaN.

use super::calendar::NANOSECONDS_IN_A_DAY;
use super::conventions::Conventions;
use super::numbers::{moments, quantile, quotient, sorted};
use super::series::Series;
use super::trade_table::TRADE_METRICS;
use super::wins;

/// The closed trades of an account.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trades<'a> {
    /// Profit after costs, in money.
    pub pnl: &'a [f64],
    /// Profit as a fraction of the value at entry.
    pub ret: &'a [f64],
    /// Time of the entry, in nanoseconds since 1970 UTC.
    pub entry: &'a [i64],
    /// Time of the exit, in nanoseconds since 1970 UTC.
    pub exit: &'a [i64],
    /// Commission of entry and exit, in money.
    pub costs: &'a [f64],
    /// Bars from entry to exit.
    pub bars: &'a [f64],
    /// Worst profit during the trade, in money, at most 0.
    pub mae: &'a [f64],
    /// Best profit during the trade, in money, at least 0.
    pub mfe: &'a [f64],
    /// Capital before the first trade, in money; 0 where it is unknown.
    pub capital: f64,
}

/// A metric of trades.
#[derive(Debug, Clone, Copy)]
pub struct TradeMetric {
    /// Name in reports.
    pub name: &'static str,
    /// One sentence, with the unit.
    pub summary: &'static str,
    /// Formula, book, paper or library.
    pub source: &'static str,
    /// Its kernel; NaN is "unknown".
    pub compute: fn(&Trades<'_>, &Conventions) -> f64,
}

/// Every metric of trades, in the order of the table; NaN for unknown.
pub fn all(trades: &Trades<'_>, conventions: &Conventions) -> Vec<(&'static str, f64)> {
    let value = |m: &TradeMetric| (m.name, (m.compute)(trades, conventions));
    TRADE_METRICS.iter().map(value).collect()
}

pub(super) fn profits<'a>(trades: &Trades<'a>) -> Series<'a> {
    Series {
        returns: trades.pnl,
        ..Series::default()
    }
}

pub(super) fn returns<'a>(trades: &Trades<'a>) -> Series<'a> {
    Series {
        returns: trades.ret,
        ..Series::default()
    }
}

pub(super) fn sum(values: impl Iterator<Item = f64>) -> f64 {
    // A sum that starts at 0 and not at -0.
    values.fold(0.0, |sum, v| sum + v)
}

/// The values of a column in the trades that were won or lost; a profit of 0 is lost.
pub(super) fn of_trades<'a>(
    trades: &Trades<'a>,
    column: &'a [f64],
    won: bool,
) -> impl Iterator<Item = f64> {
    let pairs = trades.pnl.iter().zip(column);
    pairs.filter_map(move |(pnl, v)| ((*pnl > 0.0) == won).then_some(*v))
}

pub(super) fn days(trades: &Trades<'_>) -> Vec<f64> {
    let pairs = trades.entry.iter().zip(trades.exit);
    pairs
        .map(|(from, to)| to.saturating_sub(*from) as f64 / NANOSECONDS_IN_A_DAY as f64)
        .collect()
}

pub(super) fn won_days(trades: &Trades<'_>, won: bool) -> Vec<f64> {
    let pairs = trades.pnl.iter().zip(days(trades));
    pairs
        .filter_map(|(pnl, days)| ((*pnl > 0.0) == won).then_some(days))
        .collect()
}

pub(super) fn median(values: &[f64]) -> f64 {
    quantile(&sorted(values), 0.5)
}

/// Each profit as a fraction of the capital before it: the starting capital and what the trades
/// before have made.
pub(super) fn on_capital(trades: &Trades<'_>) -> Vec<f64> {
    let mut capital = trades.capital;
    let fraction = |pnl: &f64| {
        let fraction = quotient(*pnl, capital);
        capital += pnl;
        fraction
    };
    trades.pnl.iter().map(fraction).collect()
}

pub(super) fn deviation_of_losses(trades: &Trades<'_>) -> f64 {
    moments(trades.pnl.iter().copied().filter(|p| *p <= 0.0)).deviation(1)
}

pub(super) fn on_capital_series(fractions: &[f64]) -> Series<'_> {
    Series {
        returns: fractions,
        ..Series::default()
    }
}

/// LEAN counts wins by profit and sizes them by capital.
pub(super) fn expectancy_on_capital(trades: &Trades<'_>, c: &Conventions) -> f64 {
    wins::expectancy_ratio(&on_capital_series(&on_capital(trades)), c)
}

pub(super) fn highest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}

pub(super) fn lowest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::min)
}
