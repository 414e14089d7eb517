//! Columns that are arrays in PostgreSQL and text in the catalog crate's tables, or missing there.
//!
//! Privileges and storage options, all of which this database has none of; clients call array
//! functions on them.

use datafusion::arrow::array::{RecordBatch, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::error::Result;
use std::sync::Arc;

const ARRAYS: &[(&str, &[&str])] = &[
    ("pg_class", &["relacl", "reloptions"]),
    ("pg_namespace", &["nspacl"]),
    ("pg_attribute", &["attacl", "attoptions", "attfdwoptions"]),
    ("pg_proc", &["proacl", "proconfig"]),
];

/// The table's columns, those above being arrays of text.
pub fn columns(table: &str, schema: &SchemaRef) -> SchemaRef {
    let names = names_of(table);
    let array = |name: &str| Arc::new(Field::new_list(name, element(), true));
    let mut fields: Vec<FieldRef> = schema
        .fields()
        .iter()
        .map(|field| match names.contains(&field.name().as_str()) {
            true => array(field.name()),
            false => Arc::clone(field),
        })
        .collect();
    let missing = names.iter().filter(|name| schema.index_of(name).is_err());
    fields.extend(missing.map(|name| array(name)));
    Arc::new(Schema::new(fields))
}

/// The table's rows with these columns, which are NULL.
///
/// # Errors
/// None that the arguments can cause.
pub fn rows(table: &str, batch: &RecordBatch) -> Result<RecordBatch> {
    let schema = columns(table, &batch.schema());
    let names = names_of(table);
    let arrays = schema.fields().iter().map(|field| {
        let kept = batch.column_by_name(field.name()).cloned();
        kept.filter(|_| !names.contains(&field.name().as_str()))
            .unwrap_or_else(|| new_null_array(field.data_type(), batch.num_rows()))
    });
    let arrays = arrays.collect();
    Ok(RecordBatch::try_new(schema, arrays)?)
}

fn names_of(table: &str) -> &'static [&'static str] {
    ARRAYS
        .iter()
        .find(|(name, _)| *name == table)
        .map_or(&[], |(_, names)| names)
}

fn element() -> Field {
    Field::new_list_field(DataType::Utf8, true)
}
