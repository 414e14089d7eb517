//! Rows of (ts, name, value) as one column for each name.

use datafusion::arrow::array::Array;
use datafusion::arrow::temporal_conversions::timestamp_ns_to_datetime;
use quantlake_core::relation::Rows;
use quantlake_core::{QlError, SqlState};
use std::collections::BTreeMap;

/// Values of several trials or symbols at the times at which all of them have one.
#[derive(Debug, Default)]
pub(crate) struct Panel {
    /// The names in alphabetical order.
    pub(crate) names: Vec<String>,
    /// Times in nanoseconds, ascending.
    pub(crate) times: Vec<i64>,
    /// One series for each name, as long as `times`.
    pub(crate) columns: Vec<Vec<f64>>,
}

/// The columns a panel is read from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source<'a> {
    /// The function, for messages.
    pub(crate) function: &'a str,
    /// Column with the names.
    pub(crate) name: &'a str,
    /// Column with the values.
    pub(crate) value: &'a str,
}

impl Panel {
    /// Reads the rows for which `is_wanted`, which are ordered by time. Rows without name or
    /// finite value are left out, and so is every time at which a name has none.
    ///
    /// # Errors
    /// 22000 for two rows of one name and time, and for a NULL time.
    pub(crate) fn read(
        rows: &Rows,
        source: Source<'_>,
        is_wanted: impl Fn(usize) -> bool,
    ) -> Result<Self, QlError> {
        let times = rows.times("ts")?;
        let (names, values) = (rows.texts(source.name)?, rows.values(source.value)?);
        let present: Vec<usize> = (0..times.len())
            .filter(|row| is_wanted(*row) && names.is_valid(*row) && values[*row].is_finite())
            .collect();
        let mut positions: BTreeMap<&str, usize> = BTreeMap::new();
        for &row in &present {
            positions.insert(names.value(row), 0);
        }
        for (position, slot) in positions.values_mut().enumerate() {
            *slot = position;
        }
        let mut panel = Self {
            names: positions.keys().map(ToString::to_string).collect(),
            times: vec![],
            columns: vec![vec![]; positions.len()],
        };
        for moment in present.chunk_by(|&a, &b| times[a] == times[b]) {
            let mut line = vec![f64::NAN; positions.len()];
            for &row in moment {
                let slot = &mut line[positions[names.value(row)]];
                if !slot.is_nan() {
                    return Err(duplicate(source, names.value(row), times[row]));
                }
                *slot = values[row];
            }
            panel.push(times[moment[0]], &line);
        }
        Ok(panel)
    }

    fn push(&mut self, time: i64, line: &[f64]) {
        if line.iter().all(|v| v.is_finite()) {
            self.times.push(time);
            for (column, value) in self.columns.iter_mut().zip(line) {
                column.push(*value);
            }
        }
    }

    /// The columns as slices.
    pub(crate) fn slices(&self) -> Vec<&[f64]> {
        self.columns.iter().map(Vec::as_slice).collect()
    }

    /// How many times there are.
    pub(crate) fn n_rows(&self) -> usize {
        self.times.len()
    }
}

fn duplicate(source: Source<'_>, name: &str, time: i64) -> QlError {
    let shown = timestamp_ns_to_datetime(time).map_or_else(|| time.to_string(), |t| t.to_string());
    QlError::new(
        SqlState::DataException,
        format!(
            "{}: {} '{name}' has more than one row at {shown}",
            source.function, source.name
        ),
    )
}
