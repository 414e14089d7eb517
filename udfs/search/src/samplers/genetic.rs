//! Selection, crossover and mutation over the positions of values (Goldberg 1989).

use super::{Trial, ranked, uniform};
use crate::space::Space;
use quantlake_risk::honest::random::Draws;

/// The best trials that have children.
const POPULATION: usize = 32;
/// Of so many at random the best becomes a parent.
const TOURNAMENT: usize = 3;
/// How often a value is changed.
const MUTATION: f64 = 0.25;
/// The share of the values that a mutation moves by at most.
const REACH: f64 = 0.1;

/// A child of two good trials; at random until there are parents.
pub fn genetic(space: &Space, tried: &[Trial], draws: &mut Draws) -> Vec<usize> {
    let ranked = ranked(tried);
    let population = ranked
        .get(..ranked.len().min(POPULATION))
        .unwrap_or_default();
    if population.len() < 2 {
        return uniform(space, draws);
    }
    let mother = tournament(population, draws);
    let father = tournament(population, draws);
    let (Some(mother), Some(father)) = (population.get(mother), population.get(father)) else {
        return uniform(space, draws);
    };
    let genes = mother.choice.iter().zip(&father.choice).zip(&space.axes);
    genes
        .map(|((m, f), axis)| {
            let inherited = if draws.uniform() < 0.5 { *m } else { *f };
            mutated(inherited, axis.values.len(), draws)
        })
        .collect()
}

/// The population is ranked, so the lowest number wins.
fn tournament(population: &[&Trial], draws: &mut Draws) -> usize {
    let drawn = (0..TOURNAMENT).map(|_| draws.below(population.len()));
    drawn.min().unwrap_or(0)
}

fn mutated(value: usize, n_values: usize, draws: &mut Draws) -> usize {
    if draws.uniform() >= MUTATION {
        return value;
    }
    let reach = ((n_values as f64 * REACH).ceil() as usize).max(1);
    let moved = value + draws.below(2 * reach + 1);
    moved.saturating_sub(reach).min(n_values.saturating_sub(1))
}
