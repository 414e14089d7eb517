//! `pca` and `pca_factors`: principal components of returns.
//!
//! The eigenvectors of the covariance matrix (divisor n - 1) of the symbols' returns are the
//! loadings; `scale => true` takes the correlation matrix instead, returns in units of their
//! deviation. The sign of a component is free: the loading that is largest in absolute value is
//! made positive. A factor's return is the sum of loadings times returns, so it is the return of a
//! portfolio with the loadings as weights and keeps its mean.
//!
//! Source: Hotelling 1933; Jolliffe, Principal Component Analysis (2nd ed. 2002).

use super::panel::{Panel, columns, floats, texts};
use crate::center::{Joint, dot, squares};
use crate::linear::eigen::{Eigen, symmetric_eigen};
use crate::params::{count, flag, float, integer};
use datafusion::arrow::array::{Int64Array, RecordBatch};
use quantlake_core::relation::{
    Grouping, RelationFactory, RelationKernel, Rows, relation_function, time_column,
};
use quantlake_core::{
    Args, Causality, Function, FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind,
    ParamSpec, QlError,
};
use std::sync::Arc;

/// The components of a panel, most important first.
struct Components {
    pairs: Vec<Eigen>,
    total: f64,
    /// Factors of the returns: 1 over the deviations with `scale`.
    scales: Vec<f64>,
}

struct Pca {
    name: &'static str,
    n_components: usize,
    is_scaled: bool,
}

impl Pca {
    fn from(name: &'static str, args: &Args) -> Result<Self, QlError> {
        Ok(Self {
            name,
            n_components: args.count("components")?,
            is_scaled: args.flag("scale")?,
        })
    }

    /// `None` below two times, without symbols, and for a symbol that cannot be scaled.
    fn components(&self, panel: &Panel) -> Option<Components> {
        if panel.n_rows() < 2 || panel.symbols.is_empty() {
            return None;
        }
        let degrees = panel.n_rows() as f64 - 1.0;
        let scale = |column: &Vec<f64>| match self.is_scaled {
            true => 1.0 / (squares(column) / degrees).sqrt(),
            false => 1.0,
        };
        let scales: Vec<f64> = panel.columns.iter().map(scale).collect();
        let covariance: Vec<Vec<f64>> = panel
            .columns
            .iter()
            .zip(&scales)
            .map(|(a, s)| {
                let others = panel.columns.iter().zip(&scales);
                others
                    .map(|(b, r)| Joint::of(a, b).xy / degrees * s * r)
                    .collect()
            })
            .collect();
        if covariance.iter().flatten().any(|v| !v.is_finite()) {
            return None;
        }
        let total = covariance.iter().enumerate().map(|(i, row)| row[i]).sum();
        let mut pairs = symmetric_eigen(covariance)?;
        pairs.truncate(self.n_components);
        pairs.iter_mut().for_each(orient);
        Some(Components {
            pairs,
            total,
            scales,
        })
    }
}

/// Turns the vector so that its entry of largest absolute value is positive.
fn orient(pair: &mut Eigen) {
    let largest =
        pair.vector.iter().copied().fold(
            0.0_f64,
            |best, v| {
                if v.abs() > best.abs() { v } else { best }
            },
        );
    if largest < 0.0 {
        pair.vector.iter_mut().for_each(|v| *v = -*v);
    }
}

struct Loadings(Pca);

impl RelationKernel for Loadings {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let panel = Panel::read(rows, self.0.name, "ret")?;
        let found = self.0.components(&panel);
        let (pairs, total) = found.map_or((vec![], 1.0), |c| (c.pairs, c.total));
        let cells = || {
            let numbered = pairs.iter().zip(1_i64..);
            numbered.flat_map(|(p, k)| p.vector.iter().enumerate().map(move |(i, v)| (k, p, i, *v)))
        };
        let columns = vec![
            Arc::new(Int64Array::from_iter_values(cells().map(|c| c.0))) as _,
            texts(cells().map(|c| panel.symbols.get(c.2).map(String::as_str))),
            floats(cells().map(|c| c.3)),
            floats(cells().map(|c| c.1.value)),
            floats(cells().map(|c| c.1.value / total)),
        ];
        batch(self.0.name, rows, columns)
    }
}

struct Factors(Pca);

impl RelationKernel for Factors {
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        let panel = Panel::read(rows, self.0.name, "ret")?;
        let Some(found) = self.0.components(&panel) else {
            return Ok(RecordBatch::new_empty(rows.output_schema()));
        };
        let (mut times, mut numbers, mut returns) = (vec![], vec![], vec![]);
        for (t, time) in panel.times.iter().enumerate() {
            let line: Vec<f64> = panel
                .columns
                .iter()
                .zip(&found.scales)
                .map(|(column, scale)| column[t] * scale)
                .collect();
            for (pair, number) in found.pairs.iter().zip(1_i64..) {
                times.push(Some(*time));
                numbers.push(number);
                returns.push(dot(&line, &pair.vector));
            }
        }
        let columns = vec![
            time_column(times),
            Arc::new(Int64Array::from(numbers)) as _,
            floats(returns),
        ];
        batch(self.0.name, rows, columns)
    }
}

fn batch(
    name: &str,
    rows: &Rows,
    columns: Vec<datafusion::arrow::array::ArrayRef>,
) -> Result<RecordBatch, QlError> {
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("{name}: {e}")))
}

fn function(
    name: &'static str,
    summary: &str,
    output: Vec<OutputField>,
    shown: &str,
    factory: RelationFactory,
) -> Function {
    let query = ParamSpec::required(
        "returns",
        ParamKind::Query,
        "returns with ts, symbol and ret; times at which a symbol has no return are left out",
    );
    let spec = FunctionSpec::new(name, "statistics", Kind::Relation, summary)
        .with_params(vec![
            query,
            count("components", 1, 3, "how many components, the most important first"),
            flag(
                "scale",
                false,
                "true for returns in units of their standard deviation: the correlation matrix",
            ),
        ])
        .with_output(Output::Rows(output))
        .with_causality(Causality::WholePartition)
        .with_source("Hotelling 1933; sklearn PCA, sign: the largest loading is positive")
        .with_example(
            &format!(
                "SELECT {shown} FROM {name}((SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, s.symbol, \
                 sin(t * 2.0) + s.k * cos(t * 5.0) AS ret FROM generate_series(1, 4) AS g(t) \
                 CROSS JOIN (VALUES ('A', 0.1), ('B', 0.5)) AS s(symbol, k)), components => 2)"
            ),
            "",
        );
    relation_function(
        spec,
        columns("ret"),
        Grouping::Whole,
        &["ts", "symbol"],
        factory,
    )
}

pub(crate) fn components() -> Function {
    function(
        "pca",
        "Principal components of the symbols' returns: one row per component and symbol with its loading",
        vec![
            integer("component", "number of the component, 1 explains most"),
            OutputField::new("symbol", OutputType::Text, "the symbol"),
            float(
                "loading",
                "weight of the symbol; squares add up to 1, the largest is positive",
            ),
            float("explained_variance", "variance along the component"),
            float(
                "explained_ratio",
                "its share of the variance of all symbols",
            ),
        ],
        "component, symbol, round(loading, 6) AS loading, round(explained_ratio, 6) AS ratio",
        Arc::new(|args| Ok(Box::new(Loadings(Pca::from("pca", args)?)))),
    )
}

pub(crate) fn factors() -> Function {
    function(
        "pca_factors",
        "Returns of the principal components: one row per time and component",
        vec![
            OutputField::new("ts", OutputType::Time, "time of the returns"),
            integer("component", "number of the component, 1 explains most"),
            float("factor_return", "sum of loadings times returns"),
        ],
        "ts, component, round(factor_return, 6) AS factor_return",
        Arc::new(|args| Ok(Box::new(Factors(Pca::from("pca_factors", args)?)))),
    )
}
