//! Bars of many symbols by column, cut into timestamps.

use crate::check::{BadRow, Checker};
use std::borrow::Cow;
use std::ops::Range;

/// Entry and exit flags of one bar, as bits.
pub mod flags {
    /// Buy to open.
    pub const ENTRY_LONG: u8 = 1;
    /// Sell to close.
    pub const EXIT_LONG: u8 = 2;
    /// Sell to open.
    pub const ENTRY_SHORT: u8 = 4;
    /// Buy to close.
    pub const EXIT_SHORT: u8 = 8;
}

/// Bars in the order of time, then symbol; one entry per row in each slice, or none where the
/// column is not there. NaN is unknown.
#[derive(Debug, Clone, Copy, Default)]
pub struct Columns<'a> {
    /// Nanoseconds at the bar's close, ascending.
    pub ts: &'a [i64],
    /// Dense number of the symbol, counted from 0.
    pub symbol: &'a [u32],
    /// First price.
    pub open: &'a [f64],
    /// Highest price.
    pub high: &'a [f64],
    /// Lowest price.
    pub low: &'a [f64],
    /// Last price.
    pub close: &'a [f64],
    /// Units traded.
    pub volume: &'a [f64],
    /// Volume-weighted average price.
    pub vwap: &'a [f64],
    /// A price to fill at.
    pub price: &'a [f64],
    /// Ask minus bid.
    pub spread: &'a [f64],
    /// Target position, NaN for no opinion.
    pub target: &'a [f64],
    /// Entries and exits, see [`flags`].
    pub flags: &'a [u8],
    /// Size of an entry, NaN for the argument.
    pub size: &'a [f64],
    /// Distance of the stop loss, NaN for the argument.
    pub stop_loss: &'a [f64],
    /// Distance of the take-profit, NaN for the argument.
    pub take_profit: &'a [f64],
    /// Distance of the trailing stop, NaN for the argument.
    pub trailing: &'a [f64],
    /// Average true range, in price units.
    pub atr: &'a [f64],
    /// Standard deviation of returns per bar.
    pub volatility: &'a [f64],
    /// Cash per unit going ex before the open.
    pub dividend: &'a [f64],
    /// New units per old unit before the open.
    pub split: &'a [f64],
    /// Funding rate charged at the bar.
    pub funding: &'a [f64],
    /// Annual rate for borrowed shares, from the bar on.
    pub borrow: &'a [f64],
    /// Price of the next contract at the open.
    pub roll: &'a [f64],
    /// Number of the signal's source, 0 for none.
    pub source: &'a [u32],
}

/// A value of a column that may not be there.
pub(crate) fn at(column: &[f64], row: usize) -> f64 {
    column.get(row).copied().unwrap_or(f64::NAN)
}

fn part<T>(column: &[T], rows: &Range<usize>) -> Range<usize> {
    if column.is_empty() {
        0..0
    } else {
        rows.clone()
    }
}

impl<'a> Columns<'a> {
    /// The columns of some rows.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let numbers = |column: &'a [f64]| &column[part(column, &rows)];
        Self {
            ts: &self.ts[rows.clone()],
            symbol: &self.symbol[rows.clone()],
            open: numbers(self.open),
            high: numbers(self.high),
            low: numbers(self.low),
            close: numbers(self.close),
            volume: numbers(self.volume),
            vwap: numbers(self.vwap),
            price: numbers(self.price),
            spread: numbers(self.spread),
            target: numbers(self.target),
            flags: &self.flags[part(self.flags, &rows)],
            size: numbers(self.size),
            stop_loss: numbers(self.stop_loss),
            take_profit: numbers(self.take_profit),
            trailing: numbers(self.trailing),
            atr: numbers(self.atr),
            volatility: numbers(self.volatility),
            dividend: numbers(self.dividend),
            split: numbers(self.split),
            funding: numbers(self.funding),
            borrow: numbers(self.borrow),
            roll: numbers(self.roll),
            source: &self.source[part(self.source, &rows)],
        }
    }
}

/// What does not change over time about one symbol.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Instrument {
    /// Money per price point and unit, above 0.
    pub multiplier: f64,
    /// Number of its currency in the rates table; `None` is the account's own.
    pub currency: Option<u32>,
    /// Number of its sector; `None` for none.
    pub sector: Option<u32>,
}

impl Default for Instrument {
    fn default() -> Self {
        Self {
            multiplier: 1.0,
            currency: None,
            sector: None,
        }
    }
}

/// Checked bars of one account, ready for a simulation.
#[derive(Debug, Clone, Default)]
pub struct Market<'a> {
    /// The rows.
    pub columns: Columns<'a>,
    /// The distinct times, ascending.
    pub times: Cow<'a, [i64]>,
    /// Where the rows of each time start, and at the end the number of rows.
    pub first_row: Cow<'a, [usize]>,
    /// How many symbols there are.
    pub n_symbols: usize,
    /// Whether no close is unknown.
    pub closes_known: bool,
    /// By symbol; the default for those beyond its end.
    pub instruments: Cow<'a, [Instrument]>,
}

impl<'a> Market<'a> {
    /// Finds the timestamps and checks every row.
    ///
    /// # Errors
    /// The first row with a repeated (time, symbol), a time that goes back, a price that is 0 or
    /// negative, or prices that contradict each other. Infinite prices count as unknown, as NaN
    /// does.
    pub fn try_new(columns: Columns<'a>) -> Result<Self, BadRow> {
        let n_symbols = columns.symbol.iter().max().map_or(0, |s| *s as usize + 1);
        let mut checker = Checker::default();
        let mut times: Vec<i64> = Vec::new();
        let mut first_row = Vec::new();
        checker.check(&columns, |row, ts| {
            times.push(ts);
            first_row.push(row);
        })?;
        first_row.push(columns.ts.len());
        Ok(Self {
            columns,
            times: Cow::Owned(times),
            first_row: Cow::Owned(first_row),
            n_symbols,
            closes_known: columns.close.iter().all(|c| c.is_finite()),
            instruments: Cow::Borrowed(&[]),
        })
    }

    /// With what is known of the symbols.
    #[must_use]
    pub fn with_instruments(mut self, instruments: Vec<Instrument>) -> Self {
        self.instruments = Cow::Owned(instruments);
        self
    }

    /// The bars of some of the timestamps, sharing everything.
    pub fn slice(&self, times: Range<usize>) -> Market<'_> {
        let end = times.end.min(self.n_times());
        let start = times.start.min(end);
        Market {
            columns: self.columns,
            times: Cow::Borrowed(&self.times[start..end]),
            first_row: Cow::Borrowed(&self.first_row[start..=end]),
            n_symbols: self.n_symbols,
            closes_known: self.closes_known,
            instruments: Cow::Borrowed(&self.instruments),
        }
    }

    /// How many timestamps there are.
    pub fn n_times(&self) -> usize {
        self.times.len()
    }

    /// The rows of each symbol, in the order of time.
    pub fn rows_by_symbol(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.n_symbols];
        let all = self
            .first_row
            .first()
            .copied()
            .zip(self.first_row.last().copied());
        for row in all.map_or(0..0, |(from, to)| from..to) {
            rows[self.columns.symbol[row] as usize].push(row);
        }
        rows
    }
}

/// Whether a price can be used: known and finite ([`Market`] holds no negative ones).
pub fn is_price(price: f64) -> bool {
    price.is_finite()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Fault;

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
            ..Columns::default()
        })
    }

    #[test]
    fn rows_of_one_time_stand_together() {
        let market = market(&[1, 1, 2, 4], &[0, 1, 1, 0], &[1.0; 4]).expect("good bars");
        assert_eq!(*market.times, [1, 2, 4]);
        assert_eq!(*market.first_row, [0, 2, 3, 4]);
        assert_eq!(market.rows_by_symbol(), [vec![0, 3], vec![1, 2]]);
    }

    #[test]
    fn a_slice_of_the_times_keeps_the_rows() {
        let market = market(&[1, 1, 2, 4], &[0, 1, 1, 0], &[1.0; 4]).expect("good bars");
        let slice = market.slice(1..9);
        assert_eq!(
            (&*slice.times, &*slice.first_row),
            (&[2, 4][..], &[2, 3, 4][..])
        );
        assert_eq!(slice.rows_by_symbol(), [vec![3], vec![2]]);
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
