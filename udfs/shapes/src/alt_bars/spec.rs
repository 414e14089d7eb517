//! What all bar functions share in their descriptions.

use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
    Stability,
};

/// The spec of a bar function with these constants.
pub(super) fn spec(
    name: &str,
    constants: Vec<ParamSpec>,
    summary: &str,
    source: &str,
    call: &str,
) -> FunctionSpec {
    let mut params = vec![ParamSpec::required(
        "bars",
        ParamKind::Query,
        "rows with symbol, ts, close and, where there are any, open, high, low and volume: bars or single trades",
    )];
    params.extend(constants);
    FunctionSpec::new(name, "bars", Kind::Relation, summary)
        .with_params(params)
        .with_output(Output::Rows(output()))
        .with_stability(Stability::PathDependent)
        .with_source(source)
        .with_example(&example(name, call), "")
}

fn output() -> Vec<OutputField> {
    use OutputType::{Float, Integer, Text, Time};
    vec![
        OutputField::new("symbol", Text, "symbol"),
        OutputField::new(
            "start_ts",
            Time,
            "time of the first row after the bar before",
        ),
        OutputField::new("end_ts", Time, "time of the row that completed the bar"),
        OutputField::new("open", Float, "price at the start of the bar"),
        OutputField::new("high", Float, "highest price of the bar"),
        OutputField::new("low", Float, "lowest price of the bar"),
        OutputField::new("close", Float, "price at the end of the bar"),
        OutputField::new(
            "volume",
            Float,
            "volume of its rows, NULL where that of one is",
        ),
        OutputField::new(
            "value",
            Float,
            "sum of close times volume of its rows, in money",
        ),
        OutputField::new("n_rows", Integer, "how many rows it was made of"),
        OutputField::new("direction", Integer, "+1 rising, -1 falling, 0 neither"),
    ]
}

fn example(name: &str, call: &str) -> String {
    format!(
        "SELECT end_ts, open, high, low, close, volume, direction FROM {name}((SELECT * FROM (VALUES \
         ('X', TIMESTAMP '2024-01-02', 100.0, 5.0), ('X', TIMESTAMP '2024-01-03', 102.5, 6.0), \
         ('X', TIMESTAMP '2024-01-04', 103.0, 7.0), ('X', TIMESTAMP '2024-01-05', 99.5, 8.0), \
         ('X', TIMESTAMP '2024-01-08', 98.0, 9.0), ('X', TIMESTAMP '2024-01-09', 101.0, 8.0), \
         ('X', TIMESTAMP '2024-01-10', 104.0, 7.0)) AS v(symbol, ts, close, volume)), {call})"
    )
}

/// A size above 0 that has to be given: no default fits every price.
pub(super) fn size(name: &str, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number {
        min: 1e-12,
        max: 1e18,
    };
    ParamSpec::required(name, kind, doc)
}

/// A count of at least 1.
pub(super) fn count(name: &str, default: i64, max: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min: 1, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// One of these names, the first by default; codes count from 0.
pub(super) fn choice(name: &str, names: &[&str], doc: &str) -> ParamSpec {
    let choices = names.iter().zip(0_i64..);
    let kind = ParamKind::Choice(choices.map(|(n, code)| (n.to_string(), code)).collect());
    let default = names.first().map_or(String::new(), ToString::to_string);
    ParamSpec::optional(name, kind, ParamValue::Text(default), doc)
}
