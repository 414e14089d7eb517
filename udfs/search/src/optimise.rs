//! `optimise`: a search that is judged out of sample.
//!
//! Combinations are tried on the first part of the bars; the best one is simulated once more on the
//! bars behind them, which nothing before has seen. Only the best trial has a result there, so that
//! nobody chooses by it. How likely the best result is luck, given how many were tried and how much
//! they differ, is the deflated Sharpe ratio.

use crate::columns::{axis_columns, axis_values};
use crate::samplers::{BATCH, Method, Trial, propose};
use crate::summary::{Objective, best, of_returns, returns_of};
use crate::variants::Variants;
use crate::walk_forward::floats;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch};
use datafusion::error::Result;
use quantlake_core::relation::Rows;
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
        float("deflated_sharpe", "of the best trial: the probability that its Sharpe ratio on the bars searched on exceeds what the best of as many trials without skill would show"),
    ]);
    columns
}

/// One trial's result on the bars searched on.
struct Tried {
    value: f64,
    estimate: SharpeEstimate,
}

/// One row per trial.
///
/// # Errors
/// 22023 when one of the parts has no bar; those of the strategy.
pub fn run(variants: &Variants, args: &Args, rows: &Rows) -> Result<RecordBatch> {
    let simulations = variants.over(rows)?;
    let market = simulations.market()?;
    let (search, judge) = parts(variants, args, market.n_times())?;
    let objective = Objective(args.count("optimise")?);
    let method = match args.integer("method")? {
        0 => Method::Tpe,
        1 => Method::Genetic,
        2 => Method::Random,
        _ => Method::Grid,
    };
    let seed = args.integer("seed")?.unsigned_abs();
    let n_trials = args.count("max_trials")?.min(variants.space.len());
    let mut trials: Vec<Trial> = Vec::with_capacity(n_trials);
    let mut results: Vec<Tried> = Vec::with_capacity(n_trials);
    while trials.len() < n_trials {
        let n = BATCH.min(n_trials - trials.len());
        let choices = propose(method, &variants.space, &trials, n, seed);
        let tried = simulations.run(&choices, &market, search.clone(), |settings, run| {
            let rets = returns_of(settings, run);
            Tried {
                value: objective.value(&of_returns(&rets, settings.periods)),
                estimate: FourMoments::of(&rets).estimate(1, MomentRule::Population),
            }
        })?;
        let scores = tried.iter().map(|t| objective.score(t.value));
        let new = choices.into_iter().zip(scores);
        trials.extend(new.map(|(choice, score)| Trial { choice, score }));
        results.extend(tried);
    }
    let best = best(trials.iter().map(|t| t.score));
    let judged = match best.and_then(|b| trials.get(b)) {
        Some(trial) => {
            let choice = std::slice::from_ref(&trial.choice);
            let judged = simulations.run(choice, &market, judge, |settings, run| {
                let rets = returns_of(settings, run);
                objective.value(&of_returns(&rets, settings.periods))
            })?;
            judged.first().copied().unwrap_or(f64::NAN)
        }
        None => f64::NAN,
    };
    let deflated = best.map_or(f64::NAN, |b| deflated(&results, b));
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
    columns.push(of_best(judged));
    columns.push(of_best(deflated));
    Ok(RecordBatch::try_new(rows.output_schema(), columns)?)
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

fn deflated(results: &[Tried], best: usize) -> f64 {
    let sharpes = results.iter().map(|r| r.estimate.sharpe);
    let known: Vec<f64> = sharpes.filter(|s| s.is_finite()).collect();
    let n = known.len() as f64;
    let mean = known.iter().sum::<f64>() / n;
    let squares: f64 = known.iter().map(|s| (s - mean).powi(2)).sum();
    let variance = (n > 1.0).then(|| squares / (n - 1.0));
    results.get(best).map_or(f64::NAN, |r| {
        deflated_sharpe(&r.estimate, results.len() as f64, variance)
    })
}
