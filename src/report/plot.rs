//! A chart over time: axes, lines, areas and what they show when pointed at.

use super::format::{Unit, show, tick};
use super::scale::{Linear, extent, show_time, ticks, time_ticks};
use super::svg::Svg;
use std::fmt::Write;

/// Room for the labels of the values, on the right, where the newest values are.
const RIGHT: f64 = 58.0;
/// Room for the labels of the times.
const BOTTOM: f64 = 22.0;
/// Room above.
const TOP: f64 = 8.0;
/// Room before the first and behind the last time, so that their candles are whole.
const SIDE: f64 = 5.0;
/// The most points that a line is drawn with.
const MAX_POINTS: usize = 700;

/// The size of a chart in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Size {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// A finished chart.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// Its elements.
    pub body: String,
    /// Its size.
    pub size: Size,
}

/// A series of a chart.
#[derive(Debug, Clone, Copy)]
pub struct Series<'a> {
    /// Its name, where it is pointed at.
    pub name: &'a str,
    /// How it looks.
    pub class: &'a str,
    /// Its values, one a time; NaN is a gap.
    pub values: &'a [f64],
}

/// A chart in the making.
pub struct Plot<'a> {
    svg: Svg,
    times: &'a [i64],
    x: Linear,
    y: Linear,
    size: Size,
    unit: Unit,
}

impl<'a> Plot<'a> {
    /// Draws the axes for series over these times; `include` are values that have to be in sight.
    /// None when no value is known.
    pub fn new(
        size: Size,
        times: &'a [i64],
        series: &[Series<'_>],
        unit: Unit,
        include: &[f64],
    ) -> Option<Self> {
        let (first, last) = (*times.first()?, *times.last()?);
        let all = || series.iter().flat_map(|s| s.values);
        extent(all(), &[])?;
        let (low, high) = extent(all(), include)?;
        let margin = if high > low {
            (high - low) * 0.04
        } else {
            high.abs().max(1.0) * 0.01
        };
        // A value that has to be in sight is also where the axis may end.
        let low = if include.contains(&low) {
            low
        } else {
            low - margin
        };
        let high = if include.contains(&high) {
            high
        } else {
            high + margin
        };
        let x = Linear {
            low: first as f64,
            high: last as f64,
            from: SIDE,
            to: size.width - RIGHT - SIDE,
        };
        let y = Linear {
            low,
            high,
            from: size.height - BOTTOM,
            to: TOP,
        };
        let mut plot = Self {
            svg: Svg::default(),
            times,
            x,
            y,
            size,
            unit,
        };
        plot.axes(first, last);
        Some(plot)
    }

    fn axes(&mut self, first: i64, last: i64) {
        let right = self.size.width - RIGHT;
        let n_rows = (self.size.height / 36.0).max(2.0) as usize;
        let marks = ticks(self.y.low, self.y.high, n_rows);
        let step = match marks.as_slice() {
            [a, b, ..] => b - a,
            _ => marks.first().copied().unwrap_or(1.0),
        };
        for mark in marks {
            let y = self.y.at(mark);
            let class = if mark == 0.0 { "zero" } else { "grid" };
            self.svg.line(class, (0.0, y), (right, y));
            let label = tick(mark, step, self.unit);
            self.svg.text("tick", right + 6.0, y + 4.0, "start", &label);
        }
        let n_columns = (self.size.width / 110.0).max(2.0) as usize;
        for (time, label) in time_ticks(first, last, n_columns) {
            let x = self.x.at(time as f64);
            let half = label.chars().count() as f64 * 3.2;
            if x - half < 0.0 || x + half > self.size.width {
                continue;
            }
            self.svg
                .text("tick", x, self.size.height - 6.0, "middle", &label);
        }
    }

    /// A line through the values.
    pub fn line(&mut self, series: &Series<'_>) {
        let d = self.trace(series.values);
        self.svg.path(series.class, &d);
    }

    /// The area between the values and 0.
    pub fn area(&mut self, class: &str, values: &[f64]) {
        let line = self.trace(values);
        let zero = self.y.at(0.0_f64.clamp(self.y.low, self.y.high));
        let known: Vec<usize> = values
            .iter()
            .enumerate()
            .filter(|(_, v)| v.is_finite())
            .map(|(i, _)| i)
            .collect();
        let (Some(first), Some(last)) = (known.first(), known.last()) else {
            return;
        };
        let (first, last) = (self.place(*first), self.place(*last));
        let down = format!("{line}L{last:.1} {zero:.1}L{first:.1} {zero:.1}Z");
        self.svg.path(class, &down);
    }

    /// What pointing at each part of the chart tells.
    pub fn hits(&mut self, series: &[Series<'_>], is_intraday: bool) {
        let n_columns = (self.size.width / 6.0) as usize;
        let step = self.times.len().div_ceil(n_columns.max(1)).max(1);
        let (top, height) = (TOP, self.size.height - BOTTOM - TOP);
        for row in (0..self.times.len()).step_by(step) {
            let left = self.place(row);
            let right = self.place((row + step).min(self.times.len() - 1));
            let mut text = show_time(self.times[row], is_intraday);
            for s in series {
                let value = s.values.get(row).copied().unwrap_or(f64::NAN);
                let _ = write!(text, "  {} {}", s.name, show(value, self.unit));
            }
            self.svg.hit(left, top, right - left, height, &text);
        }
    }

    /// The chart so far.
    pub fn finish(self) -> Chart {
        Chart {
            body: self.svg.into_body(),
            size: self.size,
        }
    }

    /// The place of a time.
    pub fn x(&self, time: i64) -> f64 {
        self.x.at(time as f64)
    }

    /// The place of a value.
    pub fn y(&self, value: f64) -> f64 {
        self.y.at(value)
    }

    /// The picture, for what only one chart has.
    pub fn svg(&mut self) -> &mut Svg {
        &mut self.svg
    }

    fn place(&self, row: usize) -> f64 {
        self.times
            .get(row)
            .map_or(self.x.to, |t| self.x.at(*t as f64))
    }

    /// The values as a path. Of many points those stay that show its outline: lowest and highest
    /// of each part, in their order.
    fn trace(&self, values: &[f64]) -> String {
        let part = (2 * values.len()).div_ceil(MAX_POINTS).max(1);
        let mut d = String::new();
        let mut is_down = false;
        for (i, rows) in values.chunks(part).enumerate() {
            for row in outline(rows) {
                let value = rows[row];
                if !value.is_finite() {
                    is_down = false;
                    continue;
                }
                let verb = if is_down { 'L' } else { 'M' };
                let (x, y) = (self.place(i * part + row), self.y.at(value));
                let _ = write!(d, "{verb}{x:.1} {y:.1}");
                is_down = true;
            }
        }
        d
    }
}

/// The rows that a part is drawn with, rising: its first, lowest, highest and last.
fn outline(values: &[f64]) -> Vec<usize> {
    let by_value = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]);
    let known = || (0..values.len()).filter(|i| values[*i].is_finite());
    let picked = [
        Some(0),
        known().min_by(by_value),
        known().max_by(by_value),
        values.len().checked_sub(1),
    ];
    let mut rows: Vec<usize> = picked.into_iter().flatten().collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spike_survives_thinning() {
        let times: Vec<i64> = (0..10_000).collect();
        let mut values = vec![1.0; 10_000];
        values[5_003] = 9.0;
        let series = Series {
            name: "x",
            class: "a",
            values: &values,
        };
        let size = Size {
            width: 400.0,
            height: 200.0,
        };
        let mut plot = Plot::new(size, &times, &[series], Unit::Plain, &[]).expect("values");
        let top = format!("{:.1}", plot.y(9.0));
        plot.line(&series);
        let body = plot.finish().body;
        assert!(body.contains(&format!(" {top}L")), "no spike at {top}");
        assert!(body.len() < 40_000, "{}", body.len());
    }

    #[test]
    fn nothing_gives_no_chart() {
        let size = Size {
            width: 400.0,
            height: 200.0,
        };
        let series = Series {
            name: "x",
            class: "a",
            values: &[f64::NAN],
        };
        assert!(Plot::new(size, &[1], &[series], Unit::Plain, &[0.0]).is_none());
        assert!(Plot::new(size, &[], &[], Unit::Plain, &[0.0]).is_none());
    }
}
