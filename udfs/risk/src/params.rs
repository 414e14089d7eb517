//! Parameters that several metrics share, so that they are named and described once.

use crate::wealth::Compounding;
use quantlake_core::{Args, FunctionSpec, Kind, ParamKind, ParamSpec, ParamValue, QlError};

/// A bar a century at the least, a bar every 30 microseconds at the most.
const PERIODS: ParamKind = ParamKind::Number {
    min: 0.01,
    max: 1e12,
};

/// A spec of this family with the words that hold for all its aggregates.
pub(crate) fn metric_spec(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "risk", Kind::Aggregate, summary)
        .with_lookback("the rows of the group or window frame")
}

pub(crate) fn ret() -> ParamSpec {
    ParamSpec::series("ret", "return of one period as a fraction: 0.01 is 1 %")
}

pub(crate) fn periods() -> ParamSpec {
    ParamSpec::optional(
        "periods",
        PERIODS,
        ParamValue::Number(252.0),
        "periods in a year, for annualisation: 252 for daily bars of stocks, 365 for daily bars of crypto, 52, 12; 1 for no annualisation",
    )
}

/// A rate per period that is subtracted from every return.
pub(crate) fn rate(name: &str, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number {
        min: -1.0,
        max: 1.0,
    };
    ParamSpec::optional(name, kind, ParamValue::Number(0.0), doc)
}

pub(crate) fn ddof() -> ParamSpec {
    ParamSpec::optional(
        "ddof",
        ParamKind::Integer { min: 0, max: 1 },
        ParamValue::Integer(1),
        "1 divides the squared deviations by n - 1 (sample), 0 by n (population)",
    )
}

/// The confidence level; one below 0.5 is the tail share given by mistake.
pub(crate) fn level() -> ParamSpec {
    ParamSpec::optional(
        "level",
        ParamKind::Number { min: 0.5, max: 1.0 },
        ParamValue::Number(0.95),
        "confidence level: 0.95 looks at the worst 5 % of the returns",
    )
}

/// The share of the worst returns for a confidence level.
///
/// `1 - 0.9` is 0.09999999999999998 in binary, which would cost an observation wherever the share
/// falls on a whole one; twelve decimals give back the number that was meant.
pub(crate) fn tail_share(args: &Args) -> Result<f64, QlError> {
    const DECIMALS: f64 = 1e12;
    Ok(((1.0 - args.number("level")?) * DECIMALS).round() / DECIMALS)
}

pub(crate) fn method() -> ParamSpec {
    ParamSpec::optional(
        "method",
        ParamKind::Choice(vec![("simple".into(), 0), ("log".into(), 1)]),
        ParamValue::Text("simple".into()),
        "whether `ret` holds simple returns (p1 / p0 - 1) or logarithmic ones (ln(p1 / p0))",
    )
}

pub(crate) fn compounding(args: &Args) -> Result<Compounding, QlError> {
    Ok(match args.integer("method")? {
        0 => Compounding::Simple,
        _ => Compounding::Log,
    })
}
