//! From one combination of parameters to targets.

use crate::space::Space;
use crate::strategy::{Slot, Strategy};
use crate::work::Work;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, RecordBatchOptions};
use datafusion::arrow::datatypes::{DataType, Field, Float64Type, Schema, SchemaRef};
use datafusion::common::{DFSchema, ScalarValue};
use datafusion::error::Result;
use datafusion::logical_expr::cast;
use datafusion::logical_expr::execution_props::ExecutionProps;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::planner::RelationPlannerContext;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::{PhysicalExpr, create_physical_expr};
use quantlake_core::QlError;
use quantlake_core::relation::Rows;
use std::sync::Arc;

/// What is left of a strategy, ready to run.
#[derive(Debug)]
pub struct Compiled {
    /// The strategy.
    pub strategy: Strategy,
    /// The parameters' values.
    pub space: Space,
    expr: Arc<dyn PhysicalExpr>,
    schema: SchemaRef,
}

impl Compiled {
    /// Compiles the rest of a strategy; `columns` are the types of the query's columns in it.
    ///
    /// # Errors
    /// Those of planning the expression: unknown names, wrong types.
    pub fn try_new(
        strategy: Strategy,
        space: Space,
        columns: &[DataType],
        context: &mut dyn RelationPlannerContext,
    ) -> Result<Self> {
        let number = |name: String| Field::new(name, DataType::Float64, true);
        let slots = (0..strategy.slots.len()).map(|i| number(format!("__slot{i}")));
        let mut fields: Vec<Field> = slots.collect();
        for axis in strategy.axes.iter().filter_map(|i| space.axes.get(*i)) {
            let ty = axis
                .values
                .first()
                .map_or(DataType::Null, ScalarValue::data_type);
            fields.push(Field::new(&axis.name, ty, true));
        }
        for (name, ty) in strategy.columns.iter().zip(columns) {
            fields.push(Field::new(name, ty.clone(), true));
        }
        let schema = Arc::new(Schema::new(fields));
        let expr = compile(&strategy, &schema, context)?;
        Ok(Self {
            strategy,
            space,
            expr,
            schema,
        })
    }
}

fn compile(
    strategy: &Strategy,
    schema: &SchemaRef,
    context: &mut dyn RelationPlannerContext,
) -> Result<Arc<dyn PhysicalExpr>> {
    let schema = Arc::new(DFSchema::try_from(schema.as_ref().clone())?);
    let expr = context.sql_to_expr(strategy.rest.clone(), &schema)?;
    let info = SimplifyContext::builder()
        .with_schema(Arc::clone(&schema))
        .build();
    let simplifier = ExprSimplifier::new(info);
    let expr = simplifier.coerce(cast(expr, DataType::Float64), &schema)?;
    let expr = simplifier.simplify(expr)?;
    create_physical_expr(
        &expr,
        &schema,
        &ExecutionProps::new(),
        &PhysicalPlanningContext::default(),
    )
}

/// The columns of one call, from which each combination takes its own.
pub struct Inputs {
    /// By slot and combination of its parameters.
    slots: Vec<Vec<ArrayRef>>,
    /// By parameter in the rest and value.
    axes: Vec<Vec<ArrayRef>>,
    /// The query's columns in the rest.
    columns: Vec<ArrayRef>,
    n_rows: usize,
}

impl Inputs {
    /// Takes the columns out of the rows.
    ///
    /// # Errors
    /// XX000 when one is missing; 53200 when the parameters' columns do not fit into memory.
    pub fn try_new(compiled: &Compiled, rows: &Rows, work: &Work) -> Result<Self> {
        let Compiled {
            strategy, space, ..
        } = compiled;
        let mut slots = Vec::new();
        for (i, slot) in strategy.slots.iter().enumerate() {
            let positions = 0..space.of(&slot.axes).len();
            let columns = positions.map(|p| rows.column(&Slot::column(i, p)).cloned());
            slots.push(columns.collect::<Result<Vec<_>, QlError>>()?);
        }
        let mut axes = Vec::new();
        for axis in strategy.axes.iter().filter_map(|i| space.axes.get(*i)) {
            let bytes: usize = axis.values.iter().map(ScalarValue::size).sum();
            work.hold(bytes * rows.len())?;
            let arrays = axis.values.iter().map(|v| v.to_array_of_size(rows.len()));
            axes.push(arrays.collect::<Result<Vec<_>>>()?);
        }
        let columns = strategy
            .columns
            .iter()
            .map(|name| rows.column(name).cloned());
        Ok(Self {
            slots,
            axes,
            columns: columns.collect::<Result<Vec<_>, QlError>>()?,
            n_rows: rows.len(),
        })
    }

    /// Writes the targets of a combination, NaN for no opinion.
    ///
    /// # Errors
    /// Those of the expression (division by zero, a failed cast).
    pub fn targets(&self, compiled: &Compiled, choice: &[usize], out: &mut Vec<f64>) -> Result<()> {
        let lost = || QlError::internal("a combination outside of its space");
        let mut arrays = Vec::with_capacity(compiled.schema.fields().len());
        for (slot, columns) in compiled.strategy.slots.iter().zip(&self.slots) {
            let position = compiled.space.position(&slot.axes, choice);
            arrays.push(Arc::clone(columns.get(position).ok_or_else(lost)?));
        }
        for (axis, values) in compiled.strategy.axes.iter().zip(&self.axes) {
            let chosen = choice.get(*axis).and_then(|i| values.get(*i));
            arrays.push(Arc::clone(chosen.ok_or_else(lost)?));
        }
        arrays.extend(self.columns.iter().cloned());
        let options = RecordBatchOptions::new().with_row_count(Some(self.n_rows));
        let schema = Arc::clone(&compiled.schema);
        let batch = RecordBatch::try_new_with_options(schema, arrays, &options)?;
        let targets = compiled.expr.evaluate(&batch)?.into_array(self.n_rows)?;
        let targets = targets.as_primitive::<Float64Type>();
        out.clear();
        out.extend_from_slice(targets.values());
        if targets.null_count() > 0 {
            for (row, target) in out.iter_mut().enumerate() {
                if targets.is_null(row) {
                    *target = f64::NAN;
                }
            }
        }
        Ok(())
    }
}
