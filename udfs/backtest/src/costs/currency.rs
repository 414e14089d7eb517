//! Currency rates as of a time.

/// What is wrong with a row of the rates table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RateFault {
    /// The rate is 0, negative, or infinite.
    NotPositive {
        /// Its place in the table.
        row: usize,
        /// What it holds.
        rate: f64,
    },
    /// The currency has another rate at this time.
    Duplicate {
        /// Its place in the table.
        row: usize,
    },
}

/// The reason of an order refused for want of a rate.
pub const NO_RATE: &str = "no rate";

#[derive(Debug, Clone, Copy, PartialEq)]
struct Quoted {
    ts: i64,
    currency: u32,
    rate: f64,
}

/// Units of the account's currency per unit of each currency, as of the last row at or before a
/// time that only moves forward.
///
/// A currency before its first row has no rate: NaN. The account's own currency is not in the
/// table, its rate is 1.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rates {
    rows: Vec<Quoted>,
    next: usize,
    current: Vec<f64>,
}

impl Rates {
    /// From rows in any order; a NaN rate is no rate, and the one before it stays.
    ///
    /// # Errors
    /// The first row whose rate is not above 0, or that repeats a time and currency.
    pub fn try_new(ts: &[i64], currency: &[u32], rate: &[f64]) -> Result<Self, RateFault> {
        let mut rows = Vec::with_capacity(ts.len());
        for (row, ((&ts, &currency), &rate)) in ts.iter().zip(currency).zip(rate).enumerate() {
            if rate <= 0.0 || rate.is_infinite() {
                return Err(RateFault::NotPositive { row, rate });
            }
            rows.push((Quoted { ts, currency, rate }, row));
        }
        rows.sort_by_key(|(q, row)| (q.ts, q.currency, *row));
        let same = |a: &Quoted, b: &Quoted| (a.ts, a.currency) == (b.ts, b.currency);
        if let Some([_, (_, row)]) = rows.array_windows().find(|[a, b]| same(&a.0, &b.0)) {
            return Err(RateFault::Duplicate { row: *row });
        }
        let n_currencies = currency.iter().max().map_or(0, |last| *last as usize + 1);
        Ok(Self {
            rows: rows.into_iter().map(|(quoted, _)| quoted).collect(),
            next: 0,
            current: vec![f64::NAN; n_currencies],
        })
    }

    /// Moves on to a time, at or after the one before. Returns whether a rate changed.
    pub fn advance(&mut self, ts: i64) -> bool {
        let mut changed = false;
        while let Some(row) = self.rows.get(self.next).filter(|row| row.ts <= ts) {
            if row.rate.is_finite()
                && let Some(current) = self.current.get_mut(row.currency as usize)
            {
                changed |= *current != row.rate;
                *current = row.rate;
            }
            self.next += 1;
        }
        changed
    }

    /// The rate of a currency at the time reached, NaN for none.
    pub fn rate(&self, currency: u32) -> f64 {
        let known = self.current.get(currency as usize);
        known.copied().unwrap_or(f64::NAN)
    }

    /// Back to before the first row, for another run.
    pub fn reset(&mut self) {
        self.next = 0;
        self.current.fill(f64::NAN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_holds_until_the_next_one_and_is_unknown_before_the_first() {
        let mut rates = Rates::try_new(&[20, 10, 30], &[0, 0, 1], &[1.2, 1.1, 0.01]).expect("good");
        assert!(rates.rate(0).is_nan());
        assert!(rates.advance(10));
        assert_eq!(rates.rate(0), 1.1);
        assert!(!rates.advance(19));
        rates.advance(100);
        assert_eq!((rates.rate(0), rates.rate(1)), (1.2, 0.01));
        assert!(rates.rate(7).is_nan());
        rates.reset();
        assert!(rates.rate(0).is_nan());
    }

    #[test]
    fn an_unknown_rate_leaves_the_one_before_it() {
        let mut rates = Rates::try_new(&[1, 2], &[0, 0], &[1.5, f64::NAN]).expect("good");
        rates.advance(2);
        assert_eq!(rates.rate(0), 1.5);
    }

    #[test]
    fn bad_rows_are_named() {
        let rate = Rates::try_new(&[1, 2], &[0, 0], &[1.0, 0.0]).expect_err("zero");
        assert_eq!(rate, RateFault::NotPositive { row: 1, rate: 0.0 });
        let again = Rates::try_new(&[5, 4, 5], &[0, 0, 0], &[1.0, 1.0, 2.0]).expect_err("twice");
        assert_eq!(again, RateFault::Duplicate { row: 2 });
    }
}
