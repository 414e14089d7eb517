//! Is the best of many strategies better than the benchmark, given that it was picked?
//!
//! Sources: White, "A Reality Check for Data Snooping", Econometrica 68 (2000), pp. 1097-1126;
//! Hansen, "A Test for Superior Predictive Ability", Journal of Business & Economic Statistics 23
//! (2005), pp. 365-380; Romano and Wolf, "Stepwise Multiple Testing as Formalized Data Snooping",
//! Econometrica 73 (2005), pp. 1237-1282.

use super::bootstrap::{Resamples, long_run_variance, map_samples, mean_of};
use rayon::prelude::*;

/// How trials that look worse than the benchmark count in the null hypothesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recentring {
    /// Only trials that look better are drawn to the benchmark: p-values too small.
    Lower,
    /// Trials that are significantly worse do not count (Hansen's choice).
    Consistent,
    /// Every trial is taken to be as good as the benchmark: p-values too large.
    Upper,
}

/// All three, from the smallest p-value to the largest.
pub const RECENTRINGS: [Recentring; 3] =
    [Recentring::Lower, Recentring::Consistent, Recentring::Upper];

/// Mean excess returns of the trials, their precision, and bootstrapped means.
#[derive(Debug, Clone)]
pub struct Superiority {
    n_rows: f64,
    means: Vec<f64>,
    /// Long-run variances of `sqrt(n) * mean`.
    variances: Vec<f64>,
    /// Divisors of the means: standard errors, or 1 for a test that is not studentised.
    scales: Vec<f64>,
    /// Bootstrapped means, one list for each replication.
    samples: Vec<Vec<f64>>,
    is_studentised: bool,
}

impl Superiority {
    /// The excess returns over the benchmark, one slice for each trial, all of one length, and the
    /// rows of the replications. `block` is the mean block length, which the variances use.
    pub fn new(
        excess: &[&[f64]],
        resamples: Resamples<'_>,
        block: f64,
        is_studentised: bool,
    ) -> Self {
        let n_rows = excess.first().map_or(0, |e| e.len()) as f64;
        let means: Vec<f64> = excess
            .iter()
            .map(|e| e.iter().sum::<f64>() / n_rows)
            .collect();
        let variances: Vec<f64> = excess
            .par_iter()
            .map(|e| long_run_variance(e, block))
            .collect();
        let scales = variances
            .iter()
            .map(|v| match is_studentised {
                true => (v / n_rows).sqrt(),
                false => 1.0,
            })
            .collect();
        let samples = map_samples(resamples, |rows| {
            excess.iter().map(|e| mean_of(e, rows)).collect()
        });
        Self {
            n_rows,
            means,
            variances,
            scales,
            samples,
            is_studentised,
        }
    }

    /// The mean excess return of each trial.
    pub fn means(&self) -> &[f64] {
        &self.means
    }

    /// Each trial's mean in units of its standard error; the mean itself if not studentised. NaN
    /// for a trial that never differs from the benchmark.
    pub fn statistics(&self) -> Vec<f64> {
        let scaled = self.means.iter().zip(&self.scales);
        scaled
            .map(|(mean, scale)| quotient(*mean, *scale))
            .collect()
    }

    /// The largest statistic: of Hansen's test at least 0, of White's as it is.
    pub fn statistic(&self) -> f64 {
        self.floored(largest(self.statistics().into_iter()))
    }

    fn floored(&self, value: f64) -> f64 {
        if self.is_studentised {
            value.max(0.0)
        } else {
            value
        }
    }

    /// The mean that a trial has under the null hypothesis is its own less this.
    fn centre(&self, trial: usize, recentring: Recentring) -> f64 {
        let mean = self.means[trial];
        let bound = -(self.variances[trial] / self.n_rows * 2.0 * self.n_rows.ln().ln()).sqrt();
        match recentring {
            Recentring::Upper => mean,
            Recentring::Consistent if mean >= bound => mean,
            Recentring::Consistent => 0.0,
            Recentring::Lower => mean.max(0.0),
        }
    }

    /// The largest statistic of each replication among the chosen trials, under the null
    /// hypothesis.
    fn maxima(&self, chosen: &[usize], recentring: Recentring) -> Vec<f64> {
        let centres: Vec<f64> = (0..self.means.len())
            .map(|trial| self.centre(trial, recentring))
            .collect();
        let of_sample = |sample: &Vec<f64>| {
            let statistics = chosen
                .iter()
                .map(|&k| quotient(sample[k] - centres[k], self.scales[k]));
            self.floored(largest(statistics))
        };
        self.samples.iter().map(of_sample).collect()
    }

    /// The share of replications whose best trial beats the best one observed.
    pub fn p_value(&self, recentring: Recentring) -> f64 {
        let observed = self.statistic();
        let all: Vec<usize> = (0..self.means.len()).collect();
        let maxima = self.maxima(&all, recentring);
        if observed.is_nan() || maxima.is_empty() {
            return f64::NAN;
        }
        let n_above = maxima.iter().filter(|m| **m > observed).count();
        n_above as f64 / maxima.len() as f64
    }

    /// In which step of the procedure of Romano and Wolf each trial is found superior at this
    /// error rate, counted from 1; `None` for the others. The probability that one of the found
    /// ones is not superior is at most `size`.
    pub fn steps(&self, size: f64) -> Vec<Option<usize>> {
        let statistics = self.statistics();
        let mut steps = vec![None; statistics.len()];
        for step in 1.. {
            let open: Vec<usize> = (0..steps.len()).filter(|k| steps[*k].is_none()).collect();
            let maxima = self.maxima(&open, Recentring::Consistent);
            let critical = upper_quantile(maxima, size);
            let found: Vec<usize> = open
                .into_iter()
                .filter(|k| statistics[*k] > critical)
                .collect();
            if found.is_empty() {
                break;
            }
            found.into_iter().for_each(|k| steps[k] = Some(step));
        }
        steps
    }
}

fn quotient(value: f64, scale: f64) -> f64 {
    if scale > 0.0 { value / scale } else { f64::NAN }
}

/// The largest known value; NaN without one.
fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::NAN, f64::max)
}

/// The value that a share of `size` lies above, linear between neighbours; NaN without values, so
/// that nothing exceeds it.
fn upper_quantile(mut values: Vec<f64>, size: f64) -> f64 {
    values.retain(|v| v.is_finite());
    values.sort_by(f64::total_cmp);
    let position = (values.len().saturating_sub(1)) as f64 * (1.0 - size);
    let below = position as usize;
    let Some(low) = values.get(below) else {
        return f64::NAN;
    };
    let high = values.get(below + 1).unwrap_or(low);
    low + (high - low) * position.fract()
}
