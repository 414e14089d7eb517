//! Queries that show the statistics at work without any table.

use crate::sample::Sample;
use quantlake_core::metric::RowOrder;
use quantlake_core::{Output, ParamSpec};

/// Two series that move together, with enough scatter for every test.
const X: &str = "sin(t * t) + t / 10.0 AS x";
const Y: &str = "cos(t * 3.0) + sin(t * t) / 2 + t / 8.0 AS y";

/// A table of t, x and, where used, y.
pub(crate) fn table(n_rows: usize, has_y: bool) -> String {
    let y = if has_y {
        format!(", {Y}")
    } else {
        String::new()
    };
    format!("WITH v AS (SELECT t, {X}{y} FROM generate_series(1, {n_rows}) AS g(t))")
}

/// The aggregate over all rows of the example.
pub(crate) fn aggregate(sample: &Sample) -> String {
    let order = match sample.order {
        RowOrder::Significant => " ORDER BY t",
        RowOrder::Irrelevant => "",
    };
    let call = format!(
        "{}({}{}{order})",
        sample.name,
        series(&sample.series),
        sample.example_options
    );
    format!(
        "{} SELECT {} FROM v",
        table(sample.example_rows, sample.series.len() > 1),
        shown(&call, &sample.output)
    )
}

/// The window function, with rows before and after the first value.
pub(crate) fn rolling(sample: &Sample, name: &str) -> String {
    let period = sample.example_rows - 2;
    let call = format!(
        "{name}({}, {period}{}) OVER (ORDER BY t)",
        series(&sample.series),
        sample.example_options
    );
    format!(
        "{} SELECT t, {} FROM v ORDER BY t DESC LIMIT 4",
        table(sample.example_rows, sample.series.len() > 1),
        shown(&call, &sample.output)
    )
}

fn series(params: &[ParamSpec]) -> String {
    let names: Vec<&str> = params.iter().map(|p| p.name.as_str()).collect();
    names.join(", ")
}

/// The value, or the first two fields, rounded: the last digits differ between processors.
fn shown(call: &str, output: &Output) -> String {
    match output.fields() {
        [] => format!("round({call}, 6) AS value"),
        fields => fields
            .iter()
            .take(2)
            .map(|f| format!("round(({call})['{0}'], 6) AS {0}", f.name))
            .collect::<Vec<_>>()
            .join(", "),
    }
}
