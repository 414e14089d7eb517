//! Functions over a query: `f((SELECT ...), key => value)`.
//!
//! A [`RelationFunction`] names the columns it reads, how rows are grouped and ordered, and the
//! columns it returns; it may read more queries than one ([`InputQuery`]). The planner
//! ([`planner`]) brings any query into that shape, the node ([`node`]) stands in the logical plan,
//! and the operator ([`exec`]) hands the kernel one group ([`groups`]) after another.

pub mod exec;
pub mod groups;
pub mod node;
pub mod planner;
pub mod shape;

pub use shape::complete;

use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::{Function, Implementation};
use crate::spec::{FunctionSpec, arrow_fields};
use datafusion::arrow::array::{
    Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{
    DataType, Float64Type, Schema, SchemaRef, TimeUnit, TimestampNanosecondType,
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

    pub(crate) fn accepts(self, ty: &DataType) -> bool {
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

    pub(crate) fn wanted(self) -> &'static str {
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
    /// All rows with equal values in the columns that this text parameter lists, separated by
    /// commas; all rows at once when it is empty. The columns are found in the query, come first
    /// in the order of the rows, and come first in the result.
    Listed(String),
}

/// A query that a function reads besides the first one, given by name: `orders => (SELECT ...)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputQuery {
    /// The parameter of kind [`ParamKind::Query`](crate::ParamKind::Query) that holds it.
    pub param: String,
    /// The columns it is read by. Its rows come in the order in which the query gives them.
    pub columns: Vec<InputColumn>,
}

/// The core of a relation function.
pub trait RelationKernel: Send {
    /// Turns one group of rows, in the declared order, into result columns; those that are not
    /// wanted ([`Rows::is_wanted`]) may be left out.
    ///
    /// Times in the result are nanosecond timestamps; the adapter casts them to the input's type.
    ///
    /// # Errors
    /// 22000 for data the function refuses (duplicate bars), naming the first offending row.
    fn run(&mut self, rows: &Rows) -> Result<RecordBatch, QlError>;

    /// Takes the next part of a group that is too large to be held; what it returns is emitted.
    ///
    /// Only functions with [`RelationFunction::part_rows`] are asked.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    fn push(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        Err(not_in_parts(rows))
    }

    /// Ends a group that came in parts; `rows` holds none, and the other queries.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    fn finish(&mut self, rows: &Rows) -> Result<RecordBatch, QlError> {
        Err(not_in_parts(rows))
    }
}

fn not_in_parts(rows: &Rows) -> QlError {
    QlError::internal(format!(
        "a kernel that takes whole groups was given a part of {} rows",
        rows.len()
    ))
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
    /// The queries it reads besides the first one.
    pub queries: Vec<InputQuery>,
    /// A group of more rows than this is handed over in parts; `None`: always as a whole.
    pub part_rows: Option<usize>,
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
    RelationFunction {
        spec: Arc::new(spec),
        columns,
        grouping,
        order: order.iter().map(ToString::to_string).collect(),
        queries: Vec::new(),
        part_rows: None,
        factory,
    }
    .into_function()
}

impl RelationFunction {
    /// The function for the registry; making a kernel checks its arguments.
    pub fn into_function(self) -> Function {
        let make = Arc::clone(&self.factory);
        Function {
            spec: Arc::clone(&self.spec),
            implementation: Implementation::Relation(Arc::new(self)),
            check: Arc::new(move |args| make(args).map(drop)),
        }
    }

    /// The names of the columns of [`Grouping::Listed`].
    ///
    /// # Errors
    /// 22023 when the list holds an empty or repeated name, or one that the result has already.
    pub fn listed_keys(&self, args: &Args) -> Result<Vec<String>, QlError> {
        let Grouping::Listed(param) = &self.grouping else {
            return Ok(Vec::new());
        };
        let keys = listed(&self.spec.name, param, args.text(param)?)?;
        let result = self.spec.output.fields();
        match keys.iter().find(|k| result.iter().any(|f| f.name == **k)) {
            None => Ok(keys),
            Some(key) => Err(QlError::bad_argument(
                &self.spec.name,
                param,
                "columns whose names the result does not have",
                key,
            )),
        }
    }

    /// The columns the kernel sees, in the order of the description.
    pub fn input_schema(&self) -> Schema {
        shape::input_schema(&self.columns)
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

fn listed(function: &str, param: &str, list: &str) -> Result<Vec<String>, QlError> {
    let names: Vec<String> = list
        .split(',')
        .map(|n| n.trim().to_ascii_lowercase())
        .collect();
    if names == [""] {
        return Ok(Vec::new());
    }
    let is_repeated = |(i, name): (usize, &String)| names.iter().take(i).any(|n| n == name);
    if names.iter().any(String::is_empty) || names.iter().enumerate().any(is_repeated) {
        let allowed = "names of different columns, separated by commas";
        return Err(QlError::bad_argument(function, param, allowed, list));
    }
    Ok(names)
}

/// The rows of the other queries of a call, by parameter; without those that were left out.
pub type OtherRows = Arc<Vec<(String, Rows)>>;

/// One group of rows, as a kernel reads it.
#[derive(Debug)]
pub struct Rows {
    batch: RecordBatch,
    schema: SchemaRef,
    others: OtherRows,
    /// Names of the result columns that the query asks for; `None`: all.
    wanted: Option<SchemaRef>,
}

impl Rows {
    /// Rows in the function's input schema; `schema` is what the kernel has to return.
    pub fn new(batch: RecordBatch, schema: SchemaRef) -> Self {
        Self {
            batch,
            schema,
            others: OtherRows::default(),
            wanted: None,
        }
    }

    /// With the rows of the other queries.
    #[must_use]
    pub fn with_others(mut self, others: OtherRows) -> Self {
        self.others = others;
        self
    }

    /// Of whose result the query asks for these columns only.
    #[must_use]
    pub fn with_wanted(mut self, wanted: SchemaRef) -> Self {
        self.wanted = Some(wanted);
        self
    }

    /// Whether the query asks for a column of the result.
    pub fn is_wanted(&self, column: &str) -> bool {
        let wanted = self.wanted.as_ref();
        wanted.is_none_or(|schema| schema.index_of(column).is_ok())
    }

    /// Other rows of the same call.
    #[must_use]
    pub fn on(&self, batch: RecordBatch) -> Self {
        Self {
            batch,
            schema: Arc::clone(&self.schema),
            others: Arc::clone(&self.others),
            wanted: self.wanted.clone(),
        }
    }

    /// The rows of another query of the call; `None` where it was left out.
    pub fn other(&self, param: &str) -> Option<&Self> {
        let found = self.others.iter().find(|(name, _)| name == param);
        found.map(|(_, rows)| rows)
    }

    /// The columns as Arrow has them, for a key of what was computed from them.
    pub fn batch(&self) -> &RecordBatch {
        &self.batch
    }

    /// Whether a column has a value in some row.
    ///
    /// # Errors
    /// XX000 when the description has no such column.
    pub fn has_values(&self, name: &str) -> Result<bool, QlError> {
        let column = self.column(name)?;
        Ok(column.null_count() < column.len())
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
        Ok(known_values(self.numbers(name)?))
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

    /// A column as it is.
    ///
    /// # Errors
    /// XX000 when the description has no such column.
    pub fn column(&self, name: &str) -> Result<&Arc<dyn Array>, QlError> {
        self.batch.column_by_name(name).ok_or_else(|| {
            QlError::internal(format!(
                "a kernel reads column `{name}`, which its description lacks"
            ))
        })
    }
}

/// The values of a column, NaN where it is NULL.
fn known_values(column: &Float64Array) -> Vec<f64> {
    let mut values = column.values().to_vec();
    if let Some(known) = column.nulls().filter(|nulls| nulls.null_count() > 0) {
        for (value, is_known) in values.iter_mut().zip(known) {
            if !is_known {
                *value = f64::NAN;
            }
        }
    }
    values
}

fn wrong_type(name: &str) -> QlError {
    QlError::internal(format!(
        "column `{name}` was not cast to the type of the description"
    ))
}

/// Nanosecond times as a result column.
pub fn time_column(times: Vec<Option<i64>>) -> Arc<dyn Array> {
    let raw: Int64Array = times.into();
    Arc::new(raw.reinterpret_cast::<TimestampNanosecondType>())
}
