//! Input batches in, the same rows with results out.

use super::boundary::Boundaries;
use super::call::Calls;
use super::columns::ArgumentColumn;
use super::record::StreamRecorder;
use super::results::ResultColumn;
use super::tail::TailWatch;
use super::view::views;
use super::work::{LONG_PARTITION, Work};
use crate::error::QlError;
use crate::memory::memory_of;
use crate::series::results_to_array;
use datafusion::arrow::array::{ArrayRef, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::error::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::MemoryReservation;
use datafusion::physical_plan::metrics::{BaselineMetrics, RecordOutput, Time};
use futures::StreamExt;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

/// The state of one output partition.
pub struct WindowStream {
    /// Rows sorted by partition and order keys.
    pub input: SendableRecordBatchStream,
    /// What to compute.
    pub calls: Calls,
    /// The schema of the output.
    pub schema: SchemaRef,
    /// Finds the ends of partitions.
    pub boundaries: Boundaries,
    /// Threads that a long partition may use.
    pub threads: usize,
    /// What is held.
    pub reservation: MemoryReservation,
    /// Time and rows.
    pub metrics: BaselineMetrics,
    /// Time spent inside kernels.
    pub kernel_time: Time,
    /// The rows held.
    pub held: Held,
    /// Set when the input holds only the ends of the partitions.
    pub tail: Option<Arc<TailWatch>>,
    /// Keeps the states at the ends of the partitions.
    pub recorder: Option<StreamRecorder>,
}

/// Rows that the operator holds: some context of an unfinished partition whose results have left
/// already, then the rows of `pending`.
#[derive(Default)]
pub struct Held {
    columns: Vec<ArgumentColumn>,
    n_rows: usize,
    /// The first rows, which are only there for the look-back of later ones.
    n_context: usize,
    /// Input batches whose results have not left.
    pending: VecDeque<RecordBatch>,
    /// Where the unfinished partition begins.
    open: usize,
    /// Per call and output column: results of the rows behind the context.
    results: Vec<Vec<ResultColumn>>,
    /// Batches that can leave.
    ready: VecDeque<RecordBatch>,
    finished: bool,
}

impl Held {
    /// Nothing held, for these calls.
    pub fn new(calls: &Calls) -> Self {
        let columns = calls.arguments.iter().map(|_| ArgumentColumn::default());
        let results = (calls.calls.iter()).map(|call| {
            let columns = (0..call.n_outputs()).map(|_| ResultColumn::default());
            columns.collect()
        });
        Self {
            columns: columns.collect(),
            results: results.collect(),
            ..Self::default()
        }
    }

    /// Forgets the rows before `first`; those up to `end` stay as context.
    fn keep_from(&mut self, first: usize, end: usize) {
        for column in &mut self.columns {
            column.drop_front(first);
        }
        self.n_rows -= first;
        self.n_context = end - first;
        self.open = self.open.saturating_sub(first);
    }

    fn memory(&self) -> usize {
        let columns: usize = self.columns.iter().map(ArgumentColumn::memory).sum();
        let batches = self.pending.iter().chain(&self.ready);
        columns + batches.map(memory_of).sum::<usize>()
    }
}

impl WindowStream {
    /// The next batch.
    ///
    /// # Errors
    /// 53200 when the memory pool is exhausted; those of the input and of the kernels.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.held.ready.pop_front() {
                return Ok(Some(batch.record_output(&self.metrics)));
            }
            if self.held.finished {
                self.reservation.free();
                return Ok(None);
            }
            match self.input.next().await.transpose()? {
                Some(batch) => self.take(batch).await?,
                None => {
                    self.held.finished = true;
                    self.close(self.held.n_rows).await?;
                    self.emit(self.held.n_rows)?;
                }
            }
        }
    }

    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let started = self.held.n_rows;
        let starts = self.boundaries.starts(&batch)?;
        if let Some(recorder) = &mut self.recorder {
            recorder.take(&batch, &starts)?;
        }
        for (argument, column) in self.calls.arguments.iter().zip(&mut self.held.columns) {
            column.append(&argument.evaluate(&batch)?.into_array(batch.num_rows())?)?;
        }
        self.held.n_rows += batch.num_rows();
        self.held.pending.push_back(batch);
        self.reserve(0)?;
        let has_ended = !starts.is_empty();
        for start in starts {
            self.close(started + start).await?;
        }
        if has_ended {
            self.emit(self.held.open)?;
            self.held.keep_from(self.held.open, self.held.open);
        }
        let n_open = self.held.n_rows - self.held.n_context;
        if n_open >= LONG_PARTITION && self.calls.all_finite() {
            self.advance().await?;
        }
        Ok(())
    }

    /// Reserves what is held and the results of some more rows.
    fn reserve(&mut self, n_new: usize) -> Result<()> {
        let results = size_of::<f64>() * self.calls.n_outputs() * n_new;
        self.reservation.try_resize(self.held.memory() + results)
    }

    /// Computes the unfinished partition, which ends before row `end`.
    async fn close(&mut self, end: usize) -> Result<()> {
        let partition = self.held.open..end;
        self.compute(partition.clone()).await?;
        self.record(&partition);
        self.held.open = end;
        Ok(())
    }

    /// Keeps the states at the end of a partition.
    fn record(&mut self, partition: &Range<usize>) {
        if let Some(recorder) = &mut self.recorder {
            let n_done = self.held.n_context.saturating_sub(partition.start);
            let views = views(&self.calls, &self.held.columns, partition, n_done);
            recorder.record(&self.calls, &views);
        }
    }

    /// Computes what is held of a long partition, and keeps only what later rows look back to.
    async fn advance(&mut self) -> Result<()> {
        let (end, n_done) = (self.held.n_rows, self.held.n_context);
        self.compute(0..end).await?;
        let context = {
            let views = views(&self.calls, &self.held.columns, &(0..end), n_done);
            let sets = views.iter().enumerate();
            let contexts = sets.map(|(set, v)| v.context(self.calls.history_of_set(set), end));
            contexts.min().unwrap_or(end)
        };
        self.emit(end)?;
        self.held.keep_from(context, end);
        Ok(())
    }

    /// Adds the results of a partition's rows behind the context.
    async fn compute(&mut self, partition: Range<usize>) -> Result<()> {
        if partition.is_empty() {
            return Ok(());
        }
        let n_done = self.held.n_context.saturating_sub(partition.start);
        let n_new = partition.len() - n_done;
        self.reserve(self.held.n_rows - self.held.n_context)?;
        let Held {
            columns, results, ..
        } = &mut self.held;
        let views = views(&self.calls, columns, &partition, n_done);
        if let Some(tail) = &self.tail {
            tail.check(&self.calls, &views, partition.len());
        }
        let work = Work::new(&self.calls, &views, n_new, &self.kernel_time);
        let _timer = self.metrics.elapsed_compute().timer();
        if n_new < LONG_PARTITION {
            work.run_calls(results).await
        } else {
            work.run_in_pieces(results, self.threads).await
        }
    }

    /// Lets the rows before `end` leave with their results.
    fn emit(&mut self, end: usize) -> Result<()> {
        let n_out = end - self.held.n_context;
        if n_out == 0 {
            return Ok(());
        }
        let _timer = self.metrics.elapsed_compute().timer();
        let taken = self.held.results.iter_mut().map(|call| {
            let taken = call.iter_mut().map(std::mem::take);
            taken.collect::<Vec<_>>()
        });
        let calls = self.calls.calls.iter().zip(taken);
        let results: Vec<ArrayRef> = calls
            .map(|(c, columns)| results_to_array(&c.output, columns))
            .collect();
        let mut offset = 0;
        while offset < n_out {
            let batch = self.held.pending.pop_front();
            let batch = batch.ok_or_else(|| QlError::internal("results of no rows"))?;
            let n_rows = batch.num_rows().min(n_out - offset);
            if n_rows < batch.num_rows() {
                let rest = batch.slice(n_rows, batch.num_rows() - n_rows);
                self.held.pending.push_front(rest);
            }
            let mut columns: Vec<ArrayRef> = batch.slice(0, n_rows).columns().to_vec();
            columns.extend(results.iter().map(|r| r.slice(offset, n_rows)));
            let batch = RecordBatch::try_new(Arc::clone(&self.schema), columns)?;
            if n_rows > 0 {
                self.held.ready.push_back(batch);
            }
            offset += n_rows;
        }
        Ok(())
    }
}
