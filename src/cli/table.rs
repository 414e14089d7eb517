//! Results as text: a table for people, CSV and JSON for programs.

use clap::ValueEnum;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::display::FormatOptions;
use datafusion::arrow::util::pretty::pretty_format_batches_with_options;
use datafusion::error::Result;

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    Table,
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per row.
    Json,
}

/// One result as text; NULL is empty in tables and CSV.
///
/// # Errors
/// For types the format has no text for.
pub fn format(schema: &SchemaRef, batches: &[RecordBatch], format: Format) -> Result<String> {
    match format {
        Format::Table => {
            let options = FormatOptions::default()
                .with_null("")
                .with_display_error(true);
            let batches = if batches.is_empty() {
                &[RecordBatch::new_empty(SchemaRef::clone(schema))]
            } else {
                batches
            };
            let n_rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
            let table = pretty_format_batches_with_options(batches, &options)?;
            Ok(format!(
                "{table}\n({n_rows} {})\n",
                if n_rows == 1 { "row" } else { "rows" }
            ))
        }
        Format::Csv => write_csv(batches, true),
        Format::Json => {
            let mut writer = LineDelimitedWriter::new(Vec::new());
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
            Ok(String::from_utf8_lossy(&writer.into_inner()).into_owned())
        }
    }
}

/// Rows as comma-separated values without a header; NULL is empty.
///
/// # Errors
/// For types the format has no text for.
pub fn csv(batches: &[RecordBatch]) -> Result<String> {
    write_csv(batches, false)
}

fn write_csv(batches: &[RecordBatch], header: bool) -> Result<String> {
    let mut out = Vec::new();
    {
        let mut writer = WriterBuilder::new().with_header(header).build(&mut out);
        for batch in batches {
            writer.write(&flat(batch)?)?;
        }
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// CSV has no structs and lists: they are printed as text.
fn flat(batch: &RecordBatch) -> Result<RecordBatch> {
    use datafusion::arrow::array::{ArrayRef, StringArray};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use datafusion::arrow::util::display::ArrayFormatter;
    use std::sync::Arc;
    if !batch.columns().iter().any(|c| c.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let options = FormatOptions::default().with_null("");
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if column.data_type().is_nested() {
            let formatter = ArrayFormatter::try_new(column, &options)?;
            let texts = (0..column.len()).map(|row| Some(formatter.value(row).to_string()));
            columns.push(Arc::new(texts.collect::<StringArray>()));
            fields.push(Arc::new(Field::new(field.name(), DataType::Utf8, true)));
        } else {
            columns.push(Arc::clone(column));
            fields.push(Arc::clone(field));
        }
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}
