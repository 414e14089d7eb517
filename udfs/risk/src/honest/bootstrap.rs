//! The stationary bootstrap: which rows a replication draws, and how long its blocks should be.

use super::random::Draws;
use rayon::prelude::*;

/// How many replications there are, and the rows of each: made when needed, because all of them
/// together can be larger than the data many times over.
pub type Resamples<'a> = (usize, &'a (dyn Fn(usize) -> Vec<usize> + Sync));

/// The rows of one replication: `n_rows` rows in blocks of mean length `block`.
pub fn stationary_rows(n_rows: usize, block: f64, seed: u64, sample: usize) -> Vec<usize> {
    let mut rows = vec![0; n_rows];
    Draws::new(seed, sample).stationary_rows(n_rows, block, &mut rows);
    rows
}

/// Something of each replication, in their order.
pub(crate) fn map_samples<T: Send>(
    (n_samples, rows_of): Resamples<'_>,
    of: impl Fn(&[usize]) -> T + Sync,
) -> Vec<T> {
    let samples = (0..n_samples).into_par_iter();
    samples.map(|sample| of(&rows_of(sample))).collect()
}

/// The mean of these rows.
pub(crate) fn mean_of(series: &[f64], rows: &[usize]) -> f64 {
    let values = rows.iter().filter_map(|row| series.get(*row));
    values.sum::<f64>() / rows.len() as f64
}

/// The mean block length that makes the bootstrapped variance of a mean most precise.
///
/// Politis and White, Econometric Reviews 23 (2004), pp. 53-70, with the correction of Patton,
/// Politis and White, Econometric Reviews 28 (2009), pp. 372-375; constants as in the program that
/// came with it. At least 1 (independent rows). A series without dispersion and one of fewer than
/// eight rows has no autocorrelation to estimate, and gets 1.
pub fn optimal_block_length(series: &[f64]) -> f64 {
    const MIN_ROWS: usize = 8;
    let n_rows = series.len();
    if n_rows < MIN_ROWS {
        return 1.0;
    }
    let n = n_rows as f64;
    let mean = series.iter().sum::<f64>() / n;
    let centred: Vec<f64> = series.iter().map(|v| v - mean).collect();
    let correlogram = Correlogram::of(&centred);
    let (slope, spectrum) = correlogram.flat_top();
    let longest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    let length = (slope * slope / (spectrum * spectrum)).cbrt() * n.cbrt();
    if length.is_nan() {
        return 1.0;
    }
    length.clamp(1.0, longest.max(1.0))
}

/// Autocovariances, and up to which lag they count.
struct Correlogram {
    covariances: Vec<f64>,
    last_lag: usize,
}

impl Correlogram {
    fn of(centred: &[f64]) -> Self {
        let n = centred.len() as f64;
        // Lags have to be inside the band this often before they are taken for zero.
        let run = (n.log10() as usize).max(5);
        let band = 2.0 * (n.log10() / n).sqrt();
        let max_lag = (n.sqrt().ceil() as usize + run).min(centred.len() - 2);
        let mut covariances = vec![];
        let mut correlations: Vec<f64> = vec![];
        let mut cutoff = None;
        for lag in 0..=max_lag {
            let (late, early) = (&centred[lag..], &centred[..centred.len() - lag]);
            let cross = dot(late, early);
            covariances.push(cross / n);
            let (head, tail) = (&centred[lag + 1..], &centred[..centred.len() - lag - 1]);
            correlations.push(cross.abs() / (dot(head, head) * dot(tail, tail)).sqrt());
            let is_quiet = |from: usize| correlations[from..lag].iter().all(|c| *c < band);
            if lag >= run && cutoff.is_none() && is_quiet(lag - run) {
                cutoff = Some(lag - run);
            }
        }
        let last_lag = cutoff.map_or(max_lag, |lag| 2 * lag.max(1)).min(max_lag);
        Self {
            covariances,
            last_lag,
        }
    }

    /// Sums of autocovariances with a weight that is 1 for the first half of the lags and falls to
    /// 0 over the second: times the lag, and plain (the long-run variance).
    fn flat_top(&self) -> (f64, f64) {
        let weighted = |lag: usize| {
            let share = lag as f64 / self.last_lag as f64;
            2.0 * (2.0 * (1.0 - share)).min(1.0) * self.covariances[lag]
        };
        let lags = 1..=self.last_lag;
        let slope = lags.clone().map(|lag| lag as f64 * weighted(lag)).sum();
        let spectrum = self.covariances[0] + lags.map(weighted).sum::<f64>();
        (slope, spectrum)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// The long-run variance of a series' mean, times the number of rows, that the stationary
/// bootstrap with this mean block length has: autocovariances weighted by the chance that both
/// rows lie in one block (Politis and Romano 1994, lemma 1).
pub fn long_run_variance(series: &[f64], block: f64) -> f64 {
    let n_rows = series.len();
    let n = n_rows as f64;
    let mean = series.iter().sum::<f64>() / n;
    let centred: Vec<f64> = series.iter().map(|v| v - mean).collect();
    let stays = 1.0 - 1.0 / block;
    let mut variance = dot(&centred, &centred) / n;
    for lag in 1..n_rows {
        let (far, near) = (lag as f64, n - lag as f64);
        let weight = near / n * stays.powf(far) + far / n * stays.powf(near);
        // The weights fall from both ends; in the middle of a long series nothing is left.
        if weight > f64::EPSILON * f64::EPSILON {
            variance += 2.0 * weight * dot(&centred[..n_rows - lag], &centred[lag..]) / n;
        }
    }
    variance
}
