//! Going on where a window has left its partitions.

use super::call::Calls;
use super::columns::ArgumentColumn;
use super::exec::SeriesWindowExec;
use super::key_rows::{KeyBytes, KeyRows};
use super::state::{CallState, PartitionState, States};
use crate::series::to_array;
use datafusion::arrow::array::RecordBatch;
use datafusion::error::Result;
use datafusion::physical_plan::ExecutionPlan;
use std::sync::Arc;

/// Rows between two turns of others.
const ROWS_PER_TURN: usize = 256;

/// A window's rows with their results, and the states behind them.
pub struct Resumed {
    /// The new rows in the order they came in, in the window's schema.
    pub rows: RecordBatch,
    /// The states of all partitions after them.
    pub states: States,
}

/// Computes new rows of a window from the states of its partitions; none where the rows do not
/// come behind those that the states have seen, in a certain order, or a state cannot go on.
///
/// `batch` has the rows of the window's input, in any order.
///
/// # Errors
/// Those of evaluating keys and arguments.
pub async fn resume(
    window: &SeriesWindowExec,
    states: &States,
    batch: &RecordBatch,
) -> Result<Option<Resumed>> {
    let calls = Calls::bind(window.exprs())?;
    let schema = batch.schema();
    let keys = KeyBytes::of_keys(window.keys(), &schema)?.rows(batch)?;
    let order = KeyBytes::of_order(window.order_by(), &schema)?.rows(batch)?;
    let mut rows: Vec<usize> = (0..batch.num_rows()).collect();
    rows.sort_unstable_by_key(|row| (keys.bytes(*row), order.bytes(*row)));
    let arguments = columns(&calls, batch)?;
    let mut resumption = Resumption {
        results: results(&calls, batch.num_rows()),
        calls: &calls,
        arguments: &arguments,
        states: states.clone(),
        n_done: 0,
    };
    for partition in rows.chunk_by(|a, b| keys.bytes(*a) == keys.bytes(*b)) {
        if resumption.run(partition, &keys, &order).await.is_none() {
            return Ok(None);
        }
    }
    let Resumption {
        results, states, ..
    } = resumption;
    let arrays = calls.calls.iter().zip(results);
    let arrays = arrays.map(|(call, columns)| to_array(&call.output, columns));
    let all = batch.columns().iter().cloned().chain(arrays).collect();
    let rows = RecordBatch::try_new(window.schema(), all)?;
    Ok(Some(Resumed { rows, states }))
}

struct Resumption<'a> {
    calls: &'a Calls,
    arguments: &'a [ArgumentColumn],
    /// Per call and output: a number per row.
    results: Vec<Vec<Vec<f64>>>,
    states: States,
    /// Rows computed so far.
    n_done: usize,
}

impl Resumption<'_> {
    /// Goes on with one partition, whose new rows come in order.
    async fn run(&mut self, rows: &[usize], keys: &KeyRows, order: &KeyRows) -> Option<()> {
        let key = keys.bytes(*rows.first()?);
        let mut state = match self.states.get(key) {
            Some(state) => state.fork(),
            None => self.new_partition()?,
        };
        let is_known = self.states.contains_key(key);
        for (i, row) in rows.iter().enumerate() {
            let next = order.bytes(*row);
            if (is_known || i > 0) && *next <= *state.last {
                return None;
            }
            state.last = next.into();
            self.push(&mut state, *row)?;
            self.n_done += 1;
            if self.n_done.is_multiple_of(ROWS_PER_TURN) {
                tokio::task::yield_now().await;
            }
        }
        self.states.insert(key.into(), Arc::new(state));
        Some(())
    }

    fn new_partition(&self) -> Option<PartitionState> {
        let calls = self.calls.calls.iter().map(|call| {
            let no_rows = vec![&[] as &[f64]; call.inputs.len()];
            CallState::after(call, &no_rows)
        });
        Some(PartitionState {
            last: Box::default(),
            calls: calls.collect::<Option<_>>()?,
        })
    }

    fn push(&mut self, state: &mut PartitionState, row: usize) -> Option<()> {
        let calls = self.calls.calls.iter().zip(&mut state.calls);
        for ((call, state), results) in calls.zip(&mut self.results) {
            let value = |column: &usize| {
                let column = self.arguments.get(*column)?;
                column.rows(row..row + 1).first().copied()
            };
            let values = call
                .inputs
                .iter()
                .map(value)
                .collect::<Option<Vec<f64>>>()?;
            let needed = self.calls.sets.get(call.set)?;
            let is_missing = needed.iter().filter_map(value).any(f64::is_nan);
            if is_missing || call.is_null {
                continue;
            }
            let mut out = vec![f64::NAN; results.len()];
            state.push(call.kernel.as_ref(), &values, &mut out).ok()?;
            for (column, result) in results.iter_mut().zip(out) {
                *column.get_mut(row)? = result;
            }
        }
        Some(())
    }
}

/// Whether the states of a window's calls can be kept: every call has one, and no argument is
/// numbered by the texts that came before it.
///
/// # Errors
/// Those of binding the calls.
pub fn can_resume(window: &SeriesWindowExec) -> Result<bool> {
    let calls = Calls::bind(window.exprs())?;
    let input = window.input().schema();
    let mut has_texts = false;
    for argument in &calls.arguments {
        has_texts |= argument.data_type(&input)?.is_string();
    }
    Ok(!has_texts && calls.calls.iter().all(CallState::exists))
}

fn columns(calls: &Calls, batch: &RecordBatch) -> Result<Vec<ArgumentColumn>> {
    let columns = calls.arguments.iter().map(|argument| {
        let mut column = ArgumentColumn::default();
        column.append(&argument.evaluate(batch)?.into_array(batch.num_rows())?)?;
        Ok(column)
    });
    columns.collect()
}

fn results(calls: &Calls, n_rows: usize) -> Vec<Vec<Vec<f64>>> {
    let results = calls.calls.iter();
    results
        .map(|call| vec![vec![f64::NAN; n_rows]; call.n_outputs()])
        .collect()
}
