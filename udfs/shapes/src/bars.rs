//! The bars of a partition as columns.
//!
//! Rows that are no bars (a high below the open, close or low, or a negative volume) are left out, as
//! the state machines of `quantlake_indicators::machine` do.

use quantlake_core::FunctionSpec;

/// Bars of one partition, without a gap. Columns that the function does not take are filled as
/// their docs say; all have one length.
#[derive(Debug, Clone, Default)]
pub struct Bars {
    /// Opening prices; the closes where the function takes no open.
    pub open: Vec<f64>,
    /// Highest prices; the larger of open and close where the function takes no high.
    pub high: Vec<f64>,
    /// Lowest prices; the smaller of open and close where the function takes no low.
    pub low: Vec<f64>,
    /// Closing prices; the middle of high and low where the function takes no close.
    pub close: Vec<f64>,
    /// Volumes, 0 where the function takes none.
    pub volume: Vec<f64>,
    /// Times in microseconds since 1970 UTC, the row's number where the function takes none.
    pub ts: Vec<f64>,
    /// The numbers of their rows in the partition.
    pub(crate) rows: Vec<usize>,
}

impl Bars {
    /// How many bars there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no bar.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The larger of this bar's high and the close before it; the high of the first bar.
    pub fn true_high(&self, t: usize) -> f64 {
        match t.checked_sub(1) {
            Some(before) => self.high[t].max(self.close[before]),
            None => self.high[t],
        }
    }

    /// The smaller of this bar's low and the close before it; the low of the first bar.
    pub fn true_low(&self, t: usize) -> f64 {
        match t.checked_sub(1) {
            Some(before) => self.low[t].min(self.close[before]),
            None => self.low[t],
        }
    }

    /// The columns of numbers.
    fn columns(&mut self) -> [&mut Vec<f64>; N_ROLES] {
        [
            &mut self.open,
            &mut self.high,
            &mut self.low,
            &mut self.close,
            &mut self.volume,
            &mut self.ts,
        ]
    }

    /// Adds the bar of a row.
    pub(crate) fn push(&mut self, row: usize, bar: [f64; N_ROLES]) {
        for (column, value) in self.columns().into_iter().zip(bar) {
            column.push(value);
        }
        self.rows.push(row);
    }

    /// Drops all but the last bars.
    pub(crate) fn keep(&mut self, n: usize) {
        let n_gone = self.len().saturating_sub(n);
        for column in self.columns() {
            column.drain(..n_gone);
        }
        self.rows.drain(..n_gone);
    }

    /// Bytes held by the columns, which grow alike.
    pub(crate) fn held(&self) -> usize {
        self.rows.capacity() * (N_ROLES * size_of::<f64>() + size_of::<usize>())
    }
}

pub(crate) const N_ROLES: usize = 6;

/// Where among the inputs open, high, low, close, volume and time stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Roles([Option<usize>; N_ROLES]);

impl Roles {
    pub(crate) fn of(spec: &FunctionSpec) -> Self {
        let series = || spec.params.iter().filter(|p| !p.kind.is_option());
        let names = ["open", "high", "low", "close", "volume", "ts"];
        Self(names.map(|name| series().position(|p| p.name == name)))
    }

    /// The bar of a row of which `at` gives the inputs; `None` where they make none.
    pub(crate) fn read(
        &self,
        row: usize,
        at: impl Fn(usize) -> Option<f64>,
    ) -> Option<[f64; N_ROLES]> {
        let [open, high, low, close, volume, ts] = self.0.map(|role| role.and_then(&at));
        let middle = || Some((high? + low?) / 2.0);
        let close = close.or_else(middle)?;
        let open = open.unwrap_or(close);
        let high = high.unwrap_or(open.max(close));
        let low = low.unwrap_or(open.min(close));
        let volume = volume.unwrap_or(0.0);
        let is_bar = high >= open.max(close) && low <= open.min(close) && volume >= 0.0;
        is_bar.then(|| [open, high, low, close, volume, ts.unwrap_or(row as f64)])
    }

    /// The bars of all rows.
    pub(crate) fn read_all(&self, inputs: &[&[f64]]) -> Bars {
        let mut bars = Bars::default();
        for row in 0..inputs.first().map_or(0, |column| column.len()) {
            let at = |input: usize| inputs.get(input)?.get(row).copied();
            if let Some(bar) = self.read(row, at) {
                bars.push(row, bar);
            }
        }
        bars
    }
}
