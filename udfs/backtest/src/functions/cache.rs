//! Several views of one run in one query share it.
//!
//! The last runs are kept with what they were computed from, and a call with equal rows and equal
//! arguments gets the run of the other. Rows are compared, not their hashes, so that no other run
//! can be taken for this one. What is kept is bounded, in number and in bytes.

use super::result::Simulated;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::Rows;
use quantlake_core::{Args, ParamValue, QlError};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, OnceLock, PoisonError};

/// How many runs are kept.
const MAX_RUNS: usize = 4;

/// How much they may hold, with their rows.
const MAX_BYTES: usize = 64 << 20;

type Outcome = Result<Arc<Simulated>, QlError>;

/// What a run is computed from.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    args: Vec<(String, ParamValue)>,
    rows: RecordBatch,
    others: Vec<Option<RecordBatch>>,
}

#[derive(Debug, Clone)]
struct Entry {
    key: Key,
    /// Whoever comes first computes; the others wait for it.
    outcome: Arc<OnceLock<Outcome>>,
}

static RUNS: LazyLock<Mutex<Vec<Entry>>> = LazyLock::new(Mutex::default);

fn runs() -> MutexGuard<'static, Vec<Entry>> {
    // A run that panicked left the list whole: it is only pushed to and cut.
    RUNS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The run of these rows and arguments, computed at most once while it is kept.
///
/// # Errors
/// Those of the run.
pub fn shared(rows: &Rows, args: &Args, run: impl FnOnce() -> Outcome) -> Outcome {
    if rows.batch().get_array_memory_size() > MAX_BYTES / 2 {
        return run();
    }
    let key = key(rows, args);
    let outcome = {
        let mut runs = runs();
        match runs.iter().position(|entry| entry.key == key) {
            Some(place) => {
                let entry = runs.remove(place);
                let outcome = Arc::clone(&entry.outcome);
                runs.push(entry);
                outcome
            }
            None => {
                let outcome = Arc::new(OnceLock::new());
                runs.push(Entry {
                    key,
                    outcome: Arc::clone(&outcome),
                });
                outcome
            }
        }
    };
    let result = outcome.get_or_init(run).clone();
    shrink(&mut runs());
    result
}

fn key(rows: &Rows, args: &Args) -> Key {
    let args = args.iter();
    let other = |name| rows.other(name).map(|rows: &Rows| rows.batch().clone());
    Key {
        args: args
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect(),
        rows: rows.batch().clone(),
        others: ["orders", "rates", "benchmark"].map(other).to_vec(),
    }
}

/// Lets go of the oldest runs beyond the bounds.
fn shrink(runs: &mut Vec<Entry>) {
    let bytes = |entry: &Entry| {
        let run = match entry.outcome.get() {
            Some(Ok(run)) => run.bytes(),
            _ => 0,
        };
        run + entry.key.rows.get_array_memory_size()
    };
    while runs.len() > MAX_RUNS || runs.iter().map(bytes).sum::<usize>() > MAX_BYTES {
        if runs.is_empty() {
            return;
        }
        runs.remove(0);
    }
}
