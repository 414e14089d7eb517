//! What `pattern_events` takes and returns.

use quantlake_core::{
    FunctionSpec, Kind, Output, OutputField, OutputType, ParamKind, ParamSpec, ParamValue,
};

pub(super) fn spec() -> FunctionSpec {
    FunctionSpec::new(
        super::NAME,
        "patterns",
        Kind::Relation,
        "Double tops and bottoms in bars, one row for each with the time at which it was confirmed, failed or expired; rows never change when later bars arrive.",
    )
    .with_params(params())
    .with_output(Output::Rows(output()))
    .with_lookback("trend_bars + max_bars + 2 * pivot_bars + confirm_within")
    .with_source(
        "Bulkowski, Encyclopedia of Chart Patterns (2nd ed. 2005), double tops and bottoms; Edwards and Magee, Technical Analysis of Stock Trends",
    )
    .with_example(
        "SELECT pattern, second_price, neckline, target, status, CAST(event_ts AS DATE) AS decided FROM pattern_events((\
         SELECT 'X' AS symbol, CAST(t AS DATE) AS ts, p AS high, p AS low, p AS close FROM (VALUES \
         ('2024-01-01', 75.0), ('2024-01-02', 90.0), ('2024-01-03', 100.0), ('2024-01-04', 90.0), \
         ('2024-01-05', 85.0), ('2024-01-06', 92.0), ('2024-01-07', 99.0), ('2024-01-08', 86.0), \
         ('2024-01-09', 84.0)) AS v(t, p)), pivot_bars => 1, min_bars => 2)",
        "double_top,99.0,85.0,70.0,confirmed,2024-01-09",
    )
}

fn params() -> Vec<ParamSpec> {
    let fraction = ParamKind::Number { min: 0.0, max: 1.0 };
    let bars = |min| ParamKind::Integer {
        min,
        max: 1_000_000,
    };
    let integer = ParamValue::Integer;
    let number = ParamValue::Number;
    let option = ParamSpec::optional;
    vec![
        ParamSpec::required(
            "bars",
            ParamKind::Query,
            "Bars with symbol, ts, high, low, close and, if there is one, volume, all adjusted for splits. Rows without high, low or close are skipped.",
        ),
        option(
            "pattern",
            ParamKind::Name,
            ParamValue::Null,
            "Patterns to look for, with commas between: double_top, double_bottom; NULL for all.",
        ),
        option(
            "pivot_bars",
            bars(1),
            integer(5),
            "Bars on each side of a swing pivot; an extreme is known this many bars after it.",
        ),
        option(
            "tolerance",
            fraction.clone(),
            number(0.03),
            "Largest difference between the two extremes, as a fraction of the larger.",
        ),
        option(
            "min_depth",
            fraction.clone(),
            number(0.05),
            "Smallest distance from the nearer extreme to the neckline, as a fraction of that extreme.",
        ),
        option(
            "min_bars",
            bars(2),
            integer(10),
            "Fewest bars between the two extremes.",
        ),
        option(
            "max_bars",
            bars(2),
            integer(120),
            "Most bars between the two extremes.",
        ),
        option(
            "min_trend",
            ParamKind::Number {
                min: 0.0,
                max: 1_000_000.0,
            },
            number(1.5),
            "Smallest move into the first extreme, in heights of the pattern.",
        ),
        option(
            "trend_bars",
            bars(1),
            integer(120),
            "Most bars that the move into the first extreme may take.",
        ),
        option(
            "confirm_within",
            bars(0),
            integer(60),
            "Bars after the pattern is known in which a close has to cross the neckline.",
        ),
        option(
            "stop_margin",
            fraction,
            number(0.01),
            "Distance of the stop beyond the outer extreme, as a fraction of it; a price beyond the stop before the confirmation ends the pattern.",
        ),
        option(
            "forming",
            ParamKind::Flag,
            ParamValue::Flag(false),
            "Whether to list patterns that are known and not decided yet, too; their event_ts is NULL.",
        ),
    ]
}

fn output() -> Vec<OutputField> {
    use OutputType::{Float, Integer, Text, Time};
    let field = OutputField::new;
    vec![
        field("symbol", Text, "The symbol."),
        field("pattern", Text, "double_top or double_bottom."),
        field(
            "direction",
            Integer,
            "What the pattern calls for: -1 falling prices, 1 rising prices.",
        ),
        field("first_ts", Time, "Time of the first extreme."),
        field(
            "first_price",
            Float,
            "Price of the first extreme: a high for tops, a low for bottoms.",
        ),
        field(
            "middle_ts",
            Time,
            "Time of the trough (top) or peak (bottom) between the extremes.",
        ),
        field(
            "middle_price",
            Float,
            "Price of the trough or peak: the neckline.",
        ),
        field("second_ts", Time, "Time of the second extreme."),
        field("second_price", Float, "Price of the second extreme."),
        field(
            "known_ts",
            Time,
            "Time at which the second extreme was known to be one; nothing about the pattern was known before.",
        ),
        field(
            "event_ts",
            Time,
            "Time at which the status was known; use the event from here on.",
        ),
        field(
            "status",
            Text,
            "confirmed: a close beyond the neckline; failed: a price beyond the stop first; expired: neither in time; forming: not decided.",
        ),
        field(
            "neckline",
            Float,
            "The level whose crossing confirms the pattern.",
        ),
        field(
            "target",
            Float,
            "Neckline plus or minus the height; NULL where that is not a positive price.",
        ),
        field(
            "stop",
            Float,
            "The price beyond both extremes by the stop margin, which proves the pattern wrong.",
        ),
        field(
            "height",
            Float,
            "Distance from the neckline to the outer extreme, in prices.",
        ),
        field(
            "score",
            Float,
            "How well formed the pattern is, 0 to 1: mean of equal levels, height against the usual range of a bar, a middle half-way, and fading volume where volume is known.",
        ),
    ]
}
