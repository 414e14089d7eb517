//! Bars of many symbols by column, cut into timestamps.

use std::fmt;

/// Bars in the order of time, then symbol; one entry per row in each slice.
#[derive(Debug, Clone, Copy)]
pub struct Columns<'a> {
    /// Nanoseconds at the bar's close, ascending.
    pub ts: &'a [i64],
    /// Dense number of the symbol, counted from 0.
    pub symbol: &'a [u32],
    /// First price, NaN for unknown.
    pub open: &'a [f64],
    /// Highest price, NaN for unknown.
    pub high: &'a [f64],
    /// Lowest price, NaN for unknown.
    pub low: &'a [f64],
    /// Last price, NaN for unknown.
    pub close: &'a [f64],
    /// Target position, NaN for no opinion.
    pub target: &'a [f64],
}

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
    /// A price is 0 or negative.
    PriceNotPositive {
        /// Which column.
        column: &'static str,
        /// What it holds.
        value: f64,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate => f.write_str("two bars have the same time and symbol"),
            Self::OutOfOrder => f.write_str("the bars are not in the order of time"),
            Self::PriceNotPositive { column, value } => {
                write!(f, "`{column}` must be above 0 or NULL, found {value}")
            }
        }
    }
}

/// Checked bars, ready for a simulation.
#[derive(Debug, Clone)]
pub struct Market<'a> {
    /// The rows.
    pub columns: Columns<'a>,
    /// The distinct times, ascending.
    pub times: Vec<i64>,
    /// Where the rows of each time start, and at the end the number of rows.
    pub first_row: Vec<usize>,
    /// How many symbols there are.
    pub n_symbols: usize,
}

impl<'a> Market<'a> {
    /// Finds the timestamps and checks every row.
    ///
    /// # Errors
    /// The first row with a repeated (time, symbol), a time that goes back, or a price that is 0
    /// or negative. Infinite prices count as unknown, as NaN does.
    pub fn try_new(columns: Columns<'a>) -> Result<Self, BadRow> {
        check_prices("open", columns.open)?;
        check_prices("high", columns.high)?;
        check_prices("low", columns.low)?;
        check_prices("close", columns.close)?;
        let n_symbols = columns.symbol.iter().max().map_or(0, |s| *s as usize + 1);
        let mut last_seen = vec![usize::MAX; n_symbols];
        let mut times: Vec<i64> = Vec::new();
        let mut first_row = Vec::new();
        for (row, (&ts, &symbol)) in columns.ts.iter().zip(columns.symbol).enumerate() {
            match times.last() {
                Some(&last) if ts == last => {}
                Some(&last) if ts < last => {
                    let fault = Fault::OutOfOrder;
                    return Err(BadRow { row, fault });
                }
                _ => {
                    times.push(ts);
                    first_row.push(row);
                }
            }
            let now = times.len();
            if std::mem::replace(&mut last_seen[symbol as usize], now) == now {
                let fault = Fault::Duplicate;
                return Err(BadRow { row, fault });
            }
        }
        first_row.push(columns.ts.len());
        Ok(Self {
            columns,
            times,
            first_row,
            n_symbols,
        })
    }

    /// How many timestamps there are.
    pub fn n_times(&self) -> usize {
        self.times.len()
    }

    /// The rows of each symbol, in the order of time.
    pub fn rows_by_symbol(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.n_symbols];
        for (row, &symbol) in self.columns.symbol.iter().enumerate() {
            rows[symbol as usize].push(row);
        }
        rows
    }
}

fn check_prices(column: &'static str, prices: &[f64]) -> Result<(), BadRow> {
    match prices.iter().position(|p| *p <= 0.0) {
        None => Ok(()),
        Some(row) => Err(BadRow {
            row,
            fault: Fault::PriceNotPositive {
                column,
                value: prices[row],
            },
        }),
    }
}

/// Whether a price can be used: known and finite ([`Market`] holds no negative ones).
pub fn is_price(price: f64) -> bool {
    price.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn market<'a>(
        ts: &'a [i64],
        symbol: &'a [u32],
        price: &'a [f64],
    ) -> Result<Market<'a>, BadRow> {
        Market::try_new(Columns {
            ts,
            symbol,
            open: price,
            high: price,
            low: price,
            close: price,
            target: price,
        })
    }

    #[test]
    fn rows_of_one_time_stand_together() {
        let market = market(&[1, 1, 2, 4], &[0, 1, 1, 0], &[1.0; 4]).expect("good bars");
        assert_eq!(market.times, [1, 2, 4]);
        assert_eq!(market.first_row, [0, 2, 3, 4]);
        assert_eq!(market.rows_by_symbol(), [vec![0, 3], vec![1, 2]]);
    }

    #[test]
    fn a_second_bar_at_the_same_time_is_refused() {
        let bad = market(&[1, 1, 1], &[0, 1, 0], &[1.0; 3]).expect_err("duplicate");
        assert_eq!((bad.row, bad.fault), (2, Fault::Duplicate));
    }

    #[test]
    fn a_price_of_zero_is_refused_and_nan_is_not() {
        let bad = market(&[1, 2, 3], &[0, 0, 0], &[1.0, f64::NAN, 0.0]).expect_err("zero");
        assert_eq!(bad.row, 2);
        assert_eq!(
            bad.fault.to_string(),
            "`open` must be above 0 or NULL, found 0"
        );
    }

    #[test]
    fn no_rows_make_an_empty_market() {
        let market = market(&[], &[], &[]).expect("nothing to refuse");
        assert_eq!((market.n_times(), market.n_symbols), (0, 0));
    }
}
