//! Kernels of a fixed number of rows, computed afresh for every row.
//!
//! A sliding sum costs less per row, but it carries the rounding of the rows that have left: a
//! ratio whose denominator has become 0 then comes out as a huge number instead of NULL. Here the
//! same rows always give the same bits, which [`SeriesKernel::history`] promises.
//!
//! A row from which no number can be derived (the first of a series of returns, a price that is
//! not positive, a high below its low) makes every window that contains it unknown.

use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::{Args, Function, FunctionSpec, QlError};
use std::borrow::Cow;
use std::sync::Arc;

/// Columns from which windows are cut.
pub type Derived<'a, const N: usize> = [Cow<'a, [f64]>; N];

/// What the windows are cut from.
#[derive(Clone, Copy)]
pub struct Columns<const N: usize> {
    /// How many rows before a row its derived values look at.
    pub lag: usize,
    /// Makes the columns from the inputs; `None` if there are fewer inputs than it needs.
    pub derive: for<'a> fn(&[&'a [f64]]) -> Option<Derived<'a, N>>,
}

/// The first input as it is.
pub const RAW: Columns<1> = Columns {
    lag: 0,
    derive: |inputs| Some([Cow::Borrowed(*inputs.first()?)]),
};

/// The first two inputs as they are.
pub const RAW_PAIR: Columns<2> = Columns {
    lag: 0,
    derive: |inputs| match inputs {
        [x, y, ..] => Some([Cow::Borrowed(*x), Cow::Borrowed(*y)]),
        _ => None,
    },
};

/// Logarithmic returns of a price.
pub const LOG_RETURNS: Columns<1> = Columns {
    lag: 1,
    derive: |inputs| Some([Cow::Owned(log_returns(inputs.first()?))]),
};

fn log_returns(prices: &[f64]) -> Vec<f64> {
    let before = std::iter::once(&f64::NAN).chain(prices);
    prices
        .iter()
        .zip(before)
        .map(|(p, b)| log_ratio(*p, *b))
        .collect()
}

/// The logarithm of a quotient of two prices; NaN unless both are positive.
pub fn log_ratio(price: f64, before: f64) -> f64 {
    if price > 0.0 && before > 0.0 {
        (price / before).ln()
    } else {
        f64::NAN
    }
}

/// Binds a function of the last `period` rows: `of` sees the windows, oldest row first, and the
/// constants that `params` has read.
pub fn over_windows<P, const N: usize, const M: usize>(
    spec: FunctionSpec,
    columns: Columns<N>,
    params: impl Fn(&Args) -> Result<P, QlError> + Send + Sync + 'static,
    of: fn([&[f64]; N], &P) -> [f64; M],
) -> Function
where
    P: Send + Sync + 'static,
{
    series_function(
        spec,
        Arc::new(move |args| {
            Ok(Box::new(WindowKernel {
                period: args.count("period")?,
                params: params(args)?,
                columns,
                of,
            }))
        }),
    )
}

struct WindowKernel<P, const N: usize, const M: usize> {
    period: usize,
    params: P,
    columns: Columns<N>,
    of: fn([&[f64]; N], &P) -> [f64; M],
}

impl<P: Send + Sync, const N: usize, const M: usize> SeriesKernel for WindowKernel<P, N, M> {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let Some(columns) = (self.columns.derive)(inputs) else {
            return Err(QlError::internal("a window kernel lacks an input"));
        };
        let n_rows = columns.iter().map(|c| c.len()).min().unwrap_or(0);
        for end in self.period.max(1)..=n_rows {
            let windows = columns
                .each_ref()
                .map(|c| c.get(end - self.period..end).unwrap_or_default());
            let is_known = windows.iter().all(|w| w.iter().all(|v| v.is_finite()));
            if is_known {
                let results = (self.of)(windows, &self.params);
                write(outputs, end - 1, results);
            }
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        Some(self.period.saturating_sub(1) + self.columns.lag)
    }
}

/// Writes the results of a row into the output columns.
pub fn write<const M: usize>(outputs: &mut [&mut [f64]], row: usize, results: [f64; M]) {
    for (column, result) in outputs.iter_mut().zip(results) {
        if let Some(slot) = column.get_mut(row) {
            *slot = result;
        }
    }
}

/// The arithmetic mean. Equal values give that value, to the bit.
pub fn mean(values: &[f64]) -> f64 {
    let first = values.first().copied().unwrap_or(f64::NAN);
    first + values.iter().map(|v| v - first).sum::<f64>() / values.len() as f64
}

/// The standard deviation with divisor `n - ddof`. Equal values give 0, to the bit; NaN below two
/// values.
pub fn deviation(values: &[f64], ddof: usize) -> f64 {
    if values.len() < 2 {
        return f64::NAN;
    }
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (squares / values.len().saturating_sub(ddof) as f64).sqrt()
}

/// A quotient, or NaN where nothing can be said because the denominator is 0.
pub fn ratio(numerator: f64, denominator: f64) -> f64 {
    if denominator == 0.0 {
        f64::NAN
    } else {
        numerator / denominator
    }
}

/// The quantile of ascending values, linear between neighbours (R's type 7, numpy's default).
pub fn quantile(ascending: &[f64], share: f64) -> f64 {
    let position = share * ascending.len().saturating_sub(1) as f64;
    let below = position.floor();
    let at = |i: usize| ascending.get(i).or(ascending.last()).copied();
    match (at(below as usize), at(below as usize + 1)) {
        (Some(low), Some(high)) => low + (position - below) * (high - low),
        _ => f64::NAN,
    }
}

/// A copy in ascending order.
pub fn sorted(values: &[f64]) -> Vec<f64> {
    let mut ascending = values.to_vec();
    ascending.sort_unstable_by(f64::total_cmp);
    ascending
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_have_no_dispersion_to_the_bit() {
        let values = [0.1; 7];
        assert_eq!((mean(&values), deviation(&values, 1)), (0.1, 0.0));
    }

    #[test]
    fn quantiles_lie_linearly_between_neighbours() {
        let ascending = [1.0, 2.0, 4.0];
        let quantiles = [0.0, 0.25, 0.5, 1.0].map(|q| quantile(&ascending, q));
        assert_eq!(quantiles, [1.0, 1.5, 2.0, 4.0]);
        assert!(quantile(&[], 0.5).is_nan());
    }

    #[test]
    fn the_rows_of_the_history_suffice_for_the_same_bits() {
        let kernel = WindowKernel {
            period: 4,
            params: (),
            columns: LOG_RETURNS,
            of: |[r]: [&[f64]; 1], ()| [deviation(r, 1)],
        };
        let prices: Vec<f64> = (0..20).map(|i| 100.0 + f64::from(i * i % 7)).collect();
        let last = |rows: &[f64]| {
            let mut out = vec![f64::NAN; rows.len()];
            kernel.run(&[rows], &mut [&mut out]).expect("one input");
            out.last().copied()
        };
        let history = kernel.history().expect("a finite look-back");
        let whole = last(&prices);
        assert!(whole.is_some_and(f64::is_finite));
        assert_eq!(last(&prices[prices.len() - history - 1..]), whole);
        assert!(last(&prices[prices.len() - history..]).is_some_and(f64::is_nan));
    }

    #[test]
    fn a_price_that_is_not_positive_has_no_return() {
        let returns = log_returns(&[1.0, 0.0, 1.0, 1.0]);
        let known: Vec<bool> = returns.iter().map(|r| r.is_finite()).collect();
        assert_eq!(known, [false, false, false, true]);
    }
}
