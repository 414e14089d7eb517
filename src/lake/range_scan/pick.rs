//! Which rows of a sorted file a scan needs.

use super::cuts::{balanced_cuts, cuts_of_counts};
use super::file::{Side, SortedFile};
use super::keys::{Key, KeyOrder};
use datafusion::common::Result as DfResult;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::utils::{Guarantee, LiteralGuarantee};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

/// More wanted keys than this are not looked up one by one.
const MAX_WANTED: usize = 256;

/// A choice of rows by key.
#[derive(Debug, Clone, Default)]
pub(super) struct Pick {
    /// Only these keys; none: all.
    pub(super) keys: Option<BTreeSet<Key>>,
    /// Only so many last rows of each key in each file; none: all.
    pub(super) last: Option<usize>,
}

impl Pick {
    /// Leaves out keys that `predicate` cannot be true for.
    pub(super) fn narrow(
        &mut self,
        predicate: &Arc<dyn PhysicalExpr>,
        key: &str,
        order: &KeyOrder,
    ) {
        for guarantee in LiteralGuarantee::analyze(predicate) {
            let is_about_key = guarantee.column.name() == key;
            if !is_about_key || guarantee.guarantee != Guarantee::In {
                continue;
            }
            let literals = guarantee.literals.iter();
            let Some(keys) = literals
                .map(|v| order.key(v))
                .collect::<Option<BTreeSet<_>>>()
            else {
                continue;
            };
            self.keys = Some(match self.keys.take() {
                Some(before) => before.intersection(&keys).cloned().collect(),
                None => keys,
            });
        }
        if self.keys.as_ref().is_some_and(|k| k.len() > MAX_WANTED) {
            self.keys = None;
        }
    }

    /// The keys at which to cut the rows into ranges of about equal size.
    ///
    /// # Errors
    /// Those of reading the files.
    pub(super) fn cuts(&self, files: &[Arc<SortedFile>], n_ranges: usize) -> DfResult<Vec<Key>> {
        if self.keys.is_none() && self.last.is_none() {
            return balanced_cuts(files, n_ranges);
        }
        let mut counts: BTreeMap<Key, usize> = BTreeMap::new();
        for file in files {
            for (key, rows) in self.key_rows(file, None, None)? {
                *counts.entry(key).or_default() += rows.len();
            }
        }
        let counts: Vec<_> = counts.into_iter().filter(|(_, n)| *n > 0).collect();
        Ok(cuts_of_counts(&counts, n_ranges))
    }

    /// The wanted rows of a file with keys from `from` on and before `to`, in order.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn rows(
        &self,
        file: &SortedFile,
        from: Option<&Key>,
        to: Option<&Key>,
    ) -> DfResult<Vec<Range<usize>>> {
        if self.keys.is_none() && self.last.is_none() {
            let start = from.map_or(Ok(0), |key| file.row_of(key, Side::Before))?;
            let end = to.map_or(Ok(file.n_rows()), |key| file.row_of(key, Side::Before))?;
            let rows = Some(start..end).filter(|rows| !rows.is_empty());
            return Ok(rows.into_iter().collect());
        }
        let mut rows: Vec<Range<usize>> = Vec::new();
        for (_, next) in self.key_rows(file, from, to)? {
            match rows.last_mut() {
                Some(last) if last.end == next.start => last.end = next.end,
                _ if next.is_empty() => {}
                _ => rows.push(next),
            }
        }
        Ok(rows)
    }

    fn key_rows(
        &self,
        file: &SortedFile,
        from: Option<&Key>,
        to: Option<&Key>,
    ) -> DfResult<Vec<(Key, Range<usize>)>> {
        let mut rows = match &self.keys {
            None => file.key_rows()?,
            Some(keys) => keys
                .iter()
                .map(|key| {
                    let start = file.row_of(key, Side::Before)?;
                    Ok((Arc::clone(key), start..file.row_of(key, Side::After)?))
                })
                .collect::<DfResult<_>>()?,
        };
        rows.retain(|(key, _)| from.is_none_or(|f| key >= f) && to.is_none_or(|t| key < t));
        for (_, range) in &mut rows {
            let skipped = self.last.map_or(0, |n| range.len().saturating_sub(n));
            range.start += skipped;
        }
        Ok(rows)
    }
}
