//! The tree-structured Parzen estimator: values that are likely among the good trials and unlikely
//! among the others (Bergstra, Bardenet, Bengio and Kegl, Algorithms for Hyper-Parameter
//! Optimization, 2011).
//!
//! Values count as ordered: each trial puts a bell over the position of its value, and every value
//! keeps a small probability of its own.

use super::{Trial, ranked, uniform};
use crate::space::Space;
use quantlake_risk::honest::random::Draws;

/// Trials at random before the estimate begins.
const START: usize = 16;
/// The share of the trials that count as good.
const GOOD: f64 = 0.2;
/// Candidates drawn from the good values, of which the most promising is taken.
const CANDIDATES: usize = 24;

/// The most promising of some values drawn like the good trials.
pub fn parzen(space: &Space, tried: &[Trial], draws: &mut Draws) -> Vec<usize> {
    if tried.len() < START {
        return uniform(space, draws);
    }
    let ranked = ranked(tried);
    let n_good = ((tried.len() as f64 * GOOD).ceil() as usize).max(2);
    let (good, bad) = ranked.split_at(n_good.min(ranked.len()));
    let axes = space.axes.iter().enumerate();
    axes.map(|(axis, values)| {
        let n = values.values.len();
        let of = |trials: &[&Trial]| density(trials.iter().filter_map(|t| t.choice.get(axis)), n);
        most_promising(&of(good), &of(bad), draws)
    })
    .collect()
}

/// The probability of each value under bells around the given ones, with a uniform one of weight 1.
fn density<'a>(chosen: impl Iterator<Item = &'a usize>, n_values: usize) -> Vec<f64> {
    let chosen: Vec<f64> = chosen.map(|c| *c as f64).collect();
    let n = chosen.len() as f64;
    // Scott's rule for the width, over positions that span the values evenly.
    let width = (n_values as f64 * 0.3 * n.max(1.0).powf(-0.2)).max(0.5);
    let mut density: Vec<f64> = (0..n_values)
        .map(|value| {
            let bell = |c: &f64| (-0.5 * ((value as f64 - c) / width).powi(2)).exp() / width;
            chosen.iter().map(bell).sum::<f64>() / 2.5 + 1.0 / n_values as f64
        })
        .collect();
    let total: f64 = density.iter().sum();
    density.iter_mut().for_each(|p| *p /= total);
    density
}

fn most_promising(good: &[f64], bad: &[f64], draws: &mut Draws) -> usize {
    let gain = |value: usize| {
        let of = |density: &[f64]| density.get(value).copied().unwrap_or(f64::MIN_POSITIVE);
        of(good) / of(bad)
    };
    let candidates = (0..CANDIDATES).map(|_| drawn(good, draws.uniform()));
    candidates
        .max_by(|a, b| gain(*a).total_cmp(&gain(*b)))
        .unwrap_or(0)
}

/// The value at which the summed probability reaches `p`.
fn drawn(density: &[f64], p: f64) -> usize {
    let mut sum = 0.0;
    let reaches = |density: &f64| {
        sum += density;
        sum >= p
    };
    let last = density.len().saturating_sub(1);
    density.iter().position(reaches).unwrap_or(last)
}
