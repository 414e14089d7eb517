//! Which combinations to try next.
//!
//! A sampler sees what was tried, with a score of which more is better, and proposes a batch that was
//! not. Batches have a fixed size, so that a search gives the same trials for any number of threads.

mod genetic;
mod parzen;

use crate::space::Space;
use quantlake_risk::honest::random::Draws;
use std::collections::HashSet;

pub use genetic::genetic;
pub use parzen::parzen;

/// Combinations proposed at a time.
pub const BATCH: usize = 16;

/// Random proposals after which a space counts as exhausted for a sampler.
const MAX_MISSES: usize = 10_000;

/// A combination with its score; NaN scores are worse than all others.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// Which value of each parameter.
    pub choice: Vec<usize>,
    /// How good it was.
    pub score: f64,
}

/// How combinations are proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// All of them, in order.
    Grid,
    /// Uniformly, none twice.
    Random,
    /// By selection, crossover and mutation.
    Genetic,
    /// By the tree-structured Parzen estimator.
    Tpe,
}

/// Proposes combinations that were not tried yet; none when nothing is left to try.
pub fn propose(
    method: Method,
    space: &Space,
    tried: &[Trial],
    n: usize,
    seed: u64,
) -> Vec<Vec<usize>> {
    let n = n.min(space.len() - tried.len());
    if method == Method::Grid {
        let next = tried.len()..tried.len() + n;
        return next.map(|combination| space.choice(combination)).collect();
    }
    // One stream of random numbers for each batch.
    let mut draws = Draws::new(seed, tried.len());
    let mut seen: HashSet<Vec<usize>> = tried.iter().map(|t| t.choice.clone()).collect();
    let mut proposed = Vec::new();
    let mut n_misses = 0;
    while proposed.len() < n {
        let choice = match method {
            Method::Genetic if n_misses < MAX_MISSES => genetic(space, tried, &mut draws),
            Method::Tpe if n_misses < MAX_MISSES => parzen(space, tried, &mut draws),
            _ if n_misses < 2 * MAX_MISSES => uniform(space, &mut draws),
            _ => first_untried(space, &seen),
        };
        if seen.insert(choice.clone()) {
            proposed.push(choice);
        } else {
            n_misses += 1;
        }
    }
    proposed
}

fn uniform(space: &Space, draws: &mut Draws) -> Vec<usize> {
    let axes = space.axes.iter();
    axes.map(|axis| draws.below(axis.values.len())).collect()
}

/// Nearly all combinations are tried: take the ones that are left in order.
fn first_untried(space: &Space, seen: &HashSet<Vec<usize>>) -> Vec<usize> {
    let mut choices = (0..space.len()).map(|combination| space.choice(combination));
    choices.find(|c| !seen.contains(c)).unwrap_or_default()
}

/// The trials from the best to the worst; of equal ones the earlier first.
fn ranked(tried: &[Trial]) -> Vec<&Trial> {
    let mut ranked: Vec<&Trial> = tried.iter().collect();
    let known = |score: f64| {
        if score.is_nan() {
            f64::NEG_INFINITY
        } else {
            score
        }
    };
    ranked.sort_by(|a, b| known(b.score).total_cmp(&known(a.score)));
    ranked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::Axis;
    use datafusion::common::ScalarValue;

    fn space(sizes: &[usize]) -> Space {
        let axis = |(i, n): (usize, &usize)| Axis {
            name: format!("p{i}"),
            values: (0..*n).map(|v| ScalarValue::from(v as i64)).collect(),
        };
        Space {
            axes: sizes.iter().enumerate().map(axis).collect(),
        }
    }

    /// A hill with its top at (30, 10).
    fn score(choice: &[usize]) -> f64 {
        let (x, y) = (choice[0] as f64, choice[1] as f64);
        -(x - 30.0).powi(2) - (y - 10.0).powi(2)
    }

    fn search(method: Method, space: &Space, n: usize, seed: u64) -> Vec<Trial> {
        let mut tried: Vec<Trial> = Vec::new();
        while tried.len() < n {
            let batch = propose(method, space, &tried, BATCH.min(n - tried.len()), seed);
            if batch.is_empty() {
                break;
            }
            tried.extend(batch.into_iter().map(|choice| Trial {
                score: score(&choice),
                choice,
            }));
        }
        tried
    }

    #[test]
    fn no_combination_is_tried_twice_and_all_are_tried_in_the_end() {
        for method in [Method::Grid, Method::Random, Method::Genetic, Method::Tpe] {
            let space = space(&[6, 7]);
            let tried = search(method, &space, 1000, 1);
            let different: HashSet<_> = tried.iter().map(|t| &t.choice).collect();
            assert_eq!((tried.len(), different.len()), (42, 42), "{method:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_search_again() {
        let space = space(&[50, 50]);
        for method in [Method::Random, Method::Genetic, Method::Tpe] {
            assert_eq!(
                search(method, &space, 100, 7),
                search(method, &space, 100, 7)
            );
            assert_ne!(
                search(method, &space, 100, 7),
                search(method, &space, 100, 8)
            );
        }
    }

    #[test]
    fn learning_searches_come_closer_to_the_top_than_chance() {
        let space = space(&[100, 100]);
        let best = |method, seed| {
            let tried = search(method, &space, 160, seed);
            tried
                .iter()
                .map(|t| t.score)
                .fold(f64::NEG_INFINITY, f64::max)
        };
        let mean = |method| (0..10).map(|seed| best(method, seed)).sum::<f64>() / 10.0;
        let chance = mean(Method::Random);
        assert!(
            mean(Method::Genetic) > chance,
            "{} {chance}",
            mean(Method::Genetic)
        );
        assert!(mean(Method::Tpe) > chance, "{} {chance}", mean(Method::Tpe));
    }
}
