//! A query for each function that runs without any table.

use quantlake_core::{FunctionSpec, Output, OutputType, ParamSpec, ParamValue};

/// Bars in which something happens: a rise, a fall and a recovery. Each opens halfway between the
/// close before and its own.
const CLOSES: [f64; 12] = [
    100.0, 102.0, 101.0, 104.0, 103.0, 106.0, 104.0, 101.0, 102.0, 105.0, 107.0, 106.0,
];

/// Returns of a portfolio and, behind them, of its benchmark, in thousandths.
const RETURNS: [(i64, i64); 12] = [
    (10, 5),
    (-20, -10),
    (15, 10),
    (5, 5),
    (-10, -5),
    (20, 15),
    (-5, -10),
    (10, 0),
    (-15, -5),
    (25, 10),
    (0, 5),
    (10, 15),
];

/// Rows that windows span in examples, so that values appear.
const SHORT: i64 = 3;

/// The function over twelve rows with short windows; of a struct, the first field is shown.
pub fn example(spec: &FunctionSpec) -> String {
    let names: Vec<&str> = spec
        .params
        .iter()
        .filter(|p| !p.kind.is_option())
        .map(|p| p.name.as_str())
        .collect();
    let options = spec.params.iter().filter_map(short_option);
    let arguments: Vec<String> = names
        .iter()
        .map(ToString::to_string)
        .chain(options)
        .collect();
    let call = format!("{}({}) OVER (ORDER BY t)", spec.name, arguments.join(", "));
    let rows: Vec<String> = (0..CLOSES.len()).map(|row| row_text(row, &names)).collect();
    format!(
        "SELECT t, {} AS value FROM (VALUES {}) AS v(t, {}) ORDER BY t",
        shown(spec, &call),
        rows.join(", "),
        names.join(", ")
    )
}

fn shown(spec: &FunctionSpec, call: &str) -> String {
    match &spec.output {
        Output::Value(OutputType::Float) => format!("round({call}, 6)"),
        Output::Value(_) => call.to_string(),
        Output::Struct(fields) | Output::Rows(fields) => {
            let first = fields.first().map_or("", |f| f.name.as_str());
            format!("round(({call})['{first}'], 6)")
        }
    }
}

fn short_option(param: &ParamSpec) -> Option<String> {
    match (&param.kind, param.default.as_ref()?) {
        (quantlake_core::ParamKind::Integer { min, .. }, ParamValue::Integer(default)) => {
            Some((*default).min(SHORT).max(*min).to_string())
        }
        (kind, default) => kind.is_option().then(|| default.to_string()),
    }
}

fn row_text(row: usize, names: &[&str]) -> String {
    let cells = names.iter().map(|name| format!("{:?}", cell(row, name)));
    let cells: Vec<String> = std::iter::once((row + 1).to_string())
        .chain(cells)
        .collect();
    format!("({})", cells.join(", "))
}

fn cell(row: usize, name: &str) -> f64 {
    let close_of = |row: usize| CLOSES.get(row).copied().unwrap_or(f64::NAN);
    let close = close_of(row);
    let open = (close_of(row.saturating_sub(1)) + close) / 2.0;
    let (ret, benchmark) = RETURNS.get(row).copied().unwrap_or_default();
    match name {
        "open" => open,
        "high" => open.max(close) + 1.0,
        "low" => open.min(close) - 1.0,
        "volume" => 1000.0 + 100.0 * (row % 4) as f64,
        "ret" => ret as f64 / 1000.0,
        "benchmark" => benchmark as f64 / 1000.0,
        _ => close,
    }
}
