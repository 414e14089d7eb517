//! Cuts an ordered input into groups of equal keys, large ones into parts where that is allowed.

use crate::memory::memory_of;
use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::{concat, partition};
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use futures::StreamExt;

/// What a kernel is given next, in slices of the batches that it came in.
#[derive(Debug)]
pub(super) enum Piece {
    /// A whole group; no slice at all when there are no rows.
    Group(Vec<RecordBatch>),
    /// The next rows of a group that is too large to be held.
    Part(Vec<RecordBatch>),
    /// The end of a group that came in parts; it holds a row of it, for the keys.
    End(RecordBatch),
}

impl Piece {
    /// The rows, of which [`End`](Self::End) has one that was given before.
    pub(super) fn rows(&self) -> &[RecordBatch] {
        match self {
            Self::Group(rows) | Self::Part(rows) => rows,
            Self::End(row) => std::slice::from_ref(row),
        }
    }

    /// What is reserved for it.
    fn memory(&self) -> usize {
        match self {
            Self::Group(rows) | Self::Part(rows) => rows.iter().map(reserved_for).sum(),
            Self::End(_) => 0,
        }
    }
}

/// Pieces with the memory reserved for them.
#[derive(Debug)]
pub(super) struct Lot {
    pub(super) pieces: Vec<Piece>,
    /// Given back when this is dropped.
    pub(super) held: MemoryReservation,
}

/// A batch is there twice: as it came, and in the kernel's types.
fn reserved_for(batch: &RecordBatch) -> usize {
    2 * memory_of(batch)
}

/// Collects the groups of an input.
pub(super) struct Groups {
    input: SendableRecordBatchStream,
    /// The columns whose equal values make a group; none: all rows are one.
    keys: Vec<usize>,
    part_rows: usize,
    /// Batches of the group that is being collected.
    current: Vec<RecordBatch>,
    n_rows: usize,
    /// The last row of the part before, of a group that comes in parts.
    partly: Option<RecordBatch>,
    ready: Vec<Piece>,
    is_finished: bool,
    reservation: MemoryReservation,
}

impl Groups {
    pub(super) fn new(
        input: SendableRecordBatchStream,
        keys: Vec<usize>,
        part_rows: Option<usize>,
        reservation: MemoryReservation,
    ) -> Self {
        Self {
            input,
            keys,
            part_rows: part_rows.unwrap_or(usize::MAX),
            current: Vec::new(),
            n_rows: 0,
            partly: None,
            ready: Vec::new(),
            is_finished: false,
            reservation,
        }
    }

    /// The next pieces. Small groups come many at a time.
    pub(super) async fn next(&mut self) -> Result<Option<Lot>> {
        loop {
            if !self.ready.is_empty() {
                let pieces = std::mem::take(&mut self.ready);
                let held = self.split(pieces.iter().map(Piece::memory).sum());
                return Ok(Some(Lot { pieces, held }));
            }
            if self.is_finished {
                return Ok(None);
            }
            match self.input.next().await.transpose()? {
                Some(batch) if batch.num_rows() > 0 => {
                    self.reservation.try_grow(reserved_for(&batch))?;
                    self.take(&batch)?;
                }
                Some(_) => {}
                None => {
                    self.is_finished = true;
                    self.close();
                }
            }
        }
    }

    /// The share of the reservation that pieces take with them.
    fn split(&mut self, bytes: usize) -> MemoryReservation {
        if self.current.is_empty() {
            // Slices of a column of bits or texts need not add up to the whole.
            return self.reservation.take();
        }
        self.reservation.split(bytes.min(self.reservation.size()))
    }

    fn take(&mut self, batch: &RecordBatch) -> Result<()> {
        if self.keys.is_empty() {
            self.collect(batch.clone());
            return Ok(());
        }
        let mut start = 0;
        for end in self.ends_of_runs(batch)? {
            let run = batch.slice(start, end - start);
            let last = self.current.last().or(self.partly.as_ref());
            let continues = match last {
                Some(last) => self.same_keys(last, &run)?,
                None => true,
            };
            if !continues {
                self.close();
            }
            self.collect(run);
            start = end;
        }
        Ok(())
    }

    fn collect(&mut self, rows: RecordBatch) {
        self.n_rows += rows.num_rows();
        self.current.push(rows);
        if self.n_rows > self.part_rows || self.partly.is_some() {
            self.partly = self.current.last().map(last_row);
            let part = self.cut();
            self.ready.push(Piece::Part(part));
        }
    }

    fn close(&mut self) {
        if let Some(last) = self.partly.take() {
            self.ready.push(Piece::End(last));
        } else if !self.current.is_empty() || self.keys.is_empty() {
            // A function over the whole input has something to say about no rows, too (metrics).
            let group = self.cut();
            self.ready.push(Piece::Group(group));
        }
    }

    fn cut(&mut self) -> Vec<RecordBatch> {
        self.n_rows = 0;
        std::mem::take(&mut self.current)
    }

    fn keys_of(&self, batch: &RecordBatch) -> Vec<ArrayRef> {
        let keys = self.keys.iter();
        keys.map(|i| ArrayRef::clone(batch.column(*i))).collect()
    }

    /// The ends (exclusive) of runs of equal keys.
    fn ends_of_runs(&self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let runs = partition(&self.keys_of(batch))?;
        Ok(runs.ranges().into_iter().map(|r| r.end).collect())
    }

    /// Whether the last row of one batch and the first of another have equal keys.
    fn same_keys(&self, left: &RecordBatch, right: &RecordBatch) -> Result<bool> {
        let pairs = self.keys_of(left).into_iter().zip(self.keys_of(right));
        let pairs = pairs
            .map(|(l, r)| {
                Ok(concat(&[
                    l.slice(l.len() - 1, 1).as_ref(),
                    r.slice(0, 1).as_ref(),
                ])?)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(partition(&pairs)?.ranges().len() == 1)
    }
}

fn last_row(rows: &RecordBatch) -> RecordBatch {
    rows.slice(rows.num_rows().saturating_sub(1), rows.num_rows().min(1))
}
