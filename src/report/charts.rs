//! The charts of a report, each a function of the report and a size.

mod candles;
mod months;

pub use candles::{candles, symbols, title as candles_title};
pub use months::{MONTHS, by_year, height_of as months_height, months, total as year_total};

use super::Report;
use super::format::Unit;
use super::plot::{Chart, Plot, Series, Size};
use super::scale::is_intraday;

/// A chart that a report may have.
pub type Draw = fn(&Report, Size) -> Option<Chart>;

const ROLLING_SHARPE: &str = "Rolling Sharpe ratio";

/// The charts over time, with their titles, in the order of the page.
pub const OVER_TIME: [(&str, Draw); 5] = [
    ("Equity, benchmark dashed", equity),
    ("Drawdown, benchmark dashed", drawdown),
    (ROLLING_SHARPE, rolling_sharpe),
    ("Net exposure, gross dashed", exposure),
    ("Costs paid so far", costs),
];

/// What stands above a chart over time in a report.
pub fn title_in(report: &Report, title: &str) -> String {
    match title {
        ROLLING_SHARPE => format!("{title}, {} returns, annualised", rolling_window(report)),
        other => other.to_string(),
    }
}

/// Value of the account and of the benchmark.
pub fn equity(report: &Report, size: Size) -> Option<Chart> {
    let curve = &report.curve;
    let own = Series {
        name: "equity",
        class: "series a",
        values: &curve.equity,
    };
    let other = Series {
        name: "benchmark",
        class: "series b",
        values: &curve.benchmark,
    };
    draw(report, size, &[other, own], Unit::Money, &[])
}

/// How far the account is below its highest value, and the benchmark below its own.
pub fn drawdown(report: &Report, size: Size) -> Option<Chart> {
    let curve = &report.curve;
    let own = curve.drawdown(&curve.equity);
    let other = curve.drawdown(&curve.benchmark);
    let own = Series {
        name: "drawdown",
        class: "series loss",
        values: &own,
    };
    let other = Series {
        name: "benchmark",
        class: "series b",
        values: &other,
    };
    let mut plot = Plot::new(size, &curve.times, &[other, own], Unit::Percent, &[0.0])?;
    plot.area("fill loss", own.values);
    plot.line(&other);
    plot.line(&own);
    plot.hits(&[own, other], is_intraday(&curve.times));
    Some(plot.finish())
}

/// How many returns the rolling ratio is of: half a year of daily bars, less for short runs.
pub fn rolling_window(report: &Report) -> usize {
    let half_a_year = (report.periods() / 2.0).round().max(2.0) as usize;
    half_a_year.min(report.curve.returns.len() / 4).max(2)
}

/// The annualised Sharpe ratio of the last returns.
pub fn rolling_sharpe(report: &Report, size: Size) -> Option<Chart> {
    let curve = &report.curve;
    let rolling = curve.rolling_sharpe(rolling_window(report), report.periods());
    let series = Series {
        name: "Sharpe ratio",
        class: "series a",
        values: &rolling,
    };
    draw(report, size, &[series], Unit::Plain, &[0.0])
}

/// Gross and net exposure, as fractions of equity.
pub fn exposure(report: &Report, size: Size) -> Option<Chart> {
    let curve = &report.curve;
    let gross = Series {
        name: "gross",
        class: "series b",
        values: &curve.gross,
    };
    let net = Series {
        name: "net",
        class: "series a",
        values: &curve.net,
    };
    draw(report, size, &[gross, net], Unit::Plain, &[0.0])
}

/// Costs so far, in money.
pub fn costs(report: &Report, size: Size) -> Option<Chart> {
    let curve = &report.curve;
    let series = Series {
        name: "costs",
        class: "series a",
        values: &curve.costs,
    };
    let mut plot = Plot::new(size, &curve.times, &[series], Unit::Money, &[0.0])?;
    plot.area("fill a", series.values);
    plot.line(&series);
    plot.hits(&[series], is_intraday(&curve.times));
    Some(plot.finish())
}

fn draw(
    report: &Report,
    size: Size,
    series: &[Series<'_>],
    unit: Unit,
    include: &[f64],
) -> Option<Chart> {
    let times = &report.curve.times;
    let mut plot = Plot::new(size, times, series, unit, include)?;
    for one in series {
        plot.line(one);
    }
    let named: Vec<Series<'_>> = series.iter().rev().copied().collect();
    plot.hits(&named, is_intraday(times));
    Some(plot.finish())
}
