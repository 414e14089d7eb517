//! Aggregates with a time among their arguments.
//!
//! The adapter of metrics hands over doubles; here the times among the arguments become doubles
//! (microseconds since 1970) before it sees them.

use datafusion::arrow::array::{Array, ArrayRef};
use datafusion::arrow::datatypes::{DataType, FieldRef};
use datafusion::common::ScalarValue;
use datafusion::error::Result;
use datafusion::logical_expr::function::{AccumulatorArgs, StateFieldsArgs};
use datafusion::logical_expr::utils::AggregateOrderSensitivity;
use datafusion::logical_expr::{Accumulator, AggregateUDF, AggregateUDFImpl, Signature};
use quantlake_core::series::to_numbers;
use quantlake_core::{Function, Implementation};
use std::sync::Arc;

/// The same aggregate with times where its spec has them.
pub(super) fn with_times(function: Function) -> Function {
    let implementation = match function.implementation {
        Implementation::Aggregate(inner) => {
            Implementation::Aggregate(Arc::new(AggregateUDF::from(Timed { inner })))
        }
        other => other,
    };
    Function {
        implementation,
        ..function
    }
}

/// An aggregate over doubles that takes times.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Timed {
    inner: Arc<AggregateUDF>,
}

impl AggregateUDFImpl for Timed {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn aliases(&self) -> &[String] {
        self.inner.aliases()
    }

    fn signature(&self) -> &Signature {
        self.inner.signature()
    }

    fn return_type(&self, given: &[DataType]) -> Result<DataType> {
        self.inner.return_type(given)
    }

    fn coerce_types(&self, given: &[DataType]) -> Result<Vec<DataType>> {
        self.inner.coerce_types(given)
    }

    fn order_sensitivity(&self) -> AggregateOrderSensitivity {
        self.inner.order_sensitivity()
    }

    fn accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let inner = self.inner.accumulator(args)?;
        Ok(Box::new(TimedAccumulator { inner }))
    }

    fn create_sliding_accumulator(&self, args: AccumulatorArgs) -> Result<Box<dyn Accumulator>> {
        let inner = self.inner.create_sliding_accumulator(args)?;
        Ok(Box::new(TimedAccumulator { inner }))
    }

    fn state_fields(&self, args: StateFieldsArgs) -> Result<Vec<FieldRef>> {
        self.inner.state_fields(args)
    }
}

#[derive(Debug)]
struct TimedAccumulator {
    inner: Box<dyn Accumulator>,
}

/// The columns with times as numbers; the others, constants among them, as they are.
fn numbers(columns: &[ArrayRef]) -> Result<Vec<ArrayRef>> {
    let number = |column: &ArrayRef| -> Result<ArrayRef> {
        match column.data_type() {
            DataType::Timestamp(..) => Ok(Arc::new(to_numbers(column)?)),
            _ => Ok(Arc::clone(column)),
        }
    };
    columns.iter().map(number).collect()
}

impl Accumulator for TimedAccumulator {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.update_batch(&numbers(values)?)
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.inner.retract_batch(values)
    }

    fn supports_retract_batch(&self) -> bool {
        self.inner.supports_retract_batch()
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        self.inner.merge_batch(states)
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        self.inner.state()
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        self.inner.evaluate()
    }

    fn size(&self) -> usize {
        size_of::<Self>() + self.inner.size()
    }
}
