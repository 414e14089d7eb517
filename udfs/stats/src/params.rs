//! Parameters that several statistics share, so that they are named and described once.

use quantlake_core::{Args, OutputField, OutputType, ParamKind, ParamSpec, ParamValue, QlError};

/// Longest window and largest lag.
pub(crate) const MAX_ROWS: i64 = 1_000_000;

pub(crate) fn x(doc: &str) -> ParamSpec {
    ParamSpec::series("x", doc)
}

pub(crate) fn y(doc: &str) -> ParamSpec {
    ParamSpec::series("y", doc)
}

/// The rows of a rolling window.
pub(crate) fn period(min: usize) -> ParamSpec {
    let kind = ParamKind::Integer {
        min: i64::try_from(min).unwrap_or(MAX_ROWS),
        max: MAX_ROWS,
    };
    ParamSpec::required("period", kind, "rows of the window, this row included")
}

/// A whole number from `min` with a default.
pub(crate) fn count(name: &str, min: i64, default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max: MAX_ROWS };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
}

/// Bins of equal width; the square of their number is counted for two series.
pub(crate) fn bins() -> ParamSpec {
    ParamSpec::optional(
        "bins",
        ParamKind::Integer { min: 1, max: 1000 },
        ParamValue::Integer(10),
        "bins of equal width for each series, from its smallest to its largest value",
    )
}

/// A whole number from 0 that may be left to a rule.
pub(crate) fn count_or_rule(name: &str, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer {
        min: 0,
        max: MAX_ROWS,
    };
    ParamSpec::optional(name, kind, ParamValue::Null, doc)
}

/// A number within bounds with a default.
pub(crate) fn number(name: &str, min: f64, max: f64, default: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

pub(crate) fn flag(name: &str, default: bool, doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Flag, ParamValue::Flag(default), doc)
}

/// One of some names; the first is the default and codes count from 0.
pub(crate) fn choice(name: &str, choices: &[&str], doc: &str) -> ParamSpec {
    let codes = choices.iter().map(ToString::to_string).zip(0..).collect();
    let default = choices.first().copied().unwrap_or_default().to_string();
    ParamSpec::optional(
        name,
        ParamKind::Choice(codes),
        ParamValue::Text(default),
        doc,
    )
}

/// The value of [`count_or_rule`]: `None` leaves it to the rule.
pub(crate) fn optional_count(args: &Args, name: &str) -> Result<Option<usize>, QlError> {
    match args.get(name)? {
        ParamValue::Null => Ok(None),
        _ => args.count(name).map(Some),
    }
}

/// A field with a double.
pub(crate) fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

/// A field with a whole number.
pub(crate) fn integer(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Integer, doc)
}
