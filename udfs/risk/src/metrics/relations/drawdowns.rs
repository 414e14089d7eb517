//! `drawdowns`: the stretches of wealth below a peak, one row each.

use super::frame;
use crate::metrics::arguments::{Convention, conventions};
use crate::metrics::calendar::NANOSECONDS_IN_A_DAY;
use crate::metrics::conventions::Conventions;
use crate::metrics::drawdown::{Episode, drawdowns, episodes};
use crate::metrics::numbers::{quantile, sorted};
use crate::metrics::series::Series;
use datafusion::arrow::array::RecordBatch;
use quantlake_core::relation::{Grouping, RelationKernel, Rows, relation_function, time_column};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, QlError, Stability,
};
use std::sync::Arc;

const NAME: &str = "drawdowns";
const CHOICES: &[Convention] = &[Convention::Method, Convention::Base, Convention::Compounded];

struct Drawdowns {
    conventions: Conventions,
    most: usize,
}

impl RelationKernel for Drawdowns {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let observations = frame::observations(NAME, rows, &[])?;
        let series = observations.series();
        let path = drawdowns(series.returns, &self.conventions);
        let found = deepest(episodes(&path), self.most);
        let symbol = frame::symbol_of(rows)?;
        let time = |row: usize| series.times.get(row).copied();
        let times = |row: fn(&Episode) -> Option<usize>| {
            time_column(found.iter().map(|e| row(e).and_then(time)).collect())
        };
        let columns = vec![
            frame::texts(found.iter().map(|_| symbol)),
            time_column(found.iter().map(|e| peak_time(&series, e)).collect()),
            times(|e| Some(e.start)),
            times(|e| Some(e.valley)),
            times(|e| Some(e.last)),
            times(|e| e.recovery),
            frame::floats(found.iter().map(|e| e.depth)),
            frame::floats(found.iter().map(|e| depth_without_extremes(&path, e))),
            frame::counts(found.iter().map(|e| e.last - e.start + 1)),
            frame::floats(found.iter().map(|e| days_below(&series, e))),
        ];
        frame::batch(NAME, rows, columns)
    }
}

/// The deepest ones, in time order.
fn deepest(mut found: Vec<Episode>, most: usize) -> Vec<Episode> {
    found.sort_by(|a, b| a.depth.total_cmp(&b.depth).then(a.start.cmp(&b.start)));
    found.truncate(most);
    found.sort_by_key(|e| e.start);
    found
}

/// The last time at the peak; the start of the series where nothing came before.
fn peak_time(series: &Series<'_>, episode: &Episode) -> Option<i64> {
    match episode.start.checked_sub(1) {
        Some(row) => series.times.get(row).copied(),
        None => series.start,
    }
}

/// The deepest value that lies strictly above the 1 % quantile of the stretch.
fn depth_without_extremes(path: &[f64], episode: &Episode) -> f64 {
    const KEPT: f64 = 0.99;
    let Some(stretch) = path.get(episode.start..=episode.last) else {
        return f64::NAN;
    };
    let sizes: Vec<f64> = stretch.iter().map(|d| -d).collect();
    let most = quantile(&sorted(&sizes), KEPT);
    let kept = sizes.into_iter().filter(|s| *s < most);
    -kept.fold(f64::NAN, f64::max)
}

/// Days from the first to the last row below the peak, both counted.
fn days_below(series: &Series<'_>, episode: &Episode) -> f64 {
    match (
        series.times.get(episode.start),
        series.times.get(episode.last),
    ) {
        (Some(from), Some(to)) => {
            to.saturating_sub(*from).div_euclid(NANOSECONDS_IN_A_DAY) as f64 + 1.0
        }
        _ => f64::NAN,
    }
}

fn fields() -> Vec<OutputField> {
    let time = |name: &str, doc: &str| OutputField::new(name, OutputType::Time, doc);
    vec![
        frame::symbol_field(),
        time(
            "peak",
            "last time at the peak; NULL where the returns start below it",
        ),
        time("start", "first time below the peak"),
        time("valley", "time of the deepest value"),
        time("last", "last time below the peak"),
        time(
            "recovery",
            "time back at the peak; NULL while it is not reached",
        ),
        OutputField::new(
            "depth",
            OutputType::Float,
            "deepest value as a fraction from -1 to 0",
        ),
        OutputField::new(
            "depth_99",
            OutputType::Float,
            "deepest value without the worst 1 % of the rows; NULL for a single row",
        ),
        OutputField::new("rows_below", OutputType::Integer, "rows from start to last"),
        OutputField::new(
            "days_below",
            OutputType::Float,
            "calendar days from start to last, both counted",
        ),
    ]
}

pub(super) fn function() -> Function {
    let most = ParamSpec::optional(
        "top",
        ParamKind::Integer {
            min: 1,
            max: 1_000_000_000,
        },
        ParamValue::Integer(1_000_000_000),
        "how many of the deepest are returned",
    );
    let mut params = vec![frame::query(), most];
    params.extend(CHOICES.iter().map(|c| c.param()));
    let spec = FunctionSpec::new(
        NAME,
        "risk",
        Kind::Relation,
        "Stretches of the compounded wealth below a peak: when they start, bottom and end, how deep and how long they are, as fractions and days",
    )
    .with_params(params)
    .with_output(Output::Rows(fields()))
    .with_causality(Causality::WholePartition)
    .with_stability(Stability::PathDependent)
    .with_source("drawdown_details of quantstats and ffn; ffn's end is `recovery` and its Length counts from `start` to there")
    .with_example(
        "SELECT start, valley, recovery, round(depth, 6) AS depth, rows_below FROM drawdowns((SELECT * FROM (VALUES \
         (TIMESTAMP '2024-01-02', 0.1), (TIMESTAMP '2024-01-03', -0.2), (TIMESTAMP '2024-01-04', -0.1), \
         (TIMESTAMP '2024-01-05', 0.5), (TIMESTAMP '2024-01-08', -0.05)) AS v(ts, ret)))",
        "2024-01-03T00:00:00,2024-01-04T00:00:00,2024-01-05T00:00:00,-0.28,2\n2024-01-08T00:00:00,2024-01-08T00:00:00,,-0.05,1",
    );
    relation_function(
        spec,
        frame::columns(),
        Grouping::PerKey(frame::SYMBOL.into()),
        &[frame::SYMBOL, "ts"],
        Arc::new(|args| {
            Ok(Box::new(Drawdowns {
                conventions: conventions(args, CHOICES)?,
                most: args.count("top")?,
            }))
        }),
    )
}
