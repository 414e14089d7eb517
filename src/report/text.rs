//! The report for a terminal of 80 columns.

use super::braille::Dots;
use super::charts::{MONTHS, by_year, rolling_window, year_total};
use super::facts::{self, Fact};
use super::format::{Unit, percent_number, show, wrap};
use super::scale::{extent, is_intraday, show_time};
use super::{Report, curve::Curve};
use std::fmt::Write;

/// Characters of a line.
const WIDTH: usize = 80;
/// Characters of a month in the table of months.
const MONTH: usize = 5;
/// Characters before what goes on below.
const INDENT: usize = 6;

/// A chart: its title, values, lines and the values that its labels tell.
struct Chart<'a> {
    title: &'a str,
    values: &'a [f64],
    rows: usize,
    labels: [String; 2],
    range: (f64, f64),
}

/// The report as lines of text.
pub fn text(report: &Report) -> String {
    let header = &report.run.header;
    let mut text = format!("{}, run {}\n", header.strategy, report.run.id);
    list(&mut text, " = ", &facts::parameters(report));
    text.push('\n');
    for (name, value, beside) in facts::headline(report) {
        let beside = beside.map(|b| format!("   benchmark {b}"));
        let beside = beside.unwrap_or_default();
        let _ = writeln!(text, "{name:>18}  {value:>14}{beside}");
    }
    charts(&mut text, report);
    months(&mut text, report);
    let _ = writeln!(text, "\nHow honest is this?");
    wrapped(&mut text, &facts::verdict(report).1);
    list(&mut text, ": ", &facts::honesty(report));
    text.push_str("\nData\n");
    list(&mut text, ": ", &facts::data(report));
    text
}

/// The charts over time, one below the other over the same times.
fn charts(text: &mut String, report: &Report) {
    let curve = &report.curve;
    let window = rolling_window(report);
    let sharpe = curve.rolling_sharpe(window, report.periods());
    let drawdown = curve.drawdown(&curve.equity);
    let sharpe_title = format!("Sharpe ratio of the last {window} returns, annualised");
    let all = [
        Chart::new("Equity", &curve.equity, 12, Unit::Money),
        Chart::new("Drawdown", &drawdown, 5, Unit::Percent),
        Chart::new(&sharpe_title, &sharpe, 5, Unit::Plain),
        Chart::new("Net exposure", &curve.net, 4, Unit::Plain),
    ];
    let drawn: Vec<Chart<'_>> = all.into_iter().flatten().collect();
    let widths = drawn.iter().flat_map(|chart| &chart.labels);
    let label = widths.map(|label| label.chars().count()).max();
    let Some(columns) = label.and_then(|label| WIDTH.checked_sub(label + 1)) else {
        return;
    };
    for chart in &drawn {
        chart.draw(text, columns);
    }
    axis(text, curve, columns);
}

impl<'a> Chart<'a> {
    /// None when no value is known.
    fn new(title: &'a str, values: &'a [f64], rows: usize, unit: Unit) -> Option<Self> {
        let (low, high) = extent(values.iter(), &[])?;
        Some(Self {
            title,
            values,
            rows,
            labels: [show(high, unit), show(low, unit)],
            range: (low, high),
        })
    }

    fn draw(&self, text: &mut String, columns: usize) {
        let (low, high) = self.range;
        let mut dots = Dots::new(columns, self.rows);
        dots.trace(self.values, low, high);
        let _ = writeln!(text, "\n{}", self.title);
        let [top, bottom] = &self.labels;
        for (row, line) in dots.lines().iter().enumerate() {
            let _ = match row {
                0 => writeln!(text, "{line} {top}"),
                _ if row + 1 == self.rows => writeln!(text, "{line} {bottom}"),
                _ => writeln!(text, "{line}"),
            };
        }
    }
}

fn axis(text: &mut String, curve: &Curve, columns: usize) {
    let intraday = is_intraday(&curve.times);
    if let (Some(first), Some(last)) = (curve.times.first(), curve.times.last()) {
        let (first, last) = (show_time(*first, intraday), show_time(*last, intraday));
        let rest = columns.saturating_sub(first.len());
        let _ = writeln!(text, "{first}{last:>rest$}");
    }
}

/// One line a year, one column a month, and the year's total.
fn months(text: &mut String, report: &Report) {
    let years = by_year(report);
    if years.is_empty() {
        return;
    }
    let _ = write!(text, "\nMonthly returns, percent\n    ");
    for name in MONTHS {
        let _ = write!(text, "{name:>MONTH$}");
    }
    let _ = writeln!(text, "{:>8}", "Year");
    for (year, months) in &years {
        let _ = write!(text, "{year}");
        for month in 1..=12 {
            let shown = months.get(&month).map(|ret| cell(*ret));
            let _ = write!(text, "{:>MONTH$}", shown.unwrap_or_default());
        }
        let _ = writeln!(text, "{:>8}", percent_number(year_total(months), 1));
    }
}

/// A month's return in four characters, as long as it is one of the usual size.
fn cell(ret: f64) -> String {
    percent_number(ret, usize::from(ret.abs() < 0.0995))
}

fn list(text: &mut String, between: &str, facts: &[Fact]) {
    for (name, said) in facts {
        wrapped(text, &format!("{name}{between}{said}"));
    }
}

/// A text from the third column on; what does not fit goes on below.
fn wrapped(text: &mut String, said: &str) {
    for (i, line) in wrap(said, WIDTH - INDENT).iter().enumerate() {
        let indent = if i == 0 { 2 } else { INDENT };
        let _ = writeln!(text, "{:indent$}{line}", "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_facts_go_on_below() {
        let mut text = String::new();
        wrapped(&mut text, "word ".repeat(20).trim_end());
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 2);
        assert!(lines[0].starts_with("  word") && lines[1].starts_with("      word"));
        assert!(lines.iter().all(|line| line.len() <= WIDTH), "{text}");
    }

    #[test]
    fn a_month_takes_at_most_four_characters() {
        assert_eq!(cell(-0.0987), "−9.9");
        assert_eq!(cell(-0.099_51), "−10");
        assert_eq!(cell(0.000_01), "0.0");
        assert_eq!(cell(1.234), "123");
    }

    #[test]
    fn labels_of_a_chart_are_its_range() {
        let chart = Chart::new("x", &[1.0, f64::NAN, 3.0], 2, Unit::Plain).expect("values");
        let mut text = String::new();
        chart.draw(&mut text, 3);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[1], "x");
        assert!(lines[2].ends_with(" 3") && lines[3].ends_with(" 1"));
        assert!(Chart::new("x", &[f64::NAN], 2, Unit::Plain).is_none());
    }
}
