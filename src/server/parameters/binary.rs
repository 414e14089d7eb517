//! Parameter values in PostgreSQL's binary formats.

use super::super::encode::Format;
use super::super::fault::Fault;
use super::{arrow_type, decode as decode_any, list_of, numeric, utf8};
use bytes::Buf;
use datafusion::arrow::datatypes::IntervalMonthDayNano;
use datafusion::common::ScalarValue;
use postgres_types::{Kind, Type};
use uuid::Uuid;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL's calendar starts.
const EPOCH_DAYS: i32 = 10_957;

/// The same in microseconds.
const EPOCH_MICROS: i64 = EPOCH_DAYS as i64 * 86_400_000_000;

/// Reads one value.
///
/// # Errors
/// 22P03 when its length or content is not that of the type, 0A000 for types without a reader.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<ScalarValue, Fault> {
    let wrong = || malformed(ty);
    Ok(match *ty {
        Type::BOOL => ScalarValue::from(i8::from_be_bytes(fixed(bytes, ty)?) != 0),
        Type::INT2 => ScalarValue::from(i16::from_be_bytes(fixed(bytes, ty)?)),
        Type::INT4 => ScalarValue::from(i32::from_be_bytes(fixed(bytes, ty)?)),
        Type::INT8 => ScalarValue::from(i64::from_be_bytes(fixed(bytes, ty)?)),
        Type::OID | Type::REGCLASS | Type::REGTYPE => {
            ScalarValue::from(i64::from(u32::from_be_bytes(fixed(bytes, ty)?)))
        }
        Type::FLOAT4 => ScalarValue::from(f32::from_be_bytes(fixed(bytes, ty)?)),
        Type::FLOAT8 => ScalarValue::from(f64::from_be_bytes(fixed(bytes, ty)?)),
        Type::DATE => {
            let days = i32::from_be_bytes(fixed(bytes, ty)?);
            ScalarValue::Date32(Some(days.checked_add(EPOCH_DAYS).ok_or_else(wrong)?))
        }
        Type::TIME => ScalarValue::Time64Microsecond(Some(i64::from_be_bytes(fixed(bytes, ty)?))),
        Type::TIMESTAMP => ScalarValue::TimestampMicrosecond(Some(moment(bytes, ty)?), None),
        Type::TIMESTAMPTZ => {
            ScalarValue::TimestampMicrosecond(Some(moment(bytes, ty)?), Some("+00:00".into()))
        }
        Type::INTERVAL => interval(bytes, ty)?,
        Type::NUMERIC => numeric(&numeric_text(bytes).ok_or_else(wrong)?).ok_or_else(wrong)?,
        Type::BYTEA => ScalarValue::Binary(Some(bytes.to_vec())),
        Type::UUID => ScalarValue::from(Uuid::from_bytes(fixed(bytes, ty)?).to_string()),
        // A version byte precedes the text.
        Type::JSONB => ScalarValue::from(utf8(bytes.get(1..).ok_or_else(wrong)?)?),
        Type::TEXT
        | Type::VARCHAR
        | Type::BPCHAR
        | Type::NAME
        | Type::CHAR
        | Type::JSON
        | Type::UNKNOWN
        | Type::XML => ScalarValue::from(utf8(bytes)?),
        _ => match ty.kind() {
            Kind::Array(element) => array(bytes, ty, element)?,
            _ => {
                let message = format!("binary values of type {ty} are not supported");
                return Err(Fault::error("0A000", message));
            }
        },
    })
}

fn malformed(ty: &Type) -> Fault {
    Fault::error(
        "22P03",
        format!("incorrect binary data format for type {ty}"),
    )
}

fn fixed<const N: usize>(bytes: &[u8], ty: &Type) -> Result<[u8; N], Fault> {
    bytes.try_into().map_err(|_| malformed(ty))
}

fn moment(bytes: &[u8], ty: &Type) -> Result<i64, Fault> {
    let micros = i64::from_be_bytes(fixed(bytes, ty)?);
    micros
        .checked_add(EPOCH_MICROS)
        .ok_or_else(|| malformed(ty))
}

fn interval(bytes: &[u8], ty: &Type) -> Result<ScalarValue, Fault> {
    let mut bytes = &fixed::<16>(bytes, ty)?[..];
    let (micros, days, months) = (bytes.get_i64(), bytes.get_i32(), bytes.get_i32());
    let nanoseconds = micros.checked_mul(1_000).ok_or_else(|| malformed(ty))?;
    Ok(ScalarValue::IntervalMonthDayNano(Some(
        IntervalMonthDayNano::new(months, days, nanoseconds),
    )))
}

/// A numeric as text: groups of four digits, of which the first stands at 10000 to the `weight`.
fn numeric_text(mut bytes: &[u8]) -> Option<String> {
    if bytes.len() < 8 {
        return None;
    }
    let n_groups = usize::try_from(bytes.get_i16()).ok()?;
    let weight = i32::from(bytes.get_i16());
    let sign = match bytes.get_u16() {
        0 => "",
        0x4000 => "-",
        0xc000 => return Some("NaN".into()),
        _ => return None,
    };
    let scale = usize::try_from(bytes.get_i16()).ok()?;
    if bytes.len() != n_groups * 2 {
        return None;
    }
    let groups: Vec<i16> = (0..n_groups).map(|_| bytes.get_i16()).collect();
    let group = |at: i32| {
        usize::try_from(at)
            .ok()
            .and_then(|i| groups.get(i))
            .copied()
            .unwrap_or(0)
    };
    let whole: String = (0..=weight.max(0))
        .map(|at| format!("{:04}", group(if weight < 0 { -1 } else { at })))
        .collect();
    let n_fraction_groups = i32::try_from(scale.div_ceil(4)).ok()?;
    let mut fraction: String = (1..=n_fraction_groups)
        .map(|at| format!("{:04}", group(weight + at)))
        .collect();
    fraction.truncate(scale);
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{point}{fraction}"))
}

fn array(mut bytes: &[u8], ty: &Type, element: &Type) -> Result<ScalarValue, Fault> {
    let arrow = arrow_type(element);
    if bytes.len() < 12 {
        return Err(malformed(ty));
    }
    let (n_dimensions, _has_nulls, oid) = (bytes.get_i32(), bytes.get_i32(), bytes.get_u32());
    if oid != element.oid() {
        return Err(malformed(ty));
    }
    match n_dimensions {
        0 => return Ok(list_of(&[], &arrow)),
        1 if bytes.len() >= 8 => {}
        1 => return Err(malformed(ty)),
        n => {
            let message = format!("array parameters must have one dimension, found {n}");
            return Err(Fault::error("0A000", message));
        }
    }
    let (length, _first_index) = (bytes.get_i32(), bytes.get_i32());
    let mut values = Vec::new();
    for _ in 0..length {
        values.push(array_value(&mut bytes, ty, element)?);
    }
    Ok(list_of(&values, &arrow))
}

fn array_value(bytes: &mut &[u8], ty: &Type, element: &Type) -> Result<ScalarValue, Fault> {
    if bytes.len() < 4 {
        return Err(malformed(ty));
    }
    let Ok(length) = usize::try_from(bytes.get_i32()) else {
        return decode_any(None, Format::Binary, element, None);
    };
    let (value, rest) = bytes
        .split_at_checked(length)
        .ok_or_else(|| malformed(ty))?;
    *bytes = rest;
    decode(value, element)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn groups(numbers: &[i16]) -> Vec<u8> {
        numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
    }

    #[test]
    fn numerics_are_read_from_their_groups() {
        for (numbers, expected) in [
            (&[3, 1, 0x4000, 2, 1, 2345, 6000][..], "-12345.60"),
            (&[1, -1, 0, 4, 5], "0.0005"),
            (&[1, -2, 0, 8, 5], "0.00000005"),
            (&[1, 2, 0, 0, 7], "700000000"),
            (&[0, 0, 0, 2], "0.00"),
        ] {
            assert_eq!(numeric_text(&groups(numbers)).as_deref(), Some(expected));
        }
    }

    #[test]
    fn a_timestamp_counts_from_2000() {
        let value = decode(&0i64.to_be_bytes(), &Type::TIMESTAMP);
        assert_eq!(
            value,
            Ok(ScalarValue::TimestampMicrosecond(
                Some(946_684_800_000_000),
                None
            ))
        );
    }

    #[test]
    fn a_value_of_the_wrong_length_is_refused() {
        assert_eq!(
            decode(&[1, 2, 3], &Type::INT4).map_err(|f| f.code),
            Err("22P03")
        );
        assert_eq!(
            decode(&[0; 7], &Type::NUMERIC).map_err(|f| f.code),
            Err("22P03")
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            for ty in [Type::NUMERIC, Type::INTERVAL, Type::INT4_ARRAY, Type::TEXT_ARRAY, Type::JSONB] {
                let _ = decode(&bytes, &ty);
            }
        }
    }
}
