//! Window functions over one partition in time order.
//!
//! A kernel sees each input as a dense slice from which the missing rows (NULL, NaN, infinite in
//! any input) are already taken out, and writes into slices that are filled with NaN. Whatever it
//! leaves NaN (warm-up, unknown) is NULL in SQL, and so is every missing row. The kernel runs once
//! per partition, so a partition's first row knows nothing of the partition before.

use crate::arguments::Args;
use crate::error::{QlError, SqlState};
use crate::registry::{Function, Implementation};
use crate::spec::{
    Causality, FunctionSpec, Output, OutputField, OutputType, ParamKind, ParamSpec,
    default_time_type,
};
use crate::window::call::SeriesCall;
use crate::window::columns::ArgumentColumn;
use crate::window::evaluate::run_whole;
use crate::window::results::ResultColumn;
use crate::window::state::SeriesState;
use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, StructArray,
};
use datafusion::arrow::buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::{
    DataType, Field, FieldRef, Float64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::function::{
    ExpressionArgs, PartitionEvaluatorArgs, WindowUDFFieldArgs,
};
use datafusion::logical_expr::{
    LimitEffect, PartitionEvaluator, Signature, Volatility, WindowUDF, WindowUDFImpl,
};
use datafusion::physical_expr::expressions::Literal;
use datafusion::physical_plan::PhysicalExpr;
use std::collections::HashMap;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// The numeric core of a window function.
pub trait SeriesKernel: Send + Sync {
    /// Computes one partition.
    ///
    /// All inputs have the same length n; every output has length n and is filled with NaN.
    ///
    /// # Errors
    /// For failures outside of the numbers (a model that cannot run); numbers never fail.
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError>;

    /// Whether a row without a value in this input is missing as a whole.
    ///
    /// Where this is false the kernel sees NaN for a missing value and decides itself: a bar
    /// without a volatility is still part of the path of earlier bars.
    fn needs(&self, _input: usize) -> bool {
        true
    }

    /// How many present rows before a row its value can depend on, to the last bit.
    ///
    /// `Some(n)` promises that a run over any rows ending at t that include the n rows before t
    /// gives the same bits at t. Sliding sums do not: they carry the rounding of rows that left.
    /// The operator cuts long partitions, and reads only their ends, where this is known.
    fn history(&self) -> Option<usize> {
        None
    }

    /// The kernel after these rows, from where it goes on row by row with the same bits; none
    /// where it cannot. The rows may be none at all: whether there is a state depends on constants
    /// only.
    ///
    /// Where it is `Some` a row that was added costs a step and not the history.
    fn open(&self, _inputs: &[&[f64]]) -> Option<Box<dyn SeriesState>> {
        None
    }
}

/// Makes a kernel from checked constants.
pub type SeriesFactory = Arc<dyn Fn(&Args) -> Result<Box<dyn SeriesKernel>, QlError> + Send + Sync>;

/// Joins a spec and a kernel to a window function.
pub fn series_function(spec: FunctionSpec, factory: SeriesFactory) -> Function {
    let spec = Arc::new(spec);
    let make = Arc::clone(&factory);
    let udf = SeriesFunction {
        spec: Arc::clone(&spec),
        signature: Signature::user_defined(Volatility::Immutable),
        factory,
    };
    Function {
        spec,
        implementation: Implementation::Window(Arc::new(WindowUDF::from(udf))),
        check: Arc::new(move |args| make(args).map(drop)),
    }
}

/// The DataFusion side of a window function.
pub struct SeriesFunction {
    spec: Arc<FunctionSpec>,
    signature: Signature,
    factory: SeriesFactory,
}

impl SeriesFunction {
    /// The description of the function.
    pub fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// The [`history`](SeriesKernel::history) of a call with the defaults; none where a constant
    /// has no default.
    pub fn default_history(&self) -> Option<usize> {
        let series = self.spec.params.iter().take_while(|p| !p.kind.is_option());
        let given = vec![None; series.count()];
        let args = Args::bind(&self.spec, &given).ok()?;
        (self.factory)(&args).ok()?.history()
    }

    /// Makes the kernel of a call from its arguments.
    ///
    /// # Errors
    /// Those of the constants and of the factory.
    pub fn bind(&self, args: &[Arc<dyn PhysicalExpr>]) -> Result<BoundSeries, QlError> {
        let given: Vec<Option<ScalarValue>> = args
            .iter()
            .map(|expr| expr.downcast_ref::<Literal>().map(|l| l.value().clone()))
            .collect();
        let bound = Args::bind(&self.spec, &given)?;
        let inputs = series_arguments(&self.spec, args);
        Ok(BoundSeries {
            kernel: (self.factory)(&bound)?,
            n_missing: bound.n_series.saturating_sub(inputs.len()),
            inputs,
        })
    }
}

/// A call with its constants taken in.
pub struct BoundSeries {
    /// What computes it.
    pub kernel: Box<dyn SeriesKernel>,
    /// The arguments that are computed per row.
    pub inputs: Vec<Arc<dyn PhysicalExpr>>,
    /// Series parameters that were left out at the end: all rows NULL.
    pub n_missing: usize,
}

/// The arguments that are computed per row; constants are read when the kernel is made.
fn series_arguments(
    spec: &FunctionSpec,
    args: &[Arc<dyn PhysicalExpr>],
) -> Vec<Arc<dyn PhysicalExpr>> {
    args.iter()
        .enumerate()
        .filter(|(i, _)| !param_is_option(spec, *i))
        .map(|(_, expr)| Arc::clone(expr))
        .collect()
}

impl fmt::Debug for SeriesFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesFunction")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

// The registry refuses two functions of one name, so the name is the identity.
impl PartialEq for SeriesFunction {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}

impl Eq for SeriesFunction {}

impl Hash for SeriesFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl WindowUDFImpl for SeriesFunction {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn expressions(&self, args: ExpressionArgs) -> Vec<Arc<dyn PhysicalExpr>> {
        series_arguments(&self.spec, args.input_exprs())
    }

    fn partition_evaluator(
        &self,
        args: PartitionEvaluatorArgs,
    ) -> Result<Box<dyn PartitionEvaluator>> {
        let bound = self.bind(args.input_exprs())?;
        Ok(Box::new(SeriesEvaluator {
            call: SeriesCall::alone(bound, &self.spec),
            is_causal: self.spec.causality == Causality::Causal,
        }))
    }

    fn field(&self, args: WindowUDFFieldArgs) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(
            args.name(),
            self.spec.output.data_type(),
            true,
        )))
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(coerce_arguments(&self.spec, given)?)
    }

    fn limit_effect(&self, _args: &[Arc<dyn PhysicalExpr>]) -> LimitEffect {
        LimitEffect::Unknown
    }
}

/// Whether the argument at a position is a constant.
pub(crate) fn param_is_option(spec: &FunctionSpec, position: usize) -> bool {
    let last = spec.params.len().saturating_sub(1);
    spec.params
        .get(position.min(last))
        .is_some_and(|p| p.kind.is_option())
}

/// The types that arguments are cast to: series to doubles, texts to strings, constants as they are.
///
/// # Errors
/// 42883 for a wrong number of arguments or a type that is neither a number nor NULL.
pub(crate) fn coerce_arguments(
    spec: &FunctionSpec,
    given: &[DataType],
) -> Result<Vec<DataType>, QlError> {
    crate::arguments::check_arity(spec, given.len())?;
    let last = spec.params.len().saturating_sub(1);
    given
        .iter()
        .enumerate()
        .map(|(i, ty)| {
            let Some(param) = spec.params.get(i.min(last)) else {
                return Err(QlError::internal(format!(
                    "{}: has no parameter {i}",
                    spec.name
                )));
            };
            let target = match param.kind {
                ParamKind::Series
                    if ty.is_numeric() || ty.is_null() || *ty == DataType::Boolean =>
                {
                    DataType::Float64
                }
                ParamKind::Texts if ty.is_string() || ty.is_null() => DataType::Utf8View,
                ParamKind::Texts if matches!(ty, DataType::Dictionary(_, v) if v.is_string()) => {
                    DataType::Utf8View
                }
                ParamKind::Times => match ty {
                    DataType::Timestamp(_, zone) => {
                        DataType::Timestamp(TimeUnit::Microsecond, zone.clone())
                    }
                    DataType::Date32 | DataType::Date64 | DataType::Null => default_time_type(),
                    _ => return Err(wrong_type(spec, param, ty)),
                },
                ParamKind::Groups if ty.is_string() => DataType::Utf8View,
                ParamKind::Groups if matches!(ty, DataType::Dictionary(_, v) if v.is_string()) => {
                    DataType::Utf8View
                }
                ParamKind::Groups if ty.is_numeric() || ty.is_null() => DataType::Float64,
                ParamKind::Series | ParamKind::Texts | ParamKind::Groups => {
                    return Err(wrong_type(spec, param, ty));
                }
                _ => ty.clone(),
            };
            Ok(target)
        })
        .collect()
}

fn wrong_type(spec: &FunctionSpec, param: &ParamSpec, found: &DataType) -> QlError {
    QlError::new(
        SqlState::UndefinedFunction,
        format!(
            "{}: `{}` must be {}, found type {found}",
            spec.name,
            param.name,
            param.kind.allowed()
        ),
    )
    .with_hint(format!("The signature is {}", spec.signature()))
}

/// One call outside of our operator: DataFusion hands over whole partitions.
struct SeriesEvaluator {
    call: SeriesCall,
    is_causal: bool,
}

impl fmt::Debug for SeriesEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeriesEvaluator")
            .field("output", &self.call.output)
            .finish_non_exhaustive()
    }
}

impl PartitionEvaluator for SeriesEvaluator {
    fn is_causal(&self) -> bool {
        self.is_causal
    }

    fn evaluate_all(&mut self, values: &[ArrayRef], n_rows: usize) -> Result<ArrayRef> {
        let mut columns: Vec<ArgumentColumn> = Vec::new();
        for array in values {
            let mut column = ArgumentColumn::default();
            column.append(array)?;
            columns.push(column);
        }
        let view = self.call.view(&columns, n_rows);
        let mut outputs = vec![vec![f64::NAN; n_rows]; self.call.n_outputs()];
        let mut slots: Vec<&mut [f64]> = outputs.iter_mut().map(Vec::as_mut_slice).collect();
        run_whole(&self.call, &view, &mut slots)?;
        Ok(to_array(&self.call.output, outputs))
    }
}

/// What kernels see of an argument: numbers as they are, times as microseconds, groups numbered.
///
/// # Errors
/// XX000 for a column of a type that arguments are never cast to.
pub fn to_numbers(column: &ArrayRef) -> Result<Float64Array, QlError> {
    if let Some(numbers) = column.as_primitive_opt::<Float64Type>() {
        return Ok(numbers.clone());
    }
    // Microseconds since 1970 stay below 2^53 until the year 2255, so they are exact as doubles.
    if let Some(times) = column.as_primitive_opt::<TimestampMicrosecondType>() {
        return Ok(times.unary(|t| t as f64));
    }
    if let Some(texts) = column.as_string_view_opt() {
        let mut numbers: HashMap<&str, f64> = HashMap::new();
        return Ok(texts
            .iter()
            .map(|text| {
                let next = numbers.len() as f64;
                text.map(|t| *numbers.entry(t).or_insert(next))
            })
            .collect());
    }
    Err(QlError::internal(format!(
        "a series argument was cast to {}",
        column.data_type()
    )))
}

/// Turns kernel outputs into the Arrow array that the spec promises; what is not finite is NULL.
pub fn to_array(output: &Output, columns: Vec<Vec<f64>>) -> ArrayRef {
    let columns = columns.into_iter().map(|values| {
        let mut column = ResultColumn::default();
        column.append_owned(values);
        column
    });
    results_to_array(output, columns.collect())
}

/// The same for results whose known values are noted already.
pub fn results_to_array(output: &Output, mut columns: Vec<ResultColumn>) -> ArrayRef {
    match output {
        Output::Value(ty) => to_column(*ty, columns.pop().unwrap_or_default()),
        Output::Struct(fields) | Output::Rows(fields) => to_struct(fields, columns),
    }
}

fn to_struct(fields: &[OutputField], columns: Vec<ResultColumn>) -> ArrayRef {
    let arrays: Vec<ArrayRef> = fields
        .iter()
        .zip(columns)
        .map(|(f, c)| to_column(f.ty, c))
        .collect();
    // A row of which nothing is known is NULL as a whole, not a struct of NULLs.
    let of_fields: Option<Vec<&NullBuffer>> = arrays.iter().map(|a| a.nulls()).collect();
    let any_known = of_fields.and_then(|fields| {
        let bits = fields.iter().map(|nulls| nulls.inner().clone());
        bits.reduce(|any, bits| &any | &bits)
    });
    let arrow_fields = crate::spec::arrow_fields(fields, &crate::spec::default_time_type());
    let known = any_known.map(NullBuffer::new);
    Arc::new(StructArray::new(arrow_fields, arrays, known))
}

fn to_column(ty: OutputType, column: ResultColumn) -> ArrayRef {
    let (values, nulls) = column.finish();
    match ty {
        OutputType::Integer => {
            let integers: ScalarBuffer<i64> = values.iter().map(|v| *v as i64).collect();
            Arc::new(Int64Array::new(integers, nulls))
        }
        OutputType::Flag => {
            let is_set = |i: usize| values.get(i).is_some_and(|v| v.is_finite() && *v != 0.0);
            let flags = BooleanBuffer::collect_bool(values.len(), is_set);
            Arc::new(BooleanArray::new(flags, nulls))
        }
        _ => Arc::new(Float64Array::new(values.into(), nulls)),
    }
}
