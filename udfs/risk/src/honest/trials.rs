//! Returns of trials as the functions over many trials read them.

use super::panel::{Panel, Source};
use quantlake_core::QlError;
use quantlake_core::relation::{InputColumn, InputType, Rows};

pub(super) const FAMILY: &str = "significance";
pub(super) const ORDER: [&str; 2] = ["ts", "trial"];
pub(super) const RETURNS: &str =
    "returns with ts, trial and ret; times at which a trial has no return are left out";

pub(super) fn source(function: &str) -> Source<'_> {
    Source {
        function,
        name: "trial",
        value: "ret",
    }
}

pub(super) fn read(rows: &Rows, function: &str) -> Result<Panel, QlError> {
    Panel::read(rows, source(function), |_| true)
}

/// The columns of trials, with the benchmark's where it is read.
pub(super) fn columns(has_benchmark: bool) -> Vec<InputColumn> {
    let mut columns = vec![
        InputColumn::required("ts", InputType::Time),
        InputColumn::required("trial", InputType::Text),
        InputColumn::required("ret", InputType::Number),
    ];
    if has_benchmark {
        columns.push(InputColumn::optional("benchmark", InputType::Number));
    }
    columns
}

/// An example over five trials in place of `QUERY`; most of them have no skill.
pub(super) fn example(sql: &str) -> String {
    const QUERY: &str = "(SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, 'k' || k AS trial, \
     sin(t * t * (k + 1.0)) / 50 + k / 1000.0 AS ret \
     FROM generate_series(1, 96) AS g(t) CROSS JOIN (VALUES (0), (1), (2), (3), (4)) AS v(k))";
    sql.replace("QUERY", QUERY)
}
