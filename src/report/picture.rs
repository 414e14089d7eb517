//! The charts of a report as one picture, with its colours in it: what PNG is made of.

use super::Report;
use super::charts::{OVER_TIME, candles, candles_title, months, months_height, symbols, title_in};
use super::facts;
use super::format::wrap;
use super::plot::{Chart, Size};
use super::svg::Svg;

/// Colours and sizes of the classes, for programs that know no style sheets with variables.
const STYLE: &str = include_str!("picture.css");
/// Width of the picture.
const WIDTH: f64 = 1000.0;
/// Room on each side.
const MARGIN: f64 = 30.0;
/// Characters of a line of parameters.
const LINE: usize = 125;
/// Height of a title.
const TITLE: f64 = 26.0;

/// The picture as SVG.
pub fn picture(report: &Report) -> String {
    let mut svg = Svg::default();
    let mut y = head(&mut svg, report);
    let width = WIDTH - 2.0 * MARGIN;
    let mut place = |svg: &mut Svg, title: &str, chart: Option<Chart>| {
        if let Some(chart) = chart {
            svg.text("title", MARGIN, y + 14.0, "start", title);
            svg.place(MARGIN, y + TITLE, &chart.body);
            y += TITLE + chart.size.height + 16.0;
        }
    };
    for (title, draw) in OVER_TIME {
        let height = if title.starts_with("Equity") {
            280.0
        } else {
            140.0
        };
        let title = title_in(report, title);
        place(&mut svg, &title, draw(report, Size { width, height }));
    }
    let height = months_height(report);
    place(
        &mut svg,
        "Monthly returns, percent",
        months(report, Size { width, height }),
    );
    if let Some(symbol) = symbols(report).first() {
        let chart = candles(
            report,
            symbol,
            Size {
                width,
                height: 260.0,
            },
        );
        let title = format!("{}, ▲ buy, ▼ sell", candles_title(symbol));
        place(&mut svg, &title, chart);
    }
    let height = y + 8.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {WIDTH} {height:.0}\"><style>{STYLE}</style>\
         <rect class=\"paper\" width=\"{WIDTH}\" height=\"{height:.0}\"/>{}</svg>\n",
        svg.into_body()
    )
}

/// Name, main numbers and verdict; returns where the charts begin.
fn head(svg: &mut Svg, report: &Report) -> f64 {
    let header = &report.run.header;
    let parameters: String = facts::parameters(report)
        .into_iter()
        .map(|(name, value)| format!(" · {name} = {value}"))
        .collect();
    svg.text("name", MARGIN, 44.0, "start", &header.strategy);
    let mut y = 64.0;
    for line in wrap(&format!("run {}{parameters}", report.run.id), LINE) {
        svg.text("sub", MARGIN, y, "start", &line);
        y += 16.0;
    }
    let headline = facts::headline(report);
    let width = (WIDTH - 2.0 * MARGIN) / headline.len().max(1) as f64;
    for (i, (name, value, beside)) in headline.iter().enumerate() {
        let x = MARGIN + i as f64 * width;
        svg.text("sub", x, y + 14.0, "start", name);
        svg.text("value", x, y + 38.0, "start", value);
        if let Some(beside) = beside {
            svg.text("sub", x, y + 56.0, "start", &format!("benchmark {beside}"));
        }
    }
    let (is_good, sentence) = facts::verdict(report);
    let class = if is_good { "good" } else { "doubt" };
    svg.text(class, MARGIN, y + 84.0, "start", &sentence);
    y + 104.0
}
