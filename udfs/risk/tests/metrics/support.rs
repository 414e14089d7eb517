//! Calling the metrics through the accumulators that DataFusion uses, without SQL around them.

use datafusion::arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Accumulator, AggregateUDF};
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use quantlake_core::Implementation;
use std::sync::Arc;

/// A call of a metric: its SQL name and the constants after `ret`.
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

    /// An empty accumulator of `f(ret, constants... ORDER BY ts)`.
    pub fn accumulator(&self) -> Box<dyn Accumulator> {
        let schema = Schema::new(vec![
            Field::new("ret", DataType::Float64, true),
            Field::new("ts", DataType::Int64, false),
        ]);
        let mut args: Vec<Arc<dyn PhysicalExpr>> = vec![Arc::new(Column::new("ret", 0))];
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

/// The result of an accumulator, `None` for NULL.
pub fn value_of(accumulator: &mut dyn Accumulator) -> Option<f64> {
    match accumulator.evaluate().unwrap() {
        ScalarValue::Float64(value) => value,
        other => panic!("a metric is a double, found {other:?}"),
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

/// The names of all metrics.
pub fn metric_names() -> Vec<String> {
    quantlake_risk::functions()
        .into_iter()
        .filter(|f| matches!(f.implementation, Implementation::Aggregate(_)))
        .map(|f| f.spec.name.clone())
        .collect()
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
    column.as_primitive::<Float64Type>().iter().collect()
}
