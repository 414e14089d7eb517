//! The window operator against the same kernels over whole partitions.

use datafusion::arrow::array::StringViewArray;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch};
use datafusion::arrow::compute::concat_batches;
use datafusion::arrow::datatypes::Float64Type;
use datafusion::datasource::MemTable;
use datafusion::error::Result;
use datafusion::execution::SessionStateBuilder;
use datafusion::execution::memory_pool::{GreedyMemoryPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::displayable;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use quantlake_core::series::{SeriesKernel, series_function};
use quantlake_core::window::rule::SeriesWindows;
use quantlake_core::{
    Args, Function, FunctionSpec, Implementation, Kind, ParamKind, ParamSpec, ParamValue, QlError,
};
use std::sync::Arc;

/// The largest value of the last rows, computed anew at every row.
struct RecentMax {
    period: usize,
    is_finite: bool,
}

impl SeriesKernel for RecentMax {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        for (row, slot) in outputs[0].iter_mut().enumerate() {
            if row + 1 >= self.period {
                let window = &inputs[0][row + 1 - self.period..=row];
                *slot = window.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            }
        }
        Ok(())
    }

    fn history(&self) -> Option<usize> {
        self.is_finite.then_some(self.period - 1)
    }
}

/// The sum of all rows so far.
struct Running;

impl SeriesKernel for Running {
    fn run(&self, inputs: &[&[f64]], outputs: &mut [&mut [f64]]) -> Result<(), QlError> {
        let mut sum = 0.0;
        for (slot, (x, y)) in outputs[0].iter_mut().zip(inputs[0].iter().zip(inputs[1])) {
            sum += x * y;
            *slot = sum;
        }
        Ok(())
    }
}

fn recent_max(name: &str, is_finite: bool) -> Function {
    let kind = ParamKind::Integer { min: 1, max: 100 };
    let period = ParamSpec::optional("period", kind, ParamValue::Integer(3), "rows");
    let spec = FunctionSpec::new(name, "test", Kind::Window, "largest recent value")
        .with_params(vec![ParamSpec::series("x", "a number"), period]);
    let make = move |args: &Args| {
        let period = args.count("period")?;
        Ok(Box::new(RecentMax { period, is_finite }) as Box<dyn SeriesKernel>)
    };
    series_function(spec, Arc::new(make))
}

fn running() -> Function {
    let params = vec![
        ParamSpec::series("x", "a number"),
        ParamSpec::series("y", "a number"),
    ];
    let spec = FunctionSpec::new("running", "test", Kind::Window, "sum so far").with_params(params);
    series_function(
        spec,
        Arc::new(|_| Ok(Box::new(Running) as Box<dyn SeriesKernel>)),
    )
}

/// A session with or without our operator.
fn session(ours: bool, memory: Option<usize>) -> (SessionContext, Arc<dyn MemoryPool>) {
    let pool: Arc<dyn MemoryPool> = Arc::new(GreedyMemoryPool::new(memory.unwrap_or(usize::MAX)));
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::clone(&pool));
    let mut rules: Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> = Vec::new();
    if ours {
        rules.push(Arc::new(SeriesWindows));
    }
    rules.extend(PhysicalOptimizer::new().rules);
    let state = SessionStateBuilder::new()
        .with_config(SessionConfig::new().with_target_partitions(3))
        .with_runtime_env(runtime.build_arc().expect("a runtime"))
        .with_default_features()
        .with_physical_optimizer_rules(rules)
        .build();
    let ctx = SessionContext::new_with_state(state);
    for function in [
        recent_max("recent", true),
        recent_max("recent_whole", false),
        running(),
    ] {
        if let Implementation::Window(udwf) = function.implementation {
            ctx.register_udwf(udwf.as_ref().clone());
        }
    }
    (ctx, pool)
}

/// Makes a memory table keep its order: it is dealt out to partitions otherwise.
fn in_one_partition(ctx: &SessionContext) {
    let state = ctx.state_ref();
    let mut state = state.write();
    state.config_mut().options_mut().execution.target_partitions = 1;
}

/// Rows of some symbols in time order, cut into batches of odd sizes, with gaps.
fn bars(sizes: &[usize], batch_rows: usize, gaps: bool) -> Vec<RecordBatch> {
    let mut symbols = Vec::new();
    let mut times = Vec::new();
    let mut values = Vec::new();
    for (i, n_rows) in sizes.iter().enumerate() {
        for t in 0..*n_rows {
            symbols.push(format!("S{i:03}"));
            times.push(t as i64);
            let x = ((t * 7919 + i * 104_729) % 1009) as f64;
            values.push((!gaps || t % 11 != 3).then_some(x));
        }
    }
    let symbols: ArrayRef = Arc::new(symbols.iter().map(Some).collect::<StringViewArray>());
    let times: ArrayRef = Arc::new(Int64Array::from(times));
    let values: ArrayRef = Arc::new(values.into_iter().collect::<Float64Array>());
    let columns = [
        ("symbol", symbols, true),
        ("t", times, true),
        ("x", values, true),
    ];
    let all = RecordBatch::try_from_iter_with_nullable(columns).expect("a batch");
    (0..all.num_rows())
        .step_by(batch_rows)
        .map(|start| all.slice(start, batch_rows.min(all.num_rows() - start)))
        .collect()
}

async fn answer(ctx: &SessionContext, batches: &[RecordBatch], sql: &str) -> Result<RecordBatch> {
    let schema = batches[0].schema();
    let table = MemTable::try_new(schema, vec![batches.to_vec()])?;
    ctx.register_table("bars", Arc::new(table))?;
    let frame = ctx.sql(sql).await?;
    let plan = frame.clone().create_physical_plan().await?;
    let shown = displayable(plan.as_ref()).indent(false).to_string();
    let is_ours = shown.contains("SeriesWindowExec");
    let result = frame.collect().await?;
    ctx.deregister_table("bars")?;
    let result = concat_batches(&result[0].schema(), &result)?;
    assert_eq!(
        is_ours,
        sql.contains("OVER")
            && ctx.state().physical_optimizers().len() > PhysicalOptimizer::new().rules.len()
    );
    Ok(result)
}

async fn both_give_the_same(batches: &[RecordBatch], sql: &str) {
    let (ours, pool) = session(true, None);
    let got = answer(&ours, batches, sql).await.expect("our operator");
    let expected = answer(&session(false, None).0, batches, sql)
        .await
        .expect("DataFusion's");
    assert_eq!(
        got.num_rows(),
        batches.iter().map(RecordBatch::num_rows).sum::<usize>()
    );
    assert!(got == expected, "{sql} differs");
    assert_eq!(pool.reserved(), 0, "memory is given back");
}

const CALLS: &str = "SELECT symbol, t, recent(x) OVER w AS a, recent(x, 7) OVER w AS b, \
     running(x, t) OVER w AS c, recent_whole(t, 5) OVER w AS d FROM bars \
     WINDOW w AS (PARTITION BY symbol ORDER BY t) ORDER BY symbol, t";

#[tokio::test]
async fn partitions_of_any_size_in_batches_of_any_size() {
    for (sizes, batch_rows) in [
        (vec![1, 1, 1, 50, 2, 300], 7),
        (vec![1000], 64),
        (vec![5; 200], 8),
        (vec![8, 8, 8], 8),
        (vec![1], 100),
    ] {
        for gaps in [false, true] {
            both_give_the_same(&bars(&sizes, batch_rows, gaps), CALLS).await;
        }
    }
}

#[tokio::test]
async fn a_long_partition_in_pieces_gives_the_same_bits() {
    let sizes = [300_000, 1, 150_000];
    for gaps in [false, true] {
        let batches = bars(&sizes, 8192, gaps);
        both_give_the_same(&batches, CALLS).await;
        // Without a recursion the rows leave before the partition ends.
        let finite = "SELECT symbol, t, recent(x) OVER w AS a, recent(t, 100) OVER w AS b \
             FROM bars WINDOW w AS (PARTITION BY symbol ORDER BY t) ORDER BY symbol, t";
        both_give_the_same(&batches, finite).await;
    }
}

#[tokio::test]
async fn a_window_without_partitions_and_one_beside_a_builtin_function() {
    let batches = bars(&[400], 33, true);
    for sql in [
        "SELECT t, recent(x) OVER (ORDER BY t) AS a FROM bars ORDER BY t",
        "SELECT t, row_number() OVER w AS n, recent(x) OVER w AS a, sum(x) OVER w AS s, \
         running(x, x) OVER w AS r FROM bars WINDOW w AS (PARTITION BY symbol ORDER BY t) ORDER BY t",
    ] {
        both_give_the_same(&batches, sql).await;
    }
}

#[tokio::test]
async fn more_than_the_pool_has_is_an_error_and_finite_windows_need_little() {
    let batches = bars(&[600_000], 8192, false);
    // The source is sorted, and one partition is read, so that only the window holds rows.
    let recursive = "SELECT running(x, t) OVER (ORDER BY t) AS r FROM bars";
    let finite = "SELECT recent(x) OVER (ORDER BY t) AS r FROM bars";
    for (sql, fits) in [(recursive, false), (finite, true)] {
        let (ctx, pool) = session(true, Some(12_000_000));
        in_one_partition(&ctx);
        let order = vec![vec![datafusion::prelude::col("t").sort(true, false)]];
        let table = MemTable::try_new(batches[0].schema(), vec![batches.clone()]).expect("a table");
        ctx.register_table("bars", Arc::new(table.with_sort_order(order)))
            .expect("registered");
        let mut rows = ctx
            .sql(sql)
            .await
            .expect("planned")
            .execute_stream()
            .await
            .expect("started");
        let mut n_rows = 0;
        let mut failure = None;
        while let Some(batch) = rows.next().await {
            match batch {
                Ok(batch) => n_rows += batch.num_rows(),
                Err(e) => failure = Some(e.to_string()),
            }
        }
        drop(rows);
        assert_eq!(failure.is_none(), fits, "{sql}: {failure:?}");
        if let Some(message) = failure {
            assert!(message.contains("SeriesWindowExec"), "{message}");
        } else {
            assert_eq!(n_rows, 600_000);
        }
        assert_eq!(pool.reserved(), 0);
    }
}

#[tokio::test]
async fn first_rows_leave_before_the_last_ones_arrive() {
    let (ctx, _) = session(true, None);
    in_one_partition(&ctx);
    let batches = bars(&[100; 500], 1000, false);
    let sql = "SELECT recent(x) OVER (PARTITION BY symbol ORDER BY t) AS r FROM bars";
    let order = ["symbol", "t"].map(|c| datafusion::prelude::col(c).sort(true, false));
    let table = MemTable::try_new(batches[0].schema(), vec![batches]).expect("a table");
    let table = table.with_sort_order(vec![order.to_vec()]);
    ctx.register_table("bars", Arc::new(table))
        .expect("registered");
    let mut rows = ctx
        .sql(sql)
        .await
        .expect("planned")
        .execute_stream()
        .await
        .expect("started");
    let first = rows.next().await.expect("rows").expect("no error");
    assert!(first.num_rows() <= 8192, "{}", first.num_rows());
    let values = first.column(0).as_primitive::<Float64Type>();
    assert!(values.is_null(0) && values.is_null(1) && values.is_valid(2));
}
