//! Bars of one size in price: Renko bricks and range bars.

use super::columns::{Bar, Row};
use super::line::{Line, by_price};
use super::{Bars, over_rows, spec};
use quantlake_core::{Function, QlError, SqlState};

/// A symbol's bars fit in memory; a size far too small for the prices would make billions.
const MAX_BARS: usize = 5_000_000;

/// A brick counts as complete within this share of its size, so that 100.3 is three bricks of 0.1
/// above 100.
const ROUNDING: f64 = 1e-9;

/// Whole sizes that a price has reached upwards (or downwards) from the seed.
pub(super) fn steps(distance: f64, size: f64) -> Result<(i64, i64), QlError> {
    let steps = distance / size;
    // Beyond 2^50 the price has no digits left for a step.
    if steps.abs() < 1e15 {
        return Ok((
            (steps + ROUNDING).floor() as i64,
            (steps - ROUNDING).ceil() as i64,
        ));
    }
    Err(too_many(size))
}

fn too_many(size: f64) -> QlError {
    QlError::new(
        SqlState::DataException,
        format!("prices move by more than {MAX_BARS} bars of size {size}"),
    )
    .with_hint("Choose a larger size")
}

impl Bars {
    /// Room for `n` more bars of this size.
    pub(super) fn check(&self, n: u64, size: f64) -> Result<(), QlError> {
        match self.bars.len() as u64 + n > MAX_BARS as u64 {
            true => Err(too_many(size)),
            false => Ok(()),
        }
    }

    pub(super) fn push(&mut self, bar: Bar) {
        self.bars.push(bar);
    }
}

/// Renko: bricks on a grid that starts at the first close. `level` is the end of the last brick.
#[derive(Debug, Clone, Copy)]
struct Renko {
    seed: f64,
    brick: f64,
    level: i64,
    direction: i64,
}

impl Renko {
    /// Ends of the bricks that a close completes: from, to, in whole bricks.
    fn moves(&self, close: f64) -> Result<Option<(i64, i64)>, QlError> {
        let (up, down) = steps(close - self.seed, self.brick)?;
        // Against its direction the first brick starts where the last one started.
        let (rise, fall) = match self.direction {
            0 => (self.level, self.level),
            1 => (self.level, self.level - 1),
            _ => (self.level + 1, self.level),
        };
        Ok(match (up > rise, down < fall) {
            (true, _) => Some((rise, up)),
            (_, true) => Some((fall, down)),
            _ => None,
        })
    }

    fn update(&mut self, close: f64, lines: &mut Vec<Line>, bars: &Bars) -> Result<(), QlError> {
        let Some((from, to)) = self.moves(close)? else {
            return Ok(());
        };
        bars.check(from.abs_diff(to), self.brick)?;
        let step = (to - from).signum();
        let price = |level: i64| self.seed + level as f64 * self.brick;
        lines.extend((0..(to - from).abs()).map(|i| {
            let start = from + i * step;
            Line::new(price(start), price(start + step))
        }));
        (self.level, self.direction) = (to, step);
        Ok(())
    }
}

fn renko_bars() -> Function {
    let spec = spec::spec(
        "renko_bars",
        vec![spec::size("brick", "height of a brick, in price")],
        "Renko bricks of the closes, on a grid that starts at the first close; a reversal takes two bricks.",
        "Nison, Beyond Candlesticks (1994), chapter 7",
        "brick => 1.0",
    );
    over_rows(
        spec,
        |_| Ok(false),
        |args| {
            let brick = args.number("brick")?;
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let seed = rows.first().map_or(0.0, |row| row.close);
                let mut renko = Renko {
                    seed,
                    brick,
                    level: 0,
                    direction: 0,
                };
                by_price(rows, bars, |close, lines, bars| {
                    renko.update(close, lines, bars)
                })
            }))
        },
    )
}

/// A range bar under way.
#[derive(Debug, Clone, Copy)]
struct RangeBar {
    range: f64,
    open: f64,
    high: f64,
    low: f64,
}

impl RangeBar {
    fn start(range: f64, open: f64) -> Self {
        Self {
            range,
            open,
            high: open,
            low: open,
        }
    }

    fn update(&mut self, close: f64, lines: &mut Vec<Line>, bars: &Bars) -> Result<(), QlError> {
        let size = self.range * (1.0 - ROUNDING);
        let distance = (close - self.low).max(self.high - close) / self.range;
        // Beyond 2^50 the price has no digits left for a range.
        if distance >= 1e15 {
            return Err(too_many(self.range));
        }
        bars.check(distance as u64, self.range)?;
        loop {
            let end = if close - self.low >= size {
                self.low + self.range
            } else if self.high - close >= size {
                self.high - self.range
            } else {
                break;
            };
            let line = Line {
                open: self.open,
                high: self.high.max(end),
                low: self.low.min(end),
                close: end,
            };
            lines.push(line);
            *self = Self::start(self.range, end);
        }
        self.high = self.high.max(close);
        self.low = self.low.min(close);
        Ok(())
    }
}

fn range_bars() -> Function {
    let spec = spec::spec(
        "range_bars",
        vec![spec::size("range", "high less low of every bar, in price")],
        "Range bars of the closes: a bar ends where its high less its low reaches the range, and the next one opens at that price.",
        "Nicolellis's range bars: every bar has the same high - low and opens at the close before",
        "range => 2.0",
    );
    over_rows(
        spec,
        |_| Ok(false),
        |args| {
            let range = args.number("range")?;
            Ok(Box::new(move |rows: &[Row], bars: &mut Bars| {
                let first = rows.first().map_or(0.0, |row| row.close);
                let mut bar = RangeBar::start(range, first);
                by_price(rows, bars, |close, lines, bars| {
                    bar.update(close, lines, bars)
                })
            }))
        },
    )
}

pub(super) fn functions() -> Vec<Function> {
    vec![renko_bars(), range_bars()]
}
