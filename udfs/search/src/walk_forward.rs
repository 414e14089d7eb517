//! `walk_forward`: fit on one range, trade the next, move on.
//!
//! For each fold every combination is simulated over the fitting range with an account of its own,
//! and the best one by the objective is traded over the judged range. All judged ranges together are
//! one account: what changing from one combination to another costs is in its results. Timestamps
//! between judged ranges (a step longer than the test) are flat.

use crate::book::{Named, Tried, What};
use crate::columns::{axis_columns, axis_values, floats};
use crate::splits::{Fold, Walk};
use crate::summary::{self, FIGURES, Objective, best, of_returns, returns_of, sharpe_of};
use crate::variants::{Simulations, Variants};
use datafusion::arrow::array::{ArrayRef, Int64Array};
use datafusion::error::Result;
use quantlake_backtest::market::Market;
use quantlake_backtest::metrics::drawdowns;
use quantlake_core::relation::time_column;
use quantlake_core::{Args, OutputField, OutputType, ParamValue, QlError, SqlState};
use std::sync::Arc;

/// A fold with the combination that was best on its fitting range.
struct Fitted {
    fold: Fold,
    choice: Vec<usize>,
    in_sample: f64,
}

/// All folds, and the account over their judged ranges.
struct Walked {
    folds: Vec<Fitted>,
    /// The first judged timestamp.
    start: usize,
    equity: Vec<f64>,
    returns: Vec<f64>,
}

/// The columns of `walk_forward`.
pub fn columns(variants: &Variants) -> Vec<OutputField> {
    let time = |name: &str, doc: &str| OutputField::new(name, OutputType::Time, doc);
    let mut columns = vec![
        OutputField::new("fold", OutputType::Integer, "number of the fold, from 1"),
        time("train_start", "first bar fitted on"),
        time("train_end", "last bar fitted on"),
        time("test_start", "first bar judged by"),
        time("test_end", "last bar judged by"),
    ];
    columns.extend(axis_columns(&variants.space));
    columns.push(OutputField::new(
        "in_sample",
        OutputType::Float,
        "the objective of the chosen combination on the fitted bars",
    ));
    columns.push(OutputField::new(
        "out_of_sample",
        OutputType::Float,
        "the objective on the judged bars",
    ));
    columns.extend(summary::return_columns());
    columns
}

/// The columns of `walk_forward_equity`.
pub fn equity_columns(_variants: &Variants) -> Vec<OutputField> {
    let float = |name: &str, doc: &str| OutputField::new(name, OutputType::Float, doc);
    vec![
        OutputField::new("ts", OutputType::Time, "time of the bars"),
        OutputField::new(
            "fold",
            OutputType::Integer,
            "the fold that trades, from 1; NULL between folds",
        ),
        float("equity", "cash plus positions at their last prices"),
        float("ret", "simple return of equity since the timestamp before"),
        float("drawdown", "equity over its highest value so far, minus 1"),
    ]
}

/// One row per fold.
///
/// # Errors
/// 22023 when the bars are too few for one fold; those of the strategy and of counting.
pub fn run(simulations: &Simulations<'_>, args: &Args) -> Result<Vec<ArrayRef>> {
    let market = simulations.market()?;
    let walked = walk(simulations, args, &market)?;
    let objective = Objective(args.count("optimise")?);
    let periods = args.number("periods")?;
    let figures: Vec<[f64; FIGURES.len()]> = (walked.folds.iter())
        .map(|f| {
            let judged = f.fold.test.start - walked.start..f.fold.test.end - walked.start;
            of_returns(walked.returns.get(judged).unwrap_or_default(), periods)
        })
        .collect();
    let time = |of: fn(&Fold) -> usize| {
        let times = walked
            .folds
            .iter()
            .map(|f| market.times.get(of(&f.fold)).copied());
        time_column(times.collect())
    };
    let mut columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(1..=walked.folds.len() as i64)),
        time(|f| f.train.start),
        time(|f| f.train.end - 1),
        time(|f| f.test.start),
        time(|f| f.test.end - 1),
    ];
    let choices = walked.folds.iter().map(|f| f.choice.as_slice());
    columns.extend(axis_values(&simulations.variants.space, choices)?);
    columns.push(floats(walked.folds.iter().map(|f| f.in_sample)));
    columns.push(floats(figures.iter().map(|f| objective.value(f))));
    for i in 0..FIGURES.len() {
        columns.push(floats(
            figures
                .iter()
                .map(|f| f.get(i).copied().unwrap_or(f64::NAN)),
        ));
    }
    Ok(columns)
}

/// One row per judged timestamp.
///
/// # Errors
/// Those of [`run`].
pub fn run_equity(simulations: &Simulations<'_>, args: &Args) -> Result<Vec<ArrayRef>> {
    let market = simulations.market()?;
    let walked = walk(simulations, args, &market)?;
    let times = market
        .times
        .iter()
        .skip(walked.start)
        .take(walked.equity.len());
    let fold_of = |time: usize| {
        let fold = walked
            .folds
            .iter()
            .rposition(|f| f.fold.test.contains(&time));
        fold.map(|fold| fold as i64 + 1)
    };
    let judged = walked.start..walked.start + walked.equity.len();
    let start = args.number("cash")?;
    Ok(vec![
        time_column(times.map(|t| Some(*t)).collect()),
        Arc::new(judged.map(fold_of).collect::<Int64Array>()),
        floats(walked.equity.iter().copied()),
        floats(walked.returns.iter().copied()),
        floats(drawdowns(start, &walked.equity).into_iter()),
    ])
}

/// The arguments that make one walk forward another than the next.
const OWN: [&str; 6] = ["train", "test", "step", "anchored", "optimise", "purge"];

/// Fits, trades what was fitted, and counts: each combination by the last bars that it was fitted on,
/// and the walk as one more way to trade the strategy.
fn walk(simulations: &Simulations<'_>, args: &Args, market: &Market<'_>) -> Result<Walked> {
    let variants = simulations.variants;
    let folds = folds(variants, args, market.n_times())?;
    let objective = Objective(args.count("optimise")?);
    let (folds, mut tried) = fit(simulations, market, folds, objective)?;
    let parts = folds
        .iter()
        .map(|f| (f.fold.test.clone(), f.choice.as_slice()));
    let parts: Vec<_> = parts.collect();
    let (equity, returns) = simulations.run_joined(market, &parts, |settings, run| {
        (run.curve.equity(), returns_of(settings, run))
    })?;
    tried.push(sharpe_of(&returns).tried(What::Procedure(procedure(variants, args)?)));
    simulations.count(&tried)?;
    Ok(Walked {
        start: parts.first().map_or(0, |(times, _)| times.start),
        folds,
        equity,
        returns,
    })
}

fn folds(variants: &Variants, args: &Args, n_times: usize) -> Result<Vec<Fold>, QlError> {
    let test = args.count("test")?;
    let step = args.count("step")?;
    let walk = Walk {
        train: args.count("train")?,
        test,
        step: if step == 0 { test } else { step },
        is_anchored: args.flag("anchored")?,
        purge: args.count("purge")?,
    };
    if walk.train + walk.purge + walk.test > n_times {
        return Err(too_few(variants, &walk, n_times));
    }
    Ok(walk.folds(n_times))
}

fn procedure(variants: &Variants, args: &Args) -> Result<Named, QlError> {
    let mut named = Vec::new();
    for name in OWN {
        named.push((name.to_string(), args.get(name)?.clone()));
    }
    for axis in &variants.space.axes {
        let values: Vec<String> = axis.values.iter().map(ToString::to_string).collect();
        let values = ParamValue::Text(values.join(", "));
        named.push((axis.name.clone(), values));
    }
    Ok(named)
}

/// The best combination of each fold, and what was tried for the last one.
fn fit(
    simulations: &Simulations<'_>,
    market: &Market<'_>,
    folds: Vec<Fold>,
    objective: Objective,
) -> Result<(Vec<Fitted>, Vec<Tried>)> {
    let space = &simulations.variants.space;
    let n = space.len();
    // The combination with its measures, and once more as a trial.
    let per_choice = (space.axes.len() + 4) * size_of::<f64>();
    simulations.work.hold(2 * n * per_choice)?;
    let choices: Vec<Vec<usize>> = (0..n).map(|i| space.choice(i)).collect();
    let mut last = Vec::new();
    let mut fitted = Vec::with_capacity(folds.len());
    for fold in folds {
        last = simulations.run(&choices, market, fold.train.clone(), |settings, run| {
            let rets = returns_of(settings, run);
            let value = objective.value(&of_returns(&rets, settings.periods));
            (value, sharpe_of(&rets))
        })?;
        let chosen = best(last.iter().map(|(v, _)| objective.score(*v))).unwrap_or(0);
        fitted.push(Fitted {
            in_sample: last.get(chosen).map_or(f64::NAN, |(value, _)| *value),
            choice: choices.get(chosen).cloned().unwrap_or_default(),
            fold,
        });
    }
    let tried = choices.into_iter().zip(last);
    let tried = tried.map(|(choice, (_, sharpe))| sharpe.tried(What::Combination(choice)));
    Ok((fitted, tried.collect()))
}

fn too_few(variants: &Variants, walk: &Walk, n_times: usize) -> QlError {
    QlError::new(
        SqlState::InvalidParameter,
        format!(
            "{}: `train` + `purge` + `test` must be at most the number of timestamps ({n_times}), found {} + {} + {}",
            variants.function, walk.train, walk.purge, walk.test
        ),
    )
}
