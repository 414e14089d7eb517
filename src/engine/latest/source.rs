//! Where the rows of a window come from: one scan of files, and operators that look at one row at
//! a time, so that the rows of some files can be had without those of the others.

use crate::lake::{FileScan, FileVersion, ScanIdentity};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::Result;
use datafusion::logical_expr::Volatility;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CaseExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, LikeExpr,
    Literal, NegativeExpr, NotExpr, TryCastExpr,
};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use std::collections::HashSet;
use std::sync::Arc;

/// Operators that pass all rows on as they are, besides those that change their order.
const PASSING: [&str; 2] = ["NanPruningBarrierExec", "OpenTimeFilterBarrierExec"];

/// An operator above the scan, as far as it decides what rows there are.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Step {
    /// Rows that fulfil a predicate, and which of their columns.
    Filter(Arc<dyn PhysicalExpr>, Option<Vec<usize>>),
    /// Columns computed from each row.
    Project(Vec<(Arc<dyn PhysicalExpr>, String)>),
}

/// The rows below a window.
#[derive(Debug)]
pub(super) struct Source {
    root: Arc<dyn ExecutionPlan>,
    /// The operators above the scan, from above.
    pub(super) steps: Arc<[Step]>,
    /// What the scan gives of its files.
    pub(super) scan: ScanIdentity,
    /// The files.
    pub(super) files: Arc<HashSet<FileVersion>>,
}

impl Source {
    /// The source behind a plan; none when it is of another kind, or not the same every time.
    pub(super) fn of(root: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let mut steps = Vec::new();
        let mut node = root;
        loop {
            if let Some(scan) = FileScan::of(node.as_ref()) {
                let identity = scan.identity();
                let is_same_every_time = identity.exprs().all(is_pure);
                return is_same_every_time.then(|| Self {
                    root: Arc::clone(root),
                    steps: steps.into(),
                    scan: identity,
                    files: Arc::new(scan.versions()),
                });
            }
            steps.extend(step(node)?);
            node = input_of(node)?;
        }
    }

    /// Whether a filter asks for a column of this name.
    pub(super) fn filters_by(&self, name: &str) -> bool {
        let filters = self.steps.iter().filter_map(|step| match step {
            Step::Filter(predicate, _) => Some(predicate),
            Step::Project(_) => None,
        });
        let mut columns = filters.flat_map(collect_columns);
        columns.any(|column| column.name() == name)
    }

    /// The rows of some of the files, in one partition and no order.
    ///
    /// # Errors
    /// Those of rebuilding the operators.
    pub(super) fn only(&self, files: &HashSet<&FileVersion>) -> Result<Arc<dyn ExecutionPlan>> {
        let rows = rebuild(&self.root, files)?;
        Ok(Arc::new(CoalescePartitionsExec::new(rows)))
    }
}

/// What an operator does to rows; the outer none when it is not known, the inner when nothing.
#[allow(clippy::option_option, reason = "unknown is not nothing")]
fn step(node: &Arc<dyn ExecutionPlan>) -> Option<Option<Step>> {
    if node.fetch().is_some() || !has_pure_exprs(node) {
        return None;
    }
    if let Some(filter) = node.downcast_ref::<FilterExec>() {
        let kept = filter.projection().as_ref().map(|kept| kept.to_vec());
        return Some(Some(Step::Filter(Arc::clone(filter.predicate()), kept)));
    }
    if let Some(projection) = node.downcast_ref::<ProjectionExec>() {
        let columns = projection.expr().iter();
        let columns = columns.map(|c| (Arc::clone(&c.expr), c.alias.clone()));
        return Some(Some(Step::Project(columns.collect())));
    }
    (is_exchange(node) || PASSING.contains(&node.name())).then_some(None)
}

fn has_pure_exprs(node: &Arc<dyn ExecutionPlan>) -> bool {
    let mut all_pure = true;
    let seen = node.apply_expressions(&mut |expr| {
        all_pure &= is_pure(expr);
        Ok(TreeNodeRecursion::Continue)
    });
    seen.is_ok() && all_pure
}

/// Whether an expression gives the same for the same row whenever it is asked: it is made of
/// known parts, and of functions that depend on their arguments only (`predict` depends on a model
/// that may be replaced).
pub(super) fn is_pure(expr: &Arc<dyn PhysicalExpr>) -> bool {
    let is_known = expr.is::<Column>()
        || expr.is::<Literal>()
        || expr.is::<BinaryExpr>()
        || expr.is::<CastExpr>()
        || expr.is::<TryCastExpr>()
        || expr.is::<CaseExpr>()
        || expr.is::<InListExpr>()
        || expr.is::<LikeExpr>()
        || expr.is::<NotExpr>()
        || expr.is::<NegativeExpr>()
        || expr.is::<IsNullExpr>()
        || expr.is::<IsNotNullExpr>();
    let function = expr.downcast_ref::<ScalarFunctionExpr>();
    let is_immutable =
        function.is_some_and(|f| f.fun().signature().volatility == Volatility::Immutable);
    (is_known || is_immutable) && expr.children().into_iter().all(is_pure)
}

/// Whether an operator only changes which partition rows are in, and their order.
fn is_exchange(node: &Arc<dyn ExecutionPlan>) -> bool {
    node.is::<RepartitionExec>()
        || node.is::<SortPreservingMergeExec>()
        || node.is::<CoalescePartitionsExec>()
        || node.is::<SortExec>()
}

fn input_of(node: &Arc<dyn ExecutionPlan>) -> Option<&Arc<dyn ExecutionPlan>> {
    match node.children()[..] {
        [input] => Some(input),
        _ => None,
    }
}

fn rebuild(
    node: &Arc<dyn ExecutionPlan>,
    files: &HashSet<&FileVersion>,
) -> Result<Arc<dyn ExecutionPlan>> {
    match (FileScan::of(node.as_ref()), input_of(node)) {
        (Some(scan), _) => Ok(scan.only(files)),
        (None, Some(input)) if is_exchange(node) => rebuild(input, files),
        (None, Some(input)) => {
            replace_children_if_necessary(Arc::clone(node), vec![rebuild(input, files)?])
        }
        (None, None) => Ok(Arc::clone(node)),
    }
}
