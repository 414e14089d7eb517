//! `lttb`: fewer points for a chart that looks the same.
//!
//! Largest triangle three buckets: the first and last row stay; the rows between are cut into
//! `points - 2` buckets, and of each the row stays that spans the largest triangle with the row
//! kept before and the mean of the next bucket.
//!
//! Source: Steinarsson, Downsampling Time Series for Visual Representation, University of Iceland
//! (2013), section 4.2.

use super::panel::{duplicate, floats, texts};
use crate::center::mean;
use datafusion::arrow::array::{Array, RecordBatch};
use quantlake_core::relation::{
    Grouping, InputColumn, InputType, RelationKernel, Rows, relation_function, time_column,
};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    ParamValue, QlError,
};
use std::ops::Range;
use std::sync::Arc;

const NAME: &str = "lttb";

struct Lttb {
    n_points: usize,
}

/// The rows of bucket i of `n_buckets` between the first and the last row.
fn bucket(i: usize, n_buckets: usize, n_rows: usize) -> Range<usize> {
    let width = (n_rows - 2) as f64 / n_buckets as f64;
    let edge = |i: usize| (i as f64 * width) as usize + 1;
    edge(i)..edge(i + 1).min(n_rows)
}

/// The rows that stay, in order.
fn select(x: &[f64], y: &[f64], n_points: usize) -> Vec<usize> {
    let n_rows = x.len();
    if n_rows <= n_points || n_points < 3 {
        return (0..n_rows).collect();
    }
    let n_buckets = n_points - 2;
    let mut kept = vec![0];
    let mut last = 0;
    for i in 0..n_buckets {
        let next = if i + 1 < n_buckets {
            bucket(i + 1, n_buckets, n_rows)
        } else {
            n_rows - 1..n_rows
        };
        let (center_x, center_y) = (mean(&x[next.clone()]), mean(&y[next]));
        let area = |row: &usize| {
            let across = (x[last] - center_x) * (y[*row] - y[last]);
            (across - (x[last] - x[*row]) * (center_y - y[last])).abs()
        };
        // Of equal areas the earliest row stays.
        let best = bucket(i, n_buckets, n_rows)
            .rev()
            .max_by(|a, b| area(a).total_cmp(&area(b)));
        if let Some(row) = best {
            kept.push(row);
            last = row;
        }
    }
    kept.push(n_rows - 1);
    kept
}

impl RelationKernel for Lttb {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let (times, values) = (rows.times("ts")?, rows.values("value")?);
        let symbols = rows.texts("symbol")?;
        let has_symbol = !symbols.is_empty() && symbols.is_valid(0);
        let symbol = has_symbol.then(|| symbols.value(0));
        let known: Vec<usize> = (0..times.len())
            .filter(|&i| values[i].is_finite())
            .collect();
        if let Some(pair) = known.windows(2).find(|p| times[p[0]] == times[p[1]]) {
            return Err(duplicate(NAME, symbol.unwrap_or("NULL"), times[pair[0]]));
        }
        let start = known.first().map_or(0, |&i| times[i]);
        let x: Vec<f64> = known.iter().map(|&i| (times[i] - start) as f64).collect();
        let y: Vec<f64> = known.iter().map(|&i| values[i]).collect();
        let kept: Vec<usize> = select(&x, &y, self.n_points)
            .into_iter()
            .map(|i| known[i])
            .collect();
        let columns = vec![
            texts(kept.iter().map(|_| symbol)),
            time_column(kept.iter().map(|&i| Some(times[i])).collect()),
            floats(kept.iter().map(|&i| values[i])),
        ];
        RecordBatch::try_new(rows.output_schema(), columns)
            .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
    }
}

pub(crate) fn function() -> Function {
    let points = ParamSpec::optional(
        "points",
        ParamKind::Integer {
            min: 3,
            max: 10_000_000,
        },
        ParamValue::Integer(1000),
        "most rows that stay of each symbol",
    );
    let spec = FunctionSpec::new(
        NAME,
        "statistics",
        Kind::Relation,
        "Rows that keep the look of a chart: at most `points` of each symbol, by largest triangle three buckets",
    )
    .with_params(vec![
        ParamSpec::required(
            "series",
            ParamKind::Query,
            "rows with ts, value and, where used, symbol; rows without a value are left out",
        ),
        points,
    ])
    .with_output(Output::Rows(vec![
        OutputField::new("symbol", OutputType::Text, "the symbol"),
        OutputField::new("ts", OutputType::Time, "time of a row that stays"),
        OutputField::new("value", OutputType::Float, "its value"),
    ]))
    .with_causality(Causality::WholePartition)
    .with_source("Steinarsson 2013; tsdownsample")
    .with_example(
        "SELECT CAST(ts AS DATE) AS day, value FROM lttb((SELECT CAST(day AS TIMESTAMP) AS ts, value FROM (VALUES \
         (DATE '2024-01-01', 1.0), (DATE '2024-01-02', 2.0), (DATE '2024-01-03', 9.0), (DATE '2024-01-04', 2.0), \
         (DATE '2024-01-05', 1.0), (DATE '2024-01-06', 0.0), (DATE '2024-01-07', 1.0)) AS v(day, value)), points => 4)",
        "",
    );
    let columns = vec![
        InputColumn::optional("symbol", InputType::Text),
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("value", InputType::Number),
    ];
    relation_function(
        spec,
        columns,
        Grouping::PerKey("symbol".into()),
        &["symbol", "ts"],
        Arc::new(|args| {
            Ok(Box::new(Lttb {
                n_points: args.count("points")?,
            }))
        }),
    )
}
