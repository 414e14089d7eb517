//! Runs of a model over rows of features.

use crate::layout::{BatchSize, Layout};
use crate::model::Model;
use crate::pool::PooledSession;
use crate::session::one_line;
use crate::tensor::{Buffer, doubles};
use crate::watchdog::watch;
use ort::session::{RunOptions, SessionInputValue};
use quantlake_core::{QlError, SqlState};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Instant;

/// Rows of one run where the model takes any number: enough to fill the cores' vector units, few
/// enough that the time-out is looked at often.
const MAX_ROWS: usize = 4096;

/// One caller's use of a model: a session and buffers, used again from batch to batch.
pub(crate) struct Runner<'m> {
    model: &'m Model,
    layout: &'m Layout,
    session: PooledSession<'m>,
    options: Arc<RunOptions>,
    /// Features per input.
    widths: Vec<usize>,
    buffers: Vec<Buffer>,
}

impl<'m> Runner<'m> {
    pub(crate) fn try_new(
        model: &'m Model,
        layout: &'m Layout,
        widths: Vec<usize>,
    ) -> Result<Self, QlError> {
        let options = RunOptions::new()
            .map_err(|e| QlError::internal(format!("model `{}`: {e}", model.name())))?;
        Ok(Self {
            model,
            layout,
            session: model.session()?,
            options: Arc::new(options),
            widths,
            buffers: layout.inputs.iter().map(|input| input.buffer()).collect(),
        })
    }

    /// Runs the model over rows of features, one row after the other in `features`, and appends the
    /// values of each row's output to `out`. Returns how many values a row has.
    ///
    /// Values that are not finite are NaN in `out`. The outcome of a row does not depend on the rows
    /// beside it, up to the rounding of the model's own matrix products.
    ///
    /// # Errors
    /// 57014 when a run takes longer than `timeout_ms`, 22023 when the output has not one row per
    /// input row, 22000 when the model refuses the values.
    pub(crate) fn run(&mut self, features: &[f64], out: &mut Vec<f64>) -> Result<usize, QlError> {
        let width: usize = self.widths.iter().sum();
        let batch = match self.layout.batch {
            BatchSize::Any => MAX_ROWS,
            BatchSize::Fixed(rows) => rows,
        };
        let mut n_columns = None;
        for chunk in features.chunks(width.max(1) * batch) {
            let found = self.run_chunk(chunk, width, out)?;
            if *n_columns.get_or_insert(found) != found {
                return Err(self.wrong_output(format!("{found} values a row, after other numbers")));
            }
        }
        Ok(n_columns.unwrap_or(0))
    }

    fn run_chunk(
        &mut self,
        chunk: &[f64],
        width: usize,
        out: &mut Vec<f64>,
    ) -> Result<usize, QlError> {
        let n_rows = chunk.len() / width.max(1);
        let n_sent = match self.layout.batch {
            BatchSize::Any => n_rows,
            BatchSize::Fixed(rows) => rows,
        };
        self.fill(chunk, width, n_rows, n_sent)?;
        let started = Instant::now();
        let (shape, values) = self.run_session(n_sent)?;
        self.model.record(n_rows, started.elapsed());
        let n_columns = self.columns(&shape, values.len(), n_sent)?;
        let kept = values.into_iter().take(n_rows * n_columns);
        out.extend(kept.map(|v| if v.is_finite() { v } else { f64::NAN }));
        Ok(n_columns)
    }

    /// Spreads the rows over the inputs; a batch of fixed size is filled up with its last row.
    fn fill(
        &mut self,
        chunk: &[f64],
        width: usize,
        n_rows: usize,
        n_sent: usize,
    ) -> Result<(), QlError> {
        let last = n_rows.saturating_sub(1);
        let mut start = 0;
        let inputs = self.layout.inputs.iter().zip(&self.widths);
        for (buffer, (input, input_width)) in self.buffers.iter_mut().zip(inputs) {
            let end = start + input_width;
            let values = (0..n_sent).flat_map(|row| {
                let row = row.min(last) * width;
                chunk.get(row + start..row + end).unwrap_or_default()
            });
            buffer.fill(&input.name, values.copied())?;
            start = end;
        }
        Ok(())
    }

    fn run_session(&mut self, n_sent: usize) -> Result<(Vec<i64>, Vec<f64>), QlError> {
        let deadline = Instant::now() + self.model.timeout();
        let watched = watch(&self.options, deadline)?;
        let outcome = self.try_run(n_sent);
        let error = match (watched.was_late(), outcome) {
            (false, Ok(output)) => return Ok(output),
            (false, Err(error)) => self.failed(&error),
            (true, _) => self.timed_out(),
        };
        self.session.discard();
        Err(error)
    }

    fn try_run(&mut self, n_sent: usize) -> ort::Result<(Vec<i64>, Vec<f64>)> {
        let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::new();
        let parts = self.layout.inputs.iter().zip(&self.widths);
        for ((input, width), buffer) in parts.zip(&self.buffers) {
            let tensor = buffer.tensor(input.shape(n_sent, *width))?;
            inputs.push((Cow::from(input.name.as_str()), tensor));
        }
        let gone = || ort::Error::new("the session was closed after a failed run");
        let session = self.session.get().ok_or_else(gone)?;
        let outputs = session.run_with_options(inputs, &*self.options)?;
        let (index, _) = self.model.output();
        match outputs.values().nth(index) {
            Some(value) => doubles(&value),
            None => Err(ort::Error::new("the output is missing")),
        }
    }

    /// How many values a row of the output has.
    fn columns(&self, shape: &[i64], n_values: usize, n_sent: usize) -> Result<usize, QlError> {
        // A single row may come back without a dimension for rows.
        let has_rows = shape
            .first()
            .is_some_and(|rows| usize::try_from(*rows) == Ok(n_sent));
        if (has_rows || n_sent == 1) && n_values > 0 {
            return Ok(n_values / n_sent);
        }
        Err(self.wrong_output(format!("the shape {shape:?} for {n_sent} rows")))
    }

    fn wrong_output(&self, found: String) -> QlError {
        let output = self.model.output().1.map_or("", |output| &output.name);
        QlError::new(
            SqlState::InvalidParameter,
            format!(
                "model `{}`: its output `{output}` must have one row of values per input row, found {found}",
                self.model.name()
            ),
        )
    }

    fn timed_out(&self) -> QlError {
        QlError::new(
            SqlState::QueryCanceled,
            format!(
                "model `{}`: a run was ended after {} ms",
                self.model.name(),
                self.model.timeout().as_millis()
            ),
        )
        .with_hint("WITH (timeout_ms = ...) of CREATE MODEL sets the bound")
    }

    fn failed(&self, error: &ort::Error) -> QlError {
        QlError::new(
            SqlState::DataException,
            format!(
                "model `{}`: it cannot compute these rows: {}",
                self.model.name(),
                one_line(error.message())
            ),
        )
    }
}
