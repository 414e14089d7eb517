//! The sessions of one model: a session runs one batch at a time, so parallel callers need several.

use ort::session::Session;
use parking_lot::{Condvar, Mutex};
use quantlake_core::QlError;
use std::time::Instant;

/// Sessions that are free, and how many there are in all.
#[derive(Debug)]
pub(crate) struct SessionPool {
    state: Mutex<State>,
    freed: Condvar,
    limit: usize,
}

#[derive(Debug)]
struct State {
    idle: Vec<Session>,
    /// Idle, in use or being made; never above the limit.
    open: usize,
}

impl SessionPool {
    /// A pool that holds one session and may grow to `limit`.
    pub(crate) fn new(first: Session, limit: usize) -> Self {
        Self {
            state: Mutex::new(State {
                idle: vec![first],
                open: 1,
            }),
            freed: Condvar::new(),
            limit: limit.max(1),
        }
    }

    /// How many sessions there are.
    pub(crate) fn len(&self) -> usize {
        self.state.lock().open
    }

    /// A session for one caller: a free one, else a new one by `open`, else the next that is given
    /// back. `None` when none was until the deadline.
    pub(crate) fn take(
        &self,
        deadline: Instant,
        open: impl FnOnce() -> Result<Session, QlError>,
    ) -> Result<Option<PooledSession<'_>>, QlError> {
        let mut state = self.state.lock();
        loop {
            if let Some(session) = state.idle.pop() {
                return Ok(Some(PooledSession {
                    pool: self,
                    session: Some(session),
                }));
            }
            if state.open < self.limit {
                state.open += 1;
                break;
            }
            if self.freed.wait_until(&mut state, deadline).timed_out() {
                return Ok(None);
            }
        }
        drop(state);
        // Made outside the lock; the slot is given back should that fail.
        let mut slot = PooledSession {
            pool: self,
            session: None,
        };
        slot.session = Some(open()?);
        Ok(Some(slot))
    }
}

/// A session in use; goes back to its pool when dropped.
#[derive(Debug)]
pub(crate) struct PooledSession<'p> {
    pool: &'p SessionPool,
    /// `None` while it is being made and after it was discarded.
    session: Option<Session>,
}

impl PooledSession<'_> {
    /// The session, unless it was discarded.
    pub(crate) fn get(&mut self) -> Option<&mut Session> {
        self.session.as_mut()
    }

    /// Closes the session: after a failed run its state is not to be trusted.
    pub(crate) fn discard(&mut self) {
        self.session = None;
    }
}

impl Drop for PooledSession<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        match self.session.take() {
            Some(session) => state.idle.push(session),
            None => state.open -= 1,
        }
        drop(state);
        self.pool.freed.notify_one();
    }
}
