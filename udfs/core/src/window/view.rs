//! The rows of a partition that are there, for each set of inputs that decides about it.

use super::call::Calls;
use super::columns::{ArgumentColumn, is_complete};
use std::borrow::Cow;
use std::ops::Range;

/// One partition as the calls that share a set of inputs see it.
pub struct SetView<'a> {
    /// The rows that are there, counted from the partition's first; `None` when all are.
    pub rows: Option<Vec<usize>>,
    /// The dense values of each argument column; empty for columns that no such call reads.
    columns: Vec<Cow<'a, [f64]>>,
    /// How many rows are there.
    pub n_rows: usize,
    /// How many of them had their results given out before.
    pub n_done: usize,
    /// The same, counting the missing rows too.
    pub n_rows_done: usize,
}

/// Views a partition, of which the first `n_done` rows are only context, through every set.
pub fn views<'a>(
    calls: &Calls,
    columns: &'a [ArgumentColumn],
    partition: &Range<usize>,
    n_done: usize,
) -> Vec<SetView<'a>> {
    (0..calls.sets.len())
        .map(|set| view(calls, columns, partition, n_done, set))
        .collect()
}

fn view<'a>(
    calls: &Calls,
    columns: &'a [ArgumentColumn],
    partition: &Range<usize>,
    n_done: usize,
    set: usize,
) -> SetView<'a> {
    let needed = calls.sets.get(set).map_or(&[] as &[usize], Vec::as_slice);
    let readers = calls.calls.iter().filter(|call| call.set == set);
    let read: Vec<usize> = readers
        .flat_map(|call| call.inputs.iter().copied())
        .collect();
    SetView::new(columns, partition, n_done, needed, &read)
}

impl<'a> SetView<'a> {
    /// Views a partition through the columns that are `needed`, for calls that `read` columns.
    pub fn new(
        columns: &'a [ArgumentColumn],
        partition: &Range<usize>,
        n_done: usize,
        needed: &[usize],
        read: &[usize],
    ) -> Self {
        let values = |column: usize| {
            let column = columns.get(column);
            column.map_or(&[] as &[f64], |c| c.rows(partition.clone()))
        };
        let deciding: Vec<&[f64]> = needed.iter().map(|column| values(*column)).collect();
        let rows = present_rows(&deciding, partition.len());
        let dense = (0..columns.len())
            .map(|column| match (&rows, read.contains(&column)) {
                (_, false) => Cow::Borrowed(&[] as &[f64]),
                (None, true) => Cow::Borrowed(values(column)),
                (Some(rows), true) => Cow::Owned(gather(values(column), rows)),
            })
            .collect();
        Self {
            n_rows: rows.as_ref().map_or(partition.len(), Vec::len),
            n_done: rows
                .as_ref()
                .map_or(n_done, |rows| rows.partition_point(|row| *row < n_done)),
            n_rows_done: n_done,
            rows,
            columns: dense,
        }
    }

    /// The dense values of an argument column in a range of the present rows.
    pub fn slice(&self, column: usize, range: Range<usize>) -> &[f64] {
        let values = self.columns.get(column).map(AsRef::as_ref);
        values.and_then(|v| v.get(range)).unwrap_or_default()
    }

    /// How many of the rows before row `end` are there.
    pub fn n_present_before(&self, end: usize) -> usize {
        match &self.rows {
            None => end,
            Some(rows) => rows.partition_point(|row| *row < end),
        }
    }

    /// The first row of the partition that is needed to have `n` present rows before row `end`;
    /// 0 when there are not that many.
    pub fn context(&self, n: usize, end: usize) -> usize {
        match &self.rows {
            None => end.saturating_sub(n),
            Some(rows) => {
                let n_before = rows.partition_point(|row| *row < end);
                let first = n_before.checked_sub(n.max(1));
                match (n, first) {
                    (0, _) => end,
                    (_, Some(i)) => rows.get(i).copied().unwrap_or(0),
                    (_, None) => 0,
                }
            }
        }
    }
}

fn present_rows(needed: &[&[f64]], n_rows: usize) -> Option<Vec<usize>> {
    if needed.iter().all(|values| is_complete(values)) {
        return None;
    }
    let is_present = |row: &usize| {
        needed
            .iter()
            .all(|v| v.get(*row).is_some_and(|value| !value.is_nan()))
    };
    Some((0..n_rows).filter(is_present).collect())
}

fn gather(values: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter()
        .map(|row| values.get(*row).copied().unwrap_or(f64::NAN))
        .collect()
}
