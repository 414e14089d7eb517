//! Arrow batches as DataRow messages.
//!
//! A column's type is looked at once per batch: it becomes a function that writes one cell, so
//! that the loop over rows has no branches on types and allocates nothing for plain values. Types
//! that PostgreSQL lacks go out as text rather than failing the query.

mod cells;
mod nested;
mod numbers;
mod times;
pub mod types;

use super::fault::Fault;
use bytes::{BufMut, BytesMut};
use cells::Column;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::error::Result;
use pgwire::messages::PgWireBackendMessage as Reply;
use pgwire::messages::data::{FieldDescription, RowDescription};
use postgres_types::Type;
use std::ops::Range;
use times::Zone;

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// As people read it.
    Text,
    /// As machines do.
    Binary,
}

/// Encodes the rows of one query.
pub struct RowEncoder {
    schema: SchemaRef,
    types: Vec<Type>,
    formats: Vec<i16>,
    zone: Zone,
}

impl RowEncoder {
    /// For these columns, in these formats (none: text, one for all, or one each), with times
    /// that have a zone shown in `zone`.
    ///
    /// # Errors
    /// 08P01 for formats that do not fit the columns.
    pub fn new(schema: &SchemaRef, formats: &[i16], zone: &str) -> Result<Self, Fault> {
        check_formats(formats, Some(schema.fields().len()))?;
        Ok(Self {
            schema: SchemaRef::clone(schema),
            types: schema.fields().iter().map(|f| types::pg_type(f)).collect(),
            formats: formats.to_vec(),
            zone: Zone::named(zone),
        })
    }

    /// The columns as RowDescription tells them.
    pub fn description(&self) -> Reply {
        describe(&self.schema, &self.formats)
    }

    /// The columns' types.
    pub fn types(&self) -> impl Iterator<Item = &Type> {
        self.types.iter()
    }

    /// A batch ready to be written.
    ///
    /// # Errors
    /// Dictionaries that cannot be unpacked.
    pub fn rows(&self, batch: &RecordBatch) -> Result<Rows> {
        let columns = batch
            .columns()
            .iter()
            .zip(self.schema.fields())
            .enumerate()
            .map(|(i, (array, field))| {
                Column::new(array, field, format_of(&self.formats, i), self.zone)
            })
            .collect::<Result<_>>()?;
        Ok(Rows {
            columns,
            n_rows: batch.num_rows(),
        })
    }
}

/// The rows of one batch.
pub struct Rows {
    columns: Vec<Column>,
    n_rows: usize,
}

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.n_rows
    }

    /// Appends DataRow messages until the range is done or `enough` bytes are there; returns the
    /// first row not written.
    ///
    /// # Errors
    /// 54000 for a row that is longer than a message can be.
    pub fn write(
        &self,
        range: Range<usize>,
        enough: usize,
        out: &mut BytesMut,
    ) -> Result<usize, Fault> {
        let n_columns = u16::try_from(self.columns.len())
            .map_err(|_| Fault::error("54011", "a row must have at most 65535 columns"))?;
        for row in range.clone() {
            if out.len() >= enough {
                return Ok(row);
            }
            let start = out.len();
            out.put_u8(b'D');
            out.put_u32(0);
            out.put_u16(n_columns);
            for column in &self.columns {
                column.put(row, out)?;
            }
            set_length(out, start + 1)?;
        }
        Ok(range.end)
    }
}

/// Writes the length of everything from `at` on into the four bytes there.
fn set_length(out: &mut BytesMut, at: usize) -> Result<(), Fault> {
    let length = i32::try_from(out.len() - at)
        .map_err(|_| Fault::error("54000", "a row must be shorter than 2 GiB"))?;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
    Ok(())
}

/// RowDescription for these columns.
///
/// # Errors
/// 08P01 for formats that do not fit the columns.
pub fn description(schema: &Schema, formats: &[i16]) -> Result<Reply, Fault> {
    check_formats(formats, Some(schema.fields().len()))?;
    Ok(describe(schema, formats))
}

fn describe(schema: &Schema, formats: &[i16]) -> Reply {
    let describe = |(i, field): (usize, &_)| {
        let ty = types::pg_type(field);
        let (size, modifier) = types::size_and_modifier(&ty, field);
        let format = i16::from(format_of(formats, i) == Format::Binary);
        FieldDescription::new(field.name().clone(), 0, 0, ty.oid(), size, modifier, format)
    };
    let fields = schema.fields().iter().map(AsRef::as_ref).enumerate();
    Reply::RowDescription(RowDescription::new(fields.map(describe).collect()))
}

/// Refuses format lists that are neither empty, nor one for all, nor one each; and formats other
/// than 0 and 1.
///
/// # Errors
/// 08P01.
pub fn check_formats(formats: &[i16], n_values: Option<usize>) -> Result<(), Fault> {
    if let Some(wrong) = formats.iter().find(|f| !matches!(f, 0 | 1)) {
        return Err(Fault::protocol(format!("unsupported format code: {wrong}")));
    }
    let n_values = n_values.unwrap_or(formats.len());
    if formats.len() > 1 && formats.len() != n_values {
        let given = formats.len();
        let message = format!("bind message has {given} formats but there are {n_values} values");
        return Err(Fault::protocol(message));
    }
    Ok(())
}

/// The format of the n-th value.
pub fn format_of(formats: &[i16], n: usize) -> Format {
    let code = match formats {
        [all] => *all,
        each => each.get(n).copied().unwrap_or(0),
    };
    match code {
        1 => Format::Binary,
        _ => Format::Text,
    }
}

#[cfg(test)]
mod tests;
