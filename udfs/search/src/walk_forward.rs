//! `walk_forward`: fit on one range, trade the next, move on.
//!
//! For each fold every combination is simulated over the fitting range with an account of its own,
//! and the best one by the objective is traded over the judged range. All judged ranges together are
//! one account: what changing from one combination to another costs is in its results. Timestamps
//! between judged ranges (a step longer than the test) are flat.

use crate::columns::{axis_columns, axis_values};
use crate::splits::{Fold, Walk};
use crate::summary::{self, FIGURES, Objective, best, of_returns, returns_of};
use crate::variants::{Simulations, Variants};
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
use datafusion::error::Result;
use quantlake_backtest::engine::Simulator;
use quantlake_backtest::market::Market;
use quantlake_backtest::metrics::drawdowns;
use quantlake_core::relation::{Rows, time_column};
use quantlake_core::{Args, OutputField, OutputType, QlError, SqlState};
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
/// 22023 when the bars are too few for one fold; those of the strategy.
pub fn run(variants: &Variants, args: &Args, rows: &Rows) -> Result<RecordBatch> {
    let simulations = variants.over(rows)?;
    let market = simulations.market()?;
    let walked = walk(variants, args, &simulations, &market)?;
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
    columns.extend(axis_values(&variants.space, choices)?);
    columns.push(floats(walked.folds.iter().map(|f| f.in_sample)));
    columns.push(floats(figures.iter().map(|f| objective.value(f))));
    for i in 0..FIGURES.len() {
        columns.push(floats(
            figures
                .iter()
                .map(|f| f.get(i).copied().unwrap_or(f64::NAN)),
        ));
    }
    Ok(RecordBatch::try_new(rows.output_schema(), columns)?)
}

/// One row per judged timestamp.
///
/// # Errors
/// Those of [`run`].
pub fn run_equity(variants: &Variants, args: &Args, rows: &Rows) -> Result<RecordBatch> {
    let simulations = variants.over(rows)?;
    let market = simulations.market()?;
    let walked = walk(variants, args, &simulations, &market)?;
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
    let columns: Vec<ArrayRef> = vec![
        time_column(times.map(|t| Some(*t)).collect()),
        Arc::new(judged.map(fold_of).collect::<Int64Array>()),
        floats(walked.equity.iter().copied()),
        floats(walked.returns.iter().copied()),
        floats(drawdowns(start, &walked.equity).into_iter()),
    ];
    Ok(RecordBatch::try_new(rows.output_schema(), columns)?)
}

fn walk(
    variants: &Variants,
    args: &Args,
    simulations: &Simulations<'_>,
    market: &Market<'_>,
) -> Result<Walked> {
    let test = args.count("test")?;
    let step = args.count("step")?;
    let walk = Walk {
        train: args.count("train")?,
        test,
        step: if step == 0 { test } else { step },
        is_anchored: args.flag("anchored")?,
        purge: args.count("purge")?,
    };
    let folds = walk.folds(market.n_times());
    let (Some(first), Some(last)) = (folds.first(), folds.last()) else {
        return Err(too_few(variants, &walk, market.n_times()).into());
    };
    let judged = first.test.start..last.test.end;
    let objective = Objective(args.count("optimise")?);
    let folds = fit(variants, simulations, market, folds, objective)?;
    let targets = joined_targets(simulations, market, &folds)?;
    let settings = variants.settings(&vec![0; variants.space.axes.len()])?;
    let part = market.slice(judged.clone());
    let mut simulator = Simulator::new(&part, settings);
    let run = simulator.run(&targets);
    Ok(Walked {
        folds,
        start: judged.start,
        returns: returns_of(settings, run),
        equity: run.curve.equity(),
    })
}

fn fit(
    variants: &Variants,
    simulations: &Simulations<'_>,
    market: &Market<'_>,
    folds: Vec<Fold>,
    objective: Objective,
) -> Result<Vec<Fitted>> {
    let all = variants.space.len();
    let choices: Vec<Vec<usize>> = (0..all).map(|i| variants.space.choice(i)).collect();
    let fitted = folds.into_iter().map(|fold| {
        let values = simulations.run(&choices, market, fold.train.clone(), |settings, run| {
            let rets = returns_of(settings, run);
            objective.value(&of_returns(&rets, settings.periods))
        })?;
        let chosen = best(values.iter().map(|v| objective.score(*v))).unwrap_or(0);
        Ok(Fitted {
            in_sample: values.get(chosen).copied().unwrap_or(f64::NAN),
            choice: choices.get(chosen).cloned().unwrap_or_default(),
            fold,
        })
    });
    fitted.collect()
}

/// The targets of the chosen combinations, each over its judged range, flat in between.
fn joined_targets(
    simulations: &Simulations<'_>,
    market: &Market<'_>,
    folds: &[Fitted],
) -> Result<Vec<f64>> {
    let n_rows = market.columns.ts.len();
    let mut joined = vec![0.0; n_rows];
    let mut targets = Vec::new();
    for fitted in folds {
        simulations.targets(&fitted.choice, &mut targets)?;
        let bounds = (
            market.first_row.get(fitted.fold.test.start),
            market.first_row.get(fitted.fold.test.end),
        );
        let (Some(start), Some(end)) = bounds else {
            return Err(QlError::internal("a fold behind the last bar").into());
        };
        let judged = *start..*end;
        if let (Some(to), Some(from)) = (joined.get_mut(judged.clone()), targets.get(judged)) {
            to.copy_from_slice(from);
        }
    }
    Ok(joined)
}

fn too_few(variants: &Variants, walk: &Walk, n_times: usize) -> QlError {
    QlError::new(
        SqlState::InvalidParameter,
        format!(
            "{}: one fold needs more than {} timestamps (train {} + purge {}), found {n_times}",
            variants.function,
            walk.train + walk.purge,
            walk.train,
            walk.purge
        ),
    )
}

pub(crate) fn floats(values: impl Iterator<Item = f64>) -> ArrayRef {
    let known = values.map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}
