//! Swing extremes.
//!
//! Bar i is a pivot when its price is above the prices of the `span` bars before it and not below
//! the prices of the `span` bars after it. Of equal neighbours the first is the pivot, so a flat
//! top has one. A pivot is known at bar i + `span` and not before; whoever uses it earlier looks
//! ahead. The first and last `span` bars have no pivots, because one side is not there.

/// The pivots of a series in time order.
pub fn pivot_highs(prices: &[f64], span: usize) -> Vec<usize> {
    (span..prices.len().saturating_sub(span))
        .filter(|&bar| is_pivot(prices, bar, span))
        .collect()
}

fn is_pivot(prices: &[f64], bar: usize, span: usize) -> bool {
    let price = prices[bar];
    // The nearest bars first: they refuse most candidates at once.
    prices[bar + 1..=bar + span].iter().all(|p| *p <= price)
        && prices[bar - span..bar].iter().rev().all(|p| *p < price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_pivot_needs_bars_on_both_sides() {
        assert_eq!(pivot_highs(&[3.0, 1.0, 2.0, 1.0, 3.0], 1), [2]);
        assert_eq!(pivot_highs(&[3.0, 1.0, 2.0, 1.0, 3.0], 2), [0_usize; 0]);
        assert_eq!(pivot_highs(&[], 1), [0_usize; 0]);
        assert_eq!(pivot_highs(&[1.0], 5), [0_usize; 0]);
    }

    #[test]
    fn the_first_bar_of_a_flat_top_is_its_pivot() {
        assert_eq!(pivot_highs(&[1.0, 2.0, 2.0, 2.0, 1.0], 1), [1]);
    }

    proptest! {
        #[test]
        fn a_pivot_is_known_once_span_bars_have_followed(
            prices in prop::collection::vec(1_u8..20, 0..60),
            span in 1_usize..5,
        ) {
            let prices: Vec<f64> = prices.into_iter().map(f64::from).collect();
            let all = pivot_highs(&prices, span);
            for n_seen in 0..=prices.len() {
                let known: Vec<usize> =
                    all.iter().copied().filter(|p| p + span < n_seen).collect();
                prop_assert_eq!(pivot_highs(&prices[..n_seen], span), known);
            }
        }
    }
}
