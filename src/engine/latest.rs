//! The newest rows of a window, without reading the history.
//!
//! `SELECT ..., f(...) OVER (PARTITION BY symbol ORDER BY ts) ... ORDER BY ts DESC LIMIT 1` asks
//! for the last rows of partitions. [`LatestRows`] plans it in one of two ways:
//!
//! * Where every function of the window depends on a finite number of rows, to the last bit, and
//!   the table is sorted by symbol and time, only the ends of the partitions are read. [`exec`]
//!   runs that, and falls back to the whole history when missing values make the look-back longer
//!   than the rows that were read.
//! * Where every function can go on row by row ([`SeriesState`]), the first query reads the whole
//!   history and keeps the states at the ends of the partitions in the [`store`]. Later ones read
//!   the files that were added since ([`resume`], [`source`]), or the whole history when anything
//!   else has changed.
//!
//! [`SeriesState`]: quantlake_core::window::state::SeriesState

mod exec;
mod resume;
mod source;
mod store;

use crate::lake::tail_scan;
use datafusion::arrow::compute::SortOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::error::Result;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::expressions::Column;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use exec::LatestRowsExec;
use quantlake_core::window::call::{Calls, series_call};
use quantlake_core::window::exec::SeriesWindowExec;
use quantlake_core::window::resume::can_resume;
use quantlake_core::window::tail::TailWatch;
use resume::{ResumeWindowExec, Resumption};
use source::{Source, is_pure};
use std::sync::Arc;
use store::Question;
pub use store::{StateMemory, StateStore};

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
    let (Some(n_rows), Some(order)) = (sort.fetch(), columns_of(sort.expr())) else {
        return Ok(None);
    };
    newest(sort.input(), Top { order, n_rows })?
        .map(|input| replace_children_if_necessary(Arc::clone(node), vec![input]))
        .transpose()
}

/// The rows that a query asks for: the first ones in this order.
struct Top {
    order: Vec<(Column, SortOptions)>,
    n_rows: usize,
}

impl Top {
    /// The same in the columns below a projection; none when one of them is computed.
    fn below(self, projection: &ProjectionExec) -> Option<Self> {
        let below = |(key, options): (Column, SortOptions)| {
            let expr = &projection.expr().get(key.index())?.expr;
            Some((expr.downcast_ref::<Column>()?.clone(), options))
        };
        Some(Self {
            order: self.order.into_iter().map(below).collect::<Option<_>>()?,
            n_rows: self.n_rows,
        })
    }

    /// Whether these are the newest rows of a window: by its time first, backwards.
    fn is_newest_of(&self, window: &SeriesWindowExec) -> bool {
        let (Some((first, options)), [time]) = (self.order.first(), window.order_by()) else {
            return false;
        };
        let is_time = time.expr.downcast_ref::<Column>() == Some(first);
        is_time && options.descending && !time.options.descending
    }

    fn ordering(&self) -> Option<LexOrdering> {
        LexOrdering::new(
            self.order
                .iter()
                .map(|(column, options)| PhysicalSortExpr::new(Arc::new(column.clone()), *options)),
        )
    }
}

fn columns_of(order: &LexOrdering) -> Option<Vec<(Column, SortOptions)>> {
    let columns = order
        .iter()
        .map(|s| Some((s.expr.downcast_ref::<Column>()?.clone(), s.options)));
    columns.collect()
}

/// The plan down to a window, with less than all rows below the window.
fn newest(node: &Arc<dyn ExecutionPlan>, top: Top) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if let Some(window) = node.downcast_ref::<SeriesWindowExec>() {
        if !top.is_newest_of(window) {
            return Ok(None);
        }
        return match over_ends(window, node, &top)? {
            Some(ends) => Ok(Some(ends)),
            None => resumed(window, &top),
        };
    }
    let Some(projection) = node.downcast_ref::<ProjectionExec>() else {
        return Ok(None);
    };
    let Some(top) = top.below(projection) else {
        return Ok(None);
    };
    newest(projection.input(), top)?
        .map(|input| replace_children_if_necessary(Arc::clone(node), vec![input]))
        .transpose()
}

/// The window over the ends of its partitions, where its functions look back a finite number of
/// rows and the table is sorted.
fn over_ends(
    window: &SeriesWindowExec,
    node: &Arc<dyn ExecutionPlan>,
    top: &Top,
) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    let Some(key) = partition_key(window) else {
        return Ok(None);
    };
    // Rows of one symbol and one time are alike to this sort, so any of them may be the last.
    let is_by_time = top.order.iter().skip(1).all(|(c, _)| *c == key);
    let calls = Calls::bind(window.exprs())?;
    if !is_by_time || !calls.all_finite() {
        return Ok(None);
    }
    let histories = (0..calls.sets.len()).map(|set| calls.history_of_set(set));
    let n_read = top.n_rows.saturating_add(histories.max().unwrap_or(0));
    if n_read > MAX_TAIL {
        return Ok(None);
    }
    let n_ranges = node.output_partitioning().partition_count();
    let Some(ends) = tail_scan(without_exchange(window.input()), &key, n_read, n_ranges) else {
        return Ok(None);
    };
    let watch = Arc::new(TailWatch::new(top.n_rows, n_read));
    let tail = Arc::new(window.over_tail(ends, Arc::clone(&watch))?);
    let latest = LatestRowsExec::new(tail, Arc::clone(node), watch);
    Ok(Some(Arc::new(latest)))
}

/// The window that goes on from where an earlier query left it, where its functions can.
fn resumed(window: &SeriesWindowExec, top: &Top) -> Result<Option<Arc<dyn ExecutionPlan>>> {
    if top.n_rows > MAX_TAIL || !can_resume(window)? {
        return Ok(None);
    }
    let (Some(source), Some(ordering)) = (Source::of(window.input()), top.ordering()) else {
        return Ok(None);
    };
    let calls = window
        .exprs()
        .iter()
        .filter_map(|e| series_call(e.as_ref()));
    let calls: Vec<_> = calls
        .map(|(function, args)| (function.spec().name.clone(), args.to_vec()))
        .collect();
    let keys = window.keys().iter();
    let mut exprs = calls.iter().flat_map(|(_, args)| args).chain(keys);
    if !exprs.all(is_pure) {
        return Ok(None);
    }
    let question = Question {
        calls,
        keys: window.keys().to_vec(),
        order: window.order_by().to_vec(),
        top: ordering.to_vec(),
        n_rows: top.n_rows,
        steps: Arc::clone(&source.steps),
        scan: source.scan.clone(),
    };
    // A filter by time is often one that moves (`ts > now() - ...`): not worth keeping anything
    // unless it comes again.
    let time = top.order.first();
    let has_time_filter = time.is_some_and(|(time, _)| source.filters_by(time.name()));
    let resumption = Resumption {
        window: window.recorded(Arc::default())?,
        top: ordering,
        n_rows: top.n_rows,
        waits_for_second: has_time_filter,
        source,
        question: Arc::new(question),
    };
    Ok(Some(Arc::new(ResumeWindowExec::try_new(resumption)?)))
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
