//! One search while it runs: what it may hold, whether anybody still waits for it, and who counts.

use crate::book::{Book, Counted, Searched};
use datafusion::error::Result;
use datafusion::execution::TaskContext;
use datafusion::execution::memory_pool::MemoryReservation;
use quantlake_core::{QlError, SqlState};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

/// The surroundings of a search. What is held is given back when this is dropped.
pub struct Work {
    book: Arc<dyn Book>,
    context: Arc<TaskContext>,
    held: MemoryReservation,
    stop: CancellationToken,
    runtime: Handle,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").finish_non_exhaustive()
    }
}

impl Work {
    /// Has to be made inside of an asynchronous runtime; whoever cancels `stop` ends the search.
    pub fn new(
        book: Arc<dyn Book>,
        context: Arc<TaskContext>,
        held: MemoryReservation,
        stop: CancellationToken,
    ) -> Self {
        Self {
            book,
            context,
            held,
            stop,
            runtime: Handle::current(),
        }
    }

    /// Fails once nobody waits for the result any more.
    ///
    /// # Errors
    /// 57014.
    pub fn check(&self) -> Result<(), QlError> {
        match self.stop.is_cancelled() {
            true => Err(stopped()),
            false => Ok(()),
        }
    }

    /// Reserves memory before it is used.
    ///
    /// # Errors
    /// 53200 when all queries together may not hold so much.
    pub fn hold(&self, bytes: usize) -> Result<()> {
        self.held.try_grow(bytes)
    }

    /// Gives back memory that is free again.
    pub fn release(&self, bytes: usize) {
        self.held.shrink(bytes.min(self.held.size()));
    }

    /// Waits for something asynchronous from a thread that may block.
    ///
    /// # Errors
    /// Those of what is waited for, and 57014 when the search is to end first.
    pub fn wait<T>(&self, work: impl Future<Output = Result<T>>) -> Result<T> {
        self.runtime.block_on(async {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => Err(stopped().into()),
                result = work => result,
            }
        })
    }

    /// Has what was tried counted, unless nobody waits for the result: then nobody sees it.
    ///
    /// # Errors
    /// Those of the book.
    pub fn count(&self, search: &Searched<'_>) -> Result<Counted> {
        self.check()?;
        self.book.count(&self.context, search)
    }
}

fn stopped() -> QlError {
    QlError::new(
        SqlState::QueryCanceled,
        "the search ended because nobody waits for its result",
    )
}
