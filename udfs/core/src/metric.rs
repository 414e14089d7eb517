//! Aggregates over series: the same kernel for groups, window frames and partial results.
//!
//! A [`Metric`] takes values one by one and gives the result so far. Over a growing frame that
//! is one step per row. When rows leave a frame, the adapter feeds the rest again to a fresh
//! metric: a rolling value is then the value of exactly those rows, free of the drift that
//! subtracting old values has.

use crate::arguments::Args;
use crate::error::QlError;
use crate::registry::{Function, Implementation};
use crate::series::{coerce_arguments, param_is_option, to_array, to_numbers};
use crate::spec::{FunctionSpec, Output};
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryArray, Float64Array, ListArray};
use datafusion::arrow::buffer::OffsetBuffer;
use datafusion::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion::arrow::row::{RowConverter, SortField};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{
    Accumulator, AggregateUDF, AggregateUDFImpl, Signature, Volatility,
};
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_expr::expressions::Literal;
use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::mem::size_of;
use std::sync::Arc;

/// The numeric core of an aggregate.
pub trait Metric: Send + Sync {
    /// Takes the next row; `row` holds one value per series parameter, a finite one where it is
    /// needed ([`needs`](Self::needs)), NaN for unknown elsewhere. Times are microseconds.
    fn push(&mut self, row: &[f64]);

    /// The result over the rows so far: one value per output field, NaN for unknown.
    fn values(&self) -> Vec<f64>;

    /// Whether a row without a value of this series is missing as a whole.
    fn needs(&self, _series: usize) -> bool {
        true
    }

    /// Refuses the rows so far; asked before [`values`](Self::values).
    ///
    /// # Errors
    /// 22000 for rows that have no result.
    fn check(&self) -> Result<(), QlError> {
        Ok(())
    }
}

/// A time that a metric was given, in nanoseconds; none outside of their years (1677 to 2262).
pub fn nanoseconds(microseconds: f64) -> Option<i64> {
    (microseconds as i64).checked_mul(1_000)
}

/// Makes an empty metric from checked constants.
pub type MetricFactory = Arc<dyn Fn(&Args) -> Result<Box<dyn Metric>, QlError> + Send + Sync>;

/// Whether a metric changes when its rows change places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowOrder {
    /// It does not (mean, quantile).
    Irrelevant,
    /// It does (drawdown): the call needs an ORDER BY.
    Significant,
}

/// Joins a spec and a metric to an aggregate.
pub fn metric_function(spec: FunctionSpec, order: RowOrder, factory: MetricFactory) -> Function {
    let spec = Arc::new(spec);
    let make = Arc::clone(&factory);
    let udf = MetricFunction {
        spec: Arc::clone(&spec),
        signature: Signature::user_defined(Volatility::Immutable),
        order,
        factory,
    };
    Function {
        spec,
        implementation: Implementation::Aggregate(Arc::new(AggregateUDF::from(udf))),
        check: Arc::new(move |args| make(args).map(drop)),
    }
}

/// Whether this aggregate is one of ours that needs an ORDER BY.
pub fn depends_on_order(udaf: &AggregateUDF) -> bool {
    udaf.inner()
        .downcast_ref::<MetricFunction>()
        .is_some_and(|f| f.order == RowOrder::Significant)
}

/// The DataFusion side of an aggregate.
pub struct MetricFunction {
    spec: Arc<FunctionSpec>,
    signature: Signature,
    order: RowOrder,
    factory: MetricFactory,
}

impl fmt::Debug for MetricFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricFunction")
            .field("name", &self.spec.name)
            .finish_non_exhaustive()
    }
}

impl PartialEq for MetricFunction {
    fn eq(&self, other: &Self) -> bool {
        self.spec.name == other.spec.name
    }
}

impl Eq for MetricFunction {}

impl Hash for MetricFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.spec.name.hash(state);
    }
}

impl MetricFunction {
    fn make(&self, call: &AccumulatorArgs) -> Result<MetricAccumulator> {
        let given: Vec<Option<ScalarValue>> = call
            .exprs
            .iter()
            .map(|e| e.downcast_ref::<Literal>().map(|l| l.value().clone()))
            .collect();
        let args = Args::bind(&self.spec, &given)?;
        let series = (0..given.len())
            .filter(|i| !param_is_option(&self.spec, *i))
            .collect();
        let keys = match self.order {
            RowOrder::Significant if !call.order_bys.is_empty() => Some(OrderKeys::try_new(
                call.order_bys,
                call.schema,
                given.len(),
            )?),
            _ => None,
        };
        Ok(MetricAccumulator {
            metric: (self.factory)(&args)?,
            args,
            factory: Arc::clone(&self.factory),
            output: self.spec.output.clone(),
            series,
            rows: VecDeque::new(),
            n_taken: 0,
            keys,
        })
    }
}

impl AggregateUDFImpl for MetricFunction {
    fn name(&self) -> &str {
        &self.spec.name
    }

    fn aliases(&self) -> &[String] {
        &self.spec.aliases
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _given: &[DataType]) -> Result<DataType> {
        Ok(self.spec.output.data_type())
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        Ok(coerce_arguments(&self.spec, given)?)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        match self.order {
            RowOrder::Irrelevant => AggregateOrderSensitivity::Insensitive,
            RowOrder::Significant => AggregateOrderSensitivity::HardRequirement,
        }
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(self.make(&args)?))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        Ok(Box::new(self.make(&args)?))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        let values = DataType::new_list(DataType::Float64, true);
        let keys = DataType::new_list(DataType::Binary, true);
        Ok(vec![
            Arc::new(Field::new(format!("{}[values]", args.name), values, true)),
            Arc::new(Field::new(format!("{}[keys]", args.name), keys, true)),
        ])
    }
}

/// Rows kept for frames and partial results: n values each, flattened.
struct MetricAccumulator {
    metric: Box<dyn Metric>,
    args: Args,
    factory: MetricFactory,
    output: Output,
    /// Positions of the series among the arguments.
    series: Vec<usize>,
    /// One entry per row: its values, or `None` for a missing row (which still occupies its place
    /// in a frame).
    rows: VecDeque<Option<Box<[f64]>>>,
    /// How many rows of `rows` the metric has already taken; it restarts when rows leave.
    n_taken: usize,
    keys: Option<OrderKeys>,
}

/// The sort keys of rows, in a byte form that compares like the keys, for merging partial results.
struct OrderKeys {
    converter: RowConverter,
    /// Where the ORDER BY columns start among the values DataFusion hands over.
    first_column: usize,
    keys: Vec<Box<[u8]>>,
}

impl OrderKeys {
    fn try_new(
        order_bys: &[PhysicalSortExpr],
        schema: &datafusion::arrow::datatypes::Schema,
        first_column: usize,
    ) -> Result<Self> {
        let fields = order_bys
            .iter()
            .map(|s| {
                Ok(SortField::new_with_options(
                    s.expr.data_type(schema)?,
                    s.options,
                ))
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            converter: RowConverter::new(fields)?,
            first_column,
            keys: Vec::new(),
        })
    }
}

impl fmt::Debug for MetricAccumulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricAccumulator")
            .field("n_rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl MetricAccumulator {
    /// A row as it is kept: none when it lacks what the metric needs.
    fn known(&self, mut row: Box<[f64]>) -> Option<Box<[f64]>> {
        for (series, value) in row.iter_mut().enumerate() {
            if !value.is_finite() {
                if self.metric.needs(series) {
                    return None;
                }
                *value = f64::NAN;
            }
        }
        Some(row)
    }

    /// Feeds the metric the rows it has not seen.
    fn catch_up(&mut self) {
        for row in self.rows.iter().skip(self.n_taken).flatten() {
            self.metric.push(row);
        }
        self.n_taken = self.rows.len();
    }

    fn restart(&mut self) -> Result<()> {
        self.metric = (self.factory)(&self.args)?;
        self.n_taken = 0;
        Ok(())
    }

    /// Puts rows of several partial results into the order of their keys.
    fn sort_by_key(&mut self) -> Result<()> {
        let Some(order) = &mut self.keys else {
            return Ok(());
        };
        if order.keys.is_sorted() || order.keys.len() != self.rows.len() {
            return Ok(());
        }
        let mut indexed: Vec<usize> = (0..order.keys.len()).collect();
        indexed.sort_by(|&a, &b| order.keys[a].cmp(&order.keys[b]));
        let rows: Vec<_> = self.rows.drain(..).collect();
        self.rows = indexed.iter().map(|&i| rows[i].clone()).collect();
        order.keys.sort_unstable();
        self.restart()
    }
}

impl Accumulator for MetricAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let n_rows = values.first().map_or(0, |v| v.len());
        let columns = self.series.iter().map(|&i| match values.get(i) {
            Some(column) => to_numbers(column),
            None => Err(QlError::internal("a series argument was not handed over")),
        });
        let columns = columns.collect::<Result<Vec<Float64Array>, _>>()?;
        let value = |column: &Float64Array, row: usize| match column.is_valid(row) {
            true => column.value(row),
            false => f64::NAN,
        };
        for row in 0..n_rows {
            let values: Box<[f64]> = columns.iter().map(|c| value(c, row)).collect();
            self.rows.push_back(self.known(values));
        }
        if let Some(order) = &mut self.keys {
            let columns = values.get(order.first_column..).unwrap_or_default();
            let encoded = order.converter.convert_columns(columns)?;
            order
                .keys
                .extend(encoded.iter().map(|r| Box::<[u8]>::from(r.as_ref())));
        }
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        let n_rows = values.first().map_or(0, |v| v.len()).min(self.rows.len());
        self.rows.drain(..n_rows);
        self.restart()
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.sort_by_key()?;
        self.catch_up();
        self.metric.check()?;
        let columns = self.metric.values().into_iter().map(|v| vec![v]).collect();
        ScalarValue::try_from_array(&to_array(&self.output, columns), 0)
    }

    fn size(&self) -> usize {
        let per_row = size_of::<Option<Box<[f64]>>>() + self.series.len() * size_of::<f64>();
        let keys = self
            .keys
            .as_ref()
            .map_or(0, |k| k.keys.iter().map(|key| key.len() + 16).sum());
        // The metric may keep a copy of the values (quantiles do).
        size_of::<Self>() + self.rows.capacity() * (per_row + size_of::<f64>()) + keys
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        let n_series = self.series.len();
        let missing = vec![f64::NAN; n_series].into_boxed_slice();
        let flat: Vec<Option<f64>> = self
            .rows
            .iter()
            .flat_map(|row| {
                row.as_ref()
                    .unwrap_or(&missing)
                    .iter()
                    .map(|v| Some(*v))
                    .collect::<Vec<_>>()
            })
            .collect();
        let values = ListArray::from_iter_primitive::<Float64Type, _, _>([Some(flat)]);
        let keys: Vec<&[u8]> = self
            .keys
            .as_ref()
            .map_or(Vec::new(), |k| k.keys.iter().map(AsRef::as_ref).collect());
        let keys = BinaryArray::from_vec(keys);
        let item = Arc::new(Field::new_list_field(DataType::Binary, true));
        let keys = ListArray::new(
            item,
            OffsetBuffer::from_lengths([keys.len()]),
            Arc::new(keys),
            None,
        );
        Ok(vec![
            ScalarValue::List(Arc::new(values)),
            ScalarValue::List(Arc::new(keys)),
        ])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let broken = || QlError::internal("the partial result of an aggregate has the wrong shape");
        let [values, keys] = states else {
            return Err(broken().into());
        };
        let values = values.as_list_opt::<i32>().ok_or_else(broken)?;
        let keys = keys.as_list_opt::<i32>().ok_or_else(broken)?;
        for partial in values.iter().flatten() {
            let flat = partial
                .as_primitive_opt::<Float64Type>()
                .ok_or_else(broken)?;
            for row in flat.values().chunks_exact(self.series.len().max(1)) {
                let row = self.known(row.into());
                self.rows.push_back(row);
            }
        }
        if let Some(order) = &mut self.keys {
            for partial in keys.iter().flatten() {
                let encoded = partial.as_binary_opt::<i32>().ok_or_else(broken)?;
                order
                    .keys
                    .extend(encoded.iter().flatten().map(Box::<[u8]>::from));
            }
        }
        Ok(())
    }
}
