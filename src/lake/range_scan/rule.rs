//! The rule that replaces an exchange of rows by a scan in ranges.

use super::layout::SortedScan;
use datafusion::common::Result as DfResult;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::config::ConfigOptions;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::physical_expr::{Distribution, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::sanity_checker::SanityCheckPlan;
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};
use datafusion::prelude::SessionContext;
use std::sync::Arc;

/// Replaces `operator <- exchange by hash of the key <- sorted scan` by
/// `operator <- scan in ranges of the key`, where the operator only needs all rows of a key in
/// one partition, and nothing above it relies on the hash.
///
/// It runs on plans whose requirements are met already, so that it can see which exchanges are
/// there, and checks that they are still met.
#[derive(Debug, Default)]
pub struct RangeScan;

/// The rule before which plans are finished, but for what keeps them cooperative.
const NEXT_RULE: &str = "EnsureCooperative";

/// Adds the rule to a session, behind the rules that meet requirements.
pub(crate) fn register(ctx: &SessionContext) {
    let shared = ctx.state_ref();
    let mut state = shared.write();
    let mut rules = state.physical_optimizers().to_vec();
    if rules.iter().any(|rule| rule.name() == RangeScan.name()) {
        return;
    }
    let place = rules.iter().position(|rule| rule.name() == NEXT_RULE);
    rules.insert(place.unwrap_or(rules.len()), Arc::new(RangeScan));
    let changed = SessionStateBuilder::new_from_existing(state.clone())
        .with_session_id(state.session_id().to_string())
        .with_physical_optimizer_rules(rules)
        .build();
    *state = changed;
}

impl PhysicalOptimizerRule for RangeScan {
    fn name(&self) -> &str {
        "range_scan"
    }

    fn schema_check(&self) -> bool {
        true
    }

    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        config: &ConfigOptions,
    ) -> DfResult<Arc<dyn ExecutionPlan>> {
        let (_, n_exchanges) = replace(&plan, |_| false);
        if n_exchanges == 0 {
            return Ok(plan);
        }
        let (everywhere, _) = replace(&plan, |_| true);
        if let Some(everywhere) = everywhere.filter(|new| is_valid(new, config)) {
            return Ok(everywhere);
        }
        // A join of two such operators matches partitions by their hash: what is below it stays.
        let mut chosen = Vec::new();
        let mut best = Arc::clone(&plan);
        for candidate in 0..n_exchanges {
            chosen.push(candidate);
            let (new, _) = replace(&plan, |i| chosen.contains(&i));
            match new.filter(|new| is_valid(new, config)) {
                Some(new) => best = new,
                None => {
                    chosen.pop();
                }
            }
        }
        Ok(best)
    }
}

fn is_valid(plan: &Arc<dyn ExecutionPlan>, config: &ConfigOptions) -> bool {
    SanityCheckPlan::new()
        .optimize(Arc::clone(plan), config)
        .is_ok()
}

/// The plan with the chosen ones of its replaceable exchanges replaced, and how many there are;
/// no plan when some operator cannot do without an exchange below it.
fn replace(
    plan: &Arc<dyn ExecutionPlan>,
    is_chosen: impl Fn(usize) -> bool,
) -> (Option<Arc<dyn ExecutionPlan>>, usize) {
    let mut n_found = 0;
    let new = Arc::clone(plan).transform_up(|node| {
        let Some(input) = in_ranges(&node) else {
            return Ok(Transformed::no(node));
        };
        n_found += 1;
        match is_chosen(n_found - 1) {
            true => replace_children_if_necessary(node, vec![input]).map(Transformed::yes),
            false => Ok(Transformed::no(node)),
        }
    });
    (new.ok().map(|t| t.data), n_found)
}

/// The input of an operator by key, without the exchange in it.
fn in_ranges(node: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let children = node.children();
    let [input] = children.as_slice() else {
        return None;
    };
    let requirements = node.input_distribution_requirements();
    match requirements.child_distribution(0)? {
        Distribution::KeyPartitioned(_) => without_exchange(input),
        _ => None,
    }
}

/// A chain of operators down to the exchange, rebuilt over what replaces the exchange.
fn without_exchange(node: &Arc<dyn ExecutionPlan>) -> Option<Arc<dyn ExecutionPlan>> {
    let input = row_wise_input(node)?;
    let Some(exchange) = node.downcast_ref::<RepartitionExec>() else {
        return with_input(node, without_exchange(input)?);
    };
    let Partitioning::Hash(keys, n_partitions) = exchange.partitioning() else {
        return None;
    };
    if is_in_ranges(input, keys) {
        return Some(Arc::clone(input));
    }
    let scan = SortedScan::of(leaf(input)?.as_ref())?;
    let is_sorted_by = |key: &Arc<dyn PhysicalExpr>| {
        let sort = PhysicalSortExpr::new(Arc::clone(key), scan.key_options());
        let properties = input.equivalence_properties();
        properties.ordering_satisfy([sort]).unwrap_or(false)
    };
    match keys.iter().any(is_sorted_by) {
        true => over_ranges(input, &scan, *n_partitions),
        false => None,
    }
}

/// Whether the rows of each key are in one partition already, as below an exchange that only
/// makes more partitions.
fn is_in_ranges(node: &Arc<dyn ExecutionPlan>, keys: &[Arc<dyn PhysicalExpr>]) -> bool {
    let partitioning = node.output_partitioning();
    let wanted = Distribution::KeyPartitioned(keys.to_vec());
    matches!(partitioning, Partitioning::Range(_))
        && partitioning
            .satisfaction(&wanted, node.equivalence_properties(), true)
            .is_satisfied()
}

/// The operators between exchange and scan, over the scan in ranges.
fn over_ranges(
    node: &Arc<dyn ExecutionPlan>,
    scan: &SortedScan,
    n_ranges: usize,
) -> Option<Arc<dyn ExecutionPlan>> {
    if node.children().is_empty() {
        let ranges = scan.in_ranges(n_ranges, &scan.pick());
        return ranges.unwrap_or_else(|error| {
            tracing::debug!(%error, "a sorted scan is not cut into ranges");
            None
        });
    }
    let input = over_ranges(row_wise_input(node)?, scan, n_ranges)?;
    match node
        .downcast_ref::<RepartitionExec>()
        .map(RepartitionExec::partitioning)
    {
        None => with_input(node, input),
        Some(Partitioning::RoundRobinBatch(_)) => Some(input),
        Some(_) => None,
    }
}

fn leaf(node: &Arc<dyn ExecutionPlan>) -> Option<&Arc<dyn ExecutionPlan>> {
    match node.children().is_empty() {
        true => Some(node),
        false => leaf(row_wise_input(node)?),
    }
}

/// The input of an operator to which it does not matter how its rows are partitioned.
fn row_wise_input(node: &Arc<dyn ExecutionPlan>) -> Option<&Arc<dyn ExecutionPlan>> {
    let [input] = node.children()[..] else {
        return None;
    };
    let requirements = node.input_distribution_requirements();
    let is_row_wise = node.fetch().is_none()
        && !node.is::<AggregateExec>()
        && matches!(
            requirements.child_distribution(0),
            Some(Distribution::UnspecifiedDistribution)
        );
    let n_inputs = input.output_partitioning().partition_count();
    let keeps_partitions =
        node.is::<RepartitionExec>() || node.output_partitioning().partition_count() == n_inputs;
    (is_row_wise && keeps_partitions).then_some(input)
}

fn with_input(
    node: &Arc<dyn ExecutionPlan>,
    input: Arc<dyn ExecutionPlan>,
) -> Option<Arc<dyn ExecutionPlan>> {
    replace_children_if_necessary(Arc::clone(node), vec![input]).ok()
}
