//! Lines and columns that grow until price turns: Kagi, point and figure, line break.

use super::brick::steps;
use super::columns::{Bar, Row};
use super::{Bars, over_rows, spec};
use quantlake_core::{Function, QlError};
use std::collections::VecDeque;

/// The prices of a bar.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    pub open: f64,
    pub high: f64,
    pub low: f64,
    pub close: f64,
}

impl Line {
    /// A line without wicks.
    pub(super) fn new(open: f64, close: f64) -> Self {
        Self {
            open,
            high: open.max(close),
            low: open.min(close),
            close,
        }
    }
}

/// `+1`, `-1` or 0 as a whole number.
pub(super) fn direction(from: f64, to: f64) -> i64 {
    i64::from(to > from) - i64::from(to < from)
}

/// Runs a rule over the closes and makes a bar of every line that it completes.
pub(super) fn by_price(
    rows: &[Row],
    bars: &mut Bars,
    mut update: impl FnMut(f64, &mut Vec<Line>, &Bars) -> Result<(), QlError>,
) -> Result<(), QlError> {
    let mut pending = Pending::default();
    let mut lines = Vec::new();
    for row in rows {
        pending.take_in(row);
        update(row.close, &mut lines, bars)?;
        let n_lines = lines.len();
        for (i, line) in lines.drain(..).enumerate() {
            bars.push(pending.bar(row, line, n_lines, i == 0));
        }
        if n_lines > 0 {
            pending = Pending::default();
        }
    }
    Ok(())
}

/// What the rows since the last bar add up to.
#[derive(Debug, Clone, Copy, Default)]
struct Pending {
    start: Option<i64>,
    volume: f64,
    value: f64,
    n_rows: i64,
}

impl Pending {
    fn take_in(&mut self, row: &Row) {
        self.start.get_or_insert(row.ts);
        self.volume += row.volume;
        self.value += row.close * row.volume;
        self.n_rows += 1;
    }

    fn bar(&self, row: &Row, line: Line, n_lines: usize, is_first: bool) -> Bar {
        let start = self.start.filter(|_| is_first);
        Bar {
            start: start.unwrap_or(row.ts),
            end: row.ts,
            open: line.open,
            high: line.high,
            low: line.low,
            close: line.close,
            volume: self.volume / n_lines as f64,
            value: self.value / n_lines as f64,
            n_rows: if is_first { self.n_rows } else { 0 },
            direction: direction(line.open, line.close),
        }
    }
}

/// Kagi: from the last turn to the extreme since.
#[derive(Debug, Clone, Copy)]
struct Kagi {
    reversal: f64,
    is_percent: bool,
    start: f64,
    extreme: f64,
}

impl Kagi {
    fn update(&mut self, close: f64) -> Option<Line> {
        let heading = direction(self.start, self.extreme);
        let is_further = heading == 0 || direction(self.extreme, close) == heading;
        if is_further {
            self.extreme = close;
            return None;
        }
        let amount = match self.is_percent {
            true => self.reversal / 100.0 * self.extreme.abs(),
            false => self.reversal,
        };
        if close == self.extreme || (close - self.extreme).abs() < amount {
            return None;
        }
        let line = Line::new(self.start, self.extreme);
        (self.start, self.extreme) = (self.extreme, close);
        Some(line)
    }
}

fn kagi_bars() -> Function {
    let spec = spec::spec(
        "kagi_bars",
        vec![
            spec::size(
                "reversal",
                "how far a close has to come back from the extreme to turn the line",
            ),
            spec::choice(
                "unit",
                &["price", "percent"],
                "what the reversal is measured in; percent is of the extreme",
            ),
        ],
        "Kagi lines of the closes: a line runs from one turn to the extreme before the next and is complete at the turn.",
        "Nison, Beyond Candlesticks (1994), chapter 8",
        "reversal => 2.0",
    );
    over_rows(
        spec,
        |_| Ok(false),
        |args| {
            let (reversal, is_percent) = (args.number("reversal")?, args.integer("unit")? == 1);
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let first = rows.first().map_or(0.0, |row| row.close);
                let mut kagi = Kagi {
                    reversal,
                    is_percent,
                    start: first,
                    extreme: first,
                };
                by_price(rows, bars, |close, lines, _| {
                    lines.extend(kagi.update(close));
                    Ok(())
                })
            }))
        },
    )
}

/// Point and figure: a column of boxes, edges in whole boxes.
#[derive(Debug, Clone, Copy)]
struct Column {
    size: f64,
    reversal: i64,
    direction: i64,
    top: i64,
    bottom: i64,
}

impl Column {
    fn update(&mut self, close: f64) -> Result<Option<Line>, QlError> {
        // A rising column is filled up to the last edge below price, a falling one down to the
        // last edge above.
        let (up, down) = steps(close, self.size)?;
        match self.direction {
            0 => self.find_direction(up, down),
            1 if up > self.top => self.top = up,
            1 if down <= self.top - self.reversal => {
                let line = self.line(self.bottom, self.top);
                (self.direction, self.top, self.bottom) = (-1, self.top - 1, down);
                return Ok(Some(line));
            }
            -1 if down < self.bottom => self.bottom = down,
            -1 if up >= self.bottom + self.reversal => {
                let line = self.line(self.top, self.bottom);
                (self.direction, self.bottom, self.top) = (1, self.bottom + 1, up);
                return Ok(Some(line));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Before the first column `bottom` is the edge below the first close and `top` the one above.
    fn find_direction(&mut self, up: i64, down: i64) {
        if up > self.bottom {
            (self.direction, self.top) = (1, up);
        } else if down < self.top {
            (self.direction, self.bottom) = (-1, down);
        }
    }

    fn line(&self, from: i64, to: i64) -> Line {
        Line::new(from as f64 * self.size, to as f64 * self.size)
    }
}

fn point_and_figure_bars() -> Function {
    let spec = spec::spec(
        "point_and_figure_bars",
        vec![
            spec::size(
                "box",
                "height of a box, in price; edges are multiples of it",
            ),
            spec::count(
                "reversal",
                3,
                1000,
                "boxes against the column that start the next one",
            ),
        ],
        "Point-and-figure columns of the closes: a column runs from its first to its last box edge and is complete when the next one starts.",
        "du Plessis, The Definitive Guide to Point and Figure (2005), close method",
        "box => 1.0, reversal => 3",
    );
    over_rows(
        spec,
        |_| Ok(false),
        |args| {
            let (size, reversal) = (args.number("box")?, args.integer("reversal")?);
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let (bottom, top) = steps(rows.first().map_or(0.0, |row| row.close), size)?;
                let mut column = Column {
                    size,
                    reversal,
                    direction: 0,
                    top,
                    bottom,
                };
                by_price(rows, bars, |close, lines, _| {
                    lines.extend(column.update(close)?);
                    Ok(())
                })
            }))
        },
    )
}

/// Line break: the last lines, the oldest first.
#[derive(Debug, Clone)]
struct LineBreak {
    n_lines: usize,
    first: f64,
    lines: VecDeque<Line>,
}

impl LineBreak {
    fn update(&mut self, close: f64) -> Option<Line> {
        let line = match self.lines.back() {
            None => (close != self.first).then(|| Line::new(self.first, close)),
            Some(last) => {
                let heading = direction(last.open, last.close);
                let top = self
                    .lines
                    .iter()
                    .map(|l| l.high)
                    .fold(f64::NEG_INFINITY, f64::max);
                let bottom = self
                    .lines
                    .iter()
                    .map(|l| l.low)
                    .fold(f64::INFINITY, f64::min);
                let is_break = if heading > 0 {
                    close < bottom
                } else {
                    close > top
                };
                if direction(last.close, close) == heading {
                    Some(Line::new(last.close, close))
                } else {
                    // A turnaround line starts where the last line started.
                    is_break.then(|| Line::new(last.open, close))
                }
            }
        }?;
        self.lines.push_back(line);
        if self.lines.len() > self.n_lines {
            self.lines.pop_front();
        }
        Some(line)
    }
}

fn line_break_bars() -> Function {
    let spec = spec::spec(
        "line_break_bars",
        vec![spec::count(
            "lines",
            3,
            100,
            "lines whose extreme has to be broken for a reversal",
        )],
        "Line-break lines of the closes (three-line break by default): a line for every new extreme, and a turnaround line when the close breaks the extreme of the last lines.",
        "Nison, Beyond Candlesticks (1994), chapter 6",
        "lines => 2",
    );
    over_rows(
        spec,
        |_| Ok(false),
        |args| {
            let n_lines = args.count("lines")?;
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let first = rows.first().map_or(0.0, |row| row.close);
                let mut chart = LineBreak {
                    n_lines,
                    first,
                    lines: VecDeque::new(),
                };
                by_price(rows, bars, |close, lines, _| {
                    lines.extend(chart.update(close));
                    Ok(())
                })
            }))
        },
    )
}

pub(super) fn functions() -> Vec<Function> {
    vec![kagi_bars(), point_and_figure_bars(), line_break_bars()]
}
