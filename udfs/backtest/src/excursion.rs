//! The worst and best price during a trade.

use crate::market::Market;

/// Lowest and highest price over any range of one symbol's bars, in O(log bars) per question.
///
/// A segment tree in one array: leaf i stands at n + i, its parent at half of that.
#[derive(Debug, Clone)]
pub struct PriceRange {
    n_bars: usize,
    low: Vec<f64>,
    high: Vec<f64>,
}

impl PriceRange {
    /// Over these rows of the market. A bar without low or high stands for its close.
    pub fn new(market: &Market<'_>, rows: &[usize]) -> Self {
        let columns = market.columns;
        let n_bars = rows.len();
        let mut low = vec![f64::NAN; 2 * n_bars];
        let mut high = vec![f64::NAN; 2 * n_bars];
        for (bar, &row) in rows.iter().enumerate() {
            // `min` and `max` of floats leave NaN out.
            low[n_bars + bar] = columns.low[row].min(columns.close[row]);
            high[n_bars + bar] = columns.high[row].max(columns.close[row]);
        }
        for node in (1..n_bars).rev() {
            low[node] = low[2 * node].min(low[2 * node + 1]);
            high[node] = high[2 * node].max(high[2 * node + 1]);
        }
        Self { n_bars, low, high }
    }

    /// Lowest and highest price of the bars `from..to`; NaN where none of them has a price.
    pub fn extremes(&self, from: usize, to: usize) -> (f64, f64) {
        let (mut low, mut high) = (f64::NAN, f64::NAN);
        let (mut left, mut right) = (from + self.n_bars, to.min(self.n_bars) + self.n_bars);
        while left < right {
            if left % 2 == 1 {
                low = low.min(self.low[left]);
                high = high.max(self.high[left]);
                left += 1;
            }
            if right % 2 == 1 {
                right -= 1;
                low = low.min(self.low[right]);
                high = high.max(self.high[right]);
            }
            left /= 2;
            right /= 2;
        }
        (low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::Columns;

    #[test]
    fn every_range_gives_its_lowest_low_and_highest_high() {
        let low = [5.0, 3.0, f64::NAN, 7.0, 1.0, 6.0];
        let high = [6.0, 9.0, f64::NAN, 8.0, 2.0, 7.0];
        let close = [5.5, 4.0, 2.5, 7.5, 1.5, 6.5];
        let ts = [0, 1, 2, 3, 4, 5];
        let market = Market::try_new(Columns {
            ts: &ts,
            symbol: &[0; 6],
            open: &close,
            high: &high,
            low: &low,
            close: &close,
            target: &close,
        })
        .expect("good bars");
        let range = PriceRange::new(&market, &[0, 1, 2, 3, 4, 5]);
        for from in 0..6 {
            for to in from + 1..=6 {
                let lowest = (from..to)
                    .map(|i| low[i].min(close[i]))
                    .fold(f64::NAN, f64::min);
                let highest = (from..to)
                    .map(|i| high[i].max(close[i]))
                    .fold(f64::NAN, f64::max);
                assert_eq!(range.extremes(from, to), (lowest, highest), "{from}..{to}");
            }
        }
        assert!(range.extremes(3, 3).0.is_nan());
    }
}
