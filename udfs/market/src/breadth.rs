//! Market breadth: how many issues take part in a move.
//!
//! Inputs are one row per time with counts over the whole market, as GROUP BY ts gives them:
//! `count(*) FILTER (WHERE close > prev) AS advances`, and so on. Unchanged issues count on
//! neither side.
//!
//! `wickra-core` raises a denominator of 0 to 1, which turns a day without declines into a plain
//! number of advances, and counts a day on which nothing moved as 0; here both are NULL, and
//! such a day enters no mean. `CumulativeVolumeIndex` and `AdVolumeLine` are one formula and one
//! function.

use crate::binding::{rolling, rowwise, running};
use crate::describe::{series, with_example};
use quantlake_core::{Function, FunctionSpec, Kind, Stability};
use quantlake_indicators::machine::period;

mod oscillators;

/// The functions of market breadth.
pub fn functions() -> Vec<Function> {
    let mut functions = rowwise_functions();
    functions.extend(lines());
    functions.extend(oscillators::functions());
    functions
}

fn scalar(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "breadth", Kind::Scalar, summary)
}

fn window(name: &str, summary: &str) -> FunctionSpec {
    FunctionSpec::new(name, "breadth", Kind::Window, summary)
}

const ADVANCES: (&str, &str) = ("advances", "Issues that rose");
const DECLINES: (&str, &str) = ("declines", "Issues that fell");
const UP_VOLUME: (&str, &str) = ("advancing_volume", "Volume of the issues that rose");
const DOWN_VOLUME: (&str, &str) = ("declining_volume", "Volume of the issues that fell");
const HIGHS: (&str, &str) = ("new_highs", "Issues at a new high, commonly of 52 weeks");
const LOWS: (&str, &str) = ("new_lows", "Issues at a new low, commonly of 52 weeks");

/// A function of one row of counts.
fn of_counts<const N: usize>(
    spec: FunctionSpec,
    params: [(&str, &str); N],
    formula: impl Fn(&[f64; N]) -> f64 + Copy + Send + Sync + 'static,
) -> Function {
    let spec = spec.with_params(series(&params));
    rowwise(with_example(spec, 5, &[]), N, move |_| {
        Ok(move |row: &[f64], out: &mut [f64]| {
            if let (Some(row), [slot, ..]) = (row.first_chunk::<N>(), out) {
                *slot = formula(row);
            }
        })
    })
}

/// a / b; NaN where b is not above 0.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { f64::NAN }
}

fn rowwise_functions() -> Vec<Function> {
    let mut functions = issue_counts();
    functions.extend(shares());
    functions
}

fn issue_counts() -> Vec<Function> {
    vec![
        of_counts(
            scalar(
                "advance_decline_ratio",
                "Issues that rose for each that fell",
            )
            .with_source("advances / declines; NULL where nothing fell"),
            [ADVANCES, DECLINES],
            |[a, d]| ratio(*a, *d),
        ),
        of_counts(
            scalar(
                "ratio_adjusted_net_advances",
                "Net advances per thousand issues that moved, from -1000 to 1000",
            )
            .with_aliases(vec!["rana".into()])
            .with_source(
                "1000 (A - D) / (A + D), the input of the ratio-adjusted McClellan oscillator; \
                 NULL where nothing moved",
            ),
            [ADVANCES, DECLINES],
            |[a, d]| ratio_adjusted(*a, *d),
        ),
        of_counts(
            scalar(
                "absolute_breadth_index",
                "How many more issues moved one way than the other, without the direction",
            )
            .with_source("|A - D|, Fosback (1976), Stock Market Logic"),
            [ADVANCES, DECLINES],
            |[a, d]| (a - d).abs(),
        ),
        of_counts(
            scalar(
                "tick_index",
                "Issues whose last trade was on an uptick less those on a downtick",
            )
            .with_source("upticks - downticks at one moment, the exchanges' TICK"),
            [
                ("upticks", "Issues whose last trade was on an uptick"),
                ("downticks", "Issues whose last trade was on a downtick"),
            ],
            |[up, down]| up - down,
        ),
        of_counts(
            scalar(
                "net_new_highs",
                "Issues at a new high less issues at a new low",
            )
            .with_source("new_highs - new_lows"),
            [HIGHS, LOWS],
            |[high, low]| high - low,
        ),
    ]
}

/// Net advances per thousand issues that moved.
fn ratio_adjusted(advances: f64, declines: f64) -> f64 {
    1000.0 * ratio(advances - declines, advances + declines)
}

fn shares() -> Vec<Function> {
    vec![
        of_counts(
            scalar(
                "trin",
                "Arms index: issue ratio over volume ratio; below 1 the rising issues get more \
                 than their share of volume",
            )
            .with_aliases(vec!["arms_index".into()])
            .with_source(
                "(A / D) / (advancing_volume / declining_volume), Arms (1989), The Arms Index; \
                 NULL where one of the denominators is 0",
            ),
            [ADVANCES, DECLINES, UP_VOLUME, DOWN_VOLUME],
            |[a, d, up, down]| ratio(ratio(*a, *d), ratio(*up, *down)),
        ),
        of_counts(
            scalar(
                "up_down_volume_ratio",
                "Volume of the issues that rose for each unit of those that fell",
            )
            .with_source("advancing_volume / declining_volume; NULL where nothing fell"),
            [UP_VOLUME, DOWN_VOLUME],
            |[up, down]| ratio(*up, *down),
        ),
        of_counts(
            scalar(
                "record_high_percent",
                "New highs among new highs and lows, in percent",
            )
            .with_source("100 new_highs / (new_highs + new_lows); NULL where there is neither"),
            [HIGHS, LOWS],
            |[high, low]| 100.0 * ratio(*high, high + low),
        ),
        of_counts(
            scalar(
                "percent_above_ma",
                "Issues above their moving average, in percent of all issues",
            )
            .with_source("100 above / total; NULL without issues"),
            [
                ("above", "Issues that closed above their moving average"),
                ("total", "All issues"),
            ],
            |[above, total]| 100.0 * ratio(*above, *total),
        ),
        of_counts(
            scalar(
                "bullish_percent_index",
                "Issues whose point-and-figure chart says buy, in percent of all issues",
            )
            .with_source(
                "100 bullish / total, A. W. Cohen, Investors Intelligence; NULL without issues",
            ),
            [
                ("bullish", "Issues on a point-and-figure buy signal"),
                ("total", "All issues"),
            ],
            |[bullish, total]| 100.0 * ratio(*bullish, *total),
        ),
    ]
}

/// A running sum of the difference of two columns.
fn line(spec: FunctionSpec, params: [(&str, &str); 2]) -> Function {
    let spec = spec
        .with_params(series(&params))
        .with_stability(Stability::PathDependent);
    running(
        with_example(spec, 5, &[]),
        |_| Ok(0.0),
        |sum: &mut f64, row, out| {
            if let ([plus, minus, ..], [slot, ..]) = (row, out) {
                *sum += plus - minus;
                *slot = *sum;
            }
        },
    )
}

fn lines() -> Vec<Function> {
    vec![
        line(
            window(
                "advance_decline_line",
                "Net advances summed since the first row, in issues",
            )
            .with_source("sum(advances - declines); only its slope and turns mean something"),
            [ADVANCES, DECLINES],
        ),
        line(
            window(
                "advance_decline_volume_line",
                "Net advancing volume summed since the first row",
            )
            .with_aliases(vec!["cumulative_volume_index".into()])
            .with_source(
                "sum(advancing_volume - declining_volume); only its slope and turns mean something",
            ),
            [UP_VOLUME, DOWN_VOLUME],
        ),
        line(
            window(
                "high_low_line",
                "Net new highs summed since the first row, in issues",
            )
            .with_source("sum(new_highs - new_lows); only its slope and turns mean something"),
            [HIGHS, LOWS],
        ),
        high_low_index(),
    ]
}

fn high_low_index() -> Function {
    let mut params = series(&[HIGHS, LOWS]);
    params.push(period("period", 10, "Rows in the mean"));
    let spec = window(
        "high_low_index",
        "Mean share of new highs among new highs and lows over the last rows, in percent",
    )
    .with_params(params)
    .with_lookback("period - 1")
    .with_source(
        "Simple mean of record_high_percent; a row without new highs and lows enters no mean, \
         and NULL stands where the window has no other",
    );
    rolling(with_example(spec, 8, &[("period", "3")]), |args| {
        let formula = |columns: &[&[f64]]| match columns {
            [highs, lows] => {
                let shares = highs.iter().zip(*lows).map(|(h, l)| ratio(*h, h + l));
                let known = shares.filter(|s| !s.is_nan());
                let (sum, n) = known.fold((0.0, 0.0), |(sum, n), s| (sum + s, n + 1.0));
                100.0 * ratio(sum, n)
            }
            _ => f64::NAN,
        };
        Ok((args.count("period")?, formula))
    })
}
