//! Which bars a simulation refuses.

use crate::market::Columns;
use std::fmt;

/// The first row that a simulation cannot use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BadRow {
    /// Its place in the input.
    pub row: usize,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Fault {
    /// The symbol has another bar at this time.
    Duplicate,
    /// The time is before that of the row above.
    OutOfOrder,
    /// A price or ratio is 0 or negative.
    NotPositive {
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: f64,
    },
    /// The highest price is below the lowest.
    HighBelowLow {
        /// The highest price.
        high: f64,
        /// The lowest price.
        low: f64,
    },
    /// A price is outside the bar's range.
    OutsideRange {
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: f64,
        /// The lowest price, NaN for unknown.
        low: f64,
        /// The highest price, NaN for unknown.
        high: f64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("two bars have the same time and symbol"),
            Self::OutOfOrder => f.write_str("the bars are not in the order of time"),
            Self::NotPositive { column, value } => {
                write!(f, "`{column}` must be above 0 or NULL, found {value}")
            }
            Self::HighBelowLow { high, low } => {
                write!(f, "`high` must be at least `low`, found {high} and {low}")
            }
            Self::OutsideRange {
                column,
                value,
                low,
                high,
            } => write!(
                f,
                "`{column}` must be between `low` and `high`, found {value} outside {low} to {high}"
            ),
        }
    }
}

/// How far a price may be outside its bar's range, as a fraction of it: adjusted prices are
/// rounded column by column.
pub(crate) const RANGE_SLACK: f64 = 1e-9;

/// Checks bars part by part.
#[derive(Debug, Clone, Default)]
pub struct Checker {
    /// Time of the row above.
    last: Option<i64>,
    /// Number of the time, by symbol, at which it had its last bar.
    last_seen: Vec<u64>,
    n_times: u64,
}

impl Checker {
    /// Checks the next rows and tells where a new time starts: row and time.
    ///
    /// # Errors
    /// The first row that is refused.
    pub fn check(
        &mut self,
        columns: &Columns<'_>,
        mut new_time: impl FnMut(usize, i64),
    ) -> Result<(), BadRow> {
        check_values(columns)?;
        for (row, (&ts, &symbol)) in columns.ts.iter().zip(columns.symbol).enumerate() {
            match self.last {
                Some(last) if ts == last => {}
                Some(last) if ts < last => {
                    let fault = Fault::OutOfOrder;
                    return Err(BadRow { row, fault });
                }
                _ => {
                    self.last = Some(ts);
                    self.n_times += 1;
                    new_time(row, ts);
                }
            }
            let symbol = symbol as usize;
            if symbol >= self.last_seen.len() {
                self.last_seen.resize(symbol + 1, 0);
            }
            if std::mem::replace(&mut self.last_seen[symbol], self.n_times) == self.n_times {
                let fault = Fault::Duplicate;
                return Err(BadRow { row, fault });
            }
        }
        Ok(())
    }
}

fn check_values(columns: &Columns<'_>) -> Result<(), BadRow> {
    let positive = [
        ("open", columns.open),
        ("high", columns.high),
        ("low", columns.low),
        ("close", columns.close),
        ("vwap", columns.vwap),
        ("price", columns.price),
        ("split", columns.split),
        ("roll", columns.roll),
    ];
    for (column, values) in positive {
        if let Some(row) = values.iter().position(|p| *p <= 0.0) {
            let value = values[row];
            let fault = Fault::NotPositive { column, value };
            return Err(BadRow { row, fault });
        }
    }
    if let Some(row) = columns
        .high
        .iter()
        .zip(columns.low)
        .position(|(h, l)| h < l)
    {
        let (high, low) = (columns.high[row], columns.low[row]);
        let fault = Fault::HighBelowLow { high, low };
        return Err(BadRow { row, fault });
    }
    check_range("open", columns.open, columns)?;
    check_range("close", columns.close, columns)
}

fn check_range(column: &'static str, values: &[f64], columns: &Columns<'_>) -> Result<(), BadRow> {
    let mut above = values.iter().zip(columns.high);
    let above = above.position(|(p, high)| *p > high * (1.0 + RANGE_SLACK) && p.is_finite());
    let mut below = values.iter().zip(columns.low);
    let below = below.position(|(p, low)| *p < low * (1.0 - RANGE_SLACK) && low.is_finite());
    let Some(row) = above.into_iter().chain(below).min() else {
        return Ok(());
    };
    let bound = |column: &[f64]| column.get(row).copied().unwrap_or(f64::NAN);
    let fault = Fault::OutsideRange {
        column,
        value: values[row],
        low: bound(columns.low),
        high: bound(columns.high),
    };
    Err(BadRow { row, fault })
}
