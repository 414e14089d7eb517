//! Parameters and outputs that several functions share, so that each is described once.

use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
    Stability,
};
use quantlake_indicators::machine;

/// The largest window of a function whose row costs as much as the window is long.
const MAX_WINDOW: i64 = 100_000;

/// A causal window function with its example; the rest of the words are the caller's.
pub fn spec(
    name: &str,
    family: &str,
    summary: &str,
    params: Vec<ParamSpec>,
    output: Output,
) -> FunctionSpec {
    FunctionSpec::new(name, family, Kind::Window, summary)
        .with_params(params)
        .with_output(output)
}

/// Adds look-back, stability, source and the example that the parameters give.
pub fn told(
    spec: FunctionSpec,
    lookback: &str,
    stability: Stability,
    source: &str,
) -> FunctionSpec {
    let spec = spec
        .with_lookback(lookback)
        .with_stability(stability)
        .with_source(source);
    let example = crate::example::example(&spec);
    spec.with_example(&example, "")
}

/// A double as result.
pub fn value() -> Output {
    Output::Value(OutputType::Float)
}

/// A whole number as result.
pub fn whole() -> Output {
    Output::Value(OutputType::Integer)
}

/// A struct of doubles: names and meanings.
pub fn record(fields: &[(&str, &str)]) -> Output {
    let field = |(name, doc): &(&str, &str)| OutputField::new(name, OutputType::Float, doc);
    Output::Struct(fields.iter().map(field).collect())
}

/// Three lines around a price.
pub fn band(upper: &str, middle: &str, lower: &str) -> Output {
    record(&[("upper", upper), ("middle", middle), ("lower", lower)])
}

/// A stop and the side that it protects.
pub fn stop_and_side() -> Output {
    Output::Struct(vec![
        OutputField::new(
            "stop",
            OutputType::Float,
            "stop level, in units of the price: below it when long, above it when short",
        ),
        OutputField::new(
            "direction",
            OutputType::Integer,
            "1 while long, -1 while short",
        ),
    ])
}

/// One price a row.
pub fn price() -> ParamSpec {
    ParamSpec::series("x", "price of the row")
}

/// An equity curve or a price.
pub fn equity() -> ParamSpec {
    ParamSpec::series("x", "equity or price of the row; positive")
}

/// Parts of a bar by their names.
pub fn bar(parts: &[&str]) -> Vec<ParamSpec> {
    let doc = |part: &str| match part {
        "open" => "first price of the bar",
        "high" => "highest price of the bar",
        "low" => "lowest price of the bar",
        "close" => "last price of the bar",
        _ => "units traded in the bar",
    };
    let series = |part: &&str| ParamSpec::series(part, doc(part));
    parts.iter().map(series).collect()
}

/// The return of a row.
pub fn ret() -> ParamSpec {
    ParamSpec::series("ret", "return of one period as a fraction: 0.01 is 1 %")
}

/// The return of a benchmark in the same row.
pub fn benchmark() -> ParamSpec {
    ParamSpec::series(
        "benchmark",
        "return of the benchmark in the same period, as a fraction",
    )
}

/// Length of the window in rows.
pub fn period(min: i64, default: i64) -> ParamSpec {
    machine::period_from("period", min, default, "length of the window, in rows")
}

/// Length of the window of Wilder's average of true ranges.
pub fn atr_period(name: &str, default: i64) -> ParamSpec {
    machine::period(name, default, "length of the average true range, in rows")
}

/// A count of rows of some other meaning.
pub fn rows(name: &str, min: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer {
        min,
        max: MAX_WINDOW,
    };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// How many units of dispersion lie between the middle and a line.
pub fn multiplier(default: f64, doc: &str) -> ParamSpec {
    positive("multiplier", default, doc)
}

/// A number above 0.
pub fn positive(name: &str, default: f64, doc: &str) -> ParamSpec {
    machine::number(name, default, 1e-6, 1e6, doc)
}

/// Periods in a year.
pub fn annualization() -> ParamSpec {
    machine::number(
        "annualization",
        252.0,
        0.01,
        1e12,
        "periods per year: 252 for daily bars of stocks, 365 for daily bars of crypto, 52, 12; 1 leaves the figure per period",
    )
}

/// A rate per period that is subtracted from every return.
pub fn risk_free() -> ParamSpec {
    machine::number(
        "risk_free",
        0.0,
        -1.0,
        1.0,
        "risk-free return per period (not per year)",
    )
}

/// The return below which a period counts as a shortfall.
pub fn required() -> ParamSpec {
    machine::number(
        "required",
        0.0,
        -1.0,
        1.0,
        "return per period below which a period counts as a shortfall",
    )
}

/// A confidence level.
pub fn level() -> ParamSpec {
    machine::number(
        "level",
        0.95,
        0.5,
        1.0,
        "confidence level: 0.95 looks at the worst 5 % of the returns",
    )
}
