//! A query for each function that runs without any table.

use crate::names;
use ta_lib::abstract_api::{FuncInfo, Group, OptInputType};

/// The columns that examples compute, each from the row number `t`. The price moves by less than
/// 2 from row to row, so every open lies between low and high.
const COLUMNS: [(&str, &str); 7] = [
    ("open", "100 + 10 * sin((t - 1) / 5.0)"),
    ("high", "102 + 10 * sin(t / 5.0)"),
    ("low", "98 + 10 * sin(t / 5.0)"),
    ("close", "100 + 10 * sin(t / 5.0)"),
    ("volume", "1000 + 10 * (t % 7)"),
    ("periods", "2 + t % 20"),
    // Inside the domain of every function of one number, arc cosine included.
    ("x", "0.5 + 0.4 * sin(t / 5.0)"),
];

/// Rows of an example: more than the longest look-back with default constants.
const N_ROWS: usize = 300;

/// The function over a sine wave, at the last row, with every constant at its default.
///
/// `name` is the SQL name. Of a struct, the last field is shown.
pub fn example(function: &FuncInfo, name: &str) -> String {
    let inputs: Vec<&str> = function
        .inputs
        .iter()
        .flat_map(names::input_names)
        .map(|input| column_for(function, input))
        .collect();
    let bars = COLUMNS
        .iter()
        .filter(|(column, _)| inputs.contains(column))
        .map(|(column, formula)| format!("{formula} AS {column}"))
        .collect::<Vec<_>>()
        .join(", ");
    let options = function.opt_inputs.iter().map(|o| default_text(&o.kind));
    let arguments = inputs
        .iter()
        .map(ToString::to_string)
        .chain(options)
        .collect::<Vec<_>>()
        .join(", ");
    let call = format!("{name}({arguments}) OVER (ORDER BY t)");
    let value = match names::output_names(function).as_slice() {
        [.., field] if function.outputs.len() > 1 => format!("({call})['{field}']"),
        _ => call,
    };
    format!(
        "WITH bars AS (SELECT t, {bars} FROM generate_series(1, {N_ROWS}) AS g(t)) \
         SELECT t, {value} AS value FROM bars ORDER BY t DESC LIMIT 1"
    )
}

fn column_for(function: &FuncInfo, input: &'static str) -> &'static str {
    match input {
        "x" if function.group == Group::MathTransform => "x",
        "x" => "close",
        "y" => "open",
        other => other,
    }
}

fn default_text(kind: &OptInputType) -> String {
    match kind {
        OptInputType::IntegerRange { default, .. } => default.to_string(),
        OptInputType::RealRange { default, .. } | OptInputType::RealList { default, .. } => {
            default.to_string()
        }
        OptInputType::IntegerList { values, default } => values
            .iter()
            .find(|(code, _)| code == default)
            .map(|(_, name)| format!("'{}'", name.to_ascii_lowercase()))
            .unwrap_or_default(),
    }
}
