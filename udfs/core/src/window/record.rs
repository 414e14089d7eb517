//! Keeping the states in which a window leaves its partitions.

use super::call::Calls;
use super::key_rows::KeyBytes;
use super::state::{CallState, PartitionState, States, memory_of_entry};
use super::view::SetView;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use datafusion::error::Result;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_plan::PhysicalExpr;
use parking_lot::Mutex;
use std::collections::VecDeque;
use std::sync::Arc;

/// Collects the states of all partitions of a window, which several streams compute.
///
/// It gives up, and holds nothing, as soon as states would not do: two rows of a partition at one
/// time (whose order a later query may choose otherwise), a call that has no state there, or more
/// memory than there is.
#[derive(Debug, Default)]
pub struct Recorder {
    recording: Mutex<Option<Recording>>,
}

#[derive(Debug)]
struct Recording {
    states: States,
    reservation: MemoryReservation,
    limit: usize,
}

impl Recorder {
    /// Starts anew; states are held up to this many bytes, and reserved.
    pub fn start(&self, reservation: MemoryReservation, limit: usize) {
        *self.recording.lock() = Some(Recording {
            states: States::new(),
            reservation,
            limit,
        });
    }

    /// Whether states are wanted.
    pub fn is_on(&self) -> bool {
        self.recording.lock().is_some()
    }

    /// Stops, and forgets what was collected.
    pub fn give_up(&self) {
        *self.recording.lock() = None;
    }

    /// Stops, and gives the states with what reserves their memory; none when it gave up.
    pub fn finish(&self) -> Option<(States, MemoryReservation)> {
        let recording = self.recording.lock().take()?;
        Some((recording.states, recording.reservation))
    }

    fn add(&self, key: Box<[u8]>, state: PartitionState) {
        let mut recording = self.recording.lock();
        let Some(open) = recording.as_mut() else {
            return;
        };
        let n_bytes = memory_of_entry(&key, &state);
        let has_room = open.reservation.size() + n_bytes <= open.limit
            && open.reservation.try_grow(n_bytes).is_ok();
        match has_room {
            true => drop(open.states.insert(key, Arc::new(state))),
            false => *recording = None,
        }
    }
}

/// One stream's part of a recording: it knows the keys of the partitions that end.
#[derive(Debug)]
pub struct StreamRecorder {
    recorder: Arc<Recorder>,
    keys: KeyBytes,
    order: KeyBytes,
    /// Partition and order key of the last row.
    open: Option<LastRow>,
    /// The same of partitions that have ended and were not recorded.
    ended: VecDeque<LastRow>,
}

#[derive(Debug)]
struct LastRow {
    key: Box<[u8]>,
    order: Box<[u8]>,
}

impl StreamRecorder {
    /// A recorder for a window over rows of this schema.
    ///
    /// # Errors
    /// For keys that cannot be sorted by.
    pub fn try_new(
        recorder: Arc<Recorder>,
        keys: &[Arc<dyn PhysicalExpr>],
        order: &[PhysicalSortExpr],
        schema: &Schema,
    ) -> Result<Self> {
        Ok(Self {
            recorder,
            keys: KeyBytes::of_keys(keys, schema)?,
            order: KeyBytes::of_order(order, schema)?,
            open: None,
            ended: VecDeque::new(),
        })
    }

    /// Looks at the next rows; `starts` are those that begin a partition.
    ///
    /// # Errors
    /// Those of evaluating the keys.
    pub fn take(&mut self, batch: &RecordBatch, starts: &[usize]) -> Result<()> {
        let n_rows = batch.num_rows();
        if n_rows == 0 || !self.recorder.is_on() {
            return Ok(());
        }
        let (keys, order) = (self.keys.rows(batch)?, self.order.rows(batch)?);
        let mut first = 0;
        for end in starts.iter().copied().chain([n_rows]) {
            if end > first {
                let rows = (first..end).map(|row| order.bytes(row));
                let before = self.open.as_ref().map(|last| last.order.as_ref());
                if !before.into_iter().chain(rows).is_sorted_by(|a, b| a < b) {
                    self.recorder.give_up();
                    return Ok(());
                }
                self.open = Some(LastRow {
                    key: keys.bytes(end - 1).into(),
                    order: order.bytes(end - 1).into(),
                });
            }
            if end < n_rows {
                self.ended.extend(self.open.take());
            }
            first = end;
        }
        Ok(())
    }

    /// Keeps the states at the end of a partition, the first that was not recorded.
    pub fn record(&mut self, calls: &Calls, views: &[SetView<'_>]) {
        let Some(last) = self.ended.pop_front().or_else(|| self.open.take()) else {
            return;
        };
        if !self.recorder.is_on() {
            return;
        }
        let states = calls.calls.iter().map(|call| {
            let view = views.get(call.set)?;
            let inputs = call.inputs.iter();
            let inputs: Vec<&[f64]> = inputs.map(|c| view.slice(*c, 0..view.n_rows)).collect();
            CallState::after(call, &inputs)
        });
        match states.collect::<Option<Vec<_>>>() {
            Some(calls) => self.recorder.add(
                last.key,
                PartitionState {
                    last: last.order,
                    calls,
                },
            ),
            None => self.recorder.give_up(),
        }
    }
}
