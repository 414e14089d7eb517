//! Which bars a strategy is fitted on, and which it is judged by.
//!
//! Ranges count timestamps. *Purge* leaves out timestamps at the end of a fitting range that touch
//! the judged one (positions and labels reach forward); *embargo* leaves out timestamps behind a
//! judged range before fitting goes on (returns remember). Source: Lopez de Prado, Advances in
//! Financial Machine Learning, chapters 7 and 12.

use std::ops::Range;

/// One step of a walk forward.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// Fitted on.
    pub train: Range<usize>,
    /// Judged by.
    pub test: Range<usize>,
}

/// How a walk forward moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walk {
    /// Timestamps to fit on, at least 1.
    pub train: usize,
    /// Timestamps to judge by, at least 1.
    pub test: usize,
    /// How far each fold lies behind the one before, at least 1.
    pub step: usize,
    /// Whether fitting always begins at the first timestamp.
    pub is_anchored: bool,
    /// Timestamps left out between fitting and judging.
    pub purge: usize,
}

impl Walk {
    /// The folds over `n` timestamps; the last one may be judged by fewer.
    pub fn folds(&self, n: usize) -> Vec<Fold> {
        let mut folds = Vec::new();
        let mut first_test = self.train + self.purge;
        while first_test < n {
            let end = first_test - self.purge;
            let start = if self.is_anchored {
                0
            } else {
                end - self.train
            };
            folds.push(Fold {
                train: start..end,
                test: first_test..(first_test + self.test).min(n),
            });
            first_test += self.step.max(1);
        }
        folds
    }
}

/// One split of a combinatorial cross-validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Split {
    /// The groups judged by, ascending.
    pub groups: Vec<usize>,
    /// The timestamps fitted on, as ascending ranges.
    pub train: Vec<Range<usize>>,
}

/// Combinatorial purged cross-validation over consecutive groups of timestamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Combinatorial {
    /// The groups, as even as possible, the longer ones first.
    pub groups: Vec<Range<usize>>,
    /// Every choice of groups to be judged by.
    pub splits: Vec<Split>,
}

impl Combinatorial {
    /// Splits of `n` timestamps into `n_groups`, judged by every `n_judged` of them.
    pub fn new(n: usize, n_groups: usize, n_judged: usize, purge: usize, embargo: usize) -> Self {
        let groups = even_groups(n, n_groups);
        let splits = choose(n_groups, n_judged).into_iter().map(|judged| Split {
            train: train_ranges(n, &groups, &judged, purge, embargo),
            groups: judged,
        });
        Self {
            splits: splits.collect(),
            groups,
        }
    }

    /// The paths through all groups: for each path and group, the split that judges it there.
    ///
    /// Each group is judged by the same number of splits; the k-th path takes the k-th of each.
    pub fn paths(&self) -> Vec<Vec<usize>> {
        let of_group = |group: usize| -> Vec<usize> {
            let splits = self.splits.iter().enumerate();
            splits
                .filter(|(_, split)| split.groups.contains(&group))
                .map(|(i, _)| i)
                .collect()
        };
        let by_group: Vec<Vec<usize>> = (0..self.groups.len()).map(of_group).collect();
        let n_paths = by_group.first().map_or(0, Vec::len);
        (0..n_paths)
            .map(|path| {
                by_group
                    .iter()
                    .filter_map(|s| s.get(path).copied())
                    .collect()
            })
            .collect()
    }
}

fn even_groups(n: usize, n_groups: usize) -> Vec<Range<usize>> {
    let n_groups = n_groups.max(1);
    let mut start = 0;
    (0..n_groups)
        .map(|group| {
            let length = n / n_groups + usize::from(group < n % n_groups);
            let range = start..start + length;
            start = range.end;
            range
        })
        .collect()
}

/// In how many ways `k` of `n` numbers can be chosen.
pub fn n_choices(n: usize, k: usize) -> usize {
    (0..k.min(n)).fold(1, |ways: usize, i| ways.saturating_mul(n - i) / (i + 1))
}

/// All ways to choose `k` of `n` numbers, in lexicographic order.
fn choose(n: usize, k: usize) -> Vec<Vec<usize>> {
    if k == 0 {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for last in k - 1..n {
        for mut chosen in choose(last, k - 1) {
            chosen.push(last);
            all.push(chosen);
        }
    }
    all.sort_unstable();
    all
}

/// What is left of the timestamps without the judged groups, the purge before and the purge and
/// embargo behind each of them.
fn train_ranges(
    n: usize,
    groups: &[Range<usize>],
    judged: &[usize],
    purge: usize,
    embargo: usize,
) -> Vec<Range<usize>> {
    let mut start = 0;
    let mut train = Vec::new();
    for group in judged.iter().filter_map(|g| groups.get(*g)) {
        let end = group.start.saturating_sub(purge);
        if end > start {
            train.push(start..end);
        }
        start = (group.end + purge + embargo).min(n).max(start);
    }
    if start < n {
        train.push(start..n);
    }
    train
}

#[cfg(test)]
mod tests {
    use super::*;

    const WALK: Walk = Walk {
        train: 4,
        test: 2,
        step: 2,
        is_anchored: false,
        purge: 1,
    };

    #[test]
    fn a_walk_moves_both_ranges_and_ends_with_what_is_left() {
        let folds = WALK.folds(10);
        let ranges: Vec<_> = folds
            .iter()
            .map(|f| (f.train.clone(), f.test.clone()))
            .collect();
        assert_eq!(ranges, [(0..4, 5..7), (2..6, 7..9), (4..8, 9..10)]);
    }

    #[test]
    fn an_anchored_walk_keeps_its_start() {
        let walk = Walk {
            is_anchored: true,
            ..WALK
        };
        assert!(walk.folds(20).iter().all(|f| f.train.start == 0));
        assert_eq!(walk.folds(5), []);
    }

    #[test]
    fn choices_are_as_many_as_counted() {
        for (n, k) in [(6, 2), (6, 6), (7, 1), (10, 4)] {
            assert_eq!(choose(n, k).len(), n_choices(n, k), "{k} of {n}");
        }
        assert_eq!(n_choices(24, 12), 2_704_156);
    }

    #[test]
    fn every_group_is_judged_equally_often_and_paths_take_each_split_once_a_group() {
        let cv = Combinatorial::new(60, 6, 2, 0, 0);
        assert_eq!(cv.splits.len(), 15);
        let paths = cv.paths();
        assert_eq!(paths.len(), 5);
        for path in &paths {
            assert_eq!(path.len(), 6);
            for (group, split) in path.iter().enumerate() {
                assert!(cv.splits[*split].groups.contains(&group));
            }
        }
    }

    #[test]
    fn fitting_keeps_its_distance_from_what_is_judged() {
        let cv = Combinatorial::new(30, 3, 1, 2, 3);
        assert_eq!(cv.splits[1].train, [0..8, 25..30]);
        assert_eq!(cv.splits[0].train.first(), Some(&(15..30)));
        assert_eq!(cv.splits[2].train.first(), Some(&(0..18)));
    }
}
