//! Places [`SeriesWindowExec`] where DataFusion planned its own window operator.

use super::call::series_call;
use super::exec::SeriesWindowExec;
use crate::error::QlError;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::projection::{ProjectionExec, ProjectionExpr};
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{ExecutionPlan, InputOrderMode, PhysicalExpr};
use std::sync::Arc;

/// The rule. It has to run before DataFusion adds sorts and repartitions, which then follow from
/// what the new operator requires.
#[derive(Debug, Default)]
pub struct SeriesWindows;

impl PhysicalOptimizerRule for SeriesWindows {
    fn name(&self) -> &str {
        "series_windows"
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match node.downcast_ref::<WindowAggExec>() {
            Some(window) => replace(window, &node),
            None => Ok(Transformed::no(node)),
        })
        .map(|t| t.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn replace(
    window: &WindowAggExec,
    node: &Arc<dyn ExecutionPlan>,
) -> Result<Transformed<Arc<dyn ExecutionPlan>>> {
    let is_series = |e: &&Arc<dyn WindowExpr>| series_call(e.as_ref()).is_some();
    let exprs = window.window_expr().iter();
    let (series, others): (Vec<_>, Vec<_>) = exprs.partition(is_series);
    if series.is_empty() {
        return Ok(Transformed::no(Arc::clone(node)));
    }
    let input = match others.is_empty() {
        true => Arc::clone(window.input()),
        false => builtin_window(&others, window)?,
    };
    let series = series.into_iter().cloned().collect();
    let new: Arc<dyn ExecutionPlan> = Arc::new(SeriesWindowExec::try_new(series, input)?);
    if others.is_empty() {
        return Ok(Transformed::yes(new));
    }
    Ok(Transformed::yes(in_order_of(&new, node)?))
}

/// DataFusion's operator for the functions that are not ours.
fn builtin_window(
    exprs: &[&Arc<dyn WindowExpr>],
    window: &WindowAggExec,
) -> Result<Arc<dyn ExecutionPlan>> {
    let input = Arc::clone(window.input());
    let is_bounded = exprs.iter().all(|e| e.uses_bounded_memory());
    let exprs: Vec<_> = exprs.iter().map(|e| Arc::clone(e)).collect();
    let can_repartition = !window.partition_keys().is_empty();
    Ok(match is_bounded {
        true => Arc::new(BoundedWindowAggExec::try_new(
            exprs,
            input,
            InputOrderMode::Sorted,
            can_repartition,
        )?),
        false => Arc::new(WindowAggExec::try_new(exprs, input, can_repartition)?),
    })
}

/// The columns of a plan in the order in which another has them.
fn in_order_of(
    plan: &Arc<dyn ExecutionPlan>,
    wanted: &Arc<dyn ExecutionPlan>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let (have, wanted) = (plan.schema(), wanted.schema());
    let columns = wanted.fields().iter().enumerate();
    let columns = columns
        .map(|(i, field)| {
            // Input columns keep their places; a result is found by its name, from behind.
            let same = |j: &usize| have.field(*j).name() == field.name();
            let at_place = Some(i).filter(same);
            let found = at_place.or_else(|| (0..have.fields().len()).rev().find(same));
            let index = found.ok_or_else(|| {
                QlError::internal(format!("a window lost its column {}", field.name()))
            })?;
            let expr: Arc<dyn PhysicalExpr> = Arc::new(Column::new(field.name(), index));
            Ok(ProjectionExpr::new(expr, field.name().clone()))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(ProjectionExec::try_new(
        columns,
        Arc::clone(plan),
    )?))
}
