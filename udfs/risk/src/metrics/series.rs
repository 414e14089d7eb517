//! What a metric is computed from.

use std::borrow::Cow;

/// Returns of equal periods in time order, without missing values.
///
/// `benchmark` and `times` are empty where there are none, and as long as `returns` otherwise.
#[derive(Debug, Clone, Copy, Default)]
pub struct Series<'a> {
    /// Return of each period as a fraction.
    pub returns: &'a [f64],
    /// Return of the benchmark in the same periods.
    pub benchmark: &'a [f64],
    /// End of each period, in nanoseconds since 1970 UTC.
    pub times: &'a [i64],
    /// Start of the first period; the years are counted from the first of `times` without it.
    pub start: Option<i64>,
}

/// Returns with their missing rows taken out.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    returns: Vec<f64>,
    benchmark: Vec<f64>,
    times: Vec<i64>,
    start: Option<i64>,
}

impl Observations {
    /// Keeps the rows in which the return, and the benchmark's if there is one, is a finite
    /// number. `benchmark` and `times` may be empty; what is longer than the shortest of the
    /// columns is left out.
    ///
    /// A first row without a return, as `close / lag(close) - 1` gives, says when the first
    /// period started.
    pub fn new(returns: &[f64], benchmark: &[f64], times: &[i64]) -> Self {
        let mut kept = Self::default();
        for (i, ret) in returns.iter().enumerate() {
            let other = benchmark.get(i);
            let time = times.get(i);
            let is_known = ret.is_finite() && other.is_none_or(|b| b.is_finite());
            if is_known {
                kept.push(*ret, other.copied(), time.copied());
            } else if kept.returns.is_empty() {
                kept.start = time.copied();
            }
        }
        kept
    }

    /// Adds a row of numbers; all rows have a benchmark or none has, and so with times.
    pub(super) fn push(&mut self, ret: f64, benchmark: Option<f64>, time: Option<i64>) {
        self.returns.push(ret);
        self.benchmark.extend(benchmark);
        self.times.extend(time);
    }

    /// The rows by time; rows of one time stay in the order they came in. Rows without times have
    /// no other order than theirs.
    pub(super) fn in_time_order(&self) -> Cow<'_, Self> {
        if self.times.is_sorted() {
            return Cow::Borrowed(self);
        }
        let mut rows: Vec<(i64, f64)> = self
            .times
            .iter()
            .copied()
            .zip(self.returns.iter().copied())
            .collect();
        rows.sort_by_key(|(time, _)| *time);
        let (times, returns) = rows.into_iter().unzip();
        Cow::Owned(Self {
            returns,
            times,
            ..Self::default()
        })
    }

    /// The rows as slices.
    pub fn series(&self) -> Series<'_> {
        Series {
            returns: &self.returns,
            benchmark: &self.benchmark,
            times: &self.times,
            start: self.start,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rows_are_left_out_and_the_first_of_them_starts_the_clock() {
        let nan = f64::NAN;
        let kept = Observations::new(
            &[nan, 0.1, nan, 0.2, 0.3],
            &[0.0, 0.1, 0.2, nan, 0.3],
            &[1, 2, 3, 4, 5],
        );
        let series = kept.series();
        assert_eq!(series.returns, [0.1, 0.3]);
        assert_eq!(series.benchmark, [0.1, 0.3]);
        assert_eq!(series.times, [2, 5]);
        assert_eq!(series.start, Some(1));
    }

    #[test]
    fn rows_are_put_in_the_order_of_their_times() {
        let mut rows = Observations::default();
        for (ret, time) in [(0.3, 3), (0.1, 1), (0.2, 2), (0.4, 3)] {
            rows.push(ret, None, Some(time));
        }
        let ordered = rows.in_time_order();
        assert_eq!(ordered.series().returns, [0.1, 0.2, 0.3, 0.4]);
        assert_eq!(ordered.series().times, [1, 2, 3, 3]);
    }

    #[test]
    fn a_series_that_starts_with_a_return_has_no_start() {
        assert_eq!(Observations::new(&[0.1], &[], &[7]).series().start, None);
    }
}
