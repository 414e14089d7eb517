//! Cells as they leave the server, checked against what PostgreSQL 15 sends for the same values.

use super::*;
use bytes::Buf;
use datafusion::arrow::array::types::{Float64Type, Int8Type, Int32Type};
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BooleanArray, Decimal128Array, DictionaryArray,
    Float64Array, Float64Builder, Int32Array, ListArray, ListBuilder, StringArray, StringBuilder,
    StringViewArray, StructArray, TimestampNanosecondArray, UInt64Array,
};
use datafusion::arrow::datatypes::{DataType, Field};
use std::sync::Arc;

/// Every cell of a column; `None` is NULL.
fn encode(array: ArrayRef, format: i16) -> Vec<Option<Vec<u8>>> {
    let field = Field::new("c", array.data_type().clone(), true);
    let schema = Arc::new(Schema::new(vec![field]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array]).expect("batch");
    let encoder = RowEncoder::new(&schema, &[format], "UTC").expect("encoder");
    let rows = encoder.rows(&batch).expect("rows");
    let mut out = BytesMut::new();
    assert_eq!(
        rows.write(0..rows.len(), usize::MAX, &mut out),
        Ok(rows.len())
    );
    let mut cells = Vec::new();
    while out.has_remaining() {
        let (tag, length, n_columns) = (out.get_u8(), out.get_i32(), out.get_i16());
        let value = out.get_i32();
        assert_eq!((tag, n_columns, length), (b'D', 1, 10 + value.max(0)));
        cells.push((value >= 0).then(|| out.copy_to_bytes(value as usize).to_vec()));
    }
    cells
}

fn texts(array: impl Array + 'static) -> Vec<String> {
    encode(Arc::new(array), 0)
        .into_iter()
        .map(|cell| cell.map_or("NULL".into(), |b| String::from_utf8(b).expect("UTF-8")))
        .collect()
}

fn binary(array: impl Array + 'static) -> Vec<u8> {
    encode(Arc::new(array), 1).remove(0).expect("a value")
}

#[test]
fn plain_values_are_written_as_text() {
    assert_eq!(
        texts(Int32Array::from(vec![Some(-7), None])),
        ["-7", "NULL"]
    );
    assert_eq!(texts(BooleanArray::from(vec![true, false])), ["t", "f"]);
    assert_eq!(texts(Float64Array::from(vec![1.5])), ["1.5"]);
    assert_eq!(
        texts(StringViewArray::from(vec![
            "a string of more than 12 bytes"
        ])),
        ["a string of more than 12 bytes"]
    );
    assert_eq!(
        texts(BinaryArray::from(vec![&b"\x00\xff"[..]])),
        ["\\x00ff"]
    );
    assert_eq!(
        texts(UInt64Array::from(vec![u64::MAX])),
        ["18446744073709551615"]
    );
}

#[test]
fn decimals_keep_their_scale() {
    let decimals = Decimal128Array::from(vec![-12_345]).with_precision_and_scale(10, 3);
    let decimals = decimals.expect("fits");
    assert_eq!(texts(decimals.clone()), ["-12.345"]);
    let expected: Vec<u8> = [2i16, 0, 0x4000, 3, 12, 3450]
        .iter()
        .flat_map(|n| n.to_be_bytes())
        .collect();
    assert_eq!(binary(decimals), expected);
}

#[test]
fn nanoseconds_are_cut_to_microseconds() {
    let times = TimestampNanosecondArray::from(vec![1_709_209_800_123_456_789]);
    assert_eq!(texts(times.clone()), ["2024-02-29 12:30:00.123456"]);
    assert_eq!(binary(times), 762_525_000_123_456i64.to_be_bytes());
}

#[test]
fn a_dictionary_looks_like_its_values() {
    let symbols: DictionaryArray<Int8Type> =
        vec![Some("AAPL"), None, Some("AAPL")].into_iter().collect();
    assert_eq!(texts(symbols), ["AAPL", "NULL", "AAPL"]);
}

#[test]
fn arrays_quote_what_their_syntax_would_misread() {
    let mut builder = ListBuilder::new(StringBuilder::new());
    builder.append_value([
        Some("a"),
        Some("b c"),
        Some("NULL"),
        None,
        Some("q\"\\"),
        Some(""),
    ]);
    builder.append_value([] as [Option<&str>; 0]);
    assert_eq!(
        texts(builder.finish()),
        [r#"{a,"b c","NULL",NULL,"q\"\\",""}"#, "{}"]
    );
}

#[test]
fn arrays_have_their_binary_form() {
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(vec![Some(vec![Some(7), None])]);
    let mut expected = Vec::new();
    for n in [1i32, 1, 23, 2, 1, 4, 7, -1] {
        expected.extend(n.to_be_bytes());
    }
    assert_eq!(binary(lists), expected);
}

#[test]
fn a_list_of_lists_is_text_in_both_formats() {
    let inner = ListArray::from_iter_primitive::<Float64Type, _, _>(vec![
        Some(vec![Some(1.0), Some(2.5)]),
        Some(vec![None]),
    ]);
    let mut lists = ListBuilder::new(ListBuilder::new(Float64Builder::new()));
    for row in 0..inner.len() {
        let values = inner.value(row);
        let values = values.as_primitive::<Float64Type>().clone();
        lists.values().append_value(values.iter());
    }
    lists.append(true);
    let lists = lists.finish();
    assert_eq!(texts(lists.clone()), ["{{1,2.5},{NULL}}"]);
    assert_eq!(binary(lists), b"{{1,2.5},{NULL}}");
}

#[test]
fn records_double_their_quotes() {
    let record = StructArray::from(vec![
        (
            Arc::new(Field::new("a", DataType::Utf8, true)),
            Arc::new(StringArray::from(vec!["x \"y\""])) as ArrayRef,
        ),
        (
            Arc::new(Field::new("b", DataType::Float64, true)),
            Arc::new(Float64Array::from(vec![None::<f64>])) as ArrayRef,
        ),
    ]);
    assert_eq!(texts(record.clone()), [r#"("x ""y""",)"#]);
    let bytes = binary(record);
    assert_eq!(bytes.get(..8), Some(&[0, 0, 0, 2, 0, 0, 0, 25][..]));
}

#[test]
fn writing_stops_when_enough_is_there_and_goes_on_later() {
    let field = Field::new("c", DataType::Int32, false);
    let schema = Arc::new(Schema::new(vec![field]));
    let array: ArrayRef = Arc::new(Int32Array::from_iter_values(0..100));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![array]).expect("batch");
    let rows = RowEncoder::new(&schema, &[], "UTC")
        .expect("encoder")
        .rows(&batch)
        .expect("rows");
    let (mut out, mut next, mut portions) = (BytesMut::new(), 0, 0);
    while next < rows.len() {
        out.clear();
        next = rows.write(next..rows.len(), 64, &mut out).expect("writes");
        portions += 1;
    }
    assert!(portions > 10, "{portions}");
}

#[test]
fn formats_have_to_fit_the_columns() {
    assert_eq!(check_formats(&[], Some(3)), Ok(()));
    assert_eq!(check_formats(&[1], Some(3)), Ok(()));
    assert!(check_formats(&[1, 0], Some(3)).is_err());
    assert!(check_formats(&[2], Some(1)).is_err());
    assert_eq!(format_of(&[1], 5), Format::Binary);
    assert_eq!(format_of(&[0, 1], 1), Format::Binary);
    assert_eq!(format_of(&[], 1), Format::Text);
}
