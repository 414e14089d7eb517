//! Arrays and records inside a cell.

use super::cells::{Cell, Column, Wanted, set_value_length};
use super::{Format, types};
use bytes::{BufMut, BytesMut};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use datafusion::arrow::datatypes::{DataType, Field};
use datafusion::error::Result;
use postgres_types::{Kind, Type};
use std::ops::Range;

/// Where the elements of a row are among all elements.
type Elements = Box<dyn Fn(usize) -> Range<usize> + Send + Sync>;

/// A list as a PostgreSQL array: `{1,2,NULL}`, or its binary form.
///
/// # Errors
/// Those of the elements' columns.
pub fn list(array: &ArrayRef, field: &Field, wanted: Wanted) -> Result<Cell> {
    let (values, elements) = elements_of(array);
    let Some(element) = element_field(array.data_type()) else {
        return Ok(Box::new(|_, _| {}));
    };
    let is_array = matches!(types::pg_type(field).kind(), Kind::Array(_));
    if wanted.format == Format::Binary && is_array {
        let column = Column::wanted(&values, element, wanted)?;
        return Ok(binary_list(column, elements, types::pg_type(element)));
    }
    // A list of lists has type text, whatever format was asked for.
    let wanted = Wanted {
        format: Format::Text,
        ..wanted
    };
    let column = Column::wanted(&values, element, wanted)?;
    let is_nested = element_field(element.data_type()).is_some();
    Ok(text_list(column, elements, is_nested))
}

fn text_list(column: Column, elements: Elements, is_nested: bool) -> Cell {
    Box::new(move |row, out| {
        let mut scratch = BytesMut::new();
        out.put_u8(b'{');
        for (n, i) in elements(row).enumerate() {
            if n > 0 {
                out.put_u8(b',');
            }
            if column.is_null(i) {
                out.put_slice(b"NULL");
            } else if is_nested {
                column.value(i, out);
            } else {
                scratch.clear();
                column.value(i, &mut scratch);
                put_element(&scratch, out);
            }
        }
        out.put_u8(b'}');
    })
}

fn binary_list(column: Column, elements: Elements, element: Type) -> Cell {
    Box::new(move |row, out| {
        let range = elements(row);
        let has_null = range.clone().any(|i| column.is_null(i));
        out.put_i32(i32::from(!range.is_empty()));
        out.put_i32(i32::from(has_null));
        out.put_u32(element.oid());
        if range.is_empty() {
            return;
        }
        out.put_i32(range.len() as i32);
        // Arrays count from 1.
        out.put_i32(1);
        for i in range {
            put_short(&column, i, out);
        }
    })
}

/// A struct as a PostgreSQL record: `(1,"a b",)`, or its binary form.
///
/// # Errors
/// Those of the fields' columns.
pub fn record(array: &ArrayRef, wanted: Wanted) -> Result<Cell> {
    let fields = array.as_struct();
    let columns = fields
        .columns()
        .iter()
        .zip(fields.fields())
        .map(|(column, field)| {
            Ok((
                types::pg_type(field).oid(),
                Column::wanted(column, field, wanted)?,
            ))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(match wanted.format {
        Format::Text => text_record(columns),
        Format::Binary => binary_record(columns),
    })
}

fn text_record(columns: Vec<(u32, Column)>) -> Cell {
    Box::new(move |row, out| {
        let mut scratch = BytesMut::new();
        out.put_u8(b'(');
        for (n, (_, column)) in columns.iter().enumerate() {
            if n > 0 {
                out.put_u8(b',');
            }
            if !column.is_null(row) {
                scratch.clear();
                column.value(row, &mut scratch);
                put_field(&scratch, out);
            }
        }
        out.put_u8(b')');
    })
}

fn binary_record(columns: Vec<(u32, Column)>) -> Cell {
    Box::new(move |row, out| {
        out.put_i32(columns.len() as i32);
        for (oid, column) in &columns {
            out.put_u32(*oid);
            put_short(column, row, out);
        }
    })
}

/// Length and value of a part; the whole row's length is checked at its end.
fn put_short(column: &Column, row: usize, out: &mut BytesMut) {
    if column.is_null(row) {
        out.put_i32(-1);
        return;
    }
    let at = out.len();
    out.put_i32(0);
    column.value(row, out);
    // A part over 2 GiB makes the row too long as well, and the row reports it.
    let _ = set_value_length(out, at);
}

/// An array's element, quoted where the array's own syntax would misread it.
fn put_element(value: &[u8], out: &mut BytesMut) {
    let special =
        |b: &u8| matches!(b, b'{' | b'}' | b',' | b'"' | b'\\') || b.is_ascii_whitespace();
    let is_plain =
        !value.is_empty() && !value.eq_ignore_ascii_case(b"NULL") && !value.iter().any(special);
    if is_plain {
        out.put_slice(value);
        return;
    }
    out.put_u8(b'"');
    for &b in value {
        if matches!(b, b'"' | b'\\') {
            out.put_u8(b'\\');
        }
        out.put_u8(b);
    }
    out.put_u8(b'"');
}

/// A record's field; quotes are doubled rather than escaped.
fn put_field(value: &[u8], out: &mut BytesMut) {
    let special =
        |b: &u8| matches!(b, b'(' | b')' | b',' | b'"' | b'\\') || b.is_ascii_whitespace();
    if !value.is_empty() && !value.iter().any(special) {
        out.put_slice(value);
        return;
    }
    out.put_u8(b'"');
    for &b in value {
        if matches!(b, b'"' | b'\\') {
            out.put_u8(b);
        }
        out.put_u8(b);
    }
    out.put_u8(b'"');
}

fn element_field(list: &DataType) -> Option<&Field> {
    match list {
        DataType::List(f)
        | DataType::LargeList(f)
        | DataType::FixedSizeList(f, _)
        | DataType::ListView(f)
        | DataType::LargeListView(f) => Some(f),
        _ => None,
    }
}

fn elements_of(array: &ArrayRef) -> (ArrayRef, Elements) {
    match array.data_type() {
        DataType::List(_) => offsets_of::<i32>(array),
        DataType::LargeList(_) => offsets_of::<i64>(array),
        DataType::ListView(_) => views_of::<i32>(array),
        DataType::LargeListView(_) => views_of::<i64>(array),
        _ => {
            let list = array.as_fixed_size_list();
            let size = list.value_length().unsigned_abs() as usize;
            let values = ArrayRef::clone(list.values());
            (values, Box::new(move |row| row * size..(row + 1) * size))
        }
    }
}

fn offsets_of<O: OffsetSizeTrait>(array: &ArrayRef) -> (ArrayRef, Elements) {
    let list = array.as_list::<O>();
    let offsets = list.offsets().clone();
    let range = move |row: usize| offsets[row].as_usize()..offsets[row + 1].as_usize();
    (ArrayRef::clone(list.values()), Box::new(range))
}

fn views_of<O: OffsetSizeTrait>(array: &ArrayRef) -> (ArrayRef, Elements) {
    let list = array.as_list_view::<O>();
    let (offsets, sizes) = (list.offsets().clone(), list.sizes().clone());
    let range = move |row: usize| {
        let start = offsets[row].as_usize();
        start..start + sizes[row].as_usize()
    };
    (ArrayRef::clone(list.values()), Box::new(range))
}
