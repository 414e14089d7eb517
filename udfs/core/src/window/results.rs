//! Results of the rows that have not left, by column.

use super::columns::is_finite;
use datafusion::arrow::array::NullBufferBuilder;
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer};

/// One output of a call. What is not finite is unknown.
#[derive(Debug)]
pub struct ResultColumn {
    values: Vec<f64>,
    known: NullBufferBuilder,
}

impl Default for ResultColumn {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            known: NullBufferBuilder::new(0),
        }
    }
}

impl ResultColumn {
    /// Adds the results of some rows. Which of them are known is looked at now, while the values
    /// are near: later it would cost as much as computing them.
    pub fn append(&mut self, values: &[f64]) {
        self.note_known(values);
        self.values.extend_from_slice(values);
    }

    /// The same, without a copy where nothing was added before.
    pub fn append_owned(&mut self, values: Vec<f64>) {
        if self.values.is_empty() {
            self.note_known(&values);
            self.values = values;
        } else {
            self.append(&values);
        }
    }

    fn note_known(&mut self, values: &[f64]) {
        // Most results are unknown while they warm up, and known from then on.
        let n_unknown = values.iter().take_while(|v| !v.is_finite()).count();
        let others = values.get(n_unknown..).unwrap_or_default();
        // The builder makes its bits with the first call for unknown values.
        if n_unknown > 0 {
            self.known.append_n_nulls(n_unknown);
        }
        if is_finite(others) {
            self.known.append_n_non_nulls(others.len());
        } else {
            self.known.append_buffer(&finite_bits(others));
        }
    }

    /// The values, and which of them are known; `None` when all are.
    pub fn finish(mut self) -> (Vec<f64>, Option<NullBuffer>) {
        let known = self.known.finish();
        (self.values, known)
    }
}

fn finite_bits(values: &[f64]) -> NullBuffer {
    let is_finite = |i: usize| values.get(i).is_some_and(|v| v.is_finite());
    NullBuffer::new(BooleanBuffer::collect_bool(values.len(), is_finite))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bits(column: ResultColumn) -> Vec<bool> {
        let (values, known) = column.finish();
        match known {
            None => vec![true; values.len()],
            Some(known) => known.iter().collect(),
        }
    }

    #[test]
    fn what_is_not_finite_is_unknown_wherever_it_stands() {
        let parts: [&[f64]; 4] = [
            &[f64::NAN, f64::NAN, 1.0, 2.0],
            &[3.0],
            &[4.0, f64::INFINITY, 5.0],
            &[],
        ];
        let mut column = ResultColumn::default();
        let mut owned = ResultColumn::default();
        for part in parts {
            column.append(part);
            owned.append_owned(part.to_vec());
        }
        let expected = [false, false, true, true, true, true, false, true];
        assert_eq!(bits(column), expected);
        assert_eq!(bits(owned), expected);
    }

    #[test]
    fn known_results_need_no_bits() {
        let mut column = ResultColumn::default();
        column.append(&[1.0, 2.0]);
        assert_eq!(column.finish(), (vec![1.0, 2.0], None));
    }
}
