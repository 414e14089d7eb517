//! Whether the last rows of a partition are enough to know the results of its very last ones.

use super::call::Calls;
use super::view::SetView;
use std::sync::atomic::{AtomicBool, Ordering};

/// Watches a window over the ends of partitions: is the look-back of the rows that are asked for
/// all there? Rows with missing inputs do not count as look-back, and how many there are is only
/// known once they are read.
#[derive(Debug)]
pub struct TailWatch {
    /// Rows at the end of each partition whose results are asked for.
    n_asked: usize,
    /// Rows that the input holds of a partition, if it has that many.
    n_read: usize,
    is_short: AtomicBool,
}

impl TailWatch {
    /// Watches over the last `n_asked` results of partitions of which `n_read` rows are read.
    pub fn new(n_asked: usize, n_read: usize) -> Self {
        Self {
            n_asked,
            n_read,
            is_short: AtomicBool::new(false),
        }
    }

    /// Whether some result may lack a part of its look-back.
    pub fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// Looks at one partition, of which `n_rows` rows were read.
    pub fn check(&self, calls: &Calls, views: &[SetView<'_>], n_rows: usize) {
        // A partition with fewer rows than were asked for is there as a whole.
        if n_rows < self.n_read {
            return;
        }
        // Rows before the last `n_read` may have gaps, where several files were read to their ends.
        let first_asked = n_rows.saturating_sub(self.n_asked);
        let first_sure = n_rows - self.n_read;
        let sets = views.iter().enumerate();
        let is_short = sets
            .map(|(set, view)| {
                let n_before = view.n_present_before(first_asked);
                let n_sure = n_before.saturating_sub(view.n_present_before(first_sure));
                (calls.history_of_set(set), n_sure)
            })
            .any(|(history, n_present)| n_present < history);
        if is_short {
            self.is_short.store(true, Ordering::Relaxed);
        }
    }
}
