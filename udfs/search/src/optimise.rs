//! `optimise`: a search that is judged out of sample.
//!
//! Combinations are tried on the first part of the bars; the best one is simulated once more on the
//! bars behind them, which nothing before has seen. Only the best trial has a result there, so that
//! nobody chooses by it. How likely the best result is luck, given how many variants of its family
//! were ever tried and how much they differ, is the deflated Sharpe ratio.

use crate::book::{Tried, What};
use crate::columns::{axis_columns, axis_values, floats};
use crate::samplers::{BATCH, Method, Trial, propose};
use crate::summary::{Objective, best, of_returns, returns_of};
use crate::variants::{Simulations, Variants};
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array};
use datafusion::error::Result;
use quantlake_backtest::market::Market;
use quantlake_core::{Args, OutputField, OutputType, QlError, SqlState};
use quantlake_risk::honest::inference::{FourMoments, MomentRule, SharpeEstimate, deflated_sharpe};
use std::ops::Range;
use std::sync::Arc;

/// The columns of `optimise`.
pub fn columns(variants: &Variants) -> Vec<OutputField> {
    let mut columns = vec![OutputField::new(
        "trial",
        OutputType::Integer,
        "number of the trial, from 1, in the order in which they were made",
    )];
    columns.extend(axis_columns(&variants.space));
    let float = |name: &str, doc: &str| OutputField::new(name, OutputType::Float, doc);
    columns.extend([
        float("in_sample", "the objective on the bars searched on"),
        OutputField::new("is_best", OutputType::Flag, "whether no other trial was better, or as good and earlier"),
        float("out_of_sample", "of the best trial: the objective on the bars behind"),
        float("deflated_sharpe", "of the best trial: the probability that its Sharpe ratio on the bars searched on exceeds what the best of all trials of its family would show without skill"),
    ]);
    columns
}

/// One trial's result on the bars searched on.
struct Measured {
    value: f64,
    estimate: SharpeEstimate,
}

/// One row per trial.
///
/// # Errors
/// 22023 when one of the parts has no bar; those of the strategy and of counting.
pub fn run(simulations: &Simulations<'_>, args: &Args) -> Result<Vec<ArrayRef>> {
    let market = simulations.market()?;
    let variants = simulations.variants;
    let (searched, judged) = parts(variants, args, market.n_times())?;
    let objective = Objective(args.count("optimise")?);
    let (trials, results) = search(simulations, args, &market, searched, objective)?;
    let best = best(trials.iter().map(|t| t.score));
    let out_of_sample = match best.and_then(|b| trials.get(b)) {
        Some(trial) => judge(simulations, &market, trial, judged, objective)?,
        None => f64::NAN,
    };
    let tried = trials.iter().zip(&results).map(|(trial, result)| Tried {
        what: What::Combination(trial.choice.clone()),
        n_returns: result.estimate.n as usize,
        sharpe: result.estimate.sharpe,
    });
    let family = simulations.count(&tried.collect::<Vec<_>>())?;
    let deflated = best.and_then(|b| results.get(b)).map_or(f64::NAN, |best| {
        deflated_sharpe(&best.estimate, family.n_trials, family.variance)
    });
    let of_best = |value: f64| {
        let trials = 0..trials.len();
        floats(trials.map(move |i| if Some(i) == best { value } else { f64::NAN }))
    };
    let mut columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from_iter_values(
        1..=trials.len() as i64,
    ))];
    let choices = trials.iter().map(|t| t.choice.as_slice());
    columns.extend(axis_values(&variants.space, choices)?);
    columns.push(floats(results.iter().map(|r| r.value)));
    let flags = (0..trials.len()).map(|i| Some(Some(i) == best));
    columns.push(Arc::new(flags.collect::<BooleanArray>()));
    columns.push(of_best(out_of_sample));
    columns.push(of_best(deflated));
    Ok(columns)
}

/// Tries combinations, batch after batch.
fn search(
    simulations: &Simulations<'_>,
    args: &Args,
    market: &Market<'_>,
    times: Range<usize>,
    objective: Objective,
) -> Result<(Vec<Trial>, Vec<Measured>)> {
    let space = &simulations.variants.space;
    let method = match args.integer("method")? {
        0 => Method::Tpe,
        1 => Method::Genetic,
        2 => Method::Random,
        _ => Method::Grid,
    };
    let seed = args.integer("seed")?.unsigned_abs();
    let n_trials = args.count("max_trials")?.min(space.len());
    let mut trials: Vec<Trial> = Vec::with_capacity(n_trials);
    let mut results: Vec<Measured> = Vec::with_capacity(n_trials);
    while trials.len() < n_trials {
        let n = BATCH.min(n_trials - trials.len());
        let choices = propose(method, space, &trials, n, seed);
        let measured = simulations.run(&choices, market, times.clone(), |settings, run| {
            let rets = returns_of(settings, run);
            Measured {
                value: objective.value(&of_returns(&rets, settings.periods)),
                estimate: FourMoments::of(&rets).estimate(1, MomentRule::Population),
            }
        })?;
        let scores = measured.iter().map(|m| objective.score(m.value));
        let new = choices.into_iter().zip(scores);
        trials.extend(new.map(|(choice, score)| Trial { choice, score }));
        results.extend(measured);
    }
    Ok((trials, results))
}

/// The objective of one trial on the bars behind.
fn judge(
    simulations: &Simulations<'_>,
    market: &Market<'_>,
    trial: &Trial,
    times: Range<usize>,
    objective: Objective,
) -> Result<f64> {
    let choice = std::slice::from_ref(&trial.choice);
    let values = simulations.run(choice, market, times, |settings, run| {
        let rets = returns_of(settings, run);
        objective.value(&of_returns(&rets, settings.periods))
    })?;
    Ok(values.first().copied().unwrap_or(f64::NAN))
}

/// The timestamps searched on, and those behind the purge.
fn parts(
    variants: &Variants,
    args: &Args,
    n_times: usize,
) -> Result<(Range<usize>, Range<usize>), QlError> {
    let n_search = (n_times as f64 * args.number("train_share")?).floor() as usize;
    let first_judged = n_search + args.count("purge")?;
    if n_search == 0 || first_judged >= n_times {
        return Err(QlError::new(
            SqlState::InvalidParameter,
            format!(
                "{}: of {n_times} timestamps {n_search} are searched on and none is left to judge by after the purge",
                variants.function
            ),
        ));
    }
    Ok((0..n_search, first_judged..n_times))
}
