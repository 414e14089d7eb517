//! The winner of a group that grows, and of a window frame that slides.

use super::candidates::{Candidate, Columns, Side};
use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::Accumulator;
use quantlake_core::QlError;
use std::collections::VecDeque;
use std::mem::size_of;

/// A row in which nothing is known, of the types of a call.
fn unknown(fields: &[FieldRef]) -> Result<Candidate> {
    match fields {
        [value, by, ..] => Ok(Candidate {
            value: ScalarValue::try_from(value.data_type())?,
            by: ScalarValue::try_from(by.data_type())?,
        }),
        _ => Err(QlError::internal("arg_max takes two columns").into()),
    }
}

/// The best row so far.
#[derive(Debug)]
pub(super) struct Growing {
    side: Side,
    best: Option<Candidate>,
    unknown: Candidate,
}

impl Growing {
    pub(super) fn new(side: Side, fields: &[FieldRef]) -> Result<Self> {
        Ok(Self {
            side,
            best: None,
            unknown: unknown(fields)?,
        })
    }
}

impl Accumulator for Growing {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let Some(new) = self.side.best(&Columns::of(values)?)? else {
            return Ok(());
        };
        let side = self.side;
        let is_better = self
            .best
            .as_ref()
            .is_none_or(|old| side.is_better(&new, old));
        if is_better {
            self.best = Some(new);
        }
        Ok(())
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.update_batch(states)
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.best.as_ref().unwrap_or(&self.unknown).value.clone())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let row = self.best.as_ref().unwrap_or(&self.unknown);
        Ok(vec![row.value.clone(), row.by.clone()])
    }

    fn size(&self) -> usize {
        let best = self.best.as_ref();
        size_of::<Self>() + best.map_or(0, |b| b.value.size() + b.by.size())
    }
}

/// The rows of a frame that can still win: each is better than all that came after it.
#[derive(Debug)]
pub(super) struct Sliding {
    side: Side,
    /// Candidates with the number of their row since the start.
    candidates: VecDeque<(usize, Candidate)>,
    n_arrived: usize,
    n_left: usize,
    unknown: Candidate,
}

impl Sliding {
    pub(super) fn new(side: Side, fields: &[FieldRef]) -> Result<Self> {
        Ok(Self {
            side,
            candidates: VecDeque::new(),
            n_arrived: 0,
            n_left: 0,
            unknown: unknown(fields)?,
        })
    }
}

impl Accumulator for Sliding {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let columns = Columns::of(values)?;
        for row in 0..columns.len() {
            if columns.is_present(row) {
                let new = columns.candidate(row)?;
                while let Some((_, old)) = self.candidates.back()
                    && !self.side.is_better(old, &new)
                {
                    self.candidates.pop_back();
                }
                self.candidates.push_back((self.n_arrived, new));
            }
            self.n_arrived += 1;
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.n_left += Columns::of(values)?.len();
        while self
            .candidates
            .front()
            .is_some_and(|(row, _)| *row < self.n_left)
        {
            self.candidates.pop_front();
        }
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        let best = self.candidates.front();
        Ok(best.map_or(&self.unknown, |(_, row)| row).value.clone())
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Err(QlError::internal("a window frame has no partial result").into())
    }

    fn merge_batch(&mut self, _states: &[ArrayRef]) -> Result<()> {
        Err(QlError::internal("a window frame takes no partial result").into())
    }

    fn size(&self) -> usize {
        let per_row = size_of::<(usize, Candidate)>();
        size_of::<Self>() + self.candidates.capacity() * per_row
    }
}
