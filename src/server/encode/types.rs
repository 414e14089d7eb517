//! Arrow types as PostgreSQL knows them.

use arrow_pg::datatypes::{PG_CHAR_KEY, PG_OID_ALIAS_KEY, pg_type_for_alias_kind};
use datafusion::arrow::datatypes::{DataType, Field};
use postgres_types::Type;

/// The type of a column. The catalog's columns say in their metadata that they hold OIDs or
/// single characters.
pub fn pg_type(field: &Field) -> Type {
    let metadata = field.metadata();
    if let Some(alias) = metadata.get(PG_OID_ALIAS_KEY)
        && let Some(ty) = pg_type_for_alias_kind(alias)
    {
        return ty;
    }
    if metadata.contains_key(PG_CHAR_KEY) {
        return Type::CHAR;
    }
    pg_type_of(field.data_type())
}

/// The type of values; text for what PostgreSQL does not have (maps, unions, lists of lists).
pub fn pg_type_of(data_type: &DataType) -> Type {
    match data_type {
        DataType::Boolean => Type::BOOL,
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => Type::INT2,
        DataType::UInt16 | DataType::Int32 => Type::INT4,
        DataType::UInt32 | DataType::Int64 => Type::INT8,
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => Type::NUMERIC,
        DataType::Float16 | DataType::Float32 => Type::FLOAT4,
        DataType::Float64 => Type::FLOAT8,
        DataType::Timestamp(_, None) => Type::TIMESTAMP,
        DataType::Timestamp(_, Some(_)) => Type::TIMESTAMPTZ,
        DataType::Date32 | DataType::Date64 => Type::DATE,
        DataType::Time32(_) | DataType::Time64(_) => Type::TIME,
        DataType::Interval(_) | DataType::Duration(_) => Type::INTERVAL,
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => Type::BYTEA,
        DataType::Struct(_) => Type::RECORD,
        DataType::Dictionary(_, value) => pg_type_of(value),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
        | DataType::ListView(element)
        | DataType::LargeListView(element) => array_of(&pg_type(element)).unwrap_or(Type::TEXT),
        _ => Type::TEXT,
    }
}

/// The array type over an element type; `None` where PostgreSQL would need a type of its own.
pub fn array_of(element: &Type) -> Option<Type> {
    let array = match *element {
        Type::BOOL => Type::BOOL_ARRAY,
        Type::CHAR => Type::CHAR_ARRAY,
        Type::INT2 => Type::INT2_ARRAY,
        Type::INT4 => Type::INT4_ARRAY,
        Type::INT8 => Type::INT8_ARRAY,
        Type::OID => Type::OID_ARRAY,
        Type::NUMERIC => Type::NUMERIC_ARRAY,
        Type::FLOAT4 => Type::FLOAT4_ARRAY,
        Type::FLOAT8 => Type::FLOAT8_ARRAY,
        Type::TIMESTAMP => Type::TIMESTAMP_ARRAY,
        Type::TIMESTAMPTZ => Type::TIMESTAMPTZ_ARRAY,
        Type::DATE => Type::DATE_ARRAY,
        Type::TIME => Type::TIME_ARRAY,
        Type::INTERVAL => Type::INTERVAL_ARRAY,
        Type::BYTEA => Type::BYTEA_ARRAY,
        Type::TEXT => Type::TEXT_ARRAY,
        Type::RECORD => Type::RECORD_ARRAY,
        _ => return None,
    };
    Some(array)
}

/// The size in bytes, -1 where it varies, and the type modifier, -1 where there is none.
pub fn size_and_modifier(ty: &Type, field: &Field) -> (i16, i32) {
    let size = match *ty {
        Type::BOOL | Type::CHAR => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE | Type::OID => 4,
        Type::REGCLASS | Type::REGTYPE | Type::REGPROC | Type::REGNAMESPACE => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL => 16,
        _ => -1,
    };
    let modifier = match field.data_type() {
        // PostgreSQL adds the size of a header that no longer exists.
        DataType::Decimal128(precision, scale) if *scale >= 0 => {
            (i32::from(*precision) << 16 | i32::from(*scale)) + 4
        }
        _ => -1,
    };
    (size, modifier)
}
