//! What a column can be: DuckLake's types, and what Arrow types become when stored.

use super::error::{self, Result};
use datafusion::arrow::datatypes::{DataType, Field, Fields, Schema};
use datafusion_ducklake::types::{arrow_to_ducklake_type, ducklake_to_arrow_type};
use quantlake_core::{QlError, SqlState};
use std::collections::HashSet;
use std::sync::Arc;

/// DuckDB's limit, in decimal digits.
const MAX_DECIMAL_DIGITS: u8 = 38;

/// The schema that a table of this shape has after it was stored and read again.
///
/// # Errors
/// 0A000 for a type without a DuckLake type, 42701-like for a column given twice, 22023 for no
/// columns.
pub fn storable_schema(table: &str, schema: &Schema) -> Result<Schema> {
    if schema.fields().is_empty() {
        return Err(QlError::new(
            SqlState::InvalidParameter,
            format!("{table}: a table must have at least one column"),
        ));
    }
    let mut seen = HashSet::new();
    let fields = schema
        .fields()
        .iter()
        .map(|field| {
            check_name(table, field.name())?;
            if !seen.insert(field.name().to_lowercase()) {
                return Err(QlError::new(
                    SqlState::DuplicateObject,
                    format!("{table}: column `{}` is given more than once", field.name()),
                ));
            }
            let stored = storable_type(field.data_type()).map_err(|e| QlError {
                message: format!("{table}: column `{}`: {}", field.name(), e.message),
                ..e
            })?;
            Ok(Arc::new(Field::new(
                field.name(),
                stored,
                field.is_nullable(),
            )))
        })
        .collect::<Result<Fields>>()?;
    Ok(Schema::new(fields))
}

/// The type that a value of this type has after it was stored and read again.
///
/// # Errors
/// 0A000 when DuckLake or Parquet has no such type.
pub fn storable_type(data_type: &DataType) -> Result<DataType> {
    let refuse = |why: &str| Err(error::unsupported(format!("cannot store {data_type}{why}")));
    match data_type {
        DataType::Interval(_) | DataType::Duration(_) => {
            refuse(", use a number of seconds or days")
        }
        DataType::Decimal128(digits, _) | DataType::Decimal256(digits, _)
            if *digits > MAX_DECIMAL_DIGITS =>
        {
            refuse(", which has more than 38 digits")
        }
        DataType::Decimal256(digits, scale) => Ok(DataType::Decimal128(*digits, *scale)),
        DataType::Float16 => Ok(DataType::Float32),
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::Struct(_)
        | DataType::Map(..)
        | DataType::Union(..) => refuse(", store its elements as columns or rows"),
        _ => arrow_to_ducklake_type(data_type)
            .and_then(|name| ducklake_to_arrow_type(&name))
            .or_else(|_| refuse("")),
    }
}

/// Refuses names that the lake or DuckLake gives a meaning of their own.
fn check_name(table: &str, column: &str) -> Result<()> {
    let reserved = column.to_lowercase().starts_with("_ducklake_internal");
    if column.is_empty() || reserved {
        return Err(QlError::new(
            SqlState::InvalidParameter,
            format!("{table}: `{column}` cannot be a column name"),
        ));
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]
mod tests {
    use super::*;
    use datafusion::arrow::datatypes::{IntervalUnit, TimeUnit};

    #[test]
    fn usual_types_keep_their_meaning() {
        for same in [
            DataType::Boolean,
            DataType::Int16,
            DataType::Int32,
            DataType::Int64,
            DataType::Float32,
            DataType::Float64,
            DataType::Date32,
            DataType::Decimal128(18, 4),
            DataType::Timestamp(TimeUnit::Microsecond, None),
            DataType::Timestamp(TimeUnit::Nanosecond, None),
        ] {
            assert_eq!(storable_type(&same).unwrap(), same);
        }
        assert_eq!(storable_type(&DataType::Utf8).unwrap(), DataType::Utf8View);
        assert_eq!(storable_type(&DataType::Null).unwrap(), DataType::Utf8View);
    }

    #[test]
    fn type_without_a_place_is_refused_by_name() {
        let schema = Schema::new(vec![Field::new(
            "held",
            DataType::Interval(IntervalUnit::MonthDayNano),
            true,
        )]);
        let error = storable_schema("trades", &schema).unwrap_err();
        assert_eq!(error.state, SqlState::FeatureNotSupported);
        assert!(
            error
                .message
                .starts_with("trades: column `held`: cannot store")
        );
    }

    #[test]
    fn column_given_twice_is_refused() {
        let field = Field::new("x", DataType::Int32, true);
        let schema = Schema::new(vec![field.clone(), field]);
        assert_eq!(
            storable_schema("t", &schema).unwrap_err().state,
            SqlState::DuplicateObject
        );
    }
}
