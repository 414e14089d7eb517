//! Which of two series moves first.

use crate::describe::{integer, spec, with_example};
use crate::kernel::over_windows;
use crate::moments::{Moments, PairMoments};
use quantlake_core::{Function, Output, OutputField, OutputType, QlError};

/// Windows and lags beyond these would cost more than a second per thousand rows.
const MAX_PERIOD: i64 = 10_000;
const MAX_LAG: i64 = 100;
const MAX_GRANGER_LAG: i64 = 20;

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![lead_lag_correlation(), granger_causality()]
}

fn lead_lag_correlation() -> Function {
    let spec = spec(
        "statistic",
        "lead_lag_correlation",
        &["a", "b"],
        vec![
            integer("period", 60, 2, MAX_PERIOD, "Rows that are correlated"),
            integer("max_lag", 5, 1, MAX_LAG, "Largest shift tried, in rows"),
        ],
        "Shift of b against a at which their correlation is strongest, and that correlation; all \
         windows end by the current row, and of equal correlations the smaller shift wins",
    )
    .with_output(Output::Struct(vec![
        OutputField::new("lag", OutputType::Integer, "Rows by which a leads b; negative where b leads"),
        OutputField::new("correlation", OutputType::Float, "Pearson's correlation at that shift, from -1 to 1"),
    ]))
    .with_lookback("period + 2 * max_lag - 1")
    .with_source("argmax over k of abs(corr(a at t, b at t + k)), t from period + max_lag - 1 to max_lag rows ago");
    over_windows(with_example(spec, 10, "4, 2"), |args| {
        let (period, max_lag) = (args.count("period")?, args.count("max_lag")?);
        let strongest = move |[a, b]: [&[f64]; 2]| strongest(a, b, period, max_lag);
        Ok((period + 2 * max_lag, strongest))
    })
}

fn strongest(a: &[f64], b: &[f64], period: usize, max_lag: usize) -> [f64; 2] {
    let centre = a.get(max_lag..max_lag + period).unwrap_or_default();
    let mut best = [f64::NAN, f64::NAN];
    // From the smallest shift outwards, b leading before a leading, so that the first of equals stays.
    let shifts = (0..=max_lag).flat_map(|lag| [max_lag - lag, max_lag + lag]);
    for start in shifts {
        let shifted = b.get(start..start + period).unwrap_or_default();
        let correlation = PairMoments::of(centre, shifted).correlation();
        let [_, strength] = best;
        if correlation.abs() > strength.abs() || strength.is_nan() && !correlation.is_nan() {
            best = [start as f64 - max_lag as f64, correlation];
        }
    }
    best
}

fn granger_causality() -> Function {
    let spec = spec(
        "statistic",
        "granger_causality",
        &["a", "b"],
        vec![
            integer("period", 60, 5, MAX_PERIOD, "Rows of the window, at least 3 * lag + 2"),
            integer("lag", 1, 1, MAX_GRANGER_LAG, "Past values of each series, in rows"),
        ],
        "F statistic of the test that b's past helps to predict a beyond a's own past, without \
         unit; it has lag and period - 3 * lag - 1 degrees of freedom; NULL where a regression is \
         singular",
    )
    .with_lookback("period - 1")
    .with_source("((rss of a on its lags - rss with b's lags) / lag) / (rss with b's lags / degrees of freedom); C. Granger, Econometrica 37 (1969)");
    over_windows(with_example(spec, 12, "8, 1"), |args| {
        let (period, lag) = (args.count("period")?, args.count("lag")?);
        if period < 3 * lag + 2 {
            let least = format!("at least {} for a lag of {lag}", 3 * lag + 2);
            return Err(QlError::bad_argument(
                "granger_causality",
                "period",
                least,
                period,
            ));
        }
        let mut design = Design::default();
        let statistic = move |[a, b]: [&[f64]; 2]| [design.f_statistic(a, b, lag)];
        Ok((period, statistic))
    })
}

/// Columns of one regression; kept between rows, so that no row allocates.
#[derive(Debug, Clone, Default)]
struct Design {
    /// What the columns so far leave of the predicted series.
    target: Vec<f64>,
    /// The columns so far, each orthogonal to the ones before, end to end.
    columns: Vec<f64>,
}

impl Design {
    /// The statistic, by taking the lagged columns out of a one after the other.
    fn f_statistic(&mut self, a: &[f64], b: &[f64], lag: usize) -> f64 {
        let n = a.len() - lag;
        self.target.clear();
        self.columns.clear();
        push_centred(&mut self.target, a, lag, n);
        let mut rest = [f64::NAN; 2];
        for (series, rest) in [a, b].into_iter().zip(&mut rest) {
            for back in 1..=lag {
                if !self.take_out(series, lag - back, n) {
                    return f64::NAN;
                }
            }
            *rest = squares(&self.target);
        }
        let [own_past, both_pasts] = rest;
        let freedom = n as f64 - 2.0 * lag as f64 - 1.0;
        ((own_past - both_pasts) / lag as f64) / (both_pasts / freedom)
    }

    /// Adds the column of n values from a start on; false where the columns before explain it.
    fn take_out(&mut self, series: &[f64], start: usize, n: usize) -> bool {
        let n_before = self.columns.len();
        push_centred(&mut self.columns, series, start, n);
        let (others, column) = self.columns.split_at_mut(n_before);
        let size = squares(column);
        remove_all(column, others, n);
        let own = squares(column);
        remove(&mut self.target, column, own);
        // Of a column that the others explain, only rounding is left.
        own > size * f64::EPSILON
    }
}

/// Appends the n values from a start on, less their mean.
fn push_centred(out: &mut Vec<f64>, series: &[f64], start: usize, n: usize) {
    let values = series.get(start..start + n).unwrap_or_default();
    let mean = Moments::of(values).mean;
    out.extend(values.iter().map(|v| v - mean));
}

/// Makes a column orthogonal to all columns of length n. Twice, because once leaves rounding.
fn remove_all(column: &mut [f64], others: &[f64], n: usize) {
    for _ in 0..2 {
        for other in others.chunks_exact(n) {
            remove(column, other, squares(other));
        }
    }
}

/// Takes out of a column what lies along another one of this squared length.
fn remove(column: &mut [f64], other: &[f64], size: f64) {
    let along: f64 = column.iter().zip(other).map(|(c, o)| c * o).sum();
    let share = along / size;
    for (c, o) in column.iter_mut().zip(other) {
        *c -= share * o;
    }
}

fn squares(column: &[f64]) -> f64 {
    column.iter().map(|v| v * v).sum()
}
