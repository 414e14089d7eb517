//! One column of one batch, ready to write any of its cells.

use super::nested;
use super::numbers::{put_f32, put_f64, put_integer, put_numeric};
use super::times::{
    EPOCH_DAYS, EPOCH_MICROS, Zone, put_date, put_interval, put_time, put_timestamp,
    put_timestamp_in,
};
use super::{Format, set_length, types};
use crate::server::fault::Fault;
use bytes::{BufMut, BytesMut};
use datafusion::arrow::array::types::*;
use datafusion::arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, IntervalUnit, TimeUnit};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::error::Result;
use postgres_types::Type;

/// Writes the value at a row, without its length; never called for NULLs.
pub type Cell = Box<dyn Fn(usize, &mut BytesMut) + Send + Sync>;

/// How the cells of a column are wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Text or binary.
    pub format: Format,
    /// The zone of times that have one.
    pub zone: Zone,
}

/// A column's writer and its NULLs.
pub struct Column {
    nulls: Option<NullBuffer>,
    cell: Cell,
}

impl Column {
    /// Looks at the type once.
    ///
    /// # Errors
    /// Dictionaries that cannot be unpacked.
    pub fn new(array: &ArrayRef, field: &Field, format: Format, zone: Zone) -> Result<Self> {
        Self::wanted(array, field, Wanted { format, zone })
    }

    /// The same, with the wishes of an enclosing column.
    ///
    /// # Errors
    /// Dictionaries that cannot be unpacked.
    pub fn wanted(array: &ArrayRef, field: &Field, wanted: Wanted) -> Result<Self> {
        Ok(Self {
            nulls: array.logical_nulls(),
            cell: cell(array, field, wanted)?,
        })
    }

    /// Whether the cell is NULL.
    pub fn is_null(&self, row: usize) -> bool {
        self.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row))
    }

    /// Writes the value alone.
    pub fn value(&self, row: usize, out: &mut BytesMut) {
        (self.cell)(row, out);
    }

    /// Writes length and value, or the length -1 for NULL.
    ///
    /// # Errors
    /// 54000 for a value of 2 GiB.
    pub fn put(&self, row: usize, out: &mut BytesMut) -> Result<(), Fault> {
        if self.is_null(row) {
            out.put_i32(-1);
            return Ok(());
        }
        let at = out.len();
        // The length on the wire does not count its own four bytes.
        out.put_i32(0);
        self.value(row, out);
        set_value_length(out, at)
    }
}

/// Writes the length of what follows the four bytes at `at` into them.
pub fn set_value_length(out: &mut BytesMut, at: usize) -> Result<(), Fault> {
    set_length(out, at)?;
    let length = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

fn cell(array: &ArrayRef, field: &Field, wanted: Wanted) -> Result<Cell> {
    let is_char = types::pg_type(field) == Type::CHAR;
    Ok(match array.data_type() {
        DataType::Dictionary(_, value) => cell(&cast(array, value)?, field, wanted)?,
        DataType::List(_)
        | DataType::LargeList(_)
        | DataType::FixedSizeList(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => nested::list(array, field, wanted)?,
        DataType::Struct(_) => nested::record(array, wanted)?,
        _ if is_char => texts(array, |text, out| out.put_slice(text.as_bytes()))?,
        _ => match wanted.format {
            Format::Text => text(array, wanted.zone)?,
            Format::Binary => binary(array)?,
        },
    })
}

fn text(array: &ArrayRef, zone: Zone) -> Result<Cell> {
    let integer = |n: i64, out: &mut BytesMut| put_integer(n, out);
    Ok(match array.data_type() {
        DataType::Boolean => flags(array, |v, out| out.put_u8(if v { b't' } else { b'f' })),
        DataType::Float32 => primitive::<Float32Type>(array, put_f32),
        DataType::Float64 => primitive::<Float64Type>(array, put_f64),
        ty if ty.is_integer() && *ty != DataType::UInt64 => integers(array, integer)?,
        DataType::Date32 | DataType::Date64 => days(array, put_date)?,
        DataType::Time32(_) | DataType::Time64(_) => micros(array, put_time)?,
        DataType::Timestamp(_, None) => micros(array, put_timestamp)?,
        DataType::Timestamp(_, Some(_)) => {
            micros(array, move |v, out| put_timestamp_in(zone, v, out))?
        }
        DataType::Interval(_) | DataType::Duration(_) => intervals(array, put_interval)?,
        ty if is_binary(ty) => bytes(array, put_hex)?,
        _ => plain(array)?,
    })
}

fn binary(array: &ArrayRef) -> Result<Cell> {
    Ok(match array.data_type() {
        DataType::Boolean => flags(array, |v, out| out.put_u8(u8::from(v))),
        DataType::Int8 | DataType::UInt8 | DataType::Int16 => {
            integers(array, |v, out| out.put_i16(v as i16))?
        }
        DataType::UInt16 | DataType::Int32 => integers(array, |v, out| out.put_i32(v as i32))?,
        DataType::UInt32 | DataType::Int64 => integers(array, |v, out| out.put_i64(v))?,
        DataType::Float16 => primitive::<Float16Type>(array, |v, out| out.put_f32(v.to_f32())),
        DataType::Float32 => primitive::<Float32Type>(array, |v, out| out.put_f32(v)),
        DataType::Float64 => primitive::<Float64Type>(array, |v, out| out.put_f64(v)),
        DataType::UInt64
        | DataType::Decimal32(..)
        | DataType::Decimal64(..)
        | DataType::Decimal128(..)
        | DataType::Decimal256(..) => texts(array, put_numeric)?,
        DataType::Date32 | DataType::Date64 => days(array, |v, out| {
            out.put_i32(v.saturating_sub(i64::from(EPOCH_DAYS)) as i32);
        })?,
        DataType::Time32(_) | DataType::Time64(_) => micros(array, |v, out| out.put_i64(v))?,
        DataType::Timestamp(..) => micros(array, |v, out| {
            out.put_i64(v.saturating_sub(EPOCH_MICROS));
        })?,
        DataType::Interval(_) | DataType::Duration(_) => {
            intervals(array, |months, days, micros, out| {
                out.put_i64(micros);
                out.put_i32(days);
                out.put_i32(months);
            })?
        }
        ty if is_binary(ty) => bytes(array, |v, out| out.put_slice(v))?,
        _ => plain(array)?,
    })
}

fn is_binary(ty: &DataType) -> bool {
    use DataType::{Binary, BinaryView, FixedSizeBinary, LargeBinary};
    matches!(ty, Binary | BinaryView | LargeBinary | FixedSizeBinary(_))
}

fn primitive<T: ArrowPrimitiveType>(
    array: &ArrayRef,
    put: impl Fn(T::Native, &mut BytesMut) + Send + Sync + 'static,
) -> Cell {
    let values = array.as_primitive::<T>().clone();
    Box::new(move |row, out| put(values.value(row), out))
}

fn flags(array: &ArrayRef, put: impl Fn(bool, &mut BytesMut) + Send + Sync + 'static) -> Cell {
    let values = array.as_boolean().clone();
    Box::new(move |row, out| put(values.value(row), out))
}

fn integers(
    array: &ArrayRef,
    put: impl Fn(i64, &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    Ok(match array.data_type() {
        DataType::Int32 => primitive::<Int32Type>(array, move |v, out| put(v.into(), out)),
        DataType::Int64 => primitive::<Int64Type>(array, put),
        _ => primitive::<Int64Type>(&cast(array, &DataType::Int64)?, put),
    })
}

/// Days since 1970.
fn days(
    array: &ArrayRef,
    put: impl Fn(i64, &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    let array = cast(array, &DataType::Date32)?;
    Ok(primitive::<Date32Type>(&array, move |v, out| {
        put(v.into(), out)
    }))
}

/// Microseconds, which is as fine as PostgreSQL's times are.
fn micros(
    array: &ArrayRef,
    put: impl Fn(i64, &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    let (unit, array) = match array.data_type() {
        DataType::Timestamp(unit, _) | DataType::Time64(unit) => {
            (*unit, cast(array, &DataType::Int64)?)
        }
        DataType::Time32(unit) => {
            let narrow = cast(array, &DataType::Int32)?;
            (*unit, cast(&narrow, &DataType::Int64)?)
        }
        _ => (TimeUnit::Microsecond, cast(array, &DataType::Int64)?),
    };
    Ok(primitive::<Int64Type>(&array, move |v, out| {
        put(to_micros(v, unit), out)
    }))
}

fn to_micros(value: i64, unit: TimeUnit) -> i64 {
    match unit {
        TimeUnit::Second => value.saturating_mul(1_000_000),
        TimeUnit::Millisecond => value.saturating_mul(1_000),
        TimeUnit::Microsecond => value,
        TimeUnit::Nanosecond => value.div_euclid(1_000),
    }
}

/// Months, days and microseconds.
fn intervals(
    array: &ArrayRef,
    put: impl Fn(i32, i32, i64, &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    Ok(match array.data_type() {
        DataType::Interval(IntervalUnit::YearMonth) => {
            primitive::<IntervalYearMonthType>(array, move |v, out| put(v, 0, 0, out))
        }
        DataType::Interval(IntervalUnit::DayTime) => {
            primitive::<IntervalDayTimeType>(array, move |v, out| {
                put(0, v.days, i64::from(v.milliseconds) * 1_000, out);
            })
        }
        DataType::Interval(IntervalUnit::MonthDayNano) => {
            primitive::<IntervalMonthDayNanoType>(array, move |v, out| {
                put(v.months, v.days, v.nanoseconds / 1_000, out);
            })
        }
        DataType::Duration(unit) => {
            let unit = *unit;
            let array = cast(array, &DataType::Int64)?;
            primitive::<Int64Type>(&array, move |v, out| put(0, 0, to_micros(v, unit), out))
        }
        _ => plain(array)?,
    })
}

fn bytes(
    array: &ArrayRef,
    put: impl Fn(&[u8], &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    let array = cast(array, &DataType::LargeBinary)?;
    let values = array.as_binary::<i64>().clone();
    Ok(Box::new(move |row, out| put(values.value(row), out)))
}

fn texts(
    array: &ArrayRef,
    put: impl Fn(&str, &mut BytesMut) + Send + Sync + 'static,
) -> Result<Cell> {
    let array = cast(array, &DataType::Utf8)?;
    let values = array.as_string::<i32>().clone();
    Ok(Box::new(move |row, out| put(values.value(row), out)))
}

/// Text as it is; everything else as Arrow prints it.
fn plain(array: &ArrayRef) -> Result<Cell> {
    Ok(match array.data_type() {
        DataType::Utf8 => {
            let values = array.as_string::<i32>().clone();
            Box::new(move |row, out| out.put_slice(values.value(row).as_bytes()))
        }
        DataType::Utf8View => {
            let values = array.as_string_view().clone();
            Box::new(move |row, out| out.put_slice(values.value(row).as_bytes()))
        }
        DataType::LargeUtf8 => {
            let values = array.as_string::<i64>().clone();
            Box::new(move |row, out| out.put_slice(values.value(row).as_bytes()))
        }
        DataType::Null => Box::new(|_, _| {}),
        _ => {
            let options = FormatOptions::default();
            let formatter = ArrayFormatter::try_new(array.as_ref(), &options)?;
            let printed: Vec<String> = (0..array.len())
                .map(|row| formatter.value(row).to_string())
                .collect();
            Box::new(move |row, out| {
                if let Some(text) = printed.get(row) {
                    out.put_slice(text.as_bytes());
                }
            })
        }
    })
}

fn put_hex(value: &[u8], out: &mut BytesMut) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.put_slice(b"\\x");
    for byte in value {
        out.put_u8(DIGITS[usize::from(byte >> 4)]);
        out.put_u8(DIGITS[usize::from(byte & 15)]);
    }
}
