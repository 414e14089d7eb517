//! One thread that ends model runs which take too long.

use ort::session::RunOptions;
use parking_lot::{Condvar, Mutex};
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

static WATCHDOG: Watchdog = Watchdog {
    runs: Mutex::new(Runs {
        next_id: 0,
        by_deadline: BTreeMap::new(),
        wakes_at: None,
    }),
    changed: Condvar::new(),
};

struct Watchdog {
    runs: Mutex<Runs>,
    changed: Condvar,
}

struct Runs {
    next_id: u64,
    by_deadline: BTreeMap<(Instant, u64), Arc<RunOptions>>,
    /// When the thread looks next by itself; `None` when it waits to be called.
    wakes_at: Option<Instant>,
}

/// A watched run.
#[derive(Debug)]
#[must_use = "the run is ended at its deadline unless the watch is"]
pub(crate) struct Watch {
    key: (Instant, u64),
}

/// Ends the run under `options` at `deadline`, unless the watch is ended before.
///
/// ONNX Runtime looks at the order to end between two operators, so a single operator finishes.
///
/// # Errors
/// 53200 when the system refuses the thread.
pub(crate) fn watch(options: &Arc<RunOptions>, deadline: Instant) -> Result<Watch, QlError> {
    start()?;
    let mut runs = WATCHDOG.runs.lock();
    let key = (deadline, runs.next_id);
    runs.next_id += 1;
    runs.by_deadline.insert(key, Arc::clone(options));
    if runs.wakes_at.is_none_or(|at| deadline < at) {
        WATCHDOG.changed.notify_one();
    }
    Ok(Watch { key })
}

impl Watch {
    /// Ends the watch. Returns whether the deadline came first: then the order to end is given, and
    /// the options are of no further use.
    pub(crate) fn was_late(self) -> bool {
        WATCHDOG.runs.lock().by_deadline.remove(&self.key).is_none()
    }
}

/// Starts the thread at the first watch; it lives as long as the process.
fn start() -> Result<(), QlError> {
    static STARTED: OnceLock<()> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if STARTED.get().is_some() {
        return Ok(());
    }
    let _guard = STARTING.lock();
    if STARTED.get().is_some() {
        return Ok(());
    }
    std::thread::Builder::new()
        .name("model-watchdog".into())
        .spawn(|| WATCHDOG.keep_watch())
        .map_err(|e| {
            QlError::new(
                SqlState::OutOfMemory,
                format!("models: the thread that bounds their run time cannot start: {e}"),
            )
        })?;
    STARTED.get_or_init(|| ());
    Ok(())
}

impl Watchdog {
    fn keep_watch(&self) {
        let mut runs = self.runs.lock();
        loop {
            end_late_runs(&mut runs);
            runs.wakes_at = runs
                .by_deadline
                .keys()
                .next()
                .map(|(deadline, _)| *deadline);
            match runs.wakes_at {
                Some(deadline) => {
                    self.changed.wait_until(&mut runs, deadline);
                }
                None => self.changed.wait(&mut runs),
            }
        }
    }
}

fn end_late_runs(runs: &mut Runs) {
    let now = Instant::now();
    while let Some(first) = runs.by_deadline.first_entry() {
        if first.key().0 > now {
            return;
        }
        if let Err(error) = first.remove().terminate() {
            tracing::warn!(%error, "a model run that took too long could not be ended");
        }
    }
}
