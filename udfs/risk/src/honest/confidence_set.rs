//! The model confidence set: which trials cannot be told from the best one.
//!
//! The worst trial of the set is taken out again and again, each time with the p-value of the test
//! that all in the set are equally good. A trial belongs to the set at level 1 - size if its
//! p-value exceeds size.
//!
//! Source: Hansen, Lunde and Nason, "The Model Confidence Set", Econometrica 79 (2011), pp.
//! 453-497.

use super::bootstrap::{Resamples, map_samples, mean_of};
use rayon::prelude::*;

/// What equal quality is tested with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetStatistic {
    /// The largest studentised difference between two trials (T_R of the paper).
    Range,
    /// The largest studentised shortfall behind the mean of the set (T_max of the paper).
    Max,
}

/// When and with which p-value a trial left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elimination {
    /// Position of the trial.
    pub trial: usize,
    /// The smallest size at which the trial is outside the set; 1 for the one that is left.
    pub p_value: f64,
}

/// The trials in the order in which they leave, the best one last.
///
/// `returns` holds one slice for each trial, all of one length. Trials that never differ from each
/// other cannot be told apart and leave with a p-value of 1.
pub fn model_confidence_set(
    returns: &[&[f64]],
    resamples: Resamples<'_>,
    statistic: SetStatistic,
) -> Vec<Elimination> {
    let test = Test::new(returns, resamples);
    let mut open: Vec<usize> = (0..returns.len()).collect();
    let mut left = vec![];
    let mut p_value = 0.0_f64;
    while open.len() > 1 {
        let (worst, p) = match statistic {
            SetStatistic::Range => test.range(&open),
            SetStatistic::Max => test.max(&open),
        };
        p_value = p_value.max(p);
        let trial = open.remove(worst);
        left.push(Elimination { trial, p_value });
    }
    left.extend(open.into_iter().map(|trial| Elimination {
        trial,
        p_value: 1.0,
    }));
    left
}

/// Means and the errors of bootstrapped means.
struct Test {
    /// Mean losses, which are returns with the sign turned.
    losses: Vec<f64>,
    /// One list for each replication: its mean losses less the observed ones.
    errors: Vec<Vec<f64>>,
    /// Deviations of the differences between two trials' errors.
    pair_deviations: Vec<Vec<f64>>,
}

impl Test {
    fn new(returns: &[&[f64]], resamples: Resamples<'_>) -> Self {
        let losses: Vec<f64> = returns
            .iter()
            .map(|r| -r.iter().sum::<f64>() / r.len() as f64)
            .collect();
        let of_sample = |rows: &[usize]| -> Vec<f64> {
            let means = returns.iter().map(|r| -mean_of(r, rows));
            means.zip(&losses).map(|(m, loss)| m - loss).collect()
        };
        let errors = map_samples(resamples, of_sample);
        let deviation = |i: usize, j: usize| {
            let squares = errors.iter().map(|e| (e[i] - e[j]).powi(2));
            (squares.sum::<f64>() / errors.len() as f64).sqrt()
        };
        let n = losses.len();
        let pair_deviations = (0..n)
            .into_par_iter()
            .map(|i| (0..n).map(|j| deviation(i, j)).collect())
            .collect();
        Self {
            losses,
            errors,
            pair_deviations,
        }
    }

    /// The position in `open` of the trial that is worst against another one, and the p-value.
    fn range(&self, open: &[usize]) -> (usize, f64) {
        let largest = |values: &[f64]| {
            let pairs = open
                .iter()
                .enumerate()
                .flat_map(|(at, &i)| open.iter().map(move |&j| (at, values[i] - values[j], i, j)));
            let studentised = pairs.filter_map(|(at, difference, i, j)| {
                let deviation = self.pair_deviations[i][j];
                (deviation > 0.0).then(|| (at, difference / deviation))
            });
            first_largest(studentised)
        };
        self.compare(largest)
    }

    /// The position in `open` of the trial farthest behind the mean of the set, and the p-value.
    fn max(&self, open: &[usize]) -> (usize, f64) {
        let behind = |values: &[f64]| -> Vec<f64> {
            let mean = open.iter().map(|&i| values[i]).sum::<f64>() / open.len() as f64;
            open.iter().map(|&i| values[i] - mean).collect()
        };
        let mut variances = vec![0.0; open.len()];
        for error in &self.errors {
            let squares = behind(error).into_iter().map(|b| b * b);
            variances.iter_mut().zip(squares).for_each(|(v, s)| *v += s);
        }
        let n_samples = self.errors.len() as f64;
        let largest = |values: &[f64]| {
            let shortfalls = behind(values).into_iter().zip(&variances).enumerate();
            let studentised = shortfalls
                .filter(|(_, (_, variance))| **variance > 0.0)
                .map(|(at, (shortfall, variance))| (at, shortfall / (variance / n_samples).sqrt()));
            first_largest(studentised)
        };
        self.compare(largest)
    }

    /// The largest statistic against those of the replications. Where nothing can be compared the
    /// first trial leaves, with a p-value of 1.
    fn compare(&self, largest: impl Fn(&[f64]) -> Option<(usize, f64)> + Sync) -> (usize, f64) {
        let Some((worst, observed)) = largest(&self.losses) else {
            return (0, 1.0);
        };
        let n_above = self
            .errors
            .par_iter()
            .filter(|e| largest(e.as_slice()).is_some_and(|(_, value)| value > observed))
            .count();
        (worst, n_above as f64 / self.errors.len() as f64)
    }
}

fn first_largest(values: impl Iterator<Item = (usize, f64)>) -> Option<(usize, f64)> {
    values.fold(None, |best, next| match best {
        Some((_, value)) if value >= next.1 => best,
        _ => Some(next),
    })
}
