//! The parts of a spec that the functions of this crate share.

use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, Stability,
};

/// What the series parameters of this crate are called, and what they hold.
const SERIES: [(&str, &str); 7] = [
    ("x", "a price or any other series"),
    ("open", "first price of the bar"),
    ("high", "highest price of the bar"),
    ("low", "lowest price of the bar"),
    ("close", "last price of the bar"),
    ("volume", "volume of the bar"),
    (
        "anchor",
        "true on the rows that start again; false everywhere starts at the first row",
    ),
];

/// The columns of the examples' bars, each from the row number `t`: two waves, of which the price
/// moves by less than 4 from row to row, so that every open lies between low and high.
const COLUMNS: [(&str, &str); 7] = [
    ("x", "100 + 10 * sin(t / 5.0) + 2 * cos(t)"),
    ("open", "100 + 10 * sin((t - 1) / 5.0) + 2 * cos(t - 1)"),
    ("high", "104 + 10 * sin(t / 5.0) + 2 * cos(t)"),
    ("low", "96 + 10 * sin(t / 5.0) + 2 * cos(t)"),
    ("close", "100 + 10 * sin(t / 5.0) + 2 * cos(t)"),
    ("volume", "1000 + 10 * (t % 7)"),
    ("anchor", "t % 100 = 0"),
];

/// Rows of an example: more than the longest look-back with default constants.
const N_ROWS: usize = 300;

/// A window function over these series with these constants, described and with an example.
pub fn spec(
    name: &str,
    family: &str,
    summary: &str,
    series: &[&str],
    constants: Vec<ParamSpec>,
) -> FunctionSpec {
    let params = series
        .iter()
        .map(|s| ParamSpec::series(s, doc_of(s)))
        .chain(constants)
        .collect();
    let spec = FunctionSpec::new(name, family, Kind::Window, summary).with_params(params);
    with_example(spec)
}

/// Shorthands that keep a function's description on few lines.
pub trait Describe {
    /// Gives a struct of doubles, each with what it holds.
    #[must_use]
    fn gives(self, fields: &[(&str, &str)]) -> Self;

    /// Gives one whole number.
    #[must_use]
    fn gives_integer(self) -> Self;

    /// Sets look-back, stability class and source.
    #[must_use]
    fn known(self, lookback: &str, stability: Stability, source: &str) -> Self;
}

impl Describe for FunctionSpec {
    fn gives(self, fields: &[(&str, &str)]) -> Self {
        let fields = fields
            .iter()
            .map(|(name, doc)| OutputField::new(name, OutputType::Float, doc))
            .collect();
        with_example(self.with_output(Output::Struct(fields)))
    }

    fn gives_integer(self) -> Self {
        self.with_output(Output::Value(OutputType::Integer))
    }

    fn known(self, lookback: &str, stability: Stability, source: &str) -> Self {
        self.with_lookback(lookback)
            .with_stability(stability)
            .with_source(source)
    }
}

/// A whole number between two bounds.
pub fn whole(name: &str, min: i64, max: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(
        name,
        kind,
        quantlake_core::ParamValue::Integer(default),
        doc,
    )
}

fn doc_of(series: &str) -> &'static str {
    SERIES
        .iter()
        .find(|(name, _)| *name == series)
        .map_or("", |(_, doc)| doc)
}

/// The function over the last rows of two waves, with every constant at its default; of a struct,
/// the last field is shown.
fn with_example(spec: FunctionSpec) -> FunctionSpec {
    let bars = COLUMNS
        .iter()
        .filter(|(column, _)| spec.params.iter().any(|p| p.name == *column))
        .map(|(column, formula)| format!("{formula} AS {column}"))
        .collect::<Vec<_>>()
        .join(", ");
    let arguments = spec
        .params
        .iter()
        .map(|p| p.default.as_ref().map_or(p.name.clone(), |d| d.to_string()))
        .collect::<Vec<_>>()
        .join(", ");
    let call = format!("{}({arguments}) OVER (ORDER BY t)", spec.name);
    let value = match spec.output.fields() {
        [.., last] => format!("({call})['{}']", last.name),
        [] => call,
    };
    let sql = format!(
        "WITH bars AS (SELECT t, {bars} FROM generate_series(1, {N_ROWS}) AS g(t)) \
         SELECT t, {value} AS value FROM bars ORDER BY t DESC LIMIT 5"
    );
    spec.with_example(&sql, "")
}
