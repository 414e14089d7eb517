//! `cpcv`: combinatorial purged cross-validation.
//!
//! The timestamps are cut into groups. For every choice of groups to be judged by, the best
//! combination on the remaining timestamps (without purge and embargo) is taken, and its returns in
//! the judged groups are kept. Put together they are several complete paths through the sample, each
//! of them out of sample: a distribution of results instead of one.
//!
//! Each combination is simulated once over all timestamps; its returns are what the splits choose by
//! and are judged by.

use crate::book::{Tried, What};
use crate::columns::floats;
use crate::splits::{Combinatorial, n_choices};
use crate::summary::{self, FIGURES, Objective, of_returns, returns_of, sharpe_of};
use crate::variants::{Simulations, Variants};
use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::error::Result;
use quantlake_backtest::market::Market;
use quantlake_core::{Args, OutputField, OutputType, QlError, SqlState};
use std::ops::Range;
use std::sync::Arc;

/// Combinations whose returns are held at a time.
const CHUNK: usize = 256;

/// Splits beyond which a call is refused: each keeps the returns of its best combination.
const MAX_SPLITS: usize = 20_000;

/// The best combination of one split so far.
#[derive(Debug, Clone)]
struct Chosen {
    score: f64,
    value: f64,
    /// Its returns at all timestamps.
    returns: Vec<f64>,
}

/// The columns of `cpcv`.
pub fn columns(_variants: &Variants) -> Vec<OutputField> {
    let mut columns = vec![
        OutputField::new("path", OutputType::Integer, "number of the path, from 1"),
        OutputField::new(
            "in_sample",
            OutputType::Float,
            "mean objective of the chosen combinations on the bars they were chosen by",
        ),
    ];
    columns.extend(summary::return_columns());
    columns
}

/// One row per path.
///
/// # Errors
/// 22023 when there are fewer timestamps than groups or nothing is left to fit on; those of the
/// strategy and of counting.
pub fn run(simulations: &Simulations<'_>, args: &Args) -> Result<Vec<ArrayRef>> {
    let market = simulations.market()?;
    let cv = splits(simulations.variants, args, market.n_times())?;
    let objective = Objective(args.count("optimise")?);
    let (chosen, tried) = choose(simulations, &market, &cv, objective)?;
    simulations.count(&tried)?;
    let periods = args.number("periods")?;
    let paths = cv.paths();
    let mut figures: Vec<[f64; FIGURES.len()]> = Vec::new();
    let mut in_sample = Vec::new();
    for path in &paths {
        let mut returns = Vec::with_capacity(market.n_times());
        let mut values = Vec::new();
        for (group, split) in cv.groups.iter().zip(path) {
            let Some(chosen) = chosen.get(*split) else {
                return Err(QlError::internal("a path through no split").into());
            };
            returns.extend_from_slice(chosen.returns.get(group.clone()).unwrap_or_default());
            values.push(chosen.value);
        }
        figures.push(of_returns(&returns, periods));
        in_sample.push(values.iter().sum::<f64>() / values.len() as f64);
    }
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(1..=paths.len() as i64)),
        floats(in_sample.into_iter()),
    ];
    for i in 0..FIGURES.len() {
        columns.push(floats(
            figures
                .iter()
                .map(|f| f.get(i).copied().unwrap_or(f64::NAN)),
        ));
    }
    Ok(columns)
}

fn splits(variants: &Variants, args: &Args, n_times: usize) -> Result<Combinatorial, QlError> {
    let (groups, judged) = (args.count("groups")?, args.count("test_groups")?);
    let refuse = |message: String| {
        let message = format!("{}: {message}", variants.function);
        Err(QlError::new(SqlState::InvalidParameter, message))
    };
    if judged >= groups {
        return refuse(format!(
            "`test_groups` must be below `groups` ({groups}), found {judged}"
        ));
    }
    if n_times < groups {
        return refuse(format!(
            "{groups} groups need as many timestamps, found {n_times}"
        ));
    }
    let n_splits = n_choices(groups, judged);
    if n_splits > MAX_SPLITS {
        return refuse(format!(
            "`groups` and `test_groups` must make at most {MAX_SPLITS} splits, found {n_splits}"
        ));
    }
    let cv = Combinatorial::new(
        n_times,
        groups,
        judged,
        args.count("purge")?,
        args.count("embargo")?,
    );
    match cv.splits.iter().all(|split| !split.train.is_empty()) {
        true => Ok(cv),
        false => refuse("`purge` and `embargo` leave no bar to fit on".into()),
    }
}

/// The best combination of each split, and all that was tried.
fn choose(
    simulations: &Simulations<'_>,
    market: &Market<'_>,
    cv: &Combinatorial,
    objective: Objective,
) -> Result<(Vec<Chosen>, Vec<Tried>)> {
    let none = Chosen {
        score: f64::NEG_INFINITY,
        value: f64::NAN,
        returns: Vec::new(),
    };
    let mut chosen = vec![none; cv.splits.len()];
    let space = &simulations.variants.space;
    let mut tried = Vec::with_capacity(space.len());
    let n_held = CHUNK.min(space.len());
    let per_run = (cv.splits.len() + market.n_times()) * size_of::<f64>();
    let kept = cv.splits.len() * market.n_times() * size_of::<f64>();
    let trials = space.len() * (space.axes.len() + 4) * size_of::<f64>();
    simulations.work.hold(n_held * per_run + kept + trials)?;
    let all: Vec<usize> = (0..space.len()).collect();
    for chunk in all.chunks(CHUNK) {
        let choices: Vec<Vec<usize>> = chunk.iter().map(|i| space.choice(*i)).collect();
        let whole = 0..market.n_times();
        let runs = simulations.run(&choices, market, whole, |settings, run| {
            let returns = returns_of(settings, run);
            let values = cv.splits.iter().map(|split| {
                let fitted = fitted_returns(&returns, &split.train);
                objective.value(&of_returns(&fitted, settings.periods))
            });
            let values: Vec<f64> = values.collect();
            (values, returns)
        })?;
        for (choice, (values, returns)) in choices.into_iter().zip(runs) {
            tried.push(sharpe_of(&returns).tried(What::Combination(choice)));
            keep_better(&mut chosen, values, &returns, objective);
        }
    }
    Ok((chosen, tried))
}

fn keep_better(chosen: &mut [Chosen], values: Vec<f64>, returns: &[f64], objective: Objective) {
    for (best, value) in chosen.iter_mut().zip(values) {
        let score = objective.score(value);
        // The first combination counts even where its objective is not defined.
        if best.returns.is_empty() || score > best.score {
            *best = Chosen {
                score,
                value,
                returns: returns.to_vec(),
            };
        }
    }
}

fn fitted_returns(returns: &[f64], train: &[Range<usize>]) -> Vec<f64> {
    let parts = train.iter().filter_map(|range| returns.get(range.clone()));
    parts.flatten().copied().collect()
}
