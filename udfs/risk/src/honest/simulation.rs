//! What could have happened: the distribution of outcomes over random sequences of returns.
//!
//! The observed order of returns or trades is one of many that the same strategy could have met.
//! Shuffling keeps the returns and changes the path; a bootstrap draws them anew; a parametric
//! simulation draws from a fitted distribution.

use super::bootstrap::optimal_block_length;
use super::inference::{FourMoments, MomentRule};
use super::random::Draws;
use rayon::prelude::*;

/// Where the returns of a path come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Source {
    /// The observed ones in a random order, without replacement.
    Shuffle,
    /// Independent draws from the observed ones.
    Bootstrap,
    /// Blocks of the observed ones with this mean length; `None` for the best one by Politis and
    /// White.
    Block(Option<f64>),
    /// A normal distribution with their mean and deviation.
    Gaussian,
    /// Student's t distribution with their mean and deviation, and the degrees of freedom that
    /// have their kurtosis, `4 + 6 / excess`, if none are given. Without excess it is normal.
    Student(Option<f64>),
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Simulation {
    /// Where returns come from.
    pub source: Source,
    /// How many paths.
    pub n_paths: usize,
    /// Returns in a path; `None` for as many as observed. A shuffle has no more than that.
    pub length: Option<usize>,
    /// Seed of the random numbers.
    pub seed: u64,
    /// Periods in a year, for the Sharpe ratio.
    pub periods: f64,
    /// Ruined is who falls to this share of the start.
    pub ruin: f64,
    /// The goal is this multiple of the start.
    pub goal: f64,
}

/// How a path ended; wealth starts at 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Wealth after the last return, never below 0.
    pub final_wealth: f64,
    /// Deepest fall below an earlier peak, 0 or negative.
    pub max_drawdown: f64,
    /// Annualised Sharpe ratio (divisor n - 1); NaN without dispersion.
    pub sharpe: f64,
    /// Whether the wealth was ever at or below the ruin level.
    pub is_ruined: bool,
    /// Whether the wealth was ever at or above the goal.
    pub has_goal: bool,
}

impl Simulation {
    /// What one sequence of returns comes to.
    pub fn outcome(&self, returns: &[f64]) -> Outcome {
        let (mut wealth, mut peak, mut max_drawdown) = (1.0_f64, 1.0_f64, 0.0_f64);
        let (mut lowest, mut highest) = (1.0_f64, 1.0_f64);
        for ret in returns {
            wealth *= (1.0 + ret).max(0.0);
            peak = peak.max(wealth);
            lowest = lowest.min(wealth);
            highest = highest.max(wealth);
            max_drawdown = max_drawdown.min(wealth / peak - 1.0);
        }
        let estimate = FourMoments::of(returns).estimate(1, MomentRule::Population);
        Outcome {
            final_wealth: wealth,
            max_drawdown,
            sharpe: estimate.sharpe * self.periods.sqrt(),
            is_ruined: lowest <= self.ruin,
            has_goal: highest >= self.goal,
        }
    }

    /// The outcomes of all paths. Empty without observed returns, and for a parametric source
    /// below two of them.
    pub fn run(&self, observed: &[f64]) -> Vec<Outcome> {
        self.map_paths(observed, |path| self.outcome(path))
    }

    /// Something of each path, in the order of the paths: the same for any number of threads.
    pub fn map_paths<T: Send>(&self, observed: &[f64], of: impl Fn(&[f64]) -> T + Sync) -> Vec<T> {
        let Some(sampler) = Sampler::new(self.source, observed) else {
            return vec![];
        };
        let longest = match self.source {
            Source::Shuffle => observed.len(),
            _ => usize::MAX,
        };
        let length = self.length.unwrap_or(observed.len()).min(longest);
        let simulate = |path: usize| {
            let mut returns = vec![0.0; length];
            sampler.fill(&mut Draws::new(self.seed, path), &mut returns);
            of(&returns)
        };
        (0..self.n_paths).into_par_iter().map(simulate).collect()
    }
}

/// A source with what it takes from the observed returns.
enum Sampler<'a> {
    Shuffle(&'a [f64]),
    Blocks {
        observed: &'a [f64],
        block: f64,
    },
    Normal {
        mean: f64,
        deviation: f64,
    },
    Student {
        mean: f64,
        deviation: f64,
        degrees: f64,
    },
}

impl<'a> Sampler<'a> {
    fn new(source: Source, observed: &'a [f64]) -> Option<Self> {
        if observed.is_empty() {
            return None;
        }
        let moments = FourMoments::of(observed);
        let (mean, deviation) = (moments.mean(), moments.deviation(1));
        let is_known = deviation.is_finite();
        Some(match source {
            Source::Shuffle => Self::Shuffle(observed),
            Source::Bootstrap => Self::Blocks {
                observed,
                block: 1.0,
            },
            Source::Block(block) => Self::Blocks {
                observed,
                block: block.unwrap_or_else(|| optimal_block_length(observed)),
            },
            Source::Gaussian => is_known.then_some(Self::Normal { mean, deviation })?,
            Source::Student(given) => {
                is_known.then_some(())?;
                match given.or_else(|| degrees_of_freedom(&moments)) {
                    Some(degrees) => Self::Student {
                        mean,
                        deviation,
                        degrees,
                    },
                    None => Self::Normal { mean, deviation },
                }
            }
        })
    }

    fn fill(&self, draws: &mut Draws, path: &mut [f64]) {
        match self {
            Self::Shuffle(observed) => {
                let mut order = observed.to_vec();
                draws.shuffle(&mut order);
                path.copy_from_slice(&order[..path.len()]);
            }
            Self::Blocks { observed, block } => {
                let mut rows = vec![0; path.len()];
                draws.stationary_rows(observed.len(), *block, &mut rows);
                for (slot, row) in path.iter_mut().zip(rows) {
                    *slot = observed[row];
                }
            }
            Self::Normal { mean, deviation } => {
                path.fill_with(|| mean + deviation * draws.normal());
            }
            Self::Student {
                mean,
                deviation,
                degrees,
            } => path.fill_with(|| mean + deviation * draws.student(*degrees)),
        }
    }
}

/// The degrees of freedom of the t distribution that has the kurtosis of the returns; `None`
/// where their tails are no heavier than normal.
pub fn degrees_of_freedom(moments: &FourMoments) -> Option<f64> {
    let excess = moments.kurtosis(MomentRule::Population) - 3.0;
    (excess > 0.0).then(|| 4.0 + 6.0 / excess)
}

/// The quantile of sorted values, linear between neighbours; NaN without values.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let position = sorted.len().saturating_sub(1) as f64 * share;
    let below = position as usize;
    let Some(low) = sorted.get(below) else {
        return f64::NAN;
    };
    let high = sorted.get(below + 1).unwrap_or(low);
    low + (high - low) * position.fract()
}
