//! The states in which windows left their partitions, kept from one query to the next.

use super::source::Step;
use crate::lake::{FileVersion, ScanIdentity};
use datafusion::arrow::array::RecordBatch;
use datafusion::execution::memory_pool::{
    MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation,
};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use parking_lot::Mutex;
use quantlake_core::window::state::{States, memory_of};
use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

/// The default of [`StateMemory`]: 256 MB.
const DEFAULT_BYTES: usize = 256 << 20;

/// No more than this part of the memory pool, whatever the setting says: queries come first.
const POOL_SHARE: usize = 8;

/// Questions that were asked once, of which this many are remembered.
const MAX_SIGHTINGS: usize = 1024;

/// Bytes of states that a session lets the engine keep, over all tables and queries; the setting
/// `newest_rows_memory`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateMemory(pub usize);

impl Default for StateMemory {
    fn default() -> Self {
        Self(DEFAULT_BYTES)
    }
}

impl StateMemory {
    /// The same, or less when the pool is small.
    pub(super) fn within(self, pool: &dyn MemoryPool) -> usize {
        match pool.memory_limit() {
            MemoryLimit::Finite(bytes) => self.0.min(bytes / POOL_SHARE),
            _ => self.0,
        }
    }
}

/// What is asked, but for the files that the answer comes from.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Question {
    /// The calls: function and arguments.
    pub(super) calls: Vec<(String, Vec<Arc<dyn PhysicalExpr>>)>,
    /// PARTITION BY.
    pub(super) keys: Vec<Arc<dyn PhysicalExpr>>,
    /// ORDER BY of the window.
    pub(super) order: Vec<PhysicalSortExpr>,
    /// ORDER BY of the query, over the window's columns.
    pub(super) top: Vec<PhysicalSortExpr>,
    /// Its LIMIT.
    pub(super) n_rows: usize,
    /// What is between the window and the scan.
    pub(super) steps: Arc<[Step]>,
    /// What the scan gives of its files.
    pub(super) scan: ScanIdentity,
}

/// What was known after reading some files.
#[derive(Debug)]
pub(super) struct Known {
    /// The files.
    pub(super) files: Arc<HashSet<FileVersion>>,
    /// The window's states behind their rows.
    pub(super) states: States,
    /// The answer: the first rows in the order of the query.
    pub(super) newest: RecordBatch,
}

impl Known {
    fn memory(&self) -> usize {
        let files: usize = self.files.iter().map(FileVersion::memory).sum();
        size_of::<Self>()
            + memory_of(&self.states)
            + self.newest.get_array_memory_size()
            + 2 * files
    }
}

/// The states of all sessions.
#[derive(Debug, Default)]
pub struct StateStore {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    slots: HashMap<Arc<Question>, Slot>,
    /// Counts uses.
    clock: u64,
    sightings: VecDeque<u64>,
}

#[derive(Debug)]
struct Slot {
    known: Arc<Known>,
    reservation: MemoryReservation,
    last_use: u64,
}

impl StateStore {
    /// What is known for a question.
    pub(super) fn find(&self, question: &Question) -> Option<Arc<Known>> {
        let mut inner = self.inner.lock();
        inner.clock += 1;
        let now = inner.clock;
        let slot = inner.slots.get_mut(question)?;
        slot.last_use = now;
        Some(Arc::clone(&slot.known))
    }

    /// Keeps what is known for a question in place of what was, unless that takes more than
    /// `limit` bytes; others that were not used for long make room.
    pub(super) fn keep(
        &self,
        question: &Arc<Question>,
        known: Known,
        pool: &Arc<dyn MemoryPool>,
        limit: usize,
    ) {
        let n_bytes = known.memory();
        let mut inner = self.inner.lock();
        let before = inner.slots.remove(question.as_ref());
        if n_bytes > limit {
            return;
        }
        inner.make_room(limit - n_bytes);
        let reservation = match before {
            Some(slot) => slot.reservation,
            None => MemoryConsumer::new("newest rows").register(pool),
        };
        if reservation.try_resize(n_bytes).is_err() {
            return;
        }
        inner.clock += 1;
        let slot = Slot {
            known: Arc::new(known),
            reservation,
            last_use: inner.clock,
        };
        inner.slots.insert(Arc::clone(question), slot);
    }

    /// Whether this was asked lately; from now on it was.
    pub(super) fn was_asked(&self, question: &Question) -> bool {
        let mut hasher = DefaultHasher::new();
        question.hash(&mut hasher);
        let hash = hasher.finish();
        let mut inner = self.inner.lock();
        if inner.sightings.contains(&hash) {
            return true;
        }
        if inner.sightings.len() >= MAX_SIGHTINGS {
            inner.sightings.pop_front();
        }
        inner.sightings.push_back(hash);
        false
    }
}

impl Inner {
    /// Forgets what was not used for longest until the rest fits.
    fn make_room(&mut self, limit: usize) {
        let mut total: usize = self.slots.values().map(|s| s.reservation.size()).sum();
        while total > limit {
            let oldest = self.slots.iter().min_by_key(|(_, slot)| slot.last_use);
            let Some(oldest) = oldest.map(|(question, _)| Arc::clone(question)) else {
                return;
            };
            if let Some(slot) = self.slots.remove(&oldest) {
                total -= slot.reservation.size();
            }
        }
    }
}
