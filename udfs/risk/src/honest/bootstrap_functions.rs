//! Bootstrap tests over trials in SQL: `superiority_test`, `stepwise_superiority` and
//! `model_confidence_set`; [`super::superiority`] and [`super::confidence_set`] say what they compute.

use super::binding::{
    batch, block, choice, counts, float, floats, integer, number, seed, seed_of, text, texts,
    whole, wholes,
};
use super::bootstrap::{optimal_block_length, stationary_rows};
use super::confidence_set::{SetStatistic, model_confidence_set};
use super::description::{Description, join};
use super::panel::Panel;
use super::superiority::{RECENTRINGS, Superiority};
use super::trials::{FAMILY, ORDER, RETURNS, columns, example, read, source};
use datafusion::arrow::array::{Array, BooleanArray};
use quantlake_core::relation::Rows;
use quantlake_core::{
    Args, Function, OutputField, OutputType, ParamKind, ParamSpec, ParamValue, QlError, SqlState,
};
use std::collections::HashMap;
use std::sync::Arc;

/// Replications of a bootstrap; each keeps a mean for every trial.
const MAX_SAMPLES: i64 = 20_000;

/// Most trials of a confidence set, whose cost grows with the third power of their number.
const MAX_MODELS: usize = 300;

fn too_many_models(found: usize) -> QlError {
    QlError::new(
        SqlState::DataException,
        format!("model_confidence_set: takes at most {MAX_MODELS} trials, found {found}"),
    )
    .with_hint("superiority_test and stepwise_superiority take more")
}

fn samples() -> ParamSpec {
    integer(
        "samples",
        (1, MAX_SAMPLES),
        1000,
        "replications of the bootstrap",
    )
}

fn size() -> ParamSpec {
    number(
        "size",
        (0.0001, 0.5),
        0.05,
        "error rate: the chance of one false finding",
    )
}

/// How a call resamples.
#[derive(Clone, Copy)]
struct Resampling {
    n_samples: usize,
    block: Option<f64>,
    seed: u64,
}

impl Resampling {
    fn new(args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            n_samples: args.count("samples")?,
            block: args.optional_number("block")?,
            seed: seed_of(args)?,
        })
    }

    /// The mean block length: as given, or the longest that a series asks for, because a block too
    /// short makes p-values too small.
    fn block_for(&self, series: &[&[f64]]) -> f64 {
        let automatic = || {
            series
                .iter()
                .map(|s| optimal_block_length(s))
                .fold(1.0, f64::max)
        };
        self.block.unwrap_or_else(automatic)
    }

    /// The rows of each replication.
    fn rows(&self, n_rows: usize, block: f64) -> impl Fn(usize) -> Vec<usize> + Sync + use<> {
        let seed = self.seed;
        move |sample| stationary_rows(n_rows, block, seed, sample)
    }
}

/// The trials' returns less the benchmark's, at the times at which the latter is known.
fn excess(rows: &Rows, function: &'static str) -> Result<Panel, QlError> {
    let benchmark = rows.numbers("benchmark")?;
    if benchmark.null_count() == benchmark.len() {
        return read(rows, function);
    }
    let values = rows.values("benchmark")?;
    let mut panel = Panel::read(rows, source(function), |row| values[row].is_finite())?;
    let times = rows.times("ts")?;
    let known = times.iter().zip(&values).filter(|(_, v)| v.is_finite());
    let by_time: HashMap<i64, f64> = known.map(|(t, v)| (*t, *v)).collect();
    for column in &mut panel.columns {
        for (ret, time) in column.iter_mut().zip(&panel.times) {
            *ret -= by_time.get(time).copied().unwrap_or(f64::NAN);
        }
    }
    Ok(panel)
}

fn studentize() -> ParamSpec {
    ParamSpec::optional(
        "studentize",
        ParamKind::Flag,
        ParamValue::Flag(true),
        "whether means are divided by their standard errors: true for Hansen's test, false for White's reality check",
    )
}

fn bootstrap_params(own: Vec<ParamSpec>) -> Vec<ParamSpec> {
    let common = [samples(), block(), seed()];
    own.into_iter().chain(common).collect()
}

fn superiority_test() -> Function {
    let description = Description {
        name: "superiority_test",
        family: FAMILY,
        summary: "Test that the best of many trials beats the benchmark (column benchmark, else 0): p-values of Hansen's test of superior predictive ability, or of White's reality check without studentize, where p_upper is White's",
        input: RETURNS,
        params: bootstrap_params(vec![studentize()]),
        output: vec![
            text("best", "the trial with the largest statistic"),
            float(
                "mean_excess",
                "its mean return over the benchmark, per period",
            ),
            float(
                "statistic",
                "the largest mean, in units of its standard error if studentised",
            ),
            float(
                "p_lower",
                "p-value where only trials better than the benchmark count: too small",
            ),
            float(
                "p_consistent",
                "p-value where significantly worse trials do not count: the one to use",
            ),
            float(
                "p_upper",
                "p-value where every trial counts as equal to the benchmark: White's",
            ),
            float("block", "mean block length of the bootstrap in rows"),
            whole("trials", "number of trials"),
            whole("rows", "number of times used"),
        ],
        columns: columns(true),
        order: ORDER,
        source: "Hansen 2005; White 2000; stationary bootstrap of Politis and Romano 1994",
        example: example(
            "SELECT best, round(statistic, 6) AS statistic, p_consistent FROM superiority_test(QUERY, samples => 200, block => 5)",
        ),
        result: "k4,3.108526,0.005",
    };
    join(description, |args| {
        let resampling = Resampling::new(args)?;
        let is_studentised = args.flag("studentize")?;
        Ok(move |rows: &Rows| {
            let panel = excess(rows, "superiority_test")?;
            let block = resampling.block_for(&panel.slices());
            let resamples = resampling.rows(panel.n_rows(), block);
            let n_samples = resampling.n_samples;
            let test = Superiority::new(
                &panel.slices(),
                (n_samples, &resamples),
                block,
                is_studentised,
            );
            let statistics = test.statistics();
            let best = (0..statistics.len())
                .filter(|k| statistics[*k].is_finite())
                .max_by(|a, b| statistics[*a].total_cmp(&statistics[*b]));
            let [lower, consistent, upper] = RECENTRINGS.map(|r| test.p_value(r));
            let columns = vec![
                texts([best.and_then(|k| panel.names.get(k))]),
                floats([best.map_or(f64::NAN, |k| test.means()[k])]),
                floats([test.statistic()]),
                floats([lower]),
                floats([consistent]),
                floats([upper]),
                floats([block]),
                counts([panel.names.len()]),
                counts([panel.n_rows()]),
            ];
            batch(rows, columns)
        })
    })
}

fn stepwise_superiority() -> Function {
    let description = Description {
        name: "stepwise_superiority",
        family: FAMILY,
        summary: "Which trials beat the benchmark (column benchmark, else 0), when the chance of one false finding among all of them is size: the stepwise procedure of Romano and Wolf",
        input: RETURNS,
        params: bootstrap_params(vec![size(), studentize()]),
        output: vec![
            text("trial", "the trial"),
            float("mean_excess", "mean return over the benchmark, per period"),
            float(
                "statistic",
                "the mean, in units of its standard error if studentised",
            ),
            whole(
                "step",
                "step in which it is found superior, from 1; NULL if it is not",
            ),
        ],
        columns: columns(true),
        order: ORDER,
        source: "Romano and Wolf 2005; recentring as in Hansen 2005, like arch's StepM",
        example: example(
            "SELECT trial, round(statistic, 6) AS statistic, step FROM stepwise_superiority(QUERY, samples => 200, block => 5) ORDER BY trial",
        ),
        result: "k0,0.420778,\nk1,0.939668,\nk2,0.331526,\nk3,1.403798,\nk4,3.108526,1",
    };
    join(description, |args| {
        let resampling = Resampling::new(args)?;
        let (size, is_studentised) = (args.number("size")?, args.flag("studentize")?);
        Ok(move |rows: &Rows| {
            let panel = excess(rows, "stepwise_superiority")?;
            let block = resampling.block_for(&panel.slices());
            let resamples = resampling.rows(panel.n_rows(), block);
            let n_samples = resampling.n_samples;
            let test = Superiority::new(
                &panel.slices(),
                (n_samples, &resamples),
                block,
                is_studentised,
            );
            let steps = test.steps(size).into_iter();
            let columns = vec![
                texts(panel.names.iter().map(Some)),
                floats(test.means().iter().copied()),
                floats(test.statistics()),
                wholes(steps.map(|s| s.and_then(|s| i64::try_from(s).ok()))),
            ];
            batch(rows, columns)
        })
    })
}

fn confidence_set() -> Function {
    let description = Description {
        name: "model_confidence_set",
        family: FAMILY,
        summary: "Trials that cannot be told from the best one: each with the p-value at which it leaves the set, and whether it belongs to it at this size",
        input: RETURNS,
        params: bootstrap_params(vec![
            size(),
            choice(
                "statistic",
                &["range", "max"],
                "largest difference between two trials, or largest shortfall behind the mean of the set",
            ),
        ]),
        output: vec![
            text("trial", "the trial"),
            whole(
                "eliminated",
                "place in the order of elimination, from 1; the last one is the best trial",
            ),
            float(
                "p_value",
                "smallest size at which the trial is outside the set",
            ),
            OutputField::new(
                "is_included",
                OutputType::Flag,
                "whether p_value exceeds size",
            ),
        ],
        columns: columns(false),
        order: ORDER,
        source: "Hansen, Lunde and Nason 2011; returns are losses with the sign turned",
        example: example(
            "SELECT trial, p_value, is_included FROM model_confidence_set(QUERY, samples => 200, block => 5) ORDER BY trial",
        ),
        result: "k0,0.19,true\nk1,0.315,true\nk2,0.315,true\nk3,0.35,true\nk4,1.0,true",
    };
    join(description, |args| {
        let resampling = Resampling::new(args)?;
        let size = args.number("size")?;
        let statistic = match args.integer("statistic")? {
            0 => SetStatistic::Range,
            _ => SetStatistic::Max,
        };
        Ok(move |rows: &Rows| {
            let panel = read(rows, "model_confidence_set")?;
            if panel.names.len() > MAX_MODELS {
                return Err(too_many_models(panel.names.len()));
            }
            let block = resampling.block_for(&panel.slices());
            let resamples = resampling.rows(panel.n_rows(), block);
            let left = model_confidence_set(
                &panel.slices(),
                (resampling.n_samples, &resamples),
                statistic,
            );
            let is_included: BooleanArray = left.iter().map(|e| Some(e.p_value > size)).collect();
            let columns = vec![
                texts(left.iter().map(|e| panel.names.get(e.trial))),
                counts(1..=left.len()),
                floats(left.iter().map(|e| e.p_value)),
                Arc::new(is_included),
            ];
            batch(rows, columns)
        })
    })
}

/// The functions of this file.
pub(super) fn functions() -> Vec<Function> {
    vec![superiority_test(), stepwise_superiority(), confidence_set()]
}
