//! Functions over a query: `f((SELECT ...), key => value)`.
//!
//! A [`RelationFunction`] names the columns it reads, how rows are grouped and ordered, and the
//! columns it returns. The planner ([`planner`]) brings any query into that shape, the node
//! ([`node`]) stands in the logical plan, and the operator ([`exec`]) hands the kernel one
//! partition after another.

pub mod exec;
pub mod node;
pub mod planner;

use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::{Function, Implementation};
use crate::spec::{FunctionSpec, arrow_fields};
use datafusion::arrow::array::{
    Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{
    DataType, Field, Float64Type, Schema, SchemaRef, TimeUnit, TimestampNanosecondType,
};
use std::fmt;
use std::sync::Arc;

/// The type a kernel sees in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    /// Nanoseconds since 1970-01-01 UTC.
    Time,
    /// Double precision.
    Number,
    /// Text.
    Text,
}

impl InputType {
    /// The Arrow type of the kernel's column.
    pub fn data_type(self) -> DataType {
        match self {
            Self::Time => DataType::Timestamp(TimeUnit::Nanosecond, None),
            Self::Number => DataType::Float64,
            Self::Text => DataType::Utf8,
        }
    }

    fn accepts(self, ty: &DataType) -> bool {
        match self {
            Self::Time => {
                ty.is_temporal()
                    && !matches!(
                        ty,
                        DataType::Time32(_)
                            | DataType::Time64(_)
                            | DataType::Duration(_)
                            | DataType::Interval(_)
                    )
            }
            Self::Number => ty.is_numeric() || *ty == DataType::Boolean || ty.is_null(),
            Self::Text => {
                ty.is_string()
                    || ty.is_null()
                    || matches!(ty, DataType::Dictionary(_, v) if v.is_string())
            }
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Time => "a date or timestamp",
            Self::Number => "numeric",
            Self::Text => "text",
        }
    }
}

/// A column that the function reads from the query, found by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputColumn {
    /// Name, lower case.
    pub name: String,
    /// What the kernel sees.
    pub ty: InputType,
    /// Whether the query has to have it; otherwise the kernel sees NULLs.
    pub required: bool,
}

impl InputColumn {
    /// A column that has to be there.
    pub fn required(name: &str, ty: InputType) -> Self {
        Self {
            name: name.into(),
            ty,
            required: true,
        }
    }

    /// A column that may be there.
    pub fn optional(name: &str, ty: InputType) -> Self {
        Self {
            name: name.into(),
            ty,
            required: false,
        }
    }
}

/// Which rows a kernel sees together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grouping {
    /// All rows with one value in this column; groups run in parallel.
    PerKey(String),
    /// All rows at once (one account for many symbols).
    Whole,
}

/// The core of a relation function.
pub trait RelationKernel: Send {
    /// Turns one group of rows, in the declared order, into result columns.
    ///
    /// Times in the result are nanosecond timestamps; the adapter casts them to the input's type.
    ///
    /// # Errors
    /// 22000 for data the function refuses (duplicate bars), naming the first offending row.
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError>;
}

/// Makes a kernel from checked constants.
pub type RelationFactory =
    Arc<dyn Fn(&Args) -> Result<Box<dyn RelationKernel>, QlError> + Send + Sync>;

/// A function over a query.
pub struct RelationFunction {
    /// Its description; the first parameter is the query.
    pub spec: Arc<FunctionSpec>,
    /// The columns it reads.
    pub columns: Vec<InputColumn>,
    /// Which rows it sees together.
    pub grouping: Grouping,
    /// The columns its rows are ordered by, ascending.
    pub order: Vec<String>,
    /// Makes its kernel.
    pub factory: RelationFactory,
}

impl fmt::Debug for RelationFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelationFunction")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

/// Joins spec, input description and kernel to a relation function.
pub fn relation_function(
    spec: FunctionSpec,
    columns: Vec<InputColumn>,
    grouping: Grouping,
    order: &[&str],
    factory: RelationFactory,
) -> Function {
    let spec = Arc::new(spec);
    let make = Arc::clone(&factory);
    let function = RelationFunction {
        spec: Arc::clone(&spec),
        columns,
        grouping,
        order: order.iter().map(ToString::to_string).collect(),
        factory,
    };
    Function {
        spec,
        implementation: Implementation::Relation(Arc::new(function)),
        check: Arc::new(move |args| make(args).map(drop)),
    }
}

impl RelationFunction {
    /// The columns the kernel sees, in the order of the description.
    pub fn input_schema(&self) -> Schema {
        Schema::new(
            self.columns
                .iter()
                .map(|c| Field::new(&c.name, c.ty.data_type(), true))
                .collect::<Vec<_>>(),
        )
    }

    /// The result's columns, with times of the given type.
    pub fn output_schema(&self, time: &DataType) -> SchemaRef {
        Arc::new(Schema::new(arrow_fields(self.spec.output.fields(), time)))
    }

    /// The result schema as kernels build it: nanosecond times.
    pub fn kernel_schema(&self) -> SchemaRef {
        self.output_schema(&InputType::Time.data_type())
    }
}

/// One group of rows, as a kernel reads it.
#[derive(Debug)]
pub struct Rows {
    batch: RecordBatch,
    schema: SchemaRef,
}

impl Rows {
    /// Rows in the function's input schema; `schema` is what the kernel has to return.
    pub fn new(batch: RecordBatch, schema: SchemaRef) -> Self {
        Self { batch, schema }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The result schema that the kernel fills.
    pub fn output_schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// A numeric column; check validity with [`Array::is_valid`].
    ///
    /// # Errors
    /// XX000 when the description has no such column.
    pub fn numbers(&self, name: &str) -> Result<&Float64Array, QlError> {
        self.column(name)?
            .as_primitive_opt::<Float64Type>()
            .ok_or_else(|| wrong_type(name))
    }

    /// A numeric column as plain values, NaN where it is NULL.
    ///
    /// # Errors
    /// XX000 when the description has no such column.
    pub fn values(&self, name: &str) -> Result<Vec<f64>, QlError> {
        Ok(self
            .numbers(name)?
            .iter()
            .map(|v| v.unwrap_or(f64::NAN))
            .collect())
    }

    /// The times of a column that has no NULL, in nanoseconds.
    ///
    /// # Errors
    /// 22000 when a time is NULL.
    pub fn times(&self, name: &str) -> Result<Vec<i64>, QlError> {
        let column = self
            .column(name)?
            .as_primitive_opt::<TimestampNanosecondType>()
            .ok_or_else(|| wrong_type(name))?;
        if column.null_count() > 0 {
            return Err(QlError::new(
                SqlState::DataException,
                format!("column `{name}` is NULL in {} rows", column.null_count()),
            ));
        }
        Ok(column.values().to_vec())
    }

    /// A text column.
    ///
    /// # Errors
    /// XX000 when the description has no such column.
    pub fn texts(&self, name: &str) -> Result<&StringArray, QlError> {
        self.column(name)?
            .as_string_opt::<i32>()
            .ok_or_else(|| wrong_type(name))
    }

    fn column(&self, name: &str) -> Result<&Arc<dyn Array>, QlError> {
        self.batch.column_by_name(name).ok_or_else(|| {
            QlError::internal(format!(
                "a kernel reads column `{name}`, which its description lacks"
            ))
        })
    }
}

fn wrong_type(name: &str) -> QlError {
    QlError::internal(format!(
        "column `{name}` was not cast to the type of the description"
    ))
}

/// Casts a kernel's result to the schema that the query promised.
pub(crate) fn cast_result(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> datafusion::error::Result<RecordBatch> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}

/// Nanosecond times as a result column.
pub fn time_column(times: Vec<Option<i64>>) -> Arc<dyn Array> {
    let raw: Int64Array = times.into();
    Arc::new(raw.reinterpret_cast::<TimestampNanosecondType>())
}
