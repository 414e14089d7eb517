//! Drawdowns in days.

use super::arguments::Convention;
use super::calendar::NANOSECONDS_IN_A_DAY;
use super::conventions::Conventions;
use super::drawdown::{Episode, drawdowns, episodes};
use super::numbers::mean;
use super::series::Series;
use super::table::{Compute, ReturnMetric};

/// Days from the first row below the peak to the row that is back, or to the last row.
fn drawdown_days(s: &Series<'_>, c: &Conventions) -> Vec<f64> {
    let episodes = episodes(&drawdowns(s.returns, c));
    let days = |e: &Episode| {
        let from = s.times.get(e.start)?;
        let to = s.times.get(e.recovery.unwrap_or(e.last))?;
        Some(to.saturating_sub(*from) as f64 / NANOSECONDS_IN_A_DAY as f64)
    };
    episodes.iter().filter_map(days).collect()
}

fn longest_drawdown_days(s: &Series<'_>, c: &Conventions) -> f64 {
    if s.returns.is_empty() {
        return f64::NAN;
    }
    drawdown_days(s, c).into_iter().fold(0.0, f64::max)
}

fn average_drawdown_days(s: &Series<'_>, c: &Conventions) -> f64 {
    mean(drawdown_days(s, c))
}

/// Days from a peak to the row that is back at it, the longest of the drawdowns that ended.
fn longest_recovery_days(s: &Series<'_>, c: &Conventions) -> f64 {
    let episodes = episodes(&drawdowns(s.returns, c));
    let peak = |start: usize| match start.checked_sub(1) {
        Some(row) => s.times.get(row).copied(),
        None => s.start,
    };
    let days = |e: &Episode| {
        let to = s.times.get(e.recovery?)?;
        Some(to.saturating_sub(peak(e.start)?) as f64 / NANOSECONDS_IN_A_DAY as f64)
    };
    episodes.iter().filter_map(days).fold(f64::NAN, f64::max)
}

/// A line about the days of drawdowns.
const fn in_days(
    name: &'static str,
    compute: Compute,
    summary: &'static str,
    source: &'static str,
) -> ReturnMetric {
    ReturnMetric::new(name, compute, summary, source)
        .taking(&[Convention::Method, Convention::Compounded, Convention::Base])
        .with_times()
}

/// The lines of the table about the days of drawdowns.
pub(super) const METRICS: &[ReturnMetric] = &[
    in_days(
        "max_drawdown_days",
        longest_drawdown_days,
        "Most days from the first row below a peak to the row back at it or the last one",
        "Length in drawdown_details of ffn",
    )
    .example("365.0"),
    in_days(
        "avg_drawdown_days",
        average_drawdown_days,
        "Mean days from the first row below a peak to the row back at it or the last one",
        "avg_drawdown_days of ffn",
    )
    .example("213.5"),
    in_days(
        "drawdown_recovery_days",
        longest_recovery_days,
        "Most days from a peak to the row back at it, of the drawdowns that ended; a first row of return 0 says when the first period started",
        "Drawdown Recovery of LEAN",
    )
    .example("1980.0"),
];
