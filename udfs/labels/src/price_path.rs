//! Finding the first bar that touches a level.
//!
//! Bars are grouped in blocks whose highest high and lowest low are kept. A search passes over a
//! block that cannot hold a touch in one comparison, so a long horizon costs about
//! `horizon / 32` steps instead of `horizon`.

/// Bars in a block: small enough that scanning one is cheap, large enough that few are scanned.
const BLOCK: usize = 32;

/// The range that the price covered in each bar.
#[derive(Debug)]
pub struct PricePath<'a> {
    high: &'a [f64],
    low: &'a [f64],
    block_high: Vec<f64>,
    block_low: Vec<f64>,
}

impl<'a> PricePath<'a> {
    /// A path over bars; both slices have the same length and no NaN.
    pub fn new(high: &'a [f64], low: &'a [f64]) -> Self {
        Self {
            high,
            low,
            block_high: fold_blocks(high, f64::NEG_INFINITY, f64::max),
            block_low: fold_blocks(low, f64::INFINITY, f64::min),
        }
    }

    /// How many bars there are.
    pub fn len(&self) -> usize {
        self.high.len()
    }

    /// Whether there are no bars.
    pub fn is_empty(&self) -> bool {
        self.high.is_empty()
    }

    /// The low and the high of a bar.
    pub fn range(&self, bar: usize) -> Option<(f64, f64)> {
        Some((*self.low.get(bar)?, *self.high.get(bar)?))
    }

    /// The first bar in `from..until` whose high reaches `upper` or whose low reaches `lower`.
    ///
    /// Reaching means touching: equality counts. Infinite levels are never reached.
    pub fn first_touch(&self, from: usize, until: usize, upper: f64, lower: f64) -> Option<usize> {
        let until = until.min(self.len());
        let mut start = from;
        while start < until {
            let block = start / BLOCK;
            let end = ((block + 1) * BLOCK).min(until);
            if self.may_touch(block, upper, lower) {
                let found = self.scan(start, end, upper, lower);
                if found.is_some() {
                    return found;
                }
            }
            start = end;
        }
        None
    }

    fn may_touch(&self, block: usize, upper: f64, lower: f64) -> bool {
        self.block_high[block] >= upper || self.block_low[block] <= lower
    }

    fn scan(&self, start: usize, end: usize, upper: f64, lower: f64) -> Option<usize> {
        self.high[start..end]
            .iter()
            .zip(&self.low[start..end])
            .position(|(high, low)| *high >= upper || *low <= lower)
            .map(|offset| start + offset)
    }
}

fn fold_blocks(values: &[f64], start: f64, pick: fn(f64, f64) -> f64) -> Vec<f64> {
    values
        .chunks(BLOCK)
        .map(|block| block.iter().copied().fold(start, pick))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_search_over_blocks_finds_what_a_search_over_bars_finds(
            bars in prop::collection::vec((90.0..100.0_f64, 100.0..110.0_f64), 1..200),
            from in 0_usize..220,
            length in 0_usize..220,
            upper in prop_oneof![100.0..112.0_f64, Just(f64::INFINITY)],
            lower in prop_oneof![88.0..100.0_f64, Just(f64::NEG_INFINITY)],
        ) {
            let (low, high): (Vec<f64>, Vec<f64>) = bars.into_iter().unzip();
            let expected = (from..(from + length).min(high.len()))
                .find(|&i| high[i] >= upper || low[i] <= lower);
            let path = PricePath::new(&high, &low);
            prop_assert_eq!(path.first_touch(from, from + length, upper, lower), expected);
        }
    }
}
