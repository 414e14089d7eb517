//! The probability of backtest overfitting by combinatorially symmetric cross-validation.
//!
//! The rows are cut into S blocks. Every choice of S/2 blocks is once the sample in which the best
//! trial is picked; the rest shows what the pick is worth. A pick is overfitted where it does worse
//! outside than the median trial.
//!
//! Source: Bailey, Borwein, Lopez de Prado and Zhu, "The Probability of Backtest Overfitting",
//! Journal of Computational Finance 20 (2017), pp. 39-69. Where the pick is itself the median (its
//! logit is 0) it does not count as overfitted here; the R package pbo counts it.

use rayon::prelude::*;

/// What the best trial is best at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performance {
    /// Mean by standard deviation (divisor n - 1).
    Sharpe,
    /// The mean.
    Mean,
    /// Mean by root mean square of the losses.
    Sortino,
}

/// One choice of blocks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Selection {
    /// The trial that is best in the sample; the first one of equals.
    pub trial: usize,
    /// Its performance in the sample.
    pub in_sample: f64,
    /// Its performance outside.
    pub out_of_sample: f64,
    /// `ln(rank / (n + 1 - rank))` of its rank outside, 1 for the worst of n trials; equal ones
    /// share their mean rank.
    pub logit: f64,
}

/// What the selections say together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Overfitting {
    /// Share of selections with a negative logit.
    pub probability: f64,
    /// Mean logit.
    pub mean_logit: f64,
    /// Median logit.
    pub median_logit: f64,
    /// Slope of the performance outside on the one in the sample; below 1 it degrades. NaN where
    /// the latter does not vary.
    pub slope: f64,
    /// Intercept of the same line.
    pub intercept: f64,
    /// Share of selections that lose outside.
    pub probability_of_loss: f64,
}

/// Sums over the rows of a block; the returns are taken from the trial's mean over all rows, so
/// that no digits are lost.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    n: f64,
    sum: f64,
    squares: f64,
    losses: f64,
}

impl Sums {
    fn of(block: &[f64], mean: f64) -> Self {
        block.iter().fold(Self::default(), |sums, ret| Self {
            n: sums.n + 1.0,
            sum: sums.sum + (ret - mean),
            squares: sums.squares + (ret - mean).powi(2),
            losses: sums.losses + ret.min(0.0).powi(2),
        })
    }

    fn add(&mut self, other: &Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.squares += other.squares;
        self.losses += other.losses;
    }

    /// 0 without dispersion, so that such a trial is never the best of any that gain.
    fn performance(&self, mean: f64, measure: Performance) -> f64 {
        let level = mean + self.sum / self.n;
        match measure {
            Performance::Mean => level,
            Performance::Sharpe => per(level, self.dispersion() / (self.n - 1.0)),
            Performance::Sortino => per(level, self.losses / self.n),
        }
    }

    /// Squared deviations from the mean of these rows. What is left after a difference of nearly
    /// equal numbers is rounding.
    fn dispersion(&self) -> f64 {
        const ROUNDING: f64 = 64.0 * f64::EPSILON;
        let left = self.squares - self.sum * self.sum / self.n;
        if left > ROUNDING * self.squares {
            left
        } else {
            0.0
        }
    }
}

fn per(level: f64, variance: f64) -> f64 {
    if variance > 0.0 {
        level / variance.sqrt()
    } else {
        0.0
    }
}

/// A trial's mean and the sums of its blocks.
struct Trial {
    mean: f64,
    blocks: Vec<Sums>,
}

impl Trial {
    /// The first blocks are one row longer where the rows do not divide evenly.
    fn new(returns: &[f64], n_blocks: usize) -> Self {
        let mean = returns.iter().sum::<f64>() / returns.len() as f64;
        let (size, n_longer) = (returns.len() / n_blocks, returns.len() % n_blocks);
        let start = |block: usize| block * size + block.min(n_longer);
        let blocks = (0..n_blocks)
            .map(|b| Sums::of(&returns[start(b)..start(b + 1)], mean))
            .collect();
        Self { mean, blocks }
    }

    fn performance(&self, chosen: u32, measure: Performance) -> f64 {
        let mut sums = Sums::default();
        for (at, block) in self.blocks.iter().enumerate() {
            if chosen >> at & 1 == 1 {
                sums.add(block);
            }
        }
        sums.performance(self.mean, measure)
    }
}

/// All selections, in the lexicographic order of the blocks outside the sample.
///
/// `returns` holds one slice for each trial, all of one length of at least `2 * n_blocks`;
/// `n_blocks` is even and at most 30. Fewer rows or fewer than two trials give no selection.
pub fn selections(returns: &[&[f64]], n_blocks: usize, measure: Performance) -> Vec<Selection> {
    let n_rows = returns.first().map_or(0, |r| r.len());
    if returns.len() < 2 || n_rows < 2 * n_blocks {
        return vec![];
    }
    let trials: Vec<Trial> = returns.iter().map(|r| Trial::new(r, n_blocks)).collect();
    let all = (1_u32 << n_blocks) - 1;
    halves(n_blocks)
        .into_par_iter()
        .map(|outside| select(&trials, all & !outside, outside, measure))
        .collect()
}

fn select(trials: &[Trial], inside: u32, outside: u32, measure: Performance) -> Selection {
    let (mut trial, mut in_sample) = (0, f64::NEG_INFINITY);
    for (at, candidate) in trials.iter().enumerate() {
        let performance = candidate.performance(inside, measure);
        if performance > in_sample {
            (trial, in_sample) = (at, performance);
        }
    }
    let others: Vec<f64> = trials
        .iter()
        .map(|t| t.performance(outside, measure))
        .collect();
    let out_of_sample = others[trial];
    let n_below = others.iter().filter(|o| **o < out_of_sample).count() as f64;
    let n_equal = others.iter().filter(|o| **o == out_of_sample).count() as f64;
    let rank = n_below + (n_equal + 1.0) / 2.0;
    Selection {
        trial,
        in_sample,
        out_of_sample,
        logit: (rank / (trials.len() as f64 + 1.0 - rank)).ln(),
    }
}

/// Every half of the blocks as a set of bits, in lexicographic order.
fn halves(n_blocks: usize) -> Vec<u32> {
    let mut chosen: Vec<usize> = (0..n_blocks / 2).collect();
    let mut found = vec![];
    loop {
        found.push(chosen.iter().fold(0, |bits, b| bits | 1 << b));
        // The last position that can still move; those after it follow closely.
        let movable = (0..chosen.len())
            .rev()
            .find(|&at| chosen[at] < n_blocks - chosen.len() + at);
        let Some(at) = movable else {
            return found;
        };
        let first = chosen[at] + 1;
        for (offset, slot) in chosen[at..].iter_mut().enumerate() {
            *slot = first + offset;
        }
    }
}

/// The summary of all selections; NaN without any.
pub fn overfitting(selections: &[Selection]) -> Overfitting {
    let n = selections.len() as f64;
    let share = |is_so: fn(&&Selection) -> bool| selections.iter().filter(is_so).count() as f64 / n;
    let mean = |of: fn(&Selection) -> f64| selections.iter().map(of).sum::<f64>() / n;
    let (inside, outside) = (mean(|s| s.in_sample), mean(|s| s.out_of_sample));
    let (mut variance, mut covariance) = (0.0, 0.0);
    for s in selections {
        variance += (s.in_sample - inside).powi(2);
        covariance += (s.in_sample - inside) * (s.out_of_sample - outside);
    }
    let slope = if variance > 0.0 {
        covariance / variance
    } else {
        f64::NAN
    };
    Overfitting {
        probability: share(|s| s.logit < 0.0),
        mean_logit: mean(|s| s.logit),
        median_logit: median(selections.iter().map(|s| s.logit).collect()),
        slope,
        intercept: outside - slope * inside,
        probability_of_loss: share(|s| s.out_of_sample < 0.0),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    match values.get(n / 2) {
        None => f64::NAN,
        Some(upper) if n % 2 == 1 => *upper,
        Some(upper) => (values[n / 2 - 1] + upper) / 2.0,
    }
}
