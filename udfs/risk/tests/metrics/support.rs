//! Calling the metrics through the accumulators that DataFusion uses, without SQL around them.

use datafusion::arrow::array::{
    ArrayRef, AsArray, Float64Array, Int64Array, TimestampMicrosecondArray,
};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Accumulator, AggregateUDF};
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use quantlake_core::Implementation;
use quantlake_core::metric::RowOrder;
use quantlake_core::spec::default_time_type;
use quantlake_risk::metrics::table::Inputs;
use quantlake_risk::metrics::{RETURN_METRICS, ReturnMetric, find};
use std::sync::Arc;

/// A call of a metric: its SQL name and the constants after its columns. The benchmark of a
/// metric that has one is made from the returns.
#[derive(Debug, Clone)]
pub struct Call {
    pub function: String,
    pub constants: Vec<ScalarValue>,
}

impl Call {
    pub fn new(function: &str, constants: Vec<ScalarValue>) -> Self {
        Self {
            function: function.into(),
            constants,
        }
    }

    /// Whether the metric takes these columns.
    fn takes(&self, inputs: Inputs) -> bool {
        find(&self.function).is_some_and(|m| m.inputs == inputs)
    }

    /// An empty accumulator of `f(ret, constants... ORDER BY ts)`.
    pub fn accumulator(&self) -> Box<dyn Accumulator> {
        let schema = Schema::new(vec![
            Field::new("ret", DataType::Float64, true),
            Field::new("ts", DataType::Int64, false),
            Field::new("benchmark", DataType::Float64, true),
            Field::new("end", default_time_type(), true),
        ]);
        let mut args: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(Column::new("ret", 0))];
        if self.takes(Inputs::ReturnsAndBenchmark) {
            args.push(Arc::new(Column::new("benchmark", 2)));
        }
        if self.takes(Inputs::ReturnsAndTimes) {
            args.push(Arc::new(Column::new("end", 3)));
        }
        for constant in &self.constants {
            args.push(Arc::new(Literal::new(constant.clone())));
        }
        let ts: Arc<dyn PhysicalExpr> = Arc::new(Column::new("ts", 1));
        AggregateExprBuilder::new(aggregate(&self.function), args)
            .schema(Arc::new(schema))
            .alias(&self.function)
            .order_by(vec![PhysicalSortExpr::new_default(ts)])
            .build()
            .and_then(|expr| expr.create_accumulator())
            .unwrap()
    }

    /// The columns that DataFusion would hand to `update_batch` for these rows.
    pub fn batch(&self, returns: &[Option<f64>], times: &[i64]) -> Vec<ArrayRef> {
        let ret: Float64Array = returns.iter().copied().collect();
        let mut columns: Vec<ArrayRef> = vec![Arc::new(ret)];
        if self.takes(Inputs::ReturnsAndBenchmark) {
            let benchmark: Float64Array = returns.iter().map(|r| r.map(benchmark_of)).collect();
            columns.push(Arc::new(benchmark));
        }
        if self.takes(Inputs::ReturnsAndTimes) {
            let ends = times.iter().map(|row| end_of(*row) / 1_000);
            columns.push(Arc::new(TimestampMicrosecondArray::from_iter_values(ends)));
        }
        for constant in &self.constants {
            columns.push(constant.to_array_of_size(returns.len()).unwrap());
        }
        columns.push(Arc::new(Int64Array::from(times.to_vec())));
        columns
    }

    /// The value over these returns in this order.
    pub fn over(&self, returns: &[Option<f64>]) -> Option<f64> {
        let times: Vec<i64> = (0..).take(returns.len()).collect();
        let mut accumulator = self.accumulator();
        accumulator
            .update_batch(&self.batch(returns, &times))
            .unwrap();
        value_of(accumulator.as_mut())
    }
}

/// A benchmark that moves with the return and not only with it.
pub fn benchmark_of(ret: f64) -> f64 {
    0.6 * ret + 0.01 * (40.0 * ret).cos()
}

/// When the period of a row ends, in nanoseconds: four rows from January to February of each year.
pub fn end_of(row: i64) -> i64 {
    const DAY: i64 = 86_400_000_000_000;
    (20 + row.div_euclid(4) * 365 + row.rem_euclid(4) * 9) * DAY
}

/// The result of an accumulator, `None` for NULL.
pub fn value_of(accumulator: &mut dyn Accumulator) -> Option<f64> {
    match accumulator.evaluate().unwrap() {
        ScalarValue::Float64(value) => value,
        ScalarValue::Int64(value) => value.map(|v| v as f64),
        other => panic!("a metric is a number, found {other:?}"),
    }
}

/// The partial result of an accumulator, as it travels between partitions.
pub fn state_of(accumulator: &mut dyn Accumulator) -> Vec<ArrayRef> {
    let state = accumulator.state().unwrap();
    state.iter().map(|s| s.to_array().unwrap()).collect()
}

/// The aggregate of this name.
pub fn aggregate(name: &str) -> Arc<AggregateUDF> {
    quantlake_risk::functions()
        .into_iter()
        .find(|f| f.spec.name == name)
        .map(|f| match f.implementation {
            Implementation::Aggregate(udaf) => udaf,
            _ => panic!("{name} is no aggregate"),
        })
        .unwrap()
}

/// The metrics of the table that are aggregates.
pub fn aggregates() -> impl Iterator<Item = &'static ReturnMetric> {
    let metrics = RETURN_METRICS.iter().copied().flatten();
    metrics.filter(|m| m.is_aggregate)
}

/// The names of all metrics.
pub fn metric_names() -> Vec<String> {
    aggregates().map(|m| m.name.to_string()).collect()
}

/// Whether the order of the rows matters to a metric.
pub fn is_ordered(name: &str) -> bool {
    find(name).is_some_and(|m| m.order == RowOrder::Significant)
}

/// Whether a metric takes times, which say the order of its rows.
pub fn has_times(name: &str) -> bool {
    find(name).is_some_and(|m| m.inputs == Inputs::ReturnsAndTimes)
}

/// The columns of a metric in SQL.
pub fn columns_of(name: &str) -> &'static str {
    match find(name) {
        Some(m) if m.inputs == Inputs::ReturnsAndBenchmark => "ret, benchmark",
        Some(m) if m.inputs == Inputs::ReturnsAndTimes => "ret, day",
        _ => "ret",
    }
}

/// Equal up to a relative difference, or both NULL.
pub fn is_close(a: Option<f64>, b: Option<f64>, relative: f64) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= relative * a.abs().max(b.abs()),
        (None, None) => true,
        _ => false,
    }
}

/// The doubles of a result column, `None` for NULL.
pub fn doubles(column: &ArrayRef) -> Vec<Option<f64>> {
    let column = cast(column, &DataType::Float64).unwrap();
    column.as_primitive::<Float64Type>().iter().collect()
}
