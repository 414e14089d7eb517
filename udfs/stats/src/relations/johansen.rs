//! `johansen`: how many long-run relations tie several series together?
//!
//! Changes and lagged levels are freed of `lags` earlier changes; the squared canonical
//! correlations a_1 >= a_2 >= ... between both answer: `trace = -n sum over i > rank of
//! ln(1 - a_i)` tests "at most rank relations" against "more", `max_eigen = -n ln(1 - a_(rank+1))`
//! against "one more". The weights are the relations themselves, with `w' S w = 1` for the
//! covariance S of the freed levels and a first weight that is not negative.
//!
//! Source: Johansen, Econometrica 59 (1991), pp. 1551-1580.

mod tables;

use super::panel::{Panel, columns, floats, texts};
use crate::center::{differences, dot};
use crate::linear::cholesky::{Matrix, cholesky, solve_lower, solve_upper};
use crate::linear::eigen::symmetric_eigen;
use crate::linear::least_squares::residuals;
use crate::params::{choice, count, float, integer};
use datafusion::arrow::array::{Array, ArrayRef, Int64Array, ListArray, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use quantlake_core::relation::{Grouping, RelationKernel, Rows, relation_function};
use quantlake_core::{
    Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec,
    QlError, SqlState,
};
use std::sync::Arc;
use tables::{MAX_SERIES, Table};

const NAME: &str = "johansen";

/// The deterministic terms, in the order of the choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Terms {
    Constant,
    Linear,
    None,
}

impl Terms {
    fn columns(self, n_rows: usize) -> Matrix {
        let powers = match self {
            Self::None => 0..0,
            Self::Constant => 0..1,
            Self::Linear => 0..2,
        };
        // Times from -1 to 1 keep the columns of one size.
        let step = 2.0 / (n_rows as f64 - 1.0);
        let time = |t: usize| t as f64 * step - 1.0;
        let column = |p: i32| (0..n_rows).map(|t| time(t).powi(p)).collect();
        powers.map(column).collect()
    }

    fn tables(self) -> (&'static Table, &'static Table) {
        match self {
            Self::None => (&tables::TRACE_NONE, &tables::MAX_NONE),
            Self::Constant => (&tables::TRACE_CONSTANT, &tables::MAX_CONSTANT),
            Self::Linear => (&tables::TRACE_LINEAR, &tables::MAX_LINEAR),
        }
    }
}

/// Squared canonical correlations with their relations, largest first.
struct Relations {
    n_obs: usize,
    strengths: Vec<f64>,
    weights: Matrix,
}

struct Johansen {
    terms: Terms,
    lags: usize,
}

fn detrended(series: &[Vec<f64>], terms: Terms) -> Option<Matrix> {
    let trend = terms.columns(series.first()?.len());
    series.iter().map(|s| residuals(&trend, s)).collect()
}

/// What is left of each series after regressing it on the others' columns.
fn freed(series: &[Vec<f64>], from: &[Vec<f64>]) -> Option<Matrix> {
    series.iter().map(|s| residuals(from, s)).collect()
}

fn products(a: &[Vec<f64>], b: &[Vec<f64>]) -> Matrix {
    a.iter()
        .map(|x| b.iter().map(|y| dot(x, y) / x.len() as f64).collect())
        .collect()
}

impl Johansen {
    /// The relations of a panel; `None` where rows are too few or series depend on each other.
    fn relations(&self, levels: &[Vec<f64>]) -> Option<Relations> {
        let n_obs = levels.first()?.len().checked_sub(self.lags + 1)?;
        // More columns than rows leave nothing to correlate.
        let n_columns = levels.len() * (self.lags + 1) + 2;
        if n_obs <= n_columns {
            return None;
        }
        // A linear trend is taken out of the levels only; their changes lose their mean.
        let later = if self.terms == Terms::None {
            Terms::None
        } else {
            Terms::Constant
        };
        let levels = detrended(levels, self.terms)?;
        let changes: Matrix = levels.iter().map(|x| differences(x)).collect();
        let earlier: Matrix = (1..=self.lags)
            .flat_map(|lag| {
                changes
                    .iter()
                    .map(move |c| c[self.lags - lag..][..n_obs].to_vec())
            })
            .collect();
        let now: Matrix = changes.iter().map(|c| c[self.lags..].to_vec()).collect();
        let before: Matrix = levels.iter().map(|x| x[1..][..n_obs].to_vec()).collect();
        let earlier = if earlier.is_empty() {
            earlier
        } else {
            detrended(&earlier, later)?
        };
        let changes = freed(&detrended(&now, later)?, &earlier)?;
        let levels = freed(&detrended(&before, later)?, &earlier)?;
        canonical(&levels, &changes)
    }
}

/// Solves `S_kk^-1 S_k0 S_00^-1 S_0k w = a w` through the roots of S_kk and S_00.
fn canonical(levels: &[Vec<f64>], changes: &[Vec<f64>]) -> Option<Relations> {
    let root_levels = cholesky(&products(levels, levels))?;
    let root_changes = cholesky(&products(changes, changes))?;
    let mixed = products(levels, changes);
    let half: Matrix = mixed
        .iter()
        .map(|row| solve_lower(&root_changes, row))
        .collect();
    let turned: Matrix = (0..half.len())
        .map(|j| half.iter().map(|row| row[j]).collect::<Vec<f64>>())
        .map(|column| solve_lower(&root_levels, &column))
        .collect();
    let n = half.len();
    let square: Matrix = (0..n)
        .map(|i| {
            (0..n)
                .map(|j| turned.iter().map(|c| c[i] * c[j]).sum())
                .collect()
        })
        .collect();
    let pairs = symmetric_eigen(square)?;
    Some(Relations {
        n_obs: levels.first()?.len(),
        strengths: pairs.iter().map(|p| p.value).collect(),
        weights: pairs
            .iter()
            .map(|p| oriented(solve_upper(&root_levels, &p.vector)))
            .collect(),
    })
}

fn oriented(weights: Vec<f64>) -> Vec<f64> {
    let sign = if weights.first().is_some_and(|w| *w < 0.0) {
        -1.0
    } else {
        1.0
    };
    weights.into_iter().map(|w| sign * w).collect()
}

impl RelationKernel for Johansen {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let panel = Panel::read(rows, NAME, "value")?;
        let n = panel.symbols.len();
        if !rows.is_empty() && !(2..=MAX_SERIES).contains(&n) {
            return Err(QlError::new(
                SqlState::DataException,
                format!("{NAME}: takes 2 to {MAX_SERIES} symbols with values, found {n}"),
            ));
        }
        let Some(found) = self.relations(&panel.columns) else {
            return Ok(RecordBatch::new_empty(rows.output_schema()));
        };
        let columns = self.columns(&panel, &found);
        RecordBatch::try_new(rows.output_schema(), columns)
            .map_err(|e| QlError::internal(format!("{NAME}: {e}")))
    }
}

impl Johansen {
    fn columns(&self, panel: &Panel, found: &Relations) -> Vec<ArrayRef> {
        let n = panel.symbols.len();
        let n_obs = found.n_obs as f64;
        let single: Vec<f64> = found
            .strengths
            .iter()
            .map(|a| -n_obs * (-a).ln_1p())
            .collect();
        let trace = (0..n).map(|rank| single[rank..].iter().sum());
        let (trace_table, max_table) = self.terms.tables();
        let critical = |table: &'static Table, level: usize| {
            floats((0..n).map(move |rank| table[n - rank - 1][level]))
        };
        let names = panel.symbols.join(",");
        let ranks = (0_i64..).take(n);
        vec![
            Arc::new(Int64Array::from_iter_values(ranks)),
            floats(found.strengths.iter().copied()),
            floats(trace),
            critical(trace_table, 0),
            critical(trace_table, 1),
            critical(trace_table, 2),
            floats(single.iter().copied()),
            critical(max_table, 0),
            critical(max_table, 1),
            critical(max_table, 2),
            texts((0..n).map(|_| Some(names.as_str()))),
            lists(&found.weights),
        ]
    }
}

fn lists(rows: &[Vec<f64>]) -> Arc<dyn Array> {
    let rows = rows.iter().map(|row| Some(row.iter().map(|v| Some(*v))));
    Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows))
}

fn output() -> Vec<OutputField> {
    let field = OutputField::new;
    vec![
        integer("rank", "the number of relations that is tested"),
        float("eigenvalue", "strength of relation rank + 1, 0 to 1"),
        float(
            "trace",
            "statistic against more than rank relations; above the critical value it rejects",
        ),
        float("trace_90", "critical value of trace at 90 %"),
        float("trace_95", "critical value of trace at 95 %"),
        float("trace_99", "critical value of trace at 99 %"),
        float("max_eigen", "statistic against exactly one more relation"),
        float("max_eigen_90", "critical value of max_eigen at 90 %"),
        float("max_eigen_95", "critical value of max_eigen at 95 %"),
        float("max_eigen_99", "critical value of max_eigen at 99 %"),
        field(
            "symbols",
            OutputType::Text,
            "the symbols in the order of the weights, with commas between",
        ),
        field(
            "weights",
            OutputType::FloatList,
            "relation rank + 1: units of each symbol",
        ),
    ]
}

pub(crate) fn function() -> Function {
    let spec = FunctionSpec::new(
        NAME,
        "statistics",
        Kind::Relation,
        "Johansen's cointegration test of 2 to 12 symbols: one row per rank with statistics, critical values and the weights of a relation",
    )
    .with_params(vec![
        ParamSpec::required(
            "levels",
            ParamKind::Query,
            "levels with ts, symbol and value, such as logarithms of prices; times at which a symbol has none are left out",
        ),
        choice("trend", &["c", "ct", "n"], "deterministic terms: c a constant, ct a linear trend, n none"),
        count("lags", 0, 1, "earlier changes that are taken out"),
    ])
    .with_output(Output::Rows(output()))
    .with_causality(Causality::WholePartition)
    .with_source("Johansen 1991; MacKinnon, Haug, Michelis 1999; statsmodels coint_johansen")
    .with_example(
        "SELECT rank, round(trace, 4) AS trace, trace_95, round(max_eigen, 4) AS max_eigen FROM johansen((\
         SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, s.symbol, s.k * sin(t * t) + t / 10.0 + cos(t * s.k) AS value \
         FROM generate_series(1, 40) AS g(t) CROSS JOIN (VALUES ('A', 0.3), ('B', 0.7)) AS s(symbol, k)))",
        "",
    );
    relation_function(
        spec,
        columns("value"),
        Grouping::Whole,
        &["ts", "symbol"],
        Arc::new(|args| {
            let terms = match args.integer("trend")? {
                0 => Terms::Constant,
                1 => Terms::Linear,
                _ => Terms::None,
            };
            Ok(Box::new(Johansen {
                terms,
                lags: args.count("lags")?,
            }))
        }),
    )
}
