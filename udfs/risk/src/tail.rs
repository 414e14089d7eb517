//! The worst returns of a growing set.
//!
//! Two heaps meet at the cut-off: one holds the worst returns with the mildest of them on top, the
//! other the rest with the worst of them on top. A new return costs O(log n), the two at the
//! cut-off are at hand at once. Sorting anew for every row of a growing window would be quadratic.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A finite number in its natural order.
#[derive(Debug, Clone, Copy)]
struct Return(f64);

impl PartialEq for Return {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Return {}

impl PartialOrd for Return {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Return {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

/// How many of n returns count as the worst, for a share of the tail from 0 to 1.
pub(crate) type TailSize = fn(n: usize, share: f64) -> usize;

/// A set of returns, split into its worst part and the rest.
#[derive(Debug, Clone)]
pub(crate) struct Tail {
    share: f64,
    size: TailSize,
    worst: BinaryHeap<Return>,
    rest: BinaryHeap<Reverse<Return>>,
}

impl Tail {
    /// An empty set. `size` is at least 1, at most n, and does not fall while n grows.
    pub(crate) fn new(share: f64, size: TailSize) -> Self {
        Self {
            share,
            size,
            worst: BinaryHeap::new(),
            rest: BinaryHeap::new(),
        }
    }

    /// Takes the next finite return.
    pub(crate) fn push(&mut self, ret: f64) {
        let ret = Return(ret);
        match self.worst.peek() {
            Some(mildest) if ret < *mildest => self.worst.push(ret),
            _ => self.rest.push(Reverse(ret)),
        }
        self.balance();
    }

    fn balance(&mut self) {
        let size = (self.size)(self.count(), self.share);
        while self.worst.len() > size
            && let Some(mildest) = self.worst.pop()
        {
            self.rest.push(Reverse(mildest));
        }
        while self.worst.len() < size
            && let Some(Reverse(next)) = self.rest.pop()
        {
            self.worst.push(next);
        }
    }

    /// How many returns there are in all.
    pub(crate) fn count(&self) -> usize {
        self.worst.len() + self.rest.len()
    }

    /// How many of them count as the worst.
    pub(crate) fn n_worst(&self) -> usize {
        self.worst.len()
    }

    /// The mildest of the worst returns; `None` for an empty set.
    pub(crate) fn mildest_of_worst(&self) -> Option<f64> {
        self.worst.peek().map(|r| r.0)
    }

    /// The worst of the rest.
    pub(crate) fn worst_of_rest(&self) -> Option<f64> {
        self.rest.peek().map(|r| r.0.0)
    }

    /// The sum of the worst returns.
    pub(crate) fn sum_of_worst(&self) -> f64 {
        self.worst.iter().map(|r| r.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_least_a_third(n: usize, share: f64) -> usize {
        ((n as f64 * share).ceil() as usize).clamp(1, n)
    }

    proptest! {
        #[test]
        fn the_heaps_agree_with_sorting_after_every_step(
            returns in prop::collection::vec(-1.0..1.0f64, 1..80),
            share in 0.0..=1.0f64,
        ) {
            let mut tail = Tail::new(share, at_least_a_third);
            for n in 1..=returns.len() {
                tail.push(returns[n - 1]);
                let mut sorted = returns[..n].to_vec();
                sorted.sort_by(f64::total_cmp);
                let size = at_least_a_third(n, share);
                prop_assert_eq!((tail.count(), tail.n_worst()), (n, size));
                prop_assert_eq!(tail.mildest_of_worst(), Some(sorted[size - 1]));
                prop_assert_eq!(tail.worst_of_rest(), sorted.get(size).copied());
                let sum: f64 = sorted[..size].iter().sum();
                prop_assert!((tail.sum_of_worst() - sum).abs() < 1e-12);
            }
        }
    }
}
