//! The functions of `honest` and `portfolio_risk` in queries: their examples, windows and groups,
//! order of rows, bad arguments and bad data.

#![allow(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

use async_trait::async_trait;
use datafusion::arrow::array::{AsArray, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::catalog::Session;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, PhysicalPlanner};
use datafusion::prelude::{SessionConfig, SessionContext};
use quantlake_core::check::CheckCalls;
use quantlake_core::relation::planner::{PartitionedTransformPlanner, RelationFunctionPlanner};
use quantlake_core::{Function, Implementation, QlError, Registry};
use std::sync::Arc;

#[derive(Debug)]
struct Planner;

#[async_trait]
impl QueryPlanner for Planner {
    async fn create_physical_plan(
        &self,
        plan: &LogicalPlan,
        state: &dyn Session,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(PartitionedTransformPlanner)])
            .create_physical_plan(plan, state)
            .await
    }
}

fn functions() -> Vec<Function> {
    let honest = quantlake_risk::honest::functions();
    let portfolio = quantlake_risk::portfolio_risk::functions();
    [honest, portfolio].concat()
}

fn session() -> SessionContext {
    let registry = Arc::new(Registry::try_new(functions()).unwrap());
    let planner = RelationFunctionPlanner::new(Arc::clone(&registry));
    let state = SessionStateBuilder::new()
        .with_config(
            SessionConfig::new()
                .with_target_partitions(3)
                .with_batch_size(7),
        )
        .with_default_features()
        .with_query_planner(Arc::new(Planner))
        .with_relation_planners(vec![Arc::new(planner)])
        .build();
    let context = SessionContext::new_with_state(state);
    for function in functions() {
        match &function.implementation {
            Implementation::Scalar(udf) => context.register_udf(udf.as_ref().clone()),
            Implementation::Aggregate(udaf) => context.register_udaf(udaf.as_ref().clone()),
            _ => {}
        }
    }
    context.add_analyzer_rule(Arc::new(CheckCalls::new(registry)));
    context
}

async fn try_run(sql: &str) -> Result<Vec<RecordBatch>, DataFusionError> {
    session().sql(sql).await?.collect().await
}

async fn run(sql: &str) -> Vec<RecordBatch> {
    try_run(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}"))
}

fn to_csv(batches: &[RecordBatch]) -> String {
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

async fn csv(sql: &str) -> String {
    to_csv(&run(sql).await)
}

fn numbers(batches: &[RecordBatch], column: &str) -> Vec<Option<f64>> {
    let values = batches.iter().flat_map(|b| {
        let column = b.column_by_name(column).unwrap();
        column
            .as_primitive::<Float64Type>()
            .iter()
            .collect::<Vec<_>>()
    });
    values.collect()
}

async fn refusal(sql: &str) -> (&'static str, String) {
    let error = try_run(sql).await.expect_err(sql);
    let found = QlError::of(&error).unwrap_or_else(|| panic!("{sql}: {error}"));
    (found.state.code(), found.message.clone())
}

/// Three trials over 60 days.
const TRIALS: &str = "(SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, \
     'k' || k AS trial, sin(t * t * (k + 1.0)) / 50 + k / 500.0 AS ret \
     FROM generate_series(1, 60) AS g(t) CROSS JOIN (VALUES (0), (1), (2)) AS v(k))";

/// Two positions and a benchmark over 60 days.
const POSITIONS: &str = "(SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, s.symbol, \
     sin(t * t) / 50 + s.k * cos(t * 5.0) / 50 AS ret, s.weight, sin(t * t) / 60 AS benchmark \
     FROM generate_series(1, 60) AS g(t) CROSS JOIN (VALUES ('A', 0.1, 0.7), ('B', 0.5, 0.3)) AS s(symbol, k, weight))";

/// Bars of two symbols over ten days.
const BARS: &str = "(SELECT CAST(DATE '2024-01-01' + CAST(t AS INT) AS TIMESTAMP) AS ts, symbol, 10.0 AS close, \
     1000 AS volume FROM generate_series(1, 10) AS g(t) CROSS JOIN (VALUES ('A'), ('B')) AS s(symbol))";

fn with(sql: &str) -> String {
    sql.replace("TRIALS", TRIALS)
        .replace("BARS", BARS)
        .replace("POSITIONS", POSITIONS)
}

#[tokio::test]
async fn every_example_prints_the_result_of_its_specification() {
    let mut wrong = vec![];
    for function in functions() {
        let example = &function.spec.example;
        let found = csv(&example.sql).await;
        if found != example.result {
            wrong.push(format!("@@{}@@\n{found}", function.spec.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn aggregates_over_a_frame_equal_aggregates_over_its_rows() {
    let rows =
        "(SELECT t, sin(t * t) / 50 + 0.001 AS ret FROM generate_series(1, 40) AS g(t)) AS v";
    for call in [
        "probabilistic_sharpe(ret)",
        "deflated_sharpe(ret, 20)",
        "value_at_risk(ret, 0.95, 'filtered_historical' ORDER BY t)",
        "conditional_value_at_risk(ret, 0.9 ORDER BY t)",
        "conditional_drawdown_at_risk(ret, 0.8 ORDER BY t)",
    ] {
        let over = call.replace(" ORDER BY t)", ")");
        let frame = format!(
            "SELECT t, {over} OVER (ORDER BY t ROWS BETWEEN 9 PRECEDING AND CURRENT ROW) AS value FROM {rows} ORDER BY t DESC LIMIT 1"
        );
        let group = format!("SELECT {call} AS value FROM {rows} WHERE t > 30");
        let (frame, group) = (run(&frame).await, run(&group).await);
        let (a, b) = (numbers(&frame, "value")[0], numbers(&group, "value")[0]);
        let (Some(a), Some(b)) = (a, b) else {
            panic!("{call}: {a:?} {b:?}")
        };
        assert!((a - b).abs() <= 1e-12 * b.abs(), "{call}: {a} {b}");
    }
}

#[tokio::test]
async fn risks_of_positions_add_up_to_the_portfolio_in_sql() {
    for (function, part) in [
        (
            "component_risk(POSITIONS, method => 'historical')",
            "component_var",
        ),
        (
            "component_risk(POSITIONS, method => 'cornish_fisher')",
            "component_cvar",
        ),
        ("component_risk(POSITIONS)", "share_cvar"),
        ("portfolio_beta(POSITIONS)", "contribution"),
        (
            "stress_test(POSITIONS, scenario => 'bootstrap', paths => 50)",
            "pnl",
        ),
        (
            "stress_test(POSITIONS, scenario => 'correlation_one')",
            "pnl",
        ),
        (
            "stress_test(POSITIONS, scenario => 'factor', shock => -0.3)",
            "pnl",
        ),
    ] {
        let sql = with(&format!(
            "SELECT symbol, {part} FROM {function} ORDER BY symbol"
        ));
        let rows = run(&sql).await;
        let values: Vec<f64> = numbers(&rows, part).into_iter().flatten().collect();
        let [a, b, total] = values[..] else {
            panic!("{sql}: {values:?}")
        };
        assert!((a + b - total).abs() < 1e-14, "{sql}: {values:?}");
    }
}

#[tokio::test]
async fn the_benchmark_column_is_what_trials_are_compared_with() {
    let plain =
        with("SELECT mean_excess FROM stepwise_superiority(TRIALS, samples => 50) ORDER BY trial");
    let against = with(
        "SELECT mean_excess FROM stepwise_superiority((SELECT *, 0.001 AS benchmark FROM TRIALS AS t), samples => 50) ORDER BY trial",
    );
    let (plain, against) = (run(&plain).await, run(&against).await);
    let pairs = numbers(&plain, "mean_excess")
        .into_iter()
        .zip(numbers(&against, "mean_excess"));
    for (p, a) in pairs {
        assert!((p.unwrap() - a.unwrap() - 0.001).abs() < 1e-15);
    }
}

#[tokio::test]
async fn missing_rows_change_nothing_but_the_count() {
    let holes = "(SELECT ts, trial, CASE WHEN ts = TIMESTAMP '2024-01-05' AND trial = 'k1' THEN NULL ELSE ret END AS ret FROM TRIALS AS t)";
    let without = "(SELECT * FROM TRIALS AS t WHERE ts <> TIMESTAMP '2024-01-05')";
    let sql = |q: &str| with(&format!("SELECT * FROM pbo({q}, splits => 4)"));
    assert_eq!(csv(&sql(holes)).await, csv(&sql(without)).await);
    let null =
        "SELECT probabilistic_sharpe(r) AS p FROM (VALUES (0.01), (NULL), (0.02), (-0.01)) AS v(r)";
    let none = "SELECT probabilistic_sharpe(r) AS p FROM (VALUES (0.01), (0.02), (-0.01)) AS v(r)";
    assert_eq!(csv(null).await, csv(none).await);
}

#[tokio::test]
async fn no_rows_give_nulls_or_nothing() {
    let empty = |q: &str| with(&format!("(SELECT * FROM {q} AS t WHERE false)"));
    for (call, n_rows) in [
        (format!("pbo({})", empty("TRIALS")), 1),
        (format!("pbo_selections({})", empty("TRIALS")), 0),
        (
            format!("superiority_test({}, samples => 5)", empty("TRIALS")),
            1,
        ),
        (
            format!("model_confidence_set({}, samples => 5)", empty("TRIALS")),
            0,
        ),
        (format!("haircut_sharpe({})", empty("TRIALS")), 0),
        (format!("monte_carlo({}, paths => 5)", empty("TRIALS")), 5),
        (format!("covariance_matrix({})", empty("POSITIONS")), 0),
        (format!("component_risk({})", empty("POSITIONS")), 1),
        (format!("stress_test({})", empty("POSITIONS")), 1),
    ] {
        let rows = run(&format!("SELECT * FROM {call}")).await;
        let found: usize = rows.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(found, n_rows, "{call}");
    }
    let none =
        "SELECT value_at_risk(r ORDER BY r) AS v FROM (VALUES (CAST(NULL AS DOUBLE))) AS v(r)";
    assert_eq!(numbers(&run(none).await, "v"), [None]);
}

#[tokio::test]
async fn bad_arguments_are_named() {
    let cases = [
        (
            "SELECT * FROM pbo(TRIALS, splits => 7)",
            "22023",
            "pbo: `splits` must be an even number, so that both halves have as many blocks, found 7",
        ),
        (
            "SELECT * FROM pbo(TRIALS, splits => 40)",
            "22023",
            "pbo: `splits` must be a whole number between 2 and 20, found 40",
        ),
        (
            "SELECT * FROM pbo(TRIALS, metric => 'luck')",
            "22023",
            "pbo: `metric` must be one of 'sharpe', 'mean', 'sortino', found 'luck'",
        ),
        (
            "SELECT * FROM monte_carlo(TRIALS, paths => 0)",
            "22023",
            "monte_carlo: `paths` must be a whole number between 1 and 1000000, found 0",
        ),
        (
            "SELECT * FROM stress_test(POSITIONS, from => 'yesterday')",
            "22023",
            "stress_test: `from` must be a date or time such as 2020-02-20, found 'yesterday'",
        ),
        (
            "SELECT * FROM stress_test(POSITIONS, from => '2024-02-01', to => '2024-01-01')",
            "22023",
            "stress_test: `to` must be at or after `from`, found '2024-01-01'",
        ),
        (
            "SELECT deflated_sharpe(ret, 0.5) FROM TRIALS AS t",
            "22023",
            "deflated_sharpe: `trials` must be a number between 1 and 1000000000000000, found 0.5",
        ),
    ];
    for (sql, state, message) in cases {
        assert_eq!(refusal(&with(sql)).await, (state, message.to_string()));
    }
    let (state, _) = refusal(&with("SELECT value_at_risk(ret) FROM TRIALS AS t")).await;
    assert_eq!(state, "42P10");
}

#[tokio::test]
async fn bad_data_is_named() {
    let twice = "SELECT * FROM haircut_sharpe((SELECT * FROM TRIALS AS a UNION ALL SELECT * FROM TRIALS AS b))";
    let cases = [
        (
            twice,
            "haircut_sharpe: trial 'k0' has more than one row at 2024-01-02 00:00:00",
        ),
        (
            "SELECT * FROM pbo((SELECT * FROM TRIALS AS t LIMIT 20))",
            "pbo: 16 splits need at least 2 trials and 32 times at which all have a return, found ",
        ),
        (
            "SELECT * FROM stress_test(POSITIONS, to => '2020-01-01')",
            "stress_test: no time from any time to 2020-01-01 23:59:59.999999999 has a return of every symbol; the rows reach from 2024-01-02 00:00:00 to 2024-03-01 00:00:00",
        ),
        (
            "SELECT * FROM stress_test(POSITIONS, scenario => 'liquidity_drought')",
            "stress_test: column `days` has no value for symbol 'A'",
        ),
        (
            "SELECT * FROM stress_test((SELECT ts, symbol, ret FROM POSITIONS AS p), scenario => 'factor')",
            "stress_test: column `benchmark` has no value at 60 of 60 times",
        ),
        (
            "SELECT * FROM strategy_capacity(BARS, fills => (SELECT TIMESTAMP '2024-01-02' AS ts, 'C' AS symbol, 1 AS quantity, 2.0 AS price))",
            "strategy_capacity: row 1 of `fills`: there are no bars of 'C'",
        ),
        (
            "SELECT * FROM strategy_capacity(BARS, fills => (SELECT TIMESTAMP '2024-01-02' AS ts, 'A' AS symbol, 1 AS quantity, CAST(NULL AS DOUBLE) AS price))",
            "strategy_capacity: row 1 of `fills`: `price` is missing",
        ),
        (
            "SELECT * FROM strategy_capacity(BARS, fills => (SELECT TIMESTAMP '2024-01-02' AS ts, 'A' AS symbol, 1 AS quantity, 2.0 AS price, 'short' AS side))",
            "strategy_capacity: row 1 of `fills`: `side` must be 'buy' or 'sell', found 'short'",
        ),
        (
            "SELECT * FROM strategy_capacity((SELECT * FROM BARS AS a UNION ALL SELECT * FROM BARS AS b), fills => (SELECT TIMESTAMP '2024-01-02' AS ts, 'A' AS symbol, 1 AS quantity, 2.0 AS price))",
            "strategy_capacity: A has two bars at one time",
        ),
    ];
    for (sql, message) in cases {
        let (state, found) = refusal(&with(sql)).await;
        assert_eq!(state, "22000");
        assert!(found.starts_with(message), "{found}");
    }
}

#[tokio::test]
async fn the_capacity_takes_fills_with_and_without_a_side() {
    let of = |fills: &str| {
        with(&format!(
            "SELECT symbol, capacity FROM strategy_capacity(BARS, cash => 1000, fills => (SELECT * FROM (VALUES {fills})"
        ))
    };
    let signed = of(
        "(TIMESTAMP '2024-01-03', 'A', 20, 10.0), (TIMESTAMP '2024-01-05', 'A', -20, 10.0)) AS v(ts, symbol, quantity, price))",
    );
    let sided = of(
        "(TIMESTAMP '2024-01-05', 'A', 20, 10.0, 'sell'), (TIMESTAMP '2024-01-03', 'A', 20, 10.0, 'buy')) AS v(ts, symbol, quantity, price, side))",
    );
    // 2 % of the 10,000 traded a day, all of the trading in one symbol. Then nothing is held, and the
    // weights 0.33 and 0.66 leave 99 % of it.
    let expected = "A,200.0\nA,198.0";
    assert_eq!(csv(&signed).await, expected);
    assert_eq!(csv(&sided).await, expected);
    let none = with(
        "SELECT * FROM strategy_capacity(BARS, fills => (SELECT ts, symbol, close AS quantity, close AS price FROM BARS AS b WHERE false))",
    );
    assert_eq!(csv(&none).await, "");
}
