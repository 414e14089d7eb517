//! Calling aggregates through the accumulators that DataFusion uses, and queries through SQL.

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::Session;
use datafusion::common::ScalarValue;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::{Accumulator, LogicalPlan};
use datafusion::physical_expr::aggregate::AggregateExprBuilder;
use datafusion::physical_expr::expressions::{Column, Literal};
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use quantlake_core::check::CheckCalls;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::{Function, Implementation, ParamKind, Registry};
use quantlake_stats::pivot::PivotPlanner;
use std::sync::Arc;

/// The function of this name.
pub fn function(name: &str) -> Function {
    let found = quantlake_stats::functions()
        .into_iter()
        .find(|f| f.spec.name == name);
    found.unwrap_or_else(|| panic!("no function {name}"))
}

/// The statistics that are both an aggregate and a rolling window.
pub fn samples() -> Vec<Function> {
    let all = quantlake_stats::functions();
    let is_rolling = |name: &str| all.iter().any(|f| f.spec.name == format!("rolling_{name}"));
    all.iter()
        .filter(|f| is_rolling(&f.spec.name))
        .cloned()
        .collect()
}

/// A call of an aggregate with constants by name; `ts` orders the rows.
pub struct Call {
    pub function: Function,
    pub constants: Vec<(String, ScalarValue)>,
}

impl Call {
    pub fn new(name: &str, constants: &[(&str, ScalarValue)]) -> Self {
        let constants = constants.iter().map(|(n, v)| (n.to_string(), v.clone()));
        Self {
            function: function(name),
            constants: constants.collect(),
        }
    }

    /// The series parameters in the order of the spec.
    pub fn series(&self) -> Vec<String> {
        let params = self.function.spec.params.iter();
        params
            .filter(|p| p.kind == ParamKind::Series)
            .map(|p| p.name.clone())
            .collect()
    }

    fn constant(&self, name: &str, default: Option<&quantlake_core::ParamValue>) -> ScalarValue {
        let given = self.constants.iter().find(|(n, _)| n == name);
        given.map_or_else(
            || default.expect("a value or a default").to_scalar(),
            |(_, v)| v.clone(),
        )
    }

    pub fn accumulator(&self) -> Box<dyn Accumulator> {
        let mut fields = vec![];
        let mut args: Vec<Arc<dyn PhysicalExpr>> = vec![];
        for param in &self.function.spec.params {
            if param.kind == ParamKind::Series {
                args.push(Arc::new(Column::new(&param.name, fields.len())));
                fields.push(Field::new(&param.name, DataType::Float64, true));
            } else {
                let value = self.constant(&param.name, param.default.as_ref());
                args.push(Arc::new(Literal::new(value)));
            }
        }
        let ts: Arc<dyn PhysicalExpr> = Arc::new(Column::new("ts", fields.len()));
        fields.push(Field::new("ts", DataType::Int64, false));
        let Implementation::Aggregate(udaf) = &self.function.implementation else {
            panic!("{} is no aggregate", self.function.spec.name);
        };
        AggregateExprBuilder::new(Arc::clone(udaf), args)
            .schema(Arc::new(Schema::new(fields)))
            .alias("value")
            .order_by(vec![PhysicalSortExpr::new_default(ts)])
            .build()
            .and_then(|expr| expr.create_accumulator())
            .unwrap_or_else(|e| panic!("{}: {e}", self.function.spec.name))
    }

    /// The columns that DataFusion hands to `update_batch`.
    pub fn batch(&self, series: &[Vec<Option<f64>>], times: &[i64]) -> Vec<ArrayRef> {
        let mut series = series.iter();
        let mut columns: Vec<ArrayRef> = vec![];
        for param in &self.function.spec.params {
            columns.push(if param.kind == ParamKind::Series {
                let values = series.next().expect("a series").iter().copied();
                Arc::new(values.collect::<Float64Array>())
            } else {
                let value = self.constant(&param.name, param.default.as_ref());
                value.to_array_of_size(times.len()).unwrap()
            });
        }
        columns.push(Arc::new(Int64Array::from(times.to_vec())));
        columns
    }

    /// The values over these rows, by field (`""` for a single value).
    pub fn over(&self, series: &[Vec<Option<f64>>]) -> Vec<(String, Option<f64>)> {
        let times: Vec<i64> = (0..).take(series[0].len()).collect();
        let mut accumulator = self.accumulator();
        accumulator
            .update_batch(&self.batch(series, &times))
            .unwrap();
        fields(&accumulator.evaluate().unwrap())
    }
}

/// The numbers of a value or struct by field.
pub fn fields(value: &ScalarValue) -> Vec<(String, Option<f64>)> {
    let number = |array: &ArrayRef| {
        let cast = cast(array, &DataType::Float64).unwrap();
        let cast = cast.as_primitive::<Float64Type>();
        cast.is_valid(0).then(|| cast.value(0))
    };
    match value {
        ScalarValue::Struct(fields) => fields
            .column_names()
            .iter()
            .zip(fields.columns())
            .map(|(n, c)| {
                let known = fields.is_valid(0);
                (n.to_string(), known.then(|| number(c)).flatten())
            })
            .collect(),
        other => vec![(String::new(), number(&other.to_array().unwrap()))],
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

#[derive(Debug)]
struct Planner;

#[async_trait::async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PartitionedTransformPlanner)])
            .create_physical_plan(plan, state)
            .await
    }
}

/// A session with the functions of this crate, small batches and several partitions.
pub fn context() -> SessionContext {
    let registry = Arc::new(Registry::try_new(quantlake_stats::functions()).unwrap());
    let config = SessionConfig::new()
        .with_target_partitions(4)
        .with_batch_size(7);
    let state = SessionStateBuilder::new()
        .with_default_features()
        .with_config(config)
        .with_query_planner(Arc::new(Planner))
        .build();
    let ctx = SessionContext::new_with_state(state);
    for function in registry.iter() {
        match &function.implementation {
            Implementation::Window(udwf) => ctx.register_udwf(udwf.as_ref().clone()),
            Implementation::Aggregate(udaf) => ctx.register_udaf(udaf.as_ref().clone()),
            Implementation::Relation(_) => {}
            Implementation::Scalar(udf) => ctx.register_udf(udf.as_ref().clone()),
        }
    }
    ctx.register_relation_planner(Arc::new(RelationFunctionPlanner::new(Arc::clone(
        &registry,
    ))))
    .unwrap();
    ctx.register_relation_planner(Arc::new(PivotPlanner))
        .unwrap();
    ctx.add_analyzer_rule(Arc::new(CheckCalls::new(registry)));
    ctx
}

pub async fn try_run(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    ctx.sql(sql).await?.collect().await
}

pub async fn run(ctx: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    let result = try_run(ctx, sql).await;
    result.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

/// Rows as comma-separated values, NULL empty.
pub fn to_csv(batches: &[RecordBatch]) -> String {
    let options = FormatOptions::default();
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|c| ArrayFormatter::try_new(c.as_ref(), &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = columns.iter().map(|c| c.value(row).to_string()).collect();
            rows.push(cells.join(","));
        }
    }
    rows.join("\n")
}
