//! Who may cancel what: the connections of this server by backend number.

use crate::engine::session::Session;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::sync::{Arc, Weak};
use uuid::Uuid;

/// What is needed to cancel a connection's statement.
#[derive(Debug)]
struct Backend {
    secret: i32,
    session: Weak<Session>,
    busy: Arc<AtomicBool>,
}

/// All connections that have logged in.
#[derive(Debug, Default)]
pub struct Backends {
    next: AtomicI32,
    open: Mutex<HashMap<i32, Backend>>,
}

impl Backends {
    /// Adds a connection; it is removed when the returned value is dropped.
    pub fn register(self: &Arc<Self>, session: &Arc<Session>) -> Registration {
        let mut open = self.open.lock();
        let pid = self.free_number(&open);
        let secret = random_i32();
        let busy = Arc::new(AtomicBool::new(false));
        open.insert(
            pid,
            Backend {
                secret,
                session: Arc::downgrade(session),
                busy: Arc::clone(&busy),
            },
        );
        Registration {
            pid,
            secret,
            busy,
            backends: Arc::clone(self),
        }
    }

    /// Stops the statement that a connection is running, if the secret is the connection's.
    /// PostgreSQL tells the asking side nothing, and neither does this.
    pub fn cancel(&self, pid: i32, secret: i32) {
        if let Some(backend) = self.open.lock().get(&pid)
            && backend.secret == secret
        {
            backend.cancel();
        }
    }

    /// Stops every running statement.
    pub fn cancel_all(&self) {
        self.open.lock().values().for_each(Backend::cancel);
    }

    fn free_number(&self, open: &HashMap<i32, Backend>) -> i32 {
        loop {
            let pid = self.next.fetch_add(1, Ordering::Relaxed) & i32::MAX;
            if pid > 0 && !open.contains_key(&pid) {
                return pid;
            }
        }
    }
}

impl Backend {
    /// A request that comes late must not hit the next statement.
    fn cancel(&self) {
        if self.busy.load(Ordering::SeqCst)
            && let Some(session) = self.session.upgrade()
        {
            session.cancel();
        }
    }
}

/// A connection's entry among the [`Backends`].
#[derive(Debug)]
pub struct Registration {
    /// The backend's number.
    pub pid: i32,
    /// What a cancel request has to know.
    pub secret: i32,
    busy: Arc<AtomicBool>,
    backends: Arc<Backends>,
}

impl Registration {
    /// Says whether a statement is running.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::SeqCst);
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.backends.open.lock().remove(&self.pid);
    }
}

fn random_i32() -> i32 {
    // Bytes 8 to 11 hold the variant bits; the first four are random in full.
    let [a, b, c, d, ..] = Uuid::new_v4().into_bytes();
    i32::from_be_bytes([a, b, c, d])
}
