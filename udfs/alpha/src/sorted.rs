//! The rows of a window in the order of their values.

/// Rows of one bucket; at twice as many it is cut. Moving this much memory costs less than a
/// tree's pointers do, and longer windows are many buckets.
const BUCKET: usize = 512;

/// A multiset of finite numbers with ranks: insertion and removal cost a search and a short move.
#[derive(Debug, Default)]
pub struct SortedWindow {
    /// Ascending, none empty.
    buckets: Vec<Vec<f64>>,
    len: usize,
}

impl SortedWindow {
    /// How many numbers there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Adds a number.
    pub fn insert(&mut self, value: f64) {
        self.len += 1;
        let at = self
            .bucket_of(value)
            .min(self.buckets.len().saturating_sub(1));
        let Some(bucket) = self.buckets.get_mut(at) else {
            self.buckets.push(vec![value]);
            return;
        };
        bucket.insert(bucket.partition_point(|v| *v < value), value);
        if bucket.len() > 2 * BUCKET {
            let upper = bucket.split_off(BUCKET);
            self.buckets.insert(at + 1, upper);
        }
    }

    /// Takes out one number that was added and is equal to this one.
    pub fn remove(&mut self, value: f64) {
        let at = self.bucket_of(value);
        let Some(bucket) = self.buckets.get_mut(at) else {
            return;
        };
        let place = bucket.partition_point(|v| *v < value);
        if bucket.get(place) == Some(&value) {
            bucket.remove(place);
            self.len -= 1;
        }
        if bucket.is_empty() {
            self.buckets.remove(at);
        }
    }

    /// Takes out a number that was added and adds another, with one move where both are near.
    pub fn replace(&mut self, old: f64, new: f64) {
        let (from, to) = (self.bucket_of(old), self.bucket_of(new));
        let bucket = match self.buckets.get_mut(from) {
            Some(bucket) if from == to => bucket,
            _ => {
                self.remove(old);
                return self.insert(new);
            }
        };
        let left = bucket.partition_point(|v| *v < old);
        let entered = bucket.partition_point(|v| *v < new);
        if bucket.get(left) != Some(&old) {
            return self.insert(new);
        }
        let place = if entered > left {
            bucket.copy_within(left + 1..entered, left);
            entered - 1
        } else {
            bucket.copy_within(entered..left, entered + 1);
            entered
        };
        if let Some(slot) = bucket.get_mut(place) {
            *slot = new;
        }
    }

    /// The number at a position in ascending order, the smallest at 0.
    pub fn get(&self, position: usize) -> Option<f64> {
        let mut left = position;
        for bucket in &self.buckets {
            if let Some(value) = bucket.get(left) {
                return Some(*value);
            }
            left -= bucket.len();
        }
        None
    }

    /// How many numbers are smaller than this one.
    pub fn n_below(&self, value: f64) -> usize {
        self.count(|v| v < value)
    }

    /// How many numbers are not greater than this one.
    pub fn n_up_to(&self, value: f64) -> usize {
        self.count(|v| v <= value)
    }

    /// How many numbers are in front, where `is_front` holds for a front part of the order.
    fn count(&self, is_front: impl Fn(f64) -> bool) -> usize {
        let mut n = 0;
        for bucket in &self.buckets {
            match bucket.last() {
                Some(last) if is_front(*last) => n += bucket.len(),
                _ => return n + bucket.partition_point(|v| is_front(*v)),
            }
        }
        n
    }

    /// The first bucket that reaches this value.
    fn bucket_of(&self, value: f64) -> usize {
        self.buckets
            .partition_point(|b| b.last().is_some_and(|last| *last < value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_is_a_sorted_vector(values in prop::collection::vec(-50i32..50, 1..3000), keep in 1usize..2500) {
            let mut window = SortedWindow::default();
            let mut plain: Vec<f64> = Vec::new();
            for (i, value) in values.iter().enumerate() {
                let value = f64::from(*value);
                if i >= keep {
                    let old = f64::from(values[i - keep]);
                    if i % 3 == 0 {
                        window.remove(old);
                        window.insert(value);
                    } else {
                        window.replace(old, value);
                    }
                    plain.remove(plain.partition_point(|v| *v < old));
                } else {
                    window.insert(value);
                }
                plain.insert(plain.partition_point(|v| *v < value), value);
            }
            prop_assert_eq!(window.len(), plain.len());
            for (i, value) in plain.iter().enumerate() {
                prop_assert_eq!(window.get(i), Some(*value));
                prop_assert_eq!(window.n_below(*value), plain.partition_point(|v| v < value));
                prop_assert_eq!(window.n_up_to(*value), plain.partition_point(|v| v <= value));
            }
            prop_assert_eq!(window.get(plain.len()), None);
        }
    }

    #[test]
    fn what_was_never_added_cannot_be_removed() {
        let mut window = SortedWindow::default();
        window.remove(1.0);
        window.insert(1.0);
        window.remove(2.0);
        assert_eq!((window.len(), window.is_empty()), (1, false));
        window.replace(0.5, 3.0);
        assert_eq!((window.get(0), window.get(1)), (Some(1.0), Some(3.0)));
    }
}
