//! The functions in queries: their examples, windows against groups, bad arguments.

use crate::support::{benchmark_of, columns_of, doubles, end_of, is_close, metric_names};
use async_trait::async_trait;
use datafusion::arrow::array::{
    ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampNanosecondArray,
};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::Session;
use datafusion::datasource::MemTable;
use datafusion::error::DataFusionError;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use quantlake_core::check::CheckCalls;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::{Implementation, QlError, Registry};
use quantlake_risk::metrics::find;
use std::sync::Arc;

/// Plans functions over a query besides what DataFusion plans.
#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> datafusion::error::Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PartitionedTransformPlanner)])
            .create_physical_plan(plan, state)
            .await
    }
}

pub fn context() -> SessionContext {
    let config = SessionConfig::new()
        .with_target_partitions(4)
        .with_batch_size(7);
    let state = SessionStateBuilder::new()
        .with_config(config)
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .build();
    let ctx = SessionContext::new_with_state(state);
    for function in quantlake_risk::functions() {
        match function.implementation {
            Implementation::Aggregate(udaf) => ctx.register_udaf(udaf.as_ref().clone()),
            Implementation::Scalar(udf) => ctx.register_udf(udf.as_ref().clone()),
            Implementation::Window(udwf) => ctx.register_udwf(udwf.as_ref().clone()),
            Implementation::Relation(_) => {}
        }
    }
    let registry = Arc::new(Registry::try_new(quantlake_risk::functions()).unwrap());
    ctx.register_relation_planner(Arc::new(RelationFunctionPlanner::new(Arc::clone(
        &registry,
    ))))
    .unwrap();
    ctx.add_analyzer_rule(Arc::new(CheckCalls::new(registry)));
    ctx
}

pub async fn try_run(ctx: &SessionContext, sql: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    ctx.sql(sql).await?.collect().await
}

pub async fn run(ctx: &SessionContext, sql: &str) -> Vec<RecordBatch> {
    try_run(ctx, sql)
        .await
        .unwrap_or_else(|e| panic!("{sql}: {e}"))
}

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

fn column(batches: &[RecordBatch], i: usize) -> Vec<Option<f64>> {
    batches.iter().flat_map(|b| doubles(b.column(i))).collect()
}

/// Three symbols of 50 returns each, in several batches and out of order, with gaps.
fn register_returns(ctx: &SessionContext) {
    let batches: Vec<Vec<RecordBatch>> = (0..4).map(|p| vec![returns_batch(p)]).collect();
    let schema = batches[0][0].schema();
    let table = MemTable::try_new(schema, batches).unwrap();
    ctx.register_table("returns", Arc::new(table)).unwrap();
}

fn returns_batch(partition: i64) -> RecordBatch {
    let ids: Vec<i64> = (0..150).rev().filter(|i| i % 4 == partition).collect();
    let symbols: StringArray = ids
        .iter()
        .map(|i| Some(["A", "B", "C"][(i % 3) as usize]))
        .collect();
    let returns: Float64Array = ids
        .iter()
        .map(|i| (i % 11 != 5).then(|| ((i * 7919 % 401) as f64 - 200.0) / 5000.0))
        .collect();
    let benchmark: Float64Array = returns.iter().map(|r| r.map(benchmark_of)).collect();
    let ends = ids.iter().map(|id| end_of(id / 3));
    let ends = TimestampNanosecondArray::from_iter_values(ends);
    let columns: [(&str, ArrayRef); 5] = [
        ("symbol", Arc::new(symbols)),
        ("ts", Arc::new(Int64Array::from(ids))),
        ("ret", Arc::new(returns)),
        ("benchmark", Arc::new(benchmark)),
        ("day", Arc::new(ends)),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The functions of `metrics` and the sizing beside it; the other folders have tests of their own.
fn is_of_this_test(name: &str) -> bool {
    const OTHERS: [&str; 6] = [
        "volatility_target",
        "gpd_risk_estimates",
        "return_metrics",
        "trade_metrics",
        "drawdowns",
        "calendar_returns",
    ];
    OTHERS.contains(&name) || find(name).is_some()
}

#[tokio::test]
async fn every_example_prints_its_result() {
    let ctx = context();
    let mut wrong = Vec::new();
    for function in quantlake_risk::functions() {
        if !is_of_this_test(&function.spec.name) {
            continue;
        }
        let example = &function.spec.example;
        let found = to_csv(&run(&ctx, &example.sql).await);
        if found != example.result {
            wrong.push(format!("{}\t{found:?}", function.spec.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_window_over_the_whole_partition_equals_the_group() {
    let ctx = context();
    register_returns(&ctx);
    for name in metric_names() {
        let columns = columns_of(&name);
        let groups = format!(
            "SELECT symbol, {name}({columns} ORDER BY ts) AS v FROM returns GROUP BY symbol ORDER BY symbol"
        );
        let windows = format!(
            "SELECT DISTINCT symbol, {name}({columns}) OVER (PARTITION BY symbol ORDER BY ts \
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS v \
             FROM returns ORDER BY symbol"
        );
        let (groups, windows) = (run(&ctx, &groups).await, run(&ctx, &windows).await);
        let (groups, windows) = (column(&groups, 1), column(&windows, 1));
        assert_eq!(groups.len(), 3);
        for (group, window) in groups.into_iter().zip(windows) {
            assert!(group.is_some(), "{name}");
            // Partial results meet in another order than the rows of a window.
            assert!(
                is_close(group, window, 1e-11),
                "{name}: {group:?} {window:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_rolling_window_equals_the_group_of_its_rows() {
    let ctx = context();
    register_returns(&ctx);
    for name in metric_names() {
        let columns = columns_of(&name);
        let rolling = format!(
            "SELECT ts, {name}({columns}) OVER (PARTITION BY symbol ORDER BY ts \
             ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS v FROM returns \
             WHERE symbol = 'B' ORDER BY ts"
        );
        let rolling = column(&run(&ctx, &rolling).await, 1);
        for last in [4, 9, 30, 49] {
            let group = format!(
                "SELECT {name}({columns} ORDER BY ts) AS v FROM returns WHERE symbol = 'B' \
                 AND ts BETWEEN {} AND {}",
                3 * (last - 9) + 1,
                3 * last + 1
            );
            let group = column(&run(&ctx, &group).await, 0)[0];
            let window = rolling[usize::try_from(last).unwrap()];
            assert!(
                is_close(group, window, 1e-11),
                "{name} row {last}: {group:?} {window:?}"
            );
        }
    }
}

#[tokio::test]
async fn bad_arguments_are_errors_of_planning_with_a_code() {
    let ctx = context();
    register_returns(&ctx);
    let cases = [
        (
            "SELECT sharpe(ret, 0) FROM returns",
            "22023",
            "sharpe: `periods` must be a number between 0.01 and 1000000000000, found 0",
        ),
        (
            "SELECT sharpe(ret, 252, 4.0) FROM returns",
            "22023",
            "sharpe: `risk_free` must be a number between -1 and 1, found 4",
        ),
        (
            "SELECT volatility(ret, 252, 2) FROM returns",
            "22023",
            "volatility: `ddof` must be a whole number between 0 and 1, found 2",
        ),
        (
            "SELECT var_historical(ret, 0.05) FROM returns",
            "22023",
            "var_historical: `level` must be a number between 0.5 and 1, found 0.05",
        ),
        (
            "SELECT var_historical(ret, ret) FROM returns",
            "22023",
            "var_historical: `level` must be a constant, found an expression over rows",
        ),
        (
            "SELECT cvar_historical(ret, 0.95, 'gaussian') FROM returns",
            "22023",
            "cvar_historical: `method` must be one of 'discrete', 'exact', found 'gaussian'",
        ),
        (
            "SELECT sortino(ret, 252, 0.0, 'all', 'period', 'arithmetic', 0.01) FROM returns",
            "22023",
            "sortino: `risk_free` must be left out with annualization => 'arithmetic', which measures against `required`, found 0.01",
        ),
        (
            "SELECT ulcer(ret, 2 ORDER BY ts) FROM returns",
            "22023",
            "ulcer: `ddof` must be a whole number between -1 and 1, found 2",
        ),
        (
            "SELECT capm_beta(ret, benchmark, 'sideways') FROM returns",
            "22023",
            "capm_beta: `market` must be one of 'all', 'up', 'down', found 'sideways'",
        ),
        (
            "SELECT stability(ret) FROM returns",
            "42P10",
            "stability: the result depends on the order of the rows, and there is no ORDER BY",
        ),
        (
            "SELECT max_drawdown(ret) FROM returns",
            "42P10",
            "max_drawdown: the result depends on the order of the rows, and there is no ORDER BY",
        ),
        (
            "SELECT volatility_target(ret, -0.1) FROM returns",
            "22023",
            "volatility_target: `target` must be a number between 0 and 100, found -0.1",
        ),
    ];
    for (sql, code, message) in cases {
        let error = match ctx.sql(sql).await {
            Err(error) => error,
            Ok(frame) => frame.create_physical_plan().await.unwrap_err(),
        };
        let error = QlError::of(&error).unwrap_or_else(|| panic!("{sql}: {error}"));
        assert_eq!(
            (error.state.code(), error.message.as_str()),
            (code, message)
        );
    }
}

#[tokio::test]
async fn wrong_arity_and_type_name_the_function_and_what_it_takes() {
    let ctx = context();
    register_returns(&ctx);
    let cases = [
        (
            "SELECT sharpe() FROM returns",
            "sharpe: takes 1 to 7 arguments, found 0",
        ),
        (
            "SELECT sharpe(symbol) FROM returns",
            "sharpe: `ret` must be a numeric expression, found type Utf8",
        ),
        (
            "SELECT best_month(ret) FROM returns",
            "best_month: takes 2 to 4 arguments, found 1",
        ),
        (
            "SELECT best_month(ret, ts) FROM returns",
            "best_month: `ts` must be a timestamp or date expression, found type Int64",
        ),
    ];
    for (sql, message) in cases {
        let error = ctx.sql(sql).await.unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[tokio::test]
async fn times_of_any_type_say_the_month() {
    let ctx = context();
    let types = ["DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"];
    for ty in types {
        let sql = format!(
            "SELECT round(best_month(r, CAST(t AS {ty})), 6) AS best, round(mtd_return(r, CAST(t AS {ty})), 6) AS mtd \
             FROM (VALUES ('2024-02-29', 0.1), ('2024-01-31', -0.5), (NULL, 9.0), ('2024-03-01', -0.2), \
             ('2024-02-01', 0.2)) AS v(t, r)"
        );
        assert_eq!(to_csv(&run(&ctx, &sql).await), "0.32,-0.2", "{ty}");
    }
}
