//! How long does a backtest take from SQL, apart from reading files?
//!
//! 100,000 bars in memory, through planning, sorting, the simulation and the metrics.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use std::sync::Arc;

const N_BARS: u64 = 100_000;

async fn run(session: &Session, sql: &str) {
    for statement in session.parse(sql).expect("SQL that parses") {
        if let Outcome::Rows(rows) = session
            .execute(&statement, &[])
            .await
            .expect("SQL that runs")
        {
            rows.try_collect::<Vec<_>>().await.expect("rows");
        }
    }
}

fn backtest(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(16 << 20)
        .build()
        .expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let engine = runtime
        .block_on(Engine::open(folder.path(), EngineOptions::default()))
        .expect("an engine");
    let session: Arc<Session> = engine.session("bench");
    let bars = format!(
        "CREATE TABLE bars AS SELECT to_timestamp(t * 60) AS ts, 'A' AS symbol, p AS open, p AS high, p AS low, p AS close,
         CASE WHEN sin(t / 40.0) > 0 THEN 1.0 ELSE 0.0 END AS target
         FROM (SELECT t, 100 + 20 * sin(t / 300.0) + 5 * sin(t / 17.0) AS p FROM generate_series(1, {N_BARS}) AS g(t)) b"
    );
    runtime.block_on(run(&session, &bars));
    let mut group = criterion.benchmark_group("backtest");
    group
        .throughput(Throughput::Elements(N_BARS))
        .sample_size(20);
    group.bench_function("one symbol, metrics", |b| {
        b.iter(|| {
            runtime.block_on(run(
                &session,
                "SELECT * FROM backtest_metrics(bars, commission => 0.001)",
            ))
        });
    });
    group.finish();
}

criterion_group!(benches, backtest);
criterion_main!(benches);
