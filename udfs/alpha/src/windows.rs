//! A value for every window of the newest rows, at O(log period) a row and without drift.
//!
//! A [`Summary`] says what is kept of a run of rows and how the runs before and after a cut are
//! joined. Windows are put together from runs of 1, 2, 4, ... rows: each pass joins every run
//! with its neighbour to runs of twice the length, and the runs that the binary digits of the
//! period name make up the window. Nothing is ever taken out of a running sum, so no rounding is
//! carried from row to row: a window's value depends on the rows of the window alone, bit for
//! bit, and a sum has the accuracy of pairwise summation.

use crate::arguments::Window;

/// Rows for which the runs are built at a time: the three buffers of this length stay in cache.
const CHUNK: usize = 2048;

/// What is known of a run of neighbouring rows.
pub trait Summary {
    /// The summary of one run.
    type Run: Copy;

    /// How the summaries of two neighbouring runs of these lengths become one, older run first.
    fn join(&self, n_older: usize, n_newer: usize) -> impl Fn(Self::Run, Self::Run) -> Self::Run;
}

/// Runs that are summed up by one number, and joined by one operation on two of them.
pub struct Fold<F>(pub F);

impl<F: Fn(f64, f64) -> f64 + Copy> Summary for Fold<F> {
    type Run = f64;

    fn join(&self, _: usize, _: usize) -> impl Fn(f64, f64) -> f64 {
        self.0
    }
}

/// Writes `value(summary, rows)` for the window that ends at each row.
///
/// `row(t)` is the summary of row t alone. The first `min_periods - 1` rows are left as they are;
/// windows that are not full yet cover all rows so far.
pub fn roll<S: Summary>(
    summary: &S,
    window: Window,
    row: impl Fn(usize) -> S::Run,
    value: impl Fn(S::Run, usize) -> f64,
    out: &mut [f64],
) {
    roll_partial(summary, window, &row, &value, out);
    let first_full = window.period - 1;
    let length = CHUNK.max(2 * window.period);
    let mut runs = Runs::default();
    for start in (first_full..out.len()).step_by(length) {
        let end = out.len().min(start + length);
        runs.build(summary, window.period, (start - first_full..end).map(&row));
        for (slot, joined) in out[start..end].iter_mut().zip(&runs.windows) {
            *slot = value(*joined, window.period);
        }
    }
}

/// The rows before the first full window, where `min_periods` asks for them.
fn roll_partial<S: Summary>(
    summary: &S,
    window: Window,
    row: &impl Fn(usize) -> S::Run,
    value: &impl Fn(S::Run, usize) -> f64,
    out: &mut [f64],
) {
    if window.min_periods == window.period {
        return;
    }
    let mut joined = None;
    for (t, slot) in out.iter_mut().take(window.period - 1).enumerate() {
        let so_far = match joined {
            None => row(t),
            Some(older) => summary.join(t, 1)(older, row(t)),
        };
        joined = Some(so_far);
        if t + 1 >= window.min_periods {
            *slot = value(so_far, t + 1);
        }
    }
}

/// Buffers for runs and windows of one chunk.
struct Runs<R> {
    /// Summaries of runs of the present length, by the run's oldest row.
    level: Vec<R>,
    next: Vec<R>,
    /// What is joined so far of each window, by the window's oldest row.
    windows: Vec<R>,
}

impl<R> Default for Runs<R> {
    fn default() -> Self {
        Self {
            level: Vec::new(),
            next: Vec::new(),
            windows: Vec::new(),
        }
    }
}

impl<R: Copy> Runs<R> {
    /// Joins all windows of `period` rows; there is at least one.
    fn build<S: Summary<Run = R>>(
        &mut self,
        summary: &S,
        period: usize,
        rows: impl Iterator<Item = R>,
    ) {
        self.level.clear();
        self.level.extend(rows);
        self.windows.clear();
        let n_windows = self.level.len() + 1 - period;
        let (mut length, mut done) = (1, 0);
        loop {
            if period & length != 0 {
                self.take(summary, period, length, done, n_windows);
                done += length;
            }
            if done == period {
                return;
            }
            self.double(summary, length);
            length *= 2;
        }
    }

    /// Puts the runs of the present length before the `done` newest rows of each window.
    fn take<S: Summary<Run = R>>(
        &mut self,
        summary: &S,
        period: usize,
        length: usize,
        done: usize,
        n_windows: usize,
    ) {
        let older = &self.level[period - done - length..][..n_windows];
        if done == 0 {
            self.windows.extend_from_slice(older);
            return;
        }
        let join = summary.join(length, done);
        for (newer, older) in self.windows.iter_mut().zip(older) {
            *newer = join(*older, *newer);
        }
    }

    /// Joins neighbours to runs of twice the length.
    fn double<S: Summary<Run = R>>(&mut self, summary: &S, length: usize) {
        let join = summary.join(length, length);
        let pairs = self.level.iter().zip(&self.level[length..]);
        self.next.clear();
        self.next
            .extend(pairs.map(|(older, newer)| join(*older, *newer)));
        std::mem::swap(&mut self.level, &mut self.next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keeps the rows themselves, as first and last: joins that do not meet show.
    struct Span;

    impl Summary for Span {
        type Run = (usize, usize);

        fn join(
            &self,
            n_older: usize,
            n_newer: usize,
        ) -> impl Fn(Self::Run, Self::Run) -> Self::Run {
            move |older, newer| {
                assert_eq!(older.1 + 1, newer.0);
                assert_eq!(
                    (older.1 + 1 - older.0, newer.1 + 1 - newer.0),
                    (n_older, n_newer)
                );
                (older.0, newer.1)
            }
        }
    }

    #[test]
    fn every_window_is_made_of_its_own_rows() {
        for period in (1..70).chain([2047, 2048, 2049]) {
            for n_rows in [1, period - 1, period, period + 1, 5000] {
                let window = Window {
                    period,
                    min_periods: period.min(3),
                };
                let mut out = vec![f64::NAN; n_rows];
                roll(
                    &Span,
                    window,
                    |t| (t, t),
                    |run, n| (run.0 * 10_000 + n) as f64,
                    &mut out,
                );
                for (t, got) in out.iter().enumerate() {
                    let n = period.min(t + 1);
                    if n < window.min_periods {
                        assert!(got.is_nan());
                    } else {
                        assert_eq!(*got, ((t + 1 - n) * 10_000 + n) as f64, "{period} {t}");
                    }
                }
            }
        }
    }
}
