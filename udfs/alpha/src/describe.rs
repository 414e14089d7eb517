//! Specs of functions over windows, and their examples.

use crate::arguments::{min_periods, period};
use quantlake_core::{FunctionSpec, Kind, ParamSpec};

/// The input of most functions.
pub(crate) fn x() -> ParamSpec {
    ParamSpec::series("x", "Any numbers.")
}

/// The second input of functions of pairs.
pub(crate) fn y() -> ParamSpec {
    ParamSpec::series(
        "y",
        "Numbers that go with `x`; a row that lacks one of both is missing.",
    )
}

/// A causal window function with an example over a few rows: `call` is its call on x and y.
pub(crate) fn series_spec(
    name: &str,
    family: &str,
    summary: &str,
    source: &str,
    call: &str,
) -> FunctionSpec {
    FunctionSpec::new(name, family, Kind::Window, summary)
        .with_source(source)
        .with_example(&example(call), "")
}

/// A function over windows: `inputs`, `period`, `more`, `min_periods`.
pub(crate) struct Rolling {
    pub name: &'static str,
    pub summary: &'static str,
    pub source: &'static str,
    /// Smallest period that can have a value.
    pub smallest: i64,
    pub inputs: Vec<ParamSpec>,
    pub more: Vec<ParamSpec>,
    /// Arguments of the example after the inputs.
    pub example: &'static str,
}

impl Rolling {
    /// A function of `x` alone.
    pub fn of_x(name: &'static str, summary: &'static str, source: &'static str) -> Self {
        Self {
            name,
            summary,
            source,
            smallest: 1,
            inputs: vec![x()],
            more: vec![],
            example: "3",
        }
    }

    /// A function of `x` and `y`.
    pub fn of_pair(name: &'static str, summary: &'static str, source: &'static str) -> Self {
        Self {
            smallest: 2,
            inputs: vec![x(), y()],
            ..Self::of_x(name, summary, source)
        }
    }

    /// The spec.
    pub fn spec(self) -> FunctionSpec {
        let names: Vec<&str> = self.inputs.iter().map(|p| p.name.as_str()).collect();
        let call = format!("{}({}, {})", self.name, names.join(", "), self.example);
        let shared = [period(self.smallest)];
        let params = [self.inputs, shared.into(), self.more, vec![min_periods()]].concat();
        series_spec(self.name, "rolling", self.summary, self.source, &call)
            .with_params(params)
            .with_lookback("min_periods - 1; period - 1 where it is not given")
    }
}

/// Eight rows that rise and fall, without a tie.
const ROWS: &str = "(1, 2.0, 1.0), (2, 5.0, 4.0), (3, 3.0, 2.0), (4, 8.0, 5.0), \
(5, 7.0, 7.0), (6, 1.0, 3.0), (7, 6.0, 5.5), (8, 4.0, 2.5)";

fn example(call: &str) -> String {
    format!(
        "SELECT t, round({call} OVER (ORDER BY t), 6) AS value FROM (VALUES {ROWS}) AS v(t, x, y) ORDER BY t"
    )
}

/// A function of all rows of one partition, with an example over two of them.
pub(crate) fn cross_spec(
    name: &str,
    summary: &str,
    source: &str,
    call: &str,
    params: Vec<ParamSpec>,
) -> FunctionSpec {
    let example = format!(
        "SELECT ts, symbol, round({call} OVER (PARTITION BY ts), 6) AS value \
         FROM (VALUES (1, 'A', 3.0, 1.0, 'tech'), (1, 'B', 1.0, 2.0, 'tech'), (1, 'C', 2.0, 5.0, 'bank'), \
         (1, 'D', 9.0, 4.0, 'bank'), (2, 'A', 4.0, 1.5, 'tech'), (2, 'B', 6.0, 2.5, 'tech'), \
         (2, 'C', NULL, 1.0, 'bank'), (2, 'D', 5.0, 6.0, 'bank')) AS v(ts, symbol, x, y, sector) ORDER BY ts, symbol"
    );
    FunctionSpec::new(name, "cross_section", Kind::Window, summary)
        .with_params(params)
        .across_partition()
        .with_source(source)
        .with_example(&example, "")
}
