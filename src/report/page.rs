//! The report as one page without anything from outside: style, script and charts are in it. Every
//! chart is there for a wide and for a narrow screen, so that text keeps its size on a phone.

use super::charts::{OVER_TIME, candles, candles_title, months, months_height, symbols, title_in};
use super::facts::{self, Fact};
use super::plot::{Chart, Size};
use super::svg::escape;
use super::{Report, format};
use crate::lake::ledger::Values;
use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Widths of the two drawings of a chart.
const WIDE: f64 = 940.0;
const NARROW: f64 = 350.0;

/// The whole page.
pub fn page(report: &Report) -> String {
    let header = &report.run.header;
    let title = format!("{} · run {}", header.strategy, report.run.id);
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\">\
         <title>{}</title><style>{STYLE}</style></head><body><main>",
        escape(&title)
    );
    top(&mut html, report);
    honesty(&mut html, report);
    charts(&mut html, report);
    trades(&mut html, report);
    metrics(&mut html, report);
    attribution(&mut html, report);
    appendix(&mut html, report);
    let _ = writeln!(html, "</main><script>{SCRIPT}</script></body></html>");
    html
}

fn top(html: &mut String, report: &Report) {
    let header = &report.run.header;
    let parameters: Vec<String> = facts::parameters(report)
        .into_iter()
        .map(|(k, v)| format!("{k} = {v}"))
        .collect();
    let _ = write!(
        html,
        "<header><h1>{}</h1><p class=\"sub\">run {}{}</p></header><section class=\"tiles\">",
        escape(&header.strategy),
        report.run.id,
        escape(
            &parameters
                .iter()
                .map(|p| format!(" · {p}"))
                .collect::<String>()
        )
    );
    for (name, value, beside) in facts::headline(report) {
        let beside = beside.map(|b| format!("<span>benchmark {}</span>", escape(&b)));
        let _ = write!(
            html,
            "<div><h3>{}</h3><b>{}</b>{}</div>",
            escape(&name),
            escape(&value),
            beside.unwrap_or_default()
        );
    }
    html.push_str("</section>");
}

fn honesty(html: &mut String, report: &Report) {
    let (is_good, sentence) = facts::verdict(report);
    let class = if is_good { "good" } else { "doubt" };
    let _ = write!(
        html,
        "<section class=\"honesty {class}\"><h2>How honest is this?</h2><p class=\"verdict\">{}</p>",
        escape(&sentence)
    );
    list(html, &facts::honesty(report));
    html.push_str("</section>");
}

fn charts(html: &mut String, report: &Report) {
    for (title, draw) in OVER_TIME {
        let title = title_in(report, title);
        let height = if title.starts_with("Equity") {
            300.0
        } else {
            170.0
        };
        let drawn = |width| draw(report, Size { width, height });
        figure(html, &title, drawn);
        if title.starts_with("Drawdown") {
            let height = months_height(report);
            figure(html, "Monthly returns, percent", |width| {
                months(report, Size { width, height })
            });
        }
    }
}

fn figure(html: &mut String, title: &str, draw: impl Fn(f64) -> Option<Chart>) {
    if let (Some(wide), Some(narrow)) = (draw(WIDE), draw(NARROW)) {
        let _ = write!(
            html,
            "<figure><figcaption><h2>{}</h2><output></output></figcaption>",
            escape(title)
        );
        picture(html, "wide", title, &wide);
        picture(html, "narrow", title, &narrow);
        html.push_str("</figure>");
    }
}

fn picture(html: &mut String, class: &str, title: &str, chart: &Chart) {
    let Size { width, height } = chart.size;
    let _ = write!(
        html,
        "<svg class=\"{class}\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{}\">{}</svg>",
        escape(title),
        chart.body
    );
}

fn trades(html: &mut String, report: &Report) {
    let symbols = symbols(report);
    if symbols.is_empty() {
        return;
    }
    html.push_str("<section class=\"symbols\">");
    if symbols.len() > 1 {
        html.push_str("<label>Symbol <select>");
        for symbol in &symbols {
            let _ = write!(html, "<option>{}</option>", escape(symbol));
        }
        html.push_str("</select></label>");
    }
    for (i, symbol) in symbols.iter().enumerate() {
        let hidden = if i == 0 { "" } else { " hidden" };
        let _ = write!(html, "<div class=\"symbol\"{hidden}>");
        figure(html, &candles_title(symbol), |width| {
            candles(
                report,
                symbol,
                Size {
                    width,
                    height: 280.0,
                },
            )
        });
        html.push_str("</div>");
    }
    html.push_str(
        "<p class=\"legend\"><i class=\"buy\">▲</i> buy <i class=\"sell\">▼</i> sell</p></section>",
    );
}

fn metrics(html: &mut String, report: &Report) {
    html.push_str(
        "<section><h2>Metrics</h2><div class=\"scroll\"><table><thead><tr><th>Metric</th>\
         <th class=\"no\">Strategy</th><th class=\"no\">Benchmark</th></tr></thead><tbody>",
    );
    for (name, value, beside) in facts::metrics(report) {
        let _ = write!(
            html,
            "<tr><td>{}</td><td class=\"no\">{}</td><td class=\"no\">{}</td></tr>",
            escape(&name),
            escape(&value),
            escape(&beside)
        );
    }
    html.push_str("</tbody></table></div></section>");
}

/// The rows of `backtest_attribution`, whatever columns it has.
fn attribution(html: &mut String, report: &Report) {
    let Some(table) = report.attribution.as_ref().filter(|t| t.n_rows() > 0) else {
        return;
    };
    let is_known = |(_, values): &&(String, Values)| {
        (0..values.len()).any(|row| values.show(row).is_some_and(|v| !v.is_empty()))
    };
    let columns = table.columns.iter().filter(|(name, _)| name != "run_id");
    let columns: Vec<_> = columns.filter(is_known).collect();
    html.push_str("<section><h2>Attribution</h2><div class=\"scroll\"><table><thead><tr>");
    for (name, _) in &columns {
        let _ = write!(html, "<th>{}</th>", escape(&format::label_of(name)));
    }
    html.push_str("</tr></thead><tbody>");
    for row in 0..table.n_rows().min(500) {
        html.push_str("<tr>");
        for (name, values) in &columns {
            let number = table.numbers(name).get(row).copied();
            let (class, text) = match number {
                Some(number) => (" class=\"no\"", format::show(number, unit_in_money(name))),
                None => ("", values.show(row).unwrap_or_default()),
            };
            let _ = write!(html, "<td{class}>{}</td>", escape(&text));
        }
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div></section>");
}

/// Counts are counts; what else an attribution says is money.
fn unit_in_money(column: &str) -> format::Unit {
    if column.starts_with("n_") {
        format::Unit::Plain
    } else {
        format::Unit::Money
    }
}

fn appendix(html: &mut String, report: &Report) {
    html.push_str("<section class=\"two\"><div><h2>Data</h2>");
    list(html, &facts::data(report));
    html.push_str("</div><div><h2>Conventions</h2>");
    let (main, others) = facts::conventions(report);
    list(html, &main);
    html.push_str("<details><summary>All other arguments</summary>");
    list(html, &others);
    html.push_str("</details>");
    let header = &report.run.header;
    let _ = write!(
        html,
        "</div></section><section><h2>Query</h2><details open><summary>As it was defined</summary>\
         <pre>{}</pre></details><details><summary>As it was run</summary><pre>{}</pre></details></section>",
        escape(&header.sql),
        escape(&header.frozen_sql)
    );
}

fn list(html: &mut String, facts: &[Fact]) {
    let is_short = facts.iter().all(|(name, _)| name.len() < 24);
    html.push_str(if is_short {
        "<dl class=\"short\">"
    } else {
        "<dl>"
    });
    for (name, text) in facts {
        let _ = write!(html, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(text));
    }
    html.push_str("</dl>");
}
