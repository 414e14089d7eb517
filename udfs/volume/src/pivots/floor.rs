//! Floor traders' pivot points: the levels that a finished bar gives for the next period.
//!
//! The value at a row is made of that row's bar and is for use from the next row on, so daily
//! levels for intraday bars are these functions over daily bars, joined to the day after.

use crate::describe::{record, spec, with_example};
use crate::kernel::per_row;
use quantlake_core::{Function, FunctionSpec};

/// The functions of this file.
pub fn functions() -> Vec<Function> {
    vec![
        classic_pivots(),
        fibonacci_pivots(),
        camarilla_pivots(),
        woodie_pivots(),
        demark_pivots(),
        central_pivot_range(),
    ]
}

const HIGH_LOW_CLOSE: [&str; 3] = ["high", "low", "close"];

fn levels(
    name: &str,
    series: &[&str],
    fields: &[(&str, &str)],
    summary: &str,
    source: &str,
) -> FunctionSpec {
    let spec = spec("pivots", name, series, vec![], summary)
        .with_output(record(fields))
        .with_source(source);
    with_example(spec, 5, "")
}

fn pivot_of(high: f64, low: f64, close: f64) -> f64 {
    (high + low + close) / 3.0
}

fn classic_pivots() -> Function {
    let spec = levels(
        "classic_pivots",
        &HIGH_LOW_CLOSE,
        &[
            ("pp", "Pivot: mean of high, low and close"),
            ("r1", "First resistance: 2 pp - low"),
            ("r2", "Second resistance: pp + range"),
            ("r3", "Third resistance: high + 2 (pp - low)"),
            ("s1", "First support: 2 pp - high"),
            ("s2", "Second support: pp - range"),
            ("s3", "Third support: low - 2 (high - pp)"),
        ],
        "Floor traders' pivot points of the bar for the next period, in price units",
        "J. Person, A Complete Guide to Technical Trading Tactics (2004)",
    );
    per_row(spec, |[high, low, close]| {
        let (pp, range) = (pivot_of(high, low, close), high - low);
        let (r1, s1) = (2.0 * pp - low, 2.0 * pp - high);
        let (r3, s3) = (high + 2.0 * (pp - low), low - 2.0 * (high - pp));
        [pp, r1, pp + range, r3, s1, pp - range, s3]
    })
}

fn fibonacci_pivots() -> Function {
    let spec = levels(
        "fibonacci_pivots",
        &HIGH_LOW_CLOSE,
        &[
            ("pp", "Pivot: mean of high, low and close"),
            ("r1", "pp + 0.382 of the range"),
            ("r2", "pp + 0.618 of the range"),
            ("r3", "pp + the range"),
            ("s1", "pp - 0.382 of the range"),
            ("s2", "pp - 0.618 of the range"),
            ("s3", "pp - the range"),
        ],
        "Pivot points of the bar at Fibonacci's ratios of its range, for the next period, in price \
         units",
        "(high + low + close) / 3 +- 0.382, 0.618 and 1 times (high - low)",
    );
    per_row(spec, |[high, low, close]| {
        let (pp, range) = (pivot_of(high, low, close), high - low);
        let (near, far) = (0.382 * range, 0.618 * range);
        [
            pp,
            pp + near,
            pp + far,
            pp + range,
            pp - near,
            pp - far,
            pp - range,
        ]
    })
}

fn camarilla_pivots() -> Function {
    let spec = levels(
        "camarilla_pivots",
        &HIGH_LOW_CLOSE,
        &[
            ("pp", "Pivot: mean of high, low and close"),
            ("r1", "close + 1.1 / 12 of the range"),
            ("r2", "close + 1.1 / 6 of the range"),
            (
                "r3",
                "close + 1.1 / 4 of the range, where reversals are sold",
            ),
            (
                "r4",
                "close + 1.1 / 2 of the range, where break-outs are bought",
            ),
            ("s1", "close - 1.1 / 12 of the range"),
            ("s2", "close - 1.1 / 6 of the range"),
            (
                "s3",
                "close - 1.1 / 4 of the range, where reversals are bought",
            ),
            (
                "s4",
                "close - 1.1 / 2 of the range, where break-outs are sold",
            ),
        ],
        "Camarilla levels of the bar around its close, for the next period, in price units",
        "N. Scott's Camarilla equation: close +- (high - low) * 1.1 / 12, 6, 4, 2",
    );
    per_row(spec, |[high, low, close]| {
        let [a, b, c, d] = [12.0, 6.0, 4.0, 2.0].map(|part| (high - low) * 1.1 / part);
        let pp = pivot_of(high, low, close);
        [
            pp,
            close + a,
            close + b,
            close + c,
            close + d,
            close - a,
            close - b,
            close - c,
            close - d,
        ]
    })
}

fn woodie_pivots() -> Function {
    let spec = levels(
        "woodie_pivots",
        &HIGH_LOW_CLOSE,
        &[
            ("pp", "Pivot: (high + low + 2 close) / 4"),
            ("r1", "First resistance: 2 pp - low"),
            ("r2", "Second resistance: pp + range"),
            ("s1", "First support: 2 pp - high"),
            ("s2", "Second support: pp - range"),
        ],
        "Woodie's pivot points of the bar, its close counted twice, for the next period, in price \
         units",
        "K. Wood's pivots of high, low and close; the variant that waits for the next open is \
         not this one",
    );
    per_row(spec, |[high, low, close]| {
        let (pp, range) = ((high + low + 2.0 * close) / 4.0, high - low);
        [pp, 2.0 * pp - low, pp + range, 2.0 * pp - high, pp - range]
    })
}

fn demark_pivots() -> Function {
    let spec = levels(
        "demark_pivots",
        &["open", "high", "low", "close"],
        &[
            ("pp", "Pivot: x / 4"),
            ("r1", "Projected high: x / 2 - low"),
            ("s1", "Projected low: x / 2 - high"),
        ],
        "DeMark's projected range of the bar for the next period, in price units",
        "x = high + low + close + the low of a falling bar, the high of a rising one, the close \
         otherwise; T. DeMark, The New Science of Technical Analysis (1994)",
    );
    per_row(spec, |[open, high, low, close]| {
        let weighted = if close < open {
            low
        } else if close > open {
            high
        } else {
            close
        };
        let x = high + low + close + weighted;
        [x / 4.0, x / 2.0 - low, x / 2.0 - high]
    })
}

fn central_pivot_range() -> Function {
    let spec = levels(
        "central_pivot_range",
        &HIGH_LOW_CLOSE,
        &[
            ("pivot", "Mean of high, low and close"),
            ("top", "Upper of the two central lines"),
            ("bottom", "Lower of the two central lines"),
        ],
        "Central pivot range of the bar for the next period, in price units: narrow before trends, \
         wide before ranges",
        "(high + low) / 2 and its mirror image at the pivot; F. Ochoa, Secrets of a Pivot Boss \
         (2010)",
    );
    per_row(spec, |[high, low, close]| {
        let (pivot, middle) = (pivot_of(high, low, close), (high + low) / 2.0);
        let mirrored = 2.0 * pivot - middle;
        [pivot, mirrored.max(middle), mirrored.min(middle)]
    })
}
