//! The heat map of monthly returns.

use super::super::Report;
use super::super::format::{Unit, percent_number, show};
use super::super::plot::{Chart, Size};
use super::super::svg::Svg;
use std::collections::BTreeMap;

/// The columns of the map.
pub const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
/// Height of a row.
const ROW: f64 = 22.0;
/// Room for the years.
const LEFT: f64 = 34.0;
/// A return of this size has the strongest colour.
const STRONG: f64 = 0.08;
/// Steps of colour on each side of 0.
const STEPS: f64 = 4.0;

/// The height that the map of a report needs.
pub fn height_of(report: &Report) -> f64 {
    ROW * (by_year(report).len() as f64 + 1.0)
}

/// One row a year, one column a month, and the year's total.
pub fn months(report: &Report, size: Size) -> Option<Chart> {
    let years = by_year(report);
    if years.is_empty() {
        return None;
    }
    let width = (size.width - LEFT) / 13.0;
    let is_narrow = width < 38.0;
    let mut svg = Svg::default();
    for (column, name) in MONTHS.iter().chain(&["Year"]).enumerate() {
        let name = if is_narrow && column < 12 {
            &name[..1]
        } else {
            name
        };
        let x = LEFT + (column as f64 + 0.5) * width;
        svg.text("tick", x, ROW - 8.0, "middle", name);
    }
    for (row, (year, months)) in years.iter().enumerate() {
        let y = ROW * (row as f64 + 1.0);
        svg.text(
            "tick",
            LEFT - 6.0,
            y + ROW / 2.0 + 4.0,
            "end",
            &year.to_string(),
        );
        for (month, ret) in months {
            let column = f64::from(*month) - 1.0;
            let label = format!("{} {year}", MONTHS.get(column as usize).unwrap_or(&""));
            cell(&mut svg, LEFT + column * width, y, width, *ret, &label);
        }
        let x = LEFT + 12.0 * width;
        cell(&mut svg, x, y, width, total(months), &year.to_string());
    }
    Some(Chart {
        body: svg.into_body(),
        size: Size {
            width: size.width,
            height: height_of(report),
        },
    })
}

fn cell(svg: &mut Svg, x: f64, y: f64, width: f64, ret: f64, label: &str) {
    let strength = (ret.abs() / STRONG * STEPS).ceil().clamp(0.0, STEPS);
    let side = if ret < 0.0 { "down" } else { "up" };
    let class = format!("cell {side}{strength}");
    svg.rect(&class, x + 1.0, y + 1.0, width - 2.0, ROW - 2.0);
    let decimals = usize::from(ret.abs() < 0.995 && width >= 26.0);
    let text = percent_number(ret, decimals);
    let class = if width < 34.0 {
        "cellno small"
    } else {
        "cellno"
    };
    svg.text(class, x + width / 2.0, y + ROW / 2.0 + 4.0, "middle", &text);
    svg.hit(
        x,
        y,
        width,
        ROW,
        &format!("{label}  {}", show(ret, Unit::Percent)),
    );
}

/// The returns of the months of each year.
pub fn by_year(report: &Report) -> BTreeMap<i32, BTreeMap<u32, f64>> {
    let mut years: BTreeMap<i32, BTreeMap<u32, f64>> = BTreeMap::new();
    for ((year, month), ret) in report.curve.monthly() {
        years.entry(year).or_default().insert(month, ret);
    }
    years
}

/// The return of a year from those of its months.
pub fn total(months: &BTreeMap<u32, f64>) -> f64 {
    months.values().map(|r| 1.0 + r).product::<f64>() - 1.0
}
