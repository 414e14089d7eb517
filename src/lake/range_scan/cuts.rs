//! Where to cut a sorted table into ranges of keys that hold about as many rows each.

use super::file::{Side, SortedFile};
use super::keys::Key;
use datafusion::common::Result as DfResult;
use std::sync::Arc;

/// The keys at which the second range and all later ones begin: at most `n_ranges - 1`, and fewer
/// when there are fewer keys. No range is empty.
///
/// Files that overlap are weighed by their row groups, so ranges over them can differ by a few
/// row groups of each file.
///
/// # Errors
/// Those of reading the files.
pub(super) fn balanced_cuts(files: &[Arc<SortedFile>], n_ranges: usize) -> DfResult<Vec<Key>> {
    let total: usize = files.iter().map(|file| file.n_rows()).sum();
    let mut groups = Vec::new();
    for file in files {
        let starts = file.group_starts()?;
        groups.extend(starts.into_iter().map(|(key, rows)| (key, file, rows)));
    }
    groups.sort_by(|left, right| left.0.cmp(&right.0));
    let mut cuts = Vec::with_capacity(n_ranges);
    let mut groups = groups.into_iter();
    let mut current = groups.next();
    let mut n_before = 0;
    for target in targets(total, n_ranges) {
        while let Some((_, file, rows)) = &current {
            if n_before + rows.len() > target {
                if let Some(key) = file.key_at(rows.start + target - n_before)? {
                    cuts.extend(nearest_boundary(files, key, target, total)?);
                }
                break;
            }
            n_before += rows.len();
            current = groups.next();
        }
    }
    cuts.sort();
    cuts.dedup();
    Ok(cuts)
}

/// As [`balanced_cuts`], over keys of which all rows are counted, in order.
pub(super) fn cuts_of_counts(counts: &[(Key, usize)], n_ranges: usize) -> Vec<Key> {
    let total = counts.iter().map(|(_, n)| n).sum();
    let mut cuts: Vec<Key> = Vec::with_capacity(n_ranges);
    let mut keys = counts.iter();
    let mut n_before = 0;
    for target in targets(total, n_ranges) {
        for (key, n) in keys.by_ref() {
            let n_after = n_before + n;
            let begins_nearest = n_before > 0 && n_after > target;
            if begins_nearest {
                cuts.push(Arc::clone(key));
            }
            n_before = n_after;
            if begins_nearest {
                break;
            }
        }
    }
    cuts
}

/// The row counts that should lie before each cut.
fn targets(total: usize, n_ranges: usize) -> impl Iterator<Item = usize> {
    let share = move |i: usize| (total as u128 * i as u128 / n_ranges as u128) as usize;
    (1..n_ranges).map(share).filter(|target| *target > 0)
}

/// The beginning or the end of `key`, whichever leaves nearer to `target` rows before it and
/// rows on both sides.
fn nearest_boundary(
    files: &[Arc<SortedFile>],
    key: Key,
    target: usize,
    total: usize,
) -> DfResult<Option<Key>> {
    let n_before = rows_up_to(files, &key, Side::Before)?;
    let n_with = rows_up_to(files, &key, Side::After)?;
    let is_end_nearer = n_with.abs_diff(target) < n_before.abs_diff(target);
    if n_before > 0 && (n_with == total || !is_end_nearer) {
        return Ok(Some(key));
    }
    next_key(files, &key)
}

fn rows_up_to(files: &[Arc<SortedFile>], key: &Key, side: Side) -> DfResult<usize> {
    files.iter().map(|file| file.row_of(key, side)).sum()
}

fn next_key(files: &[Arc<SortedFile>], key: &Key) -> DfResult<Option<Key>> {
    let mut next: Option<Key> = None;
    for file in files {
        let first = file.key_at(file.row_of(key, Side::After)?)?;
        next = match (next, first) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
    }
    Ok(next)
}
