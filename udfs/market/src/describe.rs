//! What the specs of this crate share: parameters, outputs, and examples that need no table.

use crate::calendar::{anchor_kind, calendar_kind, stamp_kind};
use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
};

/// Required series with what they hold.
pub fn series(params: &[(&str, &str)]) -> Vec<ParamSpec> {
    let described = params.iter();
    described
        .map(|(name, doc)| ParamSpec::series(name, doc))
        .collect()
}

/// A column of times.
pub fn times() -> ParamSpec {
    ParamSpec::required("ts", ParamKind::Times, "Time of the row, in UTC")
}

/// The constants that choose sessions: `calendar` and `stamp`.
pub fn clock_params(default: &str) -> [ParamSpec; 2] {
    [
        ParamSpec::optional(
            "calendar",
            calendar_kind(),
            ParamValue::Text(default.into()),
            "Whose sessions: an exchange, `utc` for whole days, or `date` for daily bars that \
             carry a date at 00:00",
        ),
        ParamSpec::optional(
            "stamp",
            stamp_kind(),
            ParamValue::Text("close".into()),
            "Which end of its bar a row's time names; `open` also for trades and quotes",
        ),
    ]
}

/// The constant that chooses when a function begins anew.
pub fn anchor() -> ParamSpec {
    ParamSpec::optional(
        "anchor",
        anchor_kind(),
        ParamValue::Text("session".into()),
        "What begins anew: each session, or the week, month, quarter or year of its trading date",
    )
}

/// A struct of doubles.
pub fn floats(fields: &[(&str, &str)]) -> Output {
    let described = fields.iter();
    Output::Struct(
        described
            .map(|(name, doc)| OutputField::new(name, OutputType::Float, doc))
            .collect(),
    )
}

/// A whole number between two bounds.
pub fn whole(name: &str, default: i64, min: i64, max: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// The columns that examples compute from the row number `t`, by parameter name.
const COLUMNS: [(&str, &str); 28] = [
    ("ts", "to_timestamp(1636119000 + 1800 * t)"),
    ("open", "100 + 2 * sin(t - 0.5)"),
    ("high", "102.5 + 2 * sin(t)"),
    ("low", "97.5 + 2 * sin(t)"),
    ("close", "100 + 2 * sin(t)"),
    ("price", "100 + 2 * sin(t)"),
    ("x", "100 + 2 * sin(t)"),
    ("y", "100 + 2 * sin(t - 0.7) + 0.3 * cos(3 * t)"),
    ("volume", "1000 + 100 * (t % 4)"),
    ("bid_price", "99.9 + 0.1 * (t % 3)"),
    ("bid_size", "5 + 2 * (t % 4)"),
    ("ask_price", "100.1 + 0.1 * (t % 4)"),
    ("ask_size", "4 + 3 * (t % 3)"),
    ("size", "5 + 2 * (t % 4)"),
    ("side", "CASE WHEN t % 3 = 0 THEN -1 ELSE 1 END"),
    ("mid", "100 + 0.1 * (t % 3)"),
    ("mark_price", "100 + 0.3 * (t % 4)"),
    ("index_price", "100 + 0.1 * (t % 3)"),
    ("spot_price", "100 + 0.1 * (t % 3)"),
    ("near_price", "100 + 0.1 * (t % 3)"),
    ("futures_price", "101 + 0.1 * (t % 5)"),
    ("far_price", "101 + 0.1 * (t % 5)"),
    ("days", "60 - t"),
    ("funding_rate", "0.0001 * (t % 5)"),
    ("open_interest", "5000 + 40 * (t % 6)"),
    ("reserve", "25000 - 100 * t"),
    ("total", "500 + t"),
    ("declines", "180 + 20 * (t % 4)"),
];

/// What a column is that no other rule knows: a count or an amount.
const COUNTS: &str = "150 + 30 * (t % 5)";

fn column(name: &str) -> String {
    if let Some((_, formula)) = COLUMNS.iter().find(|(known, _)| *known == name) {
        return (*formula).to_string();
    }
    // Levels of a book lie one tick apart.
    if let Some(level) = name.strip_prefix("bid_price_") {
        return format!("100 - 0.1 * {level} + 0.1 * (t % 3)");
    }
    if let Some(level) = name.strip_prefix("ask_price_") {
        return format!("100 + 0.1 * {level} + 0.1 * (t % 3)");
    }
    match name.split_once("_size_") {
        Some(("bid", level)) => format!("{level} + 2 * (t % 4)"),
        Some((_, level)) => format!("{level} + 3 * (t % 3)"),
        None => COUNTS.into(),
    }
}

/// Adds a query over the rows 1 to `n_rows` that shows the newest five.
///
/// `given` holds constants other than the defaults, so that few rows suffice.
pub fn with_example(spec: FunctionSpec, n_rows: usize, given: &[(&str, &str)]) -> FunctionSpec {
    let inputs: Vec<&ParamSpec> = spec.params.iter().filter(|p| !p.kind.is_option()).collect();
    let columns: Vec<String> = inputs
        .iter()
        .map(|p| format!("{} AS {}", column(&p.name), p.name))
        .collect();
    let arguments: Vec<String> = spec.params.iter().map(|p| argument(p, given)).collect();
    let window = match spec.kind {
        Kind::Window => " OVER (ORDER BY t)",
        _ => "",
    };
    let call = format!("{}({}){window}", spec.name, arguments.join(", "));
    let value = match spec.output.fields() {
        [field, ..] => format!("({call})['{}']", field.name),
        [] => call,
    };
    let sql = format!(
        "WITH v AS (SELECT t, {} FROM generate_series(1, {n_rows}) AS g(t)) \
         SELECT t, {value} AS value FROM v ORDER BY t DESC LIMIT 5",
        columns.join(", ")
    );
    spec.with_example(&sql, "")
}

fn argument(param: &ParamSpec, given: &[(&str, &str)]) -> String {
    if !param.kind.is_option() {
        return param.name.clone();
    }
    let default = || param.default.as_ref().map(ToString::to_string);
    match given.iter().find(|(name, _)| *name == param.name) {
        Some((_, value)) => (*value).to_string(),
        None => default().unwrap_or_default(),
    }
}
