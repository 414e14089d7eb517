//! Proportions of one bar.

use crate::describe::{spec, with_example};
use crate::kernel::per_row;
use quantlake_core::{Function, FunctionSpec};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        close_vs_open(),
        body_to_range(),
        wick_imbalance(),
        high_low_range(),
    ]
}

fn of_a_bar(name: &str, series: &[&str], summary: &str, source: &str) -> FunctionSpec {
    let spec = spec("price", name, series, vec![], summary).with_source(source);
    with_example(spec, 6, "")
}

fn close_vs_open() -> Function {
    let spec = of_a_bar(
        "close_vs_open",
        &["open", "close"],
        "Return from open to close of the bar, as a fraction of the open; NULL where it is 0",
        "(close - open) / open",
    );
    per_row(spec, |[open, close]| [(close - open) / open])
}

fn body_to_range() -> Function {
    let spec = of_a_bar(
        "body_to_range",
        &["open", "high", "low", "close"],
        "Size of the body as a fraction of the bar's range, from 0 to 1; NULL without a range",
        "abs(close - open) / (high - low)",
    );
    per_row(spec, |[open, high, low, close]| {
        [(close - open).abs() / (high - low)]
    })
}

fn wick_imbalance() -> Function {
    let spec = of_a_bar(
        "wick_imbalance",
        &["open", "high", "low", "close"],
        "Upper less lower wick as a fraction of the bar's range, from -1 to 1; NULL without a \
         range",
        "((high - max(open, close)) - (min(open, close) - low)) / (high - low)",
    );
    per_row(spec, |[open, high, low, close]| {
        let (upper, lower) = (high - open.max(close), open.min(close) - low);
        [(upper - lower) / (high - low)]
    })
}

fn high_low_range() -> Function {
    let spec = of_a_bar(
        "high_low_range",
        &["high", "low", "close"],
        "Range of the bar as a fraction of its close; NULL where the close is 0",
        "(high - low) / close",
    );
    per_row(spec, |[high, low, close]| [(high - low) / close])
}
