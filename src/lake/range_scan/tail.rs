//! Reading the end of each symbol.

use super::layout::SortedScan;
use super::pick::Pick;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, Partitioning};
use std::sync::Arc;

/// A plan that reads of each value of `key` at least the last `n_rows` rows of `plan`, and of a
/// table with several overlapping files at most that many of each file.
///
/// `plan` is a scan of a sorted table, or filters by key, projections and operators that pass
/// rows on, over one; `key` is a column of `plan`'s output and the table's first sort column, and
/// "last" is meant in the table's order. Rows count whatever their values, also where a function
/// would call them missing. The new plan has at most `n_ranges` partitions, each sorted by the
/// table's order, and all chosen rows of a key are in one of them.
///
/// None when only a full read can tell: rows were deleted, some lie in the catalog instead of a
/// file, a filter is about other columns than the key, or a file cannot be looked into.
pub fn tail_scan(
    plan: &Arc<dyn ExecutionPlan>,
    key: &Column,
    n_rows: usize,
    n_ranges: usize,
) -> Option<Arc<dyn ExecutionPlan>> {
    let above = Above {
        key: key.clone(),
        filters: Vec::new(),
    };
    tail(plan, above, n_rows, n_ranges)
}

/// Operators besides filters and projections that pass all rows on as they are. The last two are
/// DuckLake's and private to it.
const PASSING: [&str; 3] = [
    "CooperativeExec",
    "NanPruningBarrierExec",
    "OpenTimeFilterBarrierExec",
];

/// What is known above a node: which of its columns is the key, and the filters of it, each with
/// the name that the key has there.
struct Above {
    key: Column,
    filters: Vec<(Arc<dyn PhysicalExpr>, String)>,
}

impl Above {
    /// The same below a node; none when the node chooses rows by anything but the key.
    fn below(mut self, node: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
            let column = &projection.expr().get(self.key.index())?.expr;
            self.key = column.downcast_ref::<Column>()?.clone();
            return Some(self);
        }
        if let Some(filter) = node.downcast_ref::<FilterExec>() {
            let index = match filter.projection() {
                Some(kept) => *kept.get(self.key.index())?,
                None => self.key.index(),
            };
            let name = filter.input().schema().fields().get(index)?.name().clone();
            self.key = Column::new(&name, index);
            self.filters.push((Arc::clone(filter.predicate()), name));
            let columns = collect_columns(filter.predicate());
            return columns.iter().all(|c| c.index() == index).then_some(self);
        }
        PASSING.contains(&node.name()).then_some(self)
    }
}

fn tail(
    node: &Arc<dyn ExecutionPlan>,
    above: Above,
    n_rows: usize,
    n_ranges: usize,
) -> Option<Arc<dyn ExecutionPlan>> {
    if let Some(scan) = SortedScan::of(node.as_ref()) {
        return tail_of(&scan, &above, n_rows, n_ranges);
    }
    let [input] = node.children()[..] else {
        return None;
    };
    if node.fetch().is_some() {
        return None;
    }
    if let Some(exchange) = node.downcast_ref::<RepartitionExec>() {
        let is_spread = matches!(exchange.partitioning(), Partitioning::RoundRobinBatch(_));
        return is_spread
            .then(|| tail(input, above, n_rows, n_ranges))
            .flatten();
    }
    let new = tail(input, above.below(node)?, n_rows, n_ranges)?;
    replace_children_if_necessary(Arc::clone(node), vec![new]).ok()
}

fn tail_of(
    scan: &SortedScan,
    above: &Above,
    n_rows: usize,
    n_ranges: usize,
) -> Option<Arc<dyn ExecutionPlan>> {
    let predicate = scan.predicate();
    let is_about_key = |p: &Arc<dyn PhysicalExpr>| {
        let columns = collect_columns(p);
        columns.iter().all(|c| c.name() == scan.key().name())
    };
    if !scan.is_key(&above.key) || !predicate.iter().all(is_about_key) {
        return None;
    }
    let mut pick = Pick {
        last: Some(n_rows),
        ..scan.pick()
    };
    for (filter, key) in &above.filters {
        scan.narrow(&mut pick, filter, key);
    }
    scan.in_ranges(n_ranges, &pick).unwrap_or_else(|error| {
        tracing::debug!(%error, "the end of each key is not looked up");
        None
    })
}
