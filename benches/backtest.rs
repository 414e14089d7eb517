//! How long does a backtest take, alone and from SQL without reading files?
//!
//! 100,000 bars in memory: the kernel over an SMA cross of a random walk, and everything from
//! planning over sorting and the simulation to the metrics.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;
use quantlake::engine::session::{Outcome, Session};
use quantlake::{Engine, EngineOptions};
use quantlake_backtest::engine::{Keep, simulate_keeping};
use quantlake_backtest::{Columns, Market, Settings, Simulator};
use rand::{RngExt, SeedableRng, rngs::StdRng};
use std::hint::black_box;
use std::sync::Arc;

// As in the server.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

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

/// A random walk of 0.1 % a bar.
fn walk(n_bars: usize) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(42);
    let mut price = 100.0;
    let mut step = || {
        price *= 1.0 + 0.001 * random.random_range(-1.7..1.7);
        price
    };
    (0..n_bars).map(|_| step()).collect()
}

/// 1 where the fast average is above the slow one, else 0.
fn cross(close: &[f64], fast: usize, slow: usize) -> Vec<f64> {
    let mean = |t: usize, n: usize| close[t + 1 - n..=t].iter().sum::<f64>() / n as f64;
    let is_above = |t: usize| t + 1 >= slow && mean(t, fast) > mean(t, slow);
    (0..close.len())
        .map(|t| f64::from(u8::from(is_above(t))))
        .collect()
}

fn kernel(criterion: &mut Criterion) {
    let close = walk(N_BARS as usize);
    let open: Vec<f64> = std::iter::once(100.0)
        .chain(close.iter().copied())
        .take(close.len())
        .collect();
    let ts: Vec<i64> = (0..close.len() as i64)
        .map(|t| t * 60_000_000_000)
        .collect();
    let symbol = vec![0; close.len()];
    let settings = Settings::default();
    let mut group = criterion.benchmark_group("kernel");
    group.throughput(Throughput::Elements(N_BARS));
    for (fast, slow) in [(10, 30), (50, 200)] {
        let target = cross(&close, fast, slow);
        let columns = Columns {
            ts: &ts,
            symbol: &symbol,
            open: &open,
            close: &close,
            target: &target,
            ..Columns::default()
        };
        let market = Market::try_new(columns).expect("good bars");
        let n_fills = simulate_keeping(&market, &settings, Keep::Curve)
            .counts
            .filled;
        let name = |what: &str| format!("SMA {fast}/{slow}, {n_fills} fills, {what}");
        // As a grid does it: one variant after another in the same memory.
        let mut simulator = Simulator::new(&market, &settings);
        group.bench_function(name("account"), |b| {
            b.iter(|| simulator.run(black_box(&target)).counts.filled)
        });
        group.bench_function(name("account and trades, memory included"), |b| {
            b.iter(|| simulate_keeping(black_box(&market), &settings, Keep::Trades))
        });
    }
    group.finish();
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

criterion_group!(benches, kernel, backtest);
criterion_main!(benches);
