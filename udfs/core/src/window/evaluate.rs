//! One partition through the kernels.

use super::call::SeriesCall;
use super::view::SetView;
use crate::error::QlError;
use std::ops::Range;

/// Runs a call over a partition in one go; `slots` have a place, filled with NaN, for every row that
/// is not done.
///
/// # Errors
/// Those of the kernel.
pub fn run_whole(
    call: &SeriesCall,
    view: &SetView<'_>,
    slots: &mut [&mut [f64]],
) -> Result<(), QlError> {
    if call.is_null || view.n_rows == view.n_done {
        return Ok(());
    }
    if view.rows.is_none() && view.n_done == 0 {
        let inputs = inputs(call, view, 0..view.n_rows);
        return call.kernel.run(&inputs, slots);
    }
    let range = view.n_done..view.n_rows;
    let dense = run_range(call, view, range.clone())?;
    place(view, &range, &dense, slots);
    Ok(())
}

/// Runs a call over a range of the present rows, with as many rows before it as it looks back.
///
/// # Errors
/// Those of the kernel.
pub fn run_range(
    call: &SeriesCall,
    view: &SetView<'_>,
    range: Range<usize>,
) -> Result<Vec<Vec<f64>>, QlError> {
    let context = match call.history() {
        Some(n_rows) => range.start.saturating_sub(n_rows),
        None => 0,
    };
    let mut outputs = vec![vec![f64::NAN; range.end - context]; call.n_outputs()];
    let mut slices: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
    let inputs = inputs(call, view, context..range.end);
    call.kernel.run(&inputs, &mut slices)?;
    for column in &mut outputs {
        column.drain(..range.start - context);
    }
    Ok(outputs)
}

fn inputs<'a>(call: &SeriesCall, view: &'a SetView<'_>, range: Range<usize>) -> Vec<&'a [f64]> {
    let columns = call.inputs.iter();
    columns.map(|c| view.slice(*c, range.clone())).collect()
}

/// Writes the results of a range of the present rows to the rows they belong to.
pub fn place(
    view: &SetView<'_>,
    range: &Range<usize>,
    dense: &[Vec<f64>],
    slots: &mut [&mut [f64]],
) {
    // Slots begin at the first row that is not done.
    for (column, slots) in dense.iter().zip(slots) {
        match &view.rows {
            None => {
                let start = range.start - view.n_done;
                let end = start + column.len();
                if let Some(target) = slots.get_mut(start..end) {
                    target.copy_from_slice(column);
                }
            }
            Some(rows) => {
                let n_done = view.n_rows_done;
                let rows = rows.get(range.clone()).unwrap_or_default();
                for (value, row) in column.iter().zip(rows) {
                    if let Some(slot) = row.checked_sub(n_done).and_then(|r| slots.get_mut(r)) {
                        *slot = *value;
                    }
                }
            }
        }
    }
}

/// A range of the present rows of one call.
pub struct Piece {
    /// Which call.
    pub call: usize,
    /// Which of its present rows.
    pub range: Range<usize>,
}

/// Runs pieces on several threads, and gives their results in the order of the pieces.
///
/// # Errors
/// The first error of a kernel.
pub fn run_pieces(
    calls: &[SeriesCall],
    views: &[SetView<'_>],
    pieces: &[Piece],
) -> Result<Vec<Vec<Vec<f64>>>, QlError> {
    let run = |piece: &Piece| {
        let call = calls
            .get(piece.call)
            .ok_or_else(|| QlError::internal("a piece of no call"))?;
        let view = views
            .get(call.set)
            .ok_or_else(|| QlError::internal("a call without a view"))?;
        run_range(call, view, piece.range.clone())
    };
    let Some((first, others)) = pieces.split_first() else {
        return Ok(Vec::new());
    };
    let run = &run;
    std::thread::scope(|scope| {
        let others: Vec<_> = others.iter().map(|p| scope.spawn(move || run(p))).collect();
        let first = run(first);
        let stopped = |_| Err(QlError::internal("a kernel stopped"));
        let others = others.into_iter().map(|t| t.join().unwrap_or_else(stopped));
        std::iter::once(first).chain(others).collect()
    })
}
