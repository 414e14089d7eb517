//! Parts that the specs of this crate share: series, struct outputs and examples.

use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
};

/// Series parameters, what they hold, and the formula that examples compute them by from the row
/// number `t`. Each bar opens at the close before it, so open and close lie between low and high;
/// these drift, so that no two neighbours tie.
const SERIES: [(&str, &str, &str); 9] = [
    (
        "open",
        "First price of the bar",
        "100 + 10 * sin((t - 1) / 2.0)",
    ),
    (
        "high",
        "Highest price of the bar",
        "101 + 10 * greatest(sin((t - 1) / 2.0), sin(t / 2.0)) + 0.1 * t",
    ),
    (
        "low",
        "Lowest price of the bar",
        "99 + 10 * least(sin((t - 1) / 2.0), sin(t / 2.0)) + 0.01 * t",
    ),
    ("close", "Last price of the bar", "100 + 10 * sin(t / 2.0)"),
    (
        "volume",
        "Traded quantity of the bar",
        "1000 + 100 * (t % 4)",
    ),
    (
        "x",
        "Series, a price for most uses",
        "100 + 10 * sin(t / 2.0)",
    ),
    ("a", "Price of the first leg", "100 + 10 * sin(t / 2.0)"),
    (
        "b",
        "Price of the second leg",
        "50 + 4 * sin((t - 1) / 2.0) + 0.1 * t",
    ),
    (
        "anchor",
        "Condition: true, or a number other than 0, where the accumulation starts anew",
        "t % 5 = 2",
    ),
];

/// A window function over these series with these constants.
pub fn spec(
    family: &str,
    name: &str,
    series: &[&str],
    constants: Vec<ParamSpec>,
    summary: &str,
) -> FunctionSpec {
    let params = series
        .iter()
        .map(|name| ParamSpec::series(name, about(name).0))
        .chain(constants)
        .collect();
    FunctionSpec::new(name, family, Kind::Window, summary).with_params(params)
}

/// A struct of doubles.
pub fn record(fields: &[(&str, &str)]) -> Output {
    let field = |(name, doc): &(&str, &str)| OutputField::new(name, OutputType::Float, doc);
    Output::Struct(fields.iter().map(field).collect())
}

/// A whole number between two bounds.
pub fn integer(name: &str, default: i64, min: i64, max: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// Adds a query of `n_rows` computed rows that calls the function with these constants, and shows
/// the last field of a struct.
pub fn with_example(spec: FunctionSpec, n_rows: usize, constants: &str) -> FunctionSpec {
    let series: Vec<&str> = spec
        .params
        .iter()
        .filter(|p| !p.kind.is_option())
        .map(|p| p.name.as_str())
        .collect();
    let columns: Vec<String> = series
        .iter()
        .map(|name| format!("{} AS {name}", about(name).1))
        .collect();
    let separator = if constants.is_empty() { "" } else { ", " };
    let call = format!(
        "{}({}{separator}{constants}) OVER (ORDER BY t)",
        spec.name,
        series.join(", ")
    );
    let value = match spec.output.fields() {
        [.., field] => format!("({call})['{}']", field.name),
        [] => call,
    };
    let sql = format!(
        "WITH bars AS (SELECT t, {} FROM generate_series(1, {n_rows}) AS g(t)) \
         SELECT t, {value} AS value FROM bars ORDER BY t",
        columns.join(", ")
    );
    spec.with_example(&sql, "")
}

fn about(series: &str) -> (&'static str, &'static str) {
    SERIES
        .iter()
        .find(|(name, ..)| *name == series)
        .map_or(("Series", "t"), |(_, doc, formula)| (*doc, *formula))
}
