//! All calls over one partition, in turns: between two of them others may run, and a cancelled
//! query stops.

use super::call::{Calls, SeriesCall};
use super::evaluate::{Piece, place, run_pieces, run_whole};
use super::results::ResultColumn;
use super::view::SetView;
use crate::error::QlError;
use datafusion::error::Result;
use datafusion::physical_plan::metrics::Time;
use std::time::{Duration, Instant};

/// Rows from which a partition is cut into pieces, where its calls allow it.
pub const LONG_PARTITION: usize = 131_072;

/// Rows of the smallest piece: below this the look-back in front of it costs too much.
const SMALLEST_PIECE: usize = 8_192;

/// How long the operator computes before it lets others have their turn.
const TURN: Duration = Duration::from_millis(5);

/// A partition with the calls to run over it.
pub struct Work<'a> {
    calls: &'a Calls,
    views: &'a [SetView<'a>],
    /// Rows without results.
    n_new: usize,
    kernel_time: &'a Time,
}

impl<'a> Work<'a> {
    /// Work on `n_new` rows that are seen through `views`.
    pub fn new(
        calls: &'a Calls,
        views: &'a [SetView<'a>],
        n_new: usize,
        kernel_time: &'a Time,
    ) -> Self {
        Self {
            calls,
            views,
            n_new,
            kernel_time,
        }
    }

    /// Runs each call in one go, and adds its results.
    ///
    /// # Errors
    /// Those of the kernels.
    pub async fn run_calls(&self, results: &mut [Vec<ResultColumn>]) -> Result<()> {
        let mut turn = Instant::now();
        for (call, out) in self.calls.calls.iter().zip(results) {
            let mut columns = vec![vec![f64::NAN; self.n_new]; call.n_outputs()];
            let mut slots: Vec<&mut [f64]> = columns.iter_mut().map(Vec::as_mut_slice).collect();
            let started = Instant::now();
            run_whole(call, self.view(call)?, &mut slots)?;
            self.kernel_time.add_duration(started.elapsed());
            for (column, values) in out.iter_mut().zip(columns) {
                column.append_owned(values);
            }
            if turn.elapsed() > TURN {
                tokio::task::yield_now().await;
                turn = Instant::now();
            }
        }
        Ok(())
    }

    /// Runs calls, and ranges of rows of those that allow it, on several threads at a time.
    ///
    /// # Errors
    /// Those of the kernels.
    pub async fn run_in_pieces(
        &self,
        results: &mut [Vec<ResultColumn>],
        threads: usize,
    ) -> Result<()> {
        let calls = self.calls.calls.iter();
        let mut columns: Vec<Vec<Vec<f64>>> = calls
            .map(|call| vec![vec![f64::NAN; self.n_new]; call.n_outputs()])
            .collect();
        let pieces = self.pieces()?;
        for wave in pieces.chunks(threads.max(1)) {
            let started = Instant::now();
            let done = run_pieces(&self.calls.calls, self.views, wave)?;
            self.kernel_time.add_duration(started.elapsed());
            for (piece, dense) in wave.iter().zip(&done) {
                let call = self.calls.calls.get(piece.call);
                let columns = columns.get_mut(piece.call);
                let (Some(call), Some(columns)) = (call, columns) else {
                    return Err(QlError::internal("a piece of no call").into());
                };
                let mut slots: Vec<&mut [f64]> =
                    columns.iter_mut().map(Vec::as_mut_slice).collect();
                place(self.view(call)?, &piece.range, dense, &mut slots);
            }
            tokio::task::yield_now().await;
        }
        for (out, columns) in results.iter_mut().zip(columns) {
            for (column, values) in out.iter_mut().zip(columns) {
                column.append_owned(values);
            }
        }
        Ok(())
    }

    fn pieces(&self) -> Result<Vec<Piece>> {
        let mut pieces = Vec::new();
        for (i, call) in self.calls.calls.iter().enumerate() {
            let view = self.view(call)?;
            if call.is_null || view.n_done == view.n_rows {
                continue;
            }
            let step = piece_rows(call).unwrap_or(view.n_rows);
            pieces.extend((view.n_done..view.n_rows).step_by(step).map(|start| Piece {
                call: i,
                range: start..(start + step).min(view.n_rows),
            }));
        }
        Ok(pieces)
    }

    fn view(&self, call: &SeriesCall) -> Result<&SetView<'a>, QlError> {
        let view = self.views.get(call.set);
        view.ok_or_else(|| QlError::internal("a call without a view"))
    }
}

/// Rows of a piece: the longer the look-back, the more work a row is, the shorter the piece.
fn piece_rows(call: &SeriesCall) -> Option<usize> {
    let history = call.history()?.max(1);
    let rows = (16 * LONG_PARTITION / history).max(history / 8);
    Some(rows.clamp(SMALLEST_PIECE, LONG_PARTITION))
}
