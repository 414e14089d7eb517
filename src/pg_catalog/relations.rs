//! `pg_namespace`, `pg_class`, `pg_attribute`, `pg_tables` and `pg_views` of this database.

use super::oids;
use crate::server::wire_type;
use datafusion::arrow::array::{ArrayRef, RecordBatch, new_null_array};
use datafusion::arrow::datatypes::{DataType, Field, Fields, SchemaRef};
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::ScalarValue;
use datafusion::datasource::TableType;
use datafusion::error::Result;
use postgres_types::Type;
use std::collections::HashMap;
use std::sync::Arc;

/// A table or view.
struct Relation {
    schema: String,
    name: String,
    is_view: bool,
    /// None when it cannot be opened now, such as an external table without its files: the others
    /// have to be found all the same, and who reads it is told what is wrong.
    provider: Option<Arc<dyn TableProvider>>,
}

impl Relation {
    /// None when it was dropped since it was listed.
    async fn find(schema: &dyn SchemaProvider, of: &str, name: &str) -> Result<Option<Self>> {
        let provider = match schema.table(name).await {
            Ok(None) => return Ok(None),
            Ok(found) => found,
            Err(error) => {
                tracing::warn!(schema = of, relation = name, %error, "cannot be opened");
                None
            }
        };
        let ty = match &provider {
            Some(provider) => Some(provider.table_type()),
            None => schema.table_type(name).await.unwrap_or_default(),
        };
        Ok(Some(Self {
            schema: of.to_string(),
            name: name.to_string(),
            is_view: ty == Some(TableType::View) || of == "information_schema",
            provider,
        }))
    }

    fn oid(&self) -> i32 {
        oids::relation(&self.schema, &self.name)
    }

    /// As `relkind` has it.
    fn kind(&self) -> &'static str {
        if self.is_view { "v" } else { "r" }
    }

    /// Its columns; none when it cannot be opened.
    fn columns(&self) -> Fields {
        let provider = self.provider.as_ref();
        provider.map_or_else(Fields::empty, |p| p.schema().fields().clone())
    }

    /// How many rows it has, where that is known without reading it.
    fn n_rows(&self) -> Option<usize> {
        let statistics = self.provider.as_ref()?.statistics()?;
        statistics.num_rows.get_value().copied()
    }

    /// The text that it was made with.
    fn definition(&self) -> Option<&str> {
        self.provider.as_ref()?.get_table_definition()
    }
}

/// All relations, by schema and name.
async fn relations(catalog: &dyn CatalogProvider) -> Result<Vec<Relation>> {
    let mut all = Vec::new();
    let mut schemas = catalog.schema_names();
    schemas.sort();
    for name in schemas {
        let Some(schema) = catalog.schema(&name) else {
            continue;
        };
        let mut tables = schema.table_names();
        tables.sort();
        for table in tables {
            all.extend(Relation::find(schema.as_ref(), &name, &table).await?);
        }
    }
    Ok(all)
}

/// Fills a table's columns by name: the given ones, and a default in the others.
pub struct Rows {
    schema: SchemaRef,
    n_rows: usize,
    columns: Vec<Option<ArrayRef>>,
}

impl Rows {
    /// Rows of a table with these columns.
    pub fn new(schema: &SchemaRef, n_rows: usize) -> Self {
        Self {
            schema: SchemaRef::clone(schema),
            n_rows,
            columns: vec![None; schema.fields().len()],
        }
    }

    /// Sets a column; names that the table does not have are left out.
    ///
    /// # Errors
    /// Values that do not fit the column's type.
    pub fn with(mut self, name: &str, values: impl Iterator<Item = ScalarValue>) -> Result<Self> {
        let Ok(index) = self.schema.index_of(name) else {
            return Ok(self);
        };
        let ty = self.schema.field(index).data_type();
        let values = values.map(|v| v.cast_to(ty)).collect::<Result<Vec<_>>>()?;
        if !values.is_empty() {
            self.columns[index] = Some(ScalarValue::iter_to_array(values)?);
        }
        Ok(self)
    }

    /// Sets a column to one value.
    ///
    /// # Errors
    /// A value that does not fit the column's type.
    pub fn all(self, name: &str, value: impl Into<ScalarValue>) -> Result<Self> {
        let (value, n) = (value.into(), self.n_rows);
        self.with(name, std::iter::repeat_n(value, n))
    }

    /// The batch, with NULL, false, 0 or '' in the columns that were not set.
    ///
    /// # Errors
    /// Columns of different lengths.
    pub fn finish(self) -> Result<RecordBatch> {
        let columns = self
            .columns
            .into_iter()
            .zip(self.schema.fields())
            .map(|(column, field)| match column {
                Some(column) => Ok(column),
                None => nothing(field, self.n_rows),
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(RecordBatch::try_new(self.schema, columns)?)
    }
}

fn nothing(field: &Field, n_rows: usize) -> Result<ArrayRef> {
    if field.is_nullable() || n_rows == 0 {
        return Ok(new_null_array(field.data_type(), n_rows));
    }
    let value = match field.data_type() {
        DataType::Utf8 => ScalarValue::from(""),
        ty => ScalarValue::new_zero(ty).or_else(|_| ScalarValue::try_from(ty))?,
    };
    value.to_array_of_size(n_rows)
}

/// The rows of `pg_namespace`.
///
/// # Errors
/// Those of the lake.
pub async fn namespaces(
    catalog: Arc<dyn CatalogProvider>,
    schema: SchemaRef,
) -> Result<RecordBatch> {
    let mut names = catalog.schema_names();
    if !names.iter().any(|n| n == "information_schema") {
        names.push("information_schema".into());
    }
    names.sort();
    Rows::new(&schema, names.len())
        .with("oid", names.iter().map(|n| oids::schema(n).into()))?
        .with("nspname", names.iter().map(|n| n.as_str().into()))?
        .all("nspowner", oids::OWNER)?
        .finish()
}

/// The rows of `pg_class`.
///
/// # Errors
/// Those of the lake.
pub async fn classes(catalog: Arc<dyn CatalogProvider>, schema: SchemaRef) -> Result<RecordBatch> {
    let all = relations(catalog.as_ref()).await?;
    let n_columns = |r: &Relation| r.columns().len() as i16;
    let n_rows = |r: &Relation| r.n_rows().map_or(-1.0, |n| n as f64);
    Rows::new(&schema, all.len())
        .with("oid", all.iter().map(|r| r.oid().into()))?
        .with("relname", all.iter().map(|r| r.name.as_str().into()))?
        .with(
            "relnamespace",
            all.iter().map(|r| oids::schema(&r.schema).into()),
        )?
        .with("relkind", all.iter().map(|r| r.kind().into()))?
        .with("relnatts", all.iter().map(|r| n_columns(r).into()))?
        .with("reltuples", all.iter().map(|r| n_rows(r).into()))?
        .with("relfilenode", all.iter().map(|r| r.oid().into()))?
        .all("relowner", oids::OWNER)?
        .all("relpersistence", "p")?
        .all("relispopulated", true)?
        .all("relreplident", "d")?
        .finish()
}

/// The rows of `pg_attribute`.
///
/// # Errors
/// Those of the lake.
pub async fn attributes(
    catalog: Arc<dyn CatalogProvider>,
    schema: SchemaRef,
) -> Result<RecordBatch> {
    let all: Vec<(i32, i16, Arc<Field>, Type)> = relations(catalog.as_ref())
        .await?
        .into_iter()
        .flat_map(|r| {
            let oid = r.oid();
            let columns: Vec<_> = r.columns().iter().cloned().collect();
            (1i16..).zip(columns).map(move |(n, f)| {
                let ty = wire_type(&f);
                (oid, n, f, ty)
            })
        })
        .collect();
    let modifier = |(_, _, f, _): &(i32, i16, Arc<Field>, Type)| match f.data_type() {
        DataType::Decimal128(p, s) => (i32::from(*p) << 16 | i32::from(*s)) + 4,
        _ => -1,
    };
    Rows::new(&schema, all.len())
        .with("attrelid", all.iter().map(|(oid, ..)| (*oid).into()))?
        .with(
            "attname",
            all.iter().map(|(_, _, f, _)| f.name().as_str().into()),
        )?
        .with(
            "atttypid",
            all.iter()
                .map(|(_, _, _, ty)| ty.oid().cast_signed().into()),
        )?
        .with("atttypmod", all.iter().map(|a| modifier(a).into()))?
        .with("attnum", all.iter().map(|(_, n, ..)| (*n).into()))?
        .with(
            "attnotnull",
            all.iter().map(|(_, _, f, _)| (!f.is_nullable()).into()),
        )?
        .all("attislocal", true)?
        .all("attstattarget", -1)?
        .all("attcacheoff", -1)?
        .all("attlen", -1i16)?
        .all("attalign", "i")?
        .all("attstorage", "p")?
        .finish()
}

/// The rows of `pg_tables` (`views` false) or `pg_views` (true).
///
/// # Errors
/// Those of the lake.
pub async fn listing(
    catalog: Arc<dyn CatalogProvider>,
    schema: SchemaRef,
    views: bool,
) -> Result<RecordBatch> {
    let mut all = relations(catalog.as_ref()).await?;
    all.retain(|r| r.is_view == views);
    let (name, owner) = match views {
        true => ("viewname", "viewowner"),
        false => ("tablename", "tableowner"),
    };
    let definition = |r: &Relation| ScalarValue::from(r.definition());
    Rows::new(&schema, all.len())
        .with("schemaname", all.iter().map(|r| r.schema.as_str().into()))?
        .with(name, all.iter().map(|r| r.name.as_str().into()))?
        .with("definition", all.iter().map(definition))?
        .all(owner, super::roles::OWNER_NAME)?
        .finish()
}

/// The text of all views, by object id.
///
/// # Errors
/// Those of the lake.
pub async fn view_definitions(catalog: &dyn CatalogProvider) -> Result<HashMap<i32, String>> {
    let all = relations(catalog).await?;
    let definition = |r: &Relation| Some((r.oid(), r.definition()?.to_string()));
    Ok(all.iter().filter_map(definition).collect())
}
