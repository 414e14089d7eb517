//! One symbol's bars, checked.

use std::fmt;

/// Bars of one symbol in time order: all slices have one length, all prices are positive.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Bars {
    /// Time of the close, nanoseconds since 1970-01-01 UTC, strictly increasing.
    pub ts: Vec<i64>,
    /// Highest price.
    pub high: Vec<f64>,
    /// Lowest price.
    pub low: Vec<f64>,
    /// Last price.
    pub close: Vec<f64>,
    /// Volume, NaN where it is not known.
    pub volume: Vec<f64>,
}

/// What makes a bar unusable.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum BadBar {
    /// Two bars have this time.
    Duplicate {
        /// The time of both.
        ts: i64,
    },
    /// A price is zero or negative, so distances in percent mean nothing.
    NotPositive {
        /// The bar's time.
        ts: i64,
        /// The price.
        price: f64,
    },
    /// The high is below the low.
    Inverted {
        /// The bar's time.
        ts: i64,
        /// Its high.
        high: f64,
        /// Its low.
        low: f64,
    },
}

impl BadBar {
    /// The time of the bar at fault, nanoseconds since 1970-01-01 UTC.
    pub fn ts(&self) -> i64 {
        match self {
            Self::Duplicate { ts } | Self::NotPositive { ts, .. } | Self::Inverted { ts, .. } => {
                *ts
            }
        }
    }
}

impl fmt::Display for BadBar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate { .. } => f.write_str("found more than one bar"),
            Self::NotPositive { price, .. } => {
                write!(f, "prices must be positive, found {price}")
            }
            Self::Inverted { high, low, .. } => {
                write!(f, "`high` must not be below `low` {low}, found {high}")
            }
        }
    }
}

impl Bars {
    /// Takes rows in time order and leaves out those without high, low or close.
    ///
    /// All slices have one length; what is not finite is missing.
    ///
    /// # Errors
    /// The first bar that has the time of the one before, a price that is not positive, or a high
    /// below its low.
    pub fn try_new(
        ts: &[i64],
        high: &[f64],
        low: &[f64],
        close: &[f64],
        volume: &[f64],
    ) -> Result<Self, BadBar> {
        let repeated = ts.iter().zip(ts.iter().skip(1)).find(|(a, b)| a == b);
        if let Some((ts, _)) = repeated {
            return Err(BadBar::Duplicate { ts: *ts });
        }
        let mut bars = Self::default();
        let prices = high.iter().zip(low).zip(close);
        for ((ts, ((high, low), close)), volume) in ts.iter().zip(prices).zip(volume) {
            if high.is_finite() && low.is_finite() && close.is_finite() {
                check(*ts, *high, *low, *close)?;
                bars.push(*ts, [*high, *low, *close], *volume);
            }
        }
        Ok(bars)
    }

    /// How many bars there are.
    pub fn len(&self) -> usize {
        self.ts.len()
    }

    /// Whether there are no bars.
    pub fn is_empty(&self) -> bool {
        self.ts.is_empty()
    }

    fn push(&mut self, ts: i64, [high, low, close]: [f64; 3], volume: f64) {
        self.ts.push(ts);
        self.high.push(high);
        self.low.push(low);
        self.close.push(close);
        self.volume.push(volume);
    }
}

fn check(ts: i64, high: f64, low: f64, close: f64) -> Result<(), BadBar> {
    let price = low.min(close);
    if price <= 0.0 {
        return Err(BadBar::NotPositive { ts, price });
    }
    if high < low {
        return Err(BadBar::Inverted { ts, high, low });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(ts: &[i64], high: &[f64], low: &[f64]) -> Result<Bars, BadBar> {
        Bars::try_new(ts, high, low, low, &vec![f64::NAN; ts.len()])
    }

    #[test]
    fn rows_without_a_price_are_left_out() {
        let got = bars(
            &[1, 2, 3],
            &[2.0, f64::NAN, 3.0],
            &[1.0, 1.0, f64::INFINITY],
        );
        assert_eq!(got.map(|b| b.ts), Ok(vec![1]));
    }

    #[test]
    fn two_bars_of_one_time_are_refused() {
        let got = bars(&[1, 2, 2], &[2.0; 3], &[1.0; 3]);
        assert_eq!(got, Err(BadBar::Duplicate { ts: 2 }));
    }

    #[test]
    fn a_price_that_is_not_positive_is_refused() {
        let got = bars(&[1, 2], &[2.0; 2], &[1.0, 0.0]);
        assert_eq!(got, Err(BadBar::NotPositive { ts: 2, price: 0.0 }));
    }

    #[test]
    fn a_high_below_its_low_is_refused() {
        let got = bars(&[1], &[1.0], &[2.0]);
        let expected = BadBar::Inverted {
            ts: 1,
            high: 1.0,
            low: 2.0,
        };
        assert_eq!(got, Err(expected));
    }
}
