//! The newest rows of a window, at the cost of their look-back.
//!
//! `SELECT ..., f(...) OVER (PARTITION BY symbol ORDER BY ts) ... ORDER BY ts DESC LIMIT 1` asks
//! for the last rows of partitions. Where every function of the window depends on a finite number
//! of rows, to the last bit, and the table is sorted by symbol and time, the rest of the history
//! need not be read. [`LatestRows`] plans that; [`exec`] runs it, and falls back to the whole
//! history when missing values make the look-back longer than the rows that were read.

mod exec;

use crate::lake::tail_scan;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use exec::LatestRowsExec;
use quantlake_core::window::call::Calls;
use quantlake_core::window::exec::SeriesWindowExec;
use quantlake_core::window::tail::TailWatch;
use std::sync::Arc;

/// Rows per partition beyond which reading the ends saves nothing worth a second plan.
const MAX_TAIL: usize = 100_000;

/// The rule. It runs on plans whose exchanges are there, before scans are cut into ranges.
#[derive(Debug, Default)]
pub struct LatestRows;

impl PhysicalOptimizerRule for LatestRows {
    fn name(&self) -> &str {
        "latest_rows"
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _config: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| match of_top_rows(&node)? {
            Some(new) => Ok(Transformed::yes(new)),
            None => Ok(Transformed::no(node)),
        })
        .map(|t| t.data)
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// A sort that keeps the newest rows, over the ends of the partitions.
fn of_top_rows(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(sort) = node.downcast_ref::<SortExec>() else {
        return Ok(None);
    };
    let (Some(n_rows), Some(keys)) = (sort.fetch(), columns_of(sort.expr())) else {
        return Ok(None);
    };
    let newest_first = sort.expr().first().options.descending;
    match newest_first {
        true => over_tails(sort.input(), keys, n_rows)?
            .map(|input| replace_children_if_necessary(Arc::clone(node), vec![input]))
            .transpose(),
        false => Ok(None),
    }
}

fn columns_of(order: &LexOrdering) -> Option<Vec<Column>> {
    let columns = order
        .iter()
        .map(|s| s.expr.downcast_ref::<Column>().cloned());
    columns.collect()
}

/// The plan down to a window, with the window over the ends of its partitions; `keys` are the
/// columns that the rows are sorted by above, time first.
fn over_tails(
    node: &Arc<dyn ExecutionPlan>,
    keys: Vec<Column>,
    n_rows: usize,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(window) = node.downcast_ref::<SeriesWindowExec>() {
        return latest(window, node, &keys, n_rows);
    }
    let Some(projection) = node.downcast_ref::<ProjectionExec>() else {
        return Ok(None);
    };
    let below = |key: &Column| {
        let expr = &projection.expr().get(key.index())?.expr;
        expr.downcast_ref::<Column>().cloned()
    };
    let Some(keys) = keys.iter().map(below).collect() else {
        return Ok(None);
    };
    let input = over_tails(projection.input(), keys, n_rows)?;
    input
        .map(|input| replace_children_if_necessary(Arc::clone(node), vec![input]))
        .transpose()
}

fn latest(
    window: &SeriesWindowExec,
    node: &Arc<dyn ExecutionPlan>,
    sort: &[Column],
    n_rows: usize,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(key) = partition_key(window) else {
        return Ok(None);
    };
    let column = |expr: &Arc<dyn PhysicalExpr>| expr.downcast_ref::<Column>().cloned();
    let time = match window.order_by() {
        [time] if !time.options.descending => column(&time.expr),
        _ => None,
    };
    // Rows of one symbol and one time are alike to this sort, so any of them may be the last.
    let is_by_time = matches!(sort, [first, others @ ..]
        if Some(first) == time.as_ref() && others.iter().all(|c| *c == key));
    let calls = Calls::bind(window.exprs())?;
    if !is_by_time || !calls.all_finite() {
        return Ok(None);
    }
    let histories = (0..calls.sets.len()).map(|set| calls.history_of_set(set));
    let n_read = n_rows.saturating_add(histories.max().unwrap_or(0));
    if n_read > MAX_TAIL {
        return Ok(None);
    }
    let n_ranges = node.output_partitioning().partition_count();
    let Some(ends) = tail_scan(without_exchange(window.input()), &key, n_read, n_ranges) else {
        return Ok(None);
    };
    let watch = Arc::new(TailWatch::new(n_rows, n_read));
    let tail = Arc::new(window.over_tail(ends, Arc::clone(&watch))?);
    let latest = LatestRowsExec::new(tail, Arc::clone(node), watch);
    Ok(Some(Arc::new(latest)))
}

/// The column that separates partitions.
fn partition_key(window: &SeriesWindowExec) -> Option<Column> {
    match window.keys() {
        [key] => key.downcast_ref::<Column>().cloned(),
        _ => None,
    }
}

fn without_exchange(node: &Arc<dyn ExecutionPlan>) -> &Arc<dyn ExecutionPlan> {
    let is_exchange = node.is::<RepartitionExec>() || node.is::<SortPreservingMergeExec>();
    match node.children()[..] {
        [input] if is_exchange && node.fetch().is_none() => without_exchange(input),
        _ => node,
    }
}
