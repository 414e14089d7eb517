//! A plan with the window operator survives the way to another machine.

use datafusion::arrow::compute::concat_batches;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::{ExecutionPlan, collect, displayable};
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use datafusion_proto::bytes::{
    physical_plan_from_bytes_with_extension_codec, physical_plan_to_bytes_with_extension_codec,
};
use quantlake::engine::codec::SeriesWindowCodec;
use quantlake::engine::functions::{register, registry};
use quantlake_core::window::rule::SeriesWindows;
use quantlake_models::ModelStore;
use std::path::Path;
use std::sync::Arc;

/// A session as a worker has it: the functions, and no lake.
async fn worker() -> SessionContext {
    let ctx = SessionContext::new();
    let functions = registry(&Arc::new(ModelStore::new())).expect("the functions");
    register(&ctx, &functions);
    let bars = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/us5_daily.parquet");
    let path = bars.to_str().expect("a path of text");
    ctx.register_parquet("bars", path, ParquetReadOptions::default())
        .await
        .expect("the bars");
    ctx
}

async fn planned(ctx: &SessionContext, sql: &str) -> Arc<dyn ExecutionPlan> {
    let plan = ctx.state().create_logical_plan(sql).await.expect("a plan");
    let plan = ctx.state().optimize(&plan).expect("optimised");
    let planner = ctx.state();
    let plan = planner
        .create_physical_plan(&plan)
        .await
        .expect("a physical plan");
    // DataFusion's rules have run by now, so sorts and exchanges are there.
    SeriesWindows
        .optimize(plan, ctx.copied_config().options())
        .expect("our operator")
}

#[tokio::test]
async fn a_plan_with_windows_gives_the_same_rows_on_another_machine() {
    let here = worker().await;
    let sql = "SELECT symbol, ts, rsi(close, 14) OVER w AS r, macd(close) OVER w AS m, \
               bbands(close, 20, ma => 'ema') OVER w AS b FROM bars \
               WINDOW w AS (PARTITION BY symbol ORDER BY ts) ORDER BY symbol, ts"
        .replace("ma => 'ema'", "2.0, 2.0, 1");
    let plan = planned(&here, &sql).await;
    let bytes = physical_plan_to_bytes_with_extension_codec(Arc::clone(&plan), &SeriesWindowCodec)
        .expect("bytes");
    let there = worker().await;
    let arrived = physical_plan_from_bytes_with_extension_codec(
        &bytes,
        there.task_ctx().as_ref(),
        &SeriesWindowCodec,
    )
    .expect("a plan");
    let operators = |plan: &Arc<dyn ExecutionPlan>| {
        let text = displayable(plan.as_ref()).indent(false).to_string();
        let names = text
            .lines()
            .map(|l| l.split(':').next().unwrap_or_default());
        names.map(str::to_string).collect::<Vec<_>>()
    };
    let sent = operators(&plan);
    assert!(
        sent.iter().any(|o| o.trim() == "SeriesWindowExec"),
        "{sent:?}"
    );
    assert_eq!(sent, operators(&arrived));
    let schema = plan.schema();
    let expected = collect(plan, here.task_ctx()).await.expect("rows here");
    let got = collect(arrived, there.task_ctx())
        .await
        .expect("rows there");
    let expected = concat_batches(&schema, &expected).expect("one batch");
    assert!(expected.num_rows() > 5000, "{}", expected.num_rows());
    assert!(concat_batches(&schema, &got).expect("one batch") == expected);
}
