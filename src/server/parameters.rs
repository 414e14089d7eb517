//! Parameter values from the client, in both formats, as the plan wants them.

mod binary;

use super::encode::Format;
use super::fault::Fault;
use datafusion::arrow::datatypes::{DataType, IntervalUnit, TimeUnit};
use datafusion::common::ScalarValue;
use postgres_types::{Kind, Type};

/// The value of one parameter; `wanted` is the type that the plan inferred.
///
/// # Errors
/// 22P02 for text that is no such value, 22P03 for a malformed binary value, 42804 for a type that
/// cannot become the wanted one, 22003 for a number that does not fit it.
pub fn decode(
    value: Option<&[u8]>,
    format: Format,
    ty: &Type,
    wanted: Option<&DataType>,
) -> Result<ScalarValue, Fault> {
    let arrow = arrow_type(ty);
    let Some(bytes) = value else {
        let ty = wanted.unwrap_or(&arrow);
        return ScalarValue::try_from(ty).map_err(Fault::from);
    };
    let value = match format {
        Format::Text => from_text(utf8(bytes)?, ty, &arrow)?,
        Format::Binary => binary::decode(bytes, ty)?,
    };
    match wanted {
        Some(wanted) if *wanted != value.data_type() => convert(&value, ty, wanted),
        _ => Ok(value),
    }
}

/// Says which parameter an error is about.
pub fn at_position(fault: Fault, position: usize) -> Fault {
    Fault {
        message: format!("parameter ${position}: {}", fault.message),
        ..fault
    }
}

/// The Arrow type that a parameter's value has before it is made what the plan wants.
fn arrow_type(ty: &Type) -> DataType {
    match *ty {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::Int16,
        Type::INT4 => DataType::Int32,
        Type::INT8 | Type::OID | Type::REGCLASS | Type::REGTYPE => DataType::Int64,
        Type::FLOAT4 => DataType::Float32,
        Type::FLOAT8 => DataType::Float64,
        Type::DATE => DataType::Date32,
        Type::TIME => DataType::Time64(TimeUnit::Microsecond),
        Type::TIMESTAMP => DataType::Timestamp(TimeUnit::Microsecond, None),
        Type::TIMESTAMPTZ => DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into())),
        Type::INTERVAL => DataType::Interval(IntervalUnit::MonthDayNano),
        Type::BYTEA => DataType::Binary,
        _ => match ty.kind() {
            Kind::Array(element) => DataType::new_list(arrow_type(element), true),
            _ => DataType::Utf8,
        },
    }
}

fn from_text(text: &str, ty: &Type, arrow: &DataType) -> Result<ScalarValue, Fault> {
    let wrong = || {
        Fault::error(
            "22P02",
            format!("invalid input syntax for type {ty}: \"{text}\""),
        )
    };
    match *ty {
        Type::BOOL => boolean(text).map(ScalarValue::from).ok_or_else(wrong),
        Type::BYTEA => bytea(text)
            .map(|b| ScalarValue::Binary(Some(b)))
            .ok_or_else(wrong),
        Type::NUMERIC => numeric(text).ok_or_else(wrong),
        _ => match ty.kind() {
            Kind::Array(element) => array(text, element).ok_or_else(wrong)?,
            _ if *arrow == DataType::Utf8 => Ok(ScalarValue::from(text)),
            _ => ScalarValue::from(text.trim())
                .cast_to(arrow)
                .map_err(|_| wrong()),
        },
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "t" | "true" | "y" | "yes" | "on" | "1" => Some(true),
        "f" | "false" | "n" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `\x00ff`, the only form that clients write today.
fn bytea(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("\\x")?.as_bytes();
    let nibble = |b: u8| char::from(b).to_digit(16);
    digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => u8::try_from(nibble(*high)? << 4 | nibble(*low)?).ok(),
            _ => None,
        })
        .collect()
}

/// A decimal where it fits one exactly, else the nearest double.
pub(super) fn numeric(text: &str) -> Option<ScalarValue> {
    let text = text.trim();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all: String = [whole, fraction].concat();
    let is_plain = !all.is_empty() && all.bytes().all(|b| b.is_ascii_digit());
    match (is_plain && all.len() <= 38)
        .then(|| all.parse::<i128>().ok())
        .flatten()
    {
        Some(value) => {
            let scale = i8::try_from(fraction.len()).ok()?;
            Some(ScalarValue::Decimal128(Some(sign * value), 38, scale))
        }
        None => text.parse().ok().map(|v| ScalarValue::Float64(Some(v))),
    }
}

/// `{1,NULL,"a \"quoted\" one"}`, one dimension.
fn array(text: &str, element: &Type) -> Option<Result<ScalarValue, Fault>> {
    let parts = array_elements(text)?;
    let arrow = arrow_type(element);
    let values: Result<Vec<_>, _> = parts
        .into_iter()
        .map(|part| match part {
            Some(text) => from_text(&text, element, &arrow),
            None => ScalarValue::try_from(&arrow).map_err(Fault::from),
        })
        .collect();
    Some(values.map(|values| list_of(&values, &arrow)))
}

fn list_of(values: &[ScalarValue], element: &DataType) -> ScalarValue {
    // Decimals of an array may differ in scale; their common type is a double.
    let is_mixed = values.iter().any(|v| v.data_type() != *element);
    if is_mixed {
        let doubles: Vec<_> = values
            .iter()
            .map(|v| {
                v.cast_to(&DataType::Float64)
                    .unwrap_or(ScalarValue::Float64(None))
            })
            .collect();
        return ScalarValue::List(ScalarValue::new_list_nullable(&doubles, &DataType::Float64));
    }
    ScalarValue::List(ScalarValue::new_list_nullable(values, element))
}

fn array_elements(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut elements = Vec::new();
    if inner.trim().is_empty() {
        return Some(elements);
    }
    let mut chars = inner.chars();
    loop {
        let (element, more) = array_element(&mut chars)?;
        elements.push(element);
        if !more {
            return Some(elements);
        }
    }
}

/// One element, and whether a comma follows it.
fn array_element(chars: &mut std::str::Chars<'_>) -> Option<(Option<String>, bool)> {
    let (mut text, mut in_quotes, mut was_quoted) = (String::new(), false, false);
    loop {
        match chars.next() {
            None if in_quotes => return None,
            None => return Some((finished(text, was_quoted), false)),
            Some('\\') => text.push(chars.next()?),
            Some('"') => {
                in_quotes = !in_quotes;
                was_quoted = true;
            }
            Some(',') if !in_quotes => return Some((finished(text, was_quoted), true)),
            Some('{' | '}') if !in_quotes => return None,
            Some(c) => text.push(c),
        }
    }
}

fn finished(text: String, was_quoted: bool) -> Option<String> {
    if was_quoted {
        return Some(text);
    }
    let text = text.trim();
    (!text.eq_ignore_ascii_case("null")).then(|| text.to_string())
}

fn convert(value: &ScalarValue, ty: &Type, wanted: &DataType) -> Result<ScalarValue, Fault> {
    // Arrow would read a number as so many units since 1970, which nobody means.
    let number_to_time = value.data_type().is_numeric() && wanted.is_temporal();
    let mismatch = || {
        let message = format!("a value of type {ty} cannot be used as {wanted}");
        Fault::error("42804", message)
    };
    if number_to_time {
        return Err(mismatch());
    }
    let converted = value.cast_to(wanted).map_err(|_| {
        let is_number = value.data_type().is_numeric() && wanted.is_numeric();
        match (is_number, matches!(value, ScalarValue::Utf8(_))) {
            (true, _) => Fault::error("22003", format!("{value} is out of range for {wanted}")),
            (_, true) => {
                let message = format!("invalid input syntax for {wanted}: \"{value}\"");
                Fault::error("22P02", message)
            }
            _ => mismatch(),
        }
    })?;
    Ok(converted)
}

fn utf8(bytes: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(bytes)
        .map_err(|_| Fault::error("22021", "invalid byte sequence for encoding \"UTF8\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(
        value: &str,
        ty: &Type,
        wanted: Option<&DataType>,
    ) -> Result<ScalarValue, &'static str> {
        decode(Some(value.as_bytes()), Format::Text, ty, wanted).map_err(|f| f.code)
    }

    #[test]
    fn text_becomes_what_the_plan_wants() {
        assert_eq!(
            text("42", &Type::INT4, Some(&DataType::Int64)),
            Ok(ScalarValue::Int64(Some(42)))
        );
        assert_eq!(
            text("1.5", &Type::NUMERIC, Some(&DataType::Float64)),
            Ok(ScalarValue::Float64(Some(1.5)))
        );
        assert_eq!(
            text("on", &Type::BOOL, None),
            Ok(ScalarValue::Boolean(Some(true)))
        );
        assert_eq!(
            text("\\x00ff", &Type::BYTEA, None),
            Ok(ScalarValue::Binary(Some(vec![0, 255])))
        );
        assert_eq!(
            text("2024-02-29", &Type::DATE, None),
            Ok(ScalarValue::Date32(Some(19_782)))
        );
        let moment = text("2024-02-29 12:30:00+01", &Type::TIMESTAMPTZ, None);
        let expected =
            ScalarValue::TimestampMicrosecond(Some(1_709_206_200_000_000), Some("+00:00".into()));
        assert_eq!(moment, Ok(expected));
    }

    #[test]
    fn wrong_text_is_refused_with_its_code() {
        assert_eq!(text("abc", &Type::INT4, None), Err("22P02"));
        assert_eq!(text("maybe", &Type::BOOL, None), Err("22P02"));
        assert_eq!(
            text("300", &Type::INT4, Some(&DataType::Int8)),
            Err("22003")
        );
        let time = DataType::Timestamp(TimeUnit::Nanosecond, None);
        assert_eq!(text("5", &Type::INT4, Some(&time)), Err("42804"));
    }

    #[test]
    fn a_numeric_keeps_its_digits() {
        assert_eq!(
            numeric("-12.340"),
            Some(ScalarValue::Decimal128(Some(-12_340), 38, 3))
        );
        assert_eq!(numeric("1e3"), Some(ScalarValue::Float64(Some(1000.0))));
        assert_eq!(numeric("twelve"), None);
    }

    #[test]
    fn arrays_are_read_with_quotes_and_nulls() {
        let parts = array_elements(r#"{a,"b, \"c\"",NULL,"NULL"}"#);
        let expected = [Some("a"), Some("b, \"c\""), None, Some("NULL")];
        assert_eq!(parts, Some(expected.map(|p| p.map(String::from)).to_vec()));
        assert_eq!(array_elements("{1,{2}}"), None);
        assert_eq!(array_elements("{}"), Some(vec![]));
    }

    #[test]
    fn null_has_the_wanted_type() {
        let null = decode(None, Format::Text, &Type::TEXT, Some(&DataType::Float64));
        assert_eq!(null, Ok(ScalarValue::Float64(None)));
    }
}
