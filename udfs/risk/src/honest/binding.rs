//! What the SQL functions of this crate's relation functions share: parameters and columns.

use super::random::DEFAULT_SEED;
use datafusion::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use quantlake_core::relation::Rows;
use quantlake_core::{Args, OutputField, OutputType, ParamKind, ParamSpec, ParamValue, QlError};
use std::sync::Arc;

/// Most replications and paths of one call.
const MAX_PATHS: i64 = 1_000_000;

pub(crate) fn query(name: &str, doc: &str) -> ParamSpec {
    ParamSpec::required(name, ParamKind::Query, doc)
}

pub(crate) fn number(name: &str, (min, max): (f64, f64), default: f64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Number { min, max };
    ParamSpec::optional(name, kind, ParamValue::Number(default), doc)
}

/// A number that may be left out: NULL.
pub(crate) fn optional_number(name: &str, (min, max): (f64, f64), doc: &str) -> ParamSpec {
    ParamSpec::optional(name, ParamKind::Number { min, max }, ParamValue::Null, doc)
}

pub(crate) fn integer(name: &str, (min, max): (i64, i64), default: i64, doc: &str) -> ParamSpec {
    let kind = ParamKind::Integer { min, max };
    ParamSpec::optional(name, kind, ParamValue::Integer(default), doc)
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

pub(crate) fn seed() -> ParamSpec {
    integer(
        "seed",
        (0, i64::MAX),
        DEFAULT_SEED,
        "seed of the random numbers: the same seed gives the same result, on any number of threads",
    )
}

/// The value of [`seed`].
pub(crate) fn seed_of(args: &Args) -> Result<u64, QlError> {
    Ok(args.count("seed")? as u64)
}

pub(crate) fn paths(name: &str, default: i64, doc: &str) -> ParamSpec {
    integer(name, (1, MAX_PATHS), default, doc)
}

pub(crate) fn block() -> ParamSpec {
    optional_number(
        "block",
        (1.0, 1e6),
        "mean length of a block of the stationary bootstrap in rows; NULL for the length by Politis and White",
    )
}

pub(crate) fn periods() -> ParamSpec {
    crate::params::periods()
}

/// A column of doubles.
pub(crate) fn float(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Float, doc)
}

/// A column of whole numbers.
pub(crate) fn whole(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Integer, doc)
}

/// A column of texts.
pub(crate) fn text(name: &str, doc: &str) -> OutputField {
    OutputField::new(name, OutputType::Text, doc)
}

/// A result column of doubles, NULL where they are not finite.
pub(crate) fn floats(values: impl IntoIterator<Item = f64>) -> ArrayRef {
    let known = values.into_iter().map(|v| v.is_finite().then_some(v));
    Arc::new(known.collect::<Float64Array>())
}

/// A result column of whole numbers.
pub(crate) fn wholes(values: impl IntoIterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<Int64Array>())
}

/// A result column of counts.
pub(crate) fn counts(values: impl IntoIterator<Item = usize>) -> ArrayRef {
    wholes(values.into_iter().map(|v| i64::try_from(v).ok()))
}

/// A result column of texts.
pub(crate) fn texts<T: AsRef<str>>(values: impl IntoIterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.into_iter().collect::<StringArray>())
}

/// The result of a relation function from its columns.
pub(crate) fn batch(rows: &Rows, columns: Vec<ArrayRef>) -> Result<RecordBatch, QlError> {
    RecordBatch::try_new(rows.output_schema(), columns)
        .map_err(|e| QlError::internal(format!("the columns of a result do not fit: {e}")))
}
