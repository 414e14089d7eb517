//! The report for a terminal.

use super::Report;
use super::braille::Dots;
use super::facts::{self, Fact};
use super::format::{Unit, show};
use super::scale::{extent, is_intraday, show_time};
use std::fmt::Write;

/// Characters of a chart.
const COLUMNS: usize = 84;

/// The report as lines of text.
pub fn text(report: &Report) -> String {
    let header = &report.run.header;
    let mut text = format!("{}, run {}\n", header.strategy, report.run.id);
    for (name, value) in facts::parameters(report) {
        let _ = writeln!(text, "  {name} = {value}");
    }
    text.push('\n');
    for (name, value, beside) in facts::headline(report) {
        let beside = beside
            .map(|b| format!("   benchmark {b}"))
            .unwrap_or_default();
        let _ = writeln!(text, "{name:>18}  {value:>14}{beside}");
    }
    let curve = &report.curve;
    chart(&mut text, "Equity", &curve.equity, 12, Unit::Money);
    chart(
        &mut text,
        "Drawdown",
        &curve.drawdown(&curve.equity),
        5,
        Unit::Percent,
    );
    axis(&mut text, &curve.times);
    let _ = writeln!(
        text,
        "\nHow honest is this?\n  {}",
        facts::verdict(report).1
    );
    list(&mut text, &facts::honesty(report));
    text.push_str("\nData\n");
    list(&mut text, &facts::data(report));
    text
}

fn chart(text: &mut String, title: &str, values: &[f64], rows: usize, unit: Unit) {
    let Some((low, high)) = extent(values.iter(), &[]) else {
        return;
    };
    let mut dots = Dots::new(COLUMNS, rows);
    dots.trace(values, low, high);
    let _ = writeln!(text, "\n{title}");
    let lines = dots.lines();
    for (i, line) in lines.iter().enumerate() {
        let label = match i {
            0 => show(high, unit),
            i if i + 1 == lines.len() => show(low, unit),
            _ => String::new(),
        };
        let _ = writeln!(text, "{line} {label}");
    }
}

fn axis(text: &mut String, times: &[i64]) {
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        let (first, last) = (
            show_time(*first, is_intraday(times)),
            show_time(*last, is_intraday(times)),
        );
        let _ = writeln!(text, "{first}{last:>width$}", width = COLUMNS - first.len());
    }
}

fn list(text: &mut String, facts: &[Fact]) {
    for (name, said) in facts {
        let _ = writeln!(text, "  {name}: {said}");
    }
}
