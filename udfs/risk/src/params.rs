//! What the specs of several metrics share, named and described once.

use crate::metrics::arguments::{Convention, conventions};
use quantlake_core::{Args, FunctionSpec, Kind, ParamKind, ParamSpec, QlError};

/// A spec of this family with the words that hold for all its aggregates.
pub(crate) fn metric_spec(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "risk", Kind::Aggregate, summary)
        .with_lookback("the rows of the group or window frame")
}

pub(crate) fn ret() -> ParamSpec {
    ParamSpec::series("ret", "return of one period as a fraction: 0.01 is 1 %")
}

pub(crate) fn benchmark() -> ParamSpec {
    ParamSpec::series(
        "benchmark",
        "return of the benchmark in the same period, as a fraction",
    )
}

pub(crate) fn end() -> ParamSpec {
    ParamSpec::required(
        "ts",
        ParamKind::Times,
        "end of the period; rows count in the order of these times, whatever order they come in",
    )
}

pub(crate) fn periods() -> ParamSpec {
    Convention::Periods.param()
}

pub(crate) fn ddof() -> ParamSpec {
    Convention::Ddof.param()
}

pub(crate) fn level() -> ParamSpec {
    Convention::Level.param()
}

/// The share of the worst returns for the confidence level of a call.
pub(crate) fn tail_share(args: &Args) -> Result<f64, QlError> {
    Ok(conventions(args, &[Convention::Level])?.tail_share())
}
